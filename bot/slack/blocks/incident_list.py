"""Open incidents, one line each."""

from bot.slack.blocks.kit import context, rendered, section
from bot.slack.blocks.links import Links
from bot.slack.blocks.text import date, mrkdwn, plural
from bot.slack.blocks.wording import SEVERITY, STATE, still_fires
from bot.slack.rendered import Block, Rendered
from bot.slack.views import IncidentLine, IncidentsView

_PER_SECTION = 5


def incidents_message(view: IncidentsView, links: Links) -> Rendered:
    """One page of the open incidents."""
    if not view.total:
        return rendered("No open incident.", [section(":white_check_mark: No open incident.")])
    title = f"{plural(view.total, 'open incident')}"
    blocks = [section(f"*{title}*"), *incident_blocks(view.incidents, links)]
    if view.pages > 1:
        blocks.append(context(f"Page {view.page} of {view.pages}: `/agentops incidents {view.page % view.pages + 1}`"))
    return rendered(title, blocks)


def incident_blocks(incidents: tuple[IncidentLine, ...], links: Links) -> list[Block]:
    """The lines alone, for the App Home."""
    lines = [incident_line(one, links) for one in incidents]
    return [section("\n".join(lines[start : start + _PER_SECTION])) for start in range(0, len(lines), _PER_SECTION)]


def incident_line(one: IncidentLine, links: Links) -> str:
    """Two lines of mrkdwn."""
    sign, word = STATE[one.state]
    where = links.to_thread(one.thread, one.id)
    return (
        f"{sign} {where} *{mrkdwn(one.model, 80)}* – {word}\n"
        f"      {SEVERITY[one.severity]} · since {date(one.since)} · {still_fires(one.fires)}"
    )
