"""How the models are: one line each."""

from datetime import datetime

from bot.slack.blocks.kit import context, rendered, section
from bot.slack.blocks.links import Links
from bot.slack.blocks.paging import asked_words, paging_blocks
from bot.slack.blocks.text import date, duration, mrkdwn, plural
from bot.slack.blocks.waiting import waiting_line
from bot.slack.blocks.wording import SEVERITY, STATE
from bot.slack.rendered import Block, Rendered
from bot.slack.views import ModelStatus, StatusView
from incidents.storm import Digest

_PER_SECTION = 8
_STORMS = 5


def status_message(view: StatusView, links: Links) -> Rendered:
    """State, open incident, running remediation and last deployment of each model."""
    blocks = [*status_blocks(view, links), *([] if view.models else [section(_nothing(view))])]
    text = f"{plural(view.total, 'model')}, {plural(view.troubled, 'open incident')}"
    head = (
        [section(f"*{text}*{asked_words(view.asked)}")] if view.models and (view.pages > 1 or view.asked.words) else []
    )
    foot = [
        *paging_blocks(view.asked, "status", view.asked.page, view.pages),
        context(f"As of {date(view.read_at, '{time_secs}')}"),
    ]
    return rendered(text, [*head, *blocks, *foot], tail=len(foot))


def _nothing(view: StatusView) -> str:
    if view.total:
        return "This page is empty."
    if view.asked.words:
        return f"No model fits{asked_words(view.asked)}."
    return "No models are watched. Add them to manifests/models.yaml."


def status_blocks(view: StatusView, links: Links) -> list[Block]:
    """The lines alone, for the App Home."""
    blocks: list[Block] = []
    if view.paused:
        blocks.append(
            section(":double_vertical_bar: *Changes are paused.* Nothing is executed until they are resumed.")
        )
    busy = [*(_storm(one) for one in view.storms[:_STORMS]), *filter(None, [waiting_line(view.waiting)])]
    if busy:
        blocks.append(section("\n".join(busy)))
    lines = [model_line(model, links, view.read_at) for model in view.models]
    for start in range(0, len(lines), _PER_SECTION):
        blocks.append(section("\n".join(lines[start : start + _PER_SECTION])))
    return blocks


def _storm(storm: Digest) -> str:
    waiting = sum(storm.waiting.values())
    return (
        f":warning: *Storm* in {mrkdwn(storm.channel, 80)} since {date(storm.began_at, '{time}')} – "
        f"{storm.alerts:,} alerts, {plural(len(storm.lines), 'incident')}, {storm.open} open, "
        f"{storm.investigated} investigated, {waiting} waiting; the channel's digest names the worst"
    )


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
    flaps = ", flapping: it fires and clears again and again" if model.flapping else ""
    return f"{sign} {links.to_thread(model.thread, model.incident_id)} {word}{severity}{flaps}"
