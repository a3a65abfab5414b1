"""How the models are: one line each."""

from datetime import datetime

from bot.slack.blocks.kit import context, rendered, section
from bot.slack.blocks.links import Links
from bot.slack.blocks.text import date, duration, mrkdwn, plural
from bot.slack.blocks.wording import SEVERITY, STATE
from bot.slack.rendered import Block, Rendered
from bot.slack.views import ModelStatus, StatusView

_PER_SECTION = 8
_MODELS = 40


def status_message(view: StatusView, links: Links) -> Rendered:
    """State, open incident, running remediation and last deployment of each model."""
    blocks = status_blocks(view, links) or [section("No models are watched. Add them to manifests/models.yaml.")]
    troubled = sum(model.incident_id is not None for model in view.models)
    text = f"{plural(len(view.models), 'model')}, {plural(troubled, 'open incident')}"
    return rendered(text, [*blocks, context(f"As of {date(view.read_at, '{time_secs}')}")], tail=1)


def status_blocks(view: StatusView, links: Links) -> list[Block]:
    """The lines alone, for the App Home."""
    blocks: list[Block] = []
    if view.paused:
        blocks.append(
            section(":double_vertical_bar: *Changes are paused.* Nothing is executed until they are resumed.")
        )
    lines = [model_line(model, links, view.read_at) for model in view.models[:_MODELS]]
    for start in range(0, len(lines), _PER_SECTION):
        blocks.append(section("\n".join(lines[start : start + _PER_SECTION])))
    if len(view.models) > _MODELS:
        blocks.append(context(f"{len(view.models) - _MODELS} more; ask for one by name."))
    return blocks


def model_line(model: ModelStatus, links: Links, now: datetime) -> str:
    """One line of mrkdwn."""
    facts = [f"*{mrkdwn(model.model, 80)}*", _state(model, links)]
    if model.doing:
        facts.append(f":arrows_counterclockwise: {mrkdwn(model.doing, 160)}")
    if model.live_config:
        since = f" for {duration(now - model.deployed_at)}" if model.deployed_at else ""
        facts.append(f"live: {mrkdwn(model.live_config, 80)}{since}")
    if model.paused:
        facts.append(":double_vertical_bar: changes paused")
    facts.append(f"tier {model.tier}, {mrkdwn(model.environment, 40)}")
    if model.unreadable:
        facts.append(f":warning: {mrkdwn(model.unreadable, 160)}")
    return " · ".join(facts)


def _state(model: ModelStatus, links: Links) -> str:
    if model.incident_id is None:
        return ":white_check_mark: no open incident"
    sign, word = STATE[model.incident_state] if model.incident_state else (":red_circle:", "open incident")
    severity = f", {SEVERITY[model.severity].split(' ', 1)[1]}" if model.severity else ""
    return f"{sign} {links.to_thread(model.thread, model.incident_id)} {word}{severity}"
