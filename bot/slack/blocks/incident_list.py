"""Open incidents, one line each."""

from bot.slack.blocks.kit import rendered, section
from bot.slack.blocks.links import Links
from bot.slack.blocks.paging import asked_words, paging_blocks
from bot.slack.blocks.text import date, mrkdwn, plural
from bot.slack.blocks.wording import SEVERITY, STATE, still_fires
from bot.slack.rendered import Block, Rendered
from bot.slack.views import IncidentLine, IncidentsView
from incidents.incident import LIVE_STATES

_PER_SECTION = 5


def incidents_message(view: IncidentsView, links: Links) -> Rendered:
    """One page of the incidents, the open ones unless others were asked for."""
    what = "incident" if view.asked.state else "open incident"
    if not view.total:
        if view.asked.words:
            hint = " What recovered is `resolved` before it is `closed`; `any` shows all." if view.asked.state else ""
            return rendered(f"No {what} fits.", [section(f"No {what} fits{asked_words(view.asked)}.{hint}")])
        return rendered("No open incident.", [section(":white_check_mark: No open incident.")])
    title = f"{'more than ' if view.more else ''}{plural(view.total, what)}"
    lines = incident_blocks(view.incidents, links) or [section("This page is empty.")]
    foot = paging_blocks(view.asked, "incidents", view.page, view.pages)
    return rendered(title, [section(f"*{title}*{asked_words(view.asked)}"), *lines, *foot], tail=len(foot))


def incident_blocks(incidents: tuple[IncidentLine, ...], links: Links) -> list[Block]:
    """The lines alone, for the App Home."""
    lines = [incident_line(one, links) for one in incidents]
    return [section("\n".join(lines[start : start + _PER_SECTION])) for start in range(0, len(lines), _PER_SECTION)]


def incident_line(one: IncidentLine, links: Links) -> str:
    """Two lines of mrkdwn."""
    sign, word = STATE[one.state]
    where = links.to_thread(one.thread, one.id)
    fires = f" · {still_fires(one.fires)}" if one.state in LIVE_STATES or one.fires else ""
    kept = " · alerts no longer kept" if one.pruned else ""
    return (
        f"{sign} {where} *{mrkdwn(one.model, 80)}* – {word}\n"
        f"      {SEVERITY[one.severity]} · since {date(one.since)}{fires}{kept}"
    )
