"""A storm in one message: what came, what is done about it, the worst by name, and where to see the rest."""

from collections.abc import Iterator
from datetime import datetime

from bot.slack.blocks.kit import context, divider, rendered, section
from bot.slack.blocks.links import Links
from bot.slack.blocks.text import date, duration, joined, mrkdwn, plural
from bot.slack.blocks.waiting import waiting_words
from bot.slack.blocks.wording import SEVERITY, STATE
from bot.slack.rendered import Rendered
from incidents.alert import Severity
from incidents.incident import IncidentState
from incidents.storm import Digest, DigestLine


def digest_message(digest: Digest, links: Links, now: datetime) -> Rendered:
    """Counts, the worst open incidents, how to see all; the same message is updated until nothing is left of it."""
    over = digest.ended_at is not None
    lasted = duration((digest.ended_at or now) - digest.began_at)
    title = (
        f":white_check_mark: *The storm is over after {lasted}*"
        if over
        else f":warning: *Storm: more incidents than this channel can bear* – since {date(digest.began_at, '{time}')}"
    )
    came = f"{digest.alerts:,} alerts in {plural(len(digest.lines), 'incident')}"
    blocks = [section(f"{title}\n{came}{_severities(digest)}"), section("\n".join(_counts(digest)))]
    if digest.top:
        blocks.append(divider())
        lines = [_line(one, links) for one in digest.top]
        more = digest.open - len(digest.top)
        if more > 0:
            lines.append(f"_and {more} more_")
        blocks.append(section("*Open, worst first*\n" + "\n".join(lines[:5])))
        if lines[5:]:
            blocks.append(section("\n".join(lines[5:])))
    blocks.append(context(_how(digest)))
    text = f"{'Storm over' if over else 'Storm'}: {came}, {digest.open} open"
    return rendered(text, blocks)


def _severities(digest: Digest) -> str:
    counts = [(one, sum(line.standing.severity is one for line in digest.lines)) for one in Severity]
    told = [f"{count} {severity}" for severity, count in counts if count]
    return f": {joined(told)}" if told else ""


def _counts(digest: Digest) -> Iterator[str]:
    yield f"*Open:* {digest.open} · *recovered:* {len(digest.lines) - digest.open}"
    waiting = sum(digest.waiting.values())
    yield f"*Investigated:* {digest.investigated} · *waiting for their investigation:* {waiting}"
    reasons = waiting_words(digest.waiting)
    if reasons:
        yield reasons
    decide = digest.in_state(IncidentState.AWAITING_DECISION)
    people = digest.in_state(IncidentState.ESCALATED)
    if decide or people:
        yield f":bell: *To decide:* {decide} · *need a person:* {people}"


def _line(one: DigestLine, links: Links) -> str:
    sign, word = STATE[one.standing.state]
    severity = SEVERITY[one.standing.severity]
    where = links.to_thread(one.thread, one.id)
    held = " · no thread yet" if one.held else ""
    model = f"*{mrkdwn(one.model, 60)}* ({mrkdwn(one.environment, 30)}, tier {one.standing.tier})"
    return f"{severity} · {model} · {where} · {sign} {word}{held}"


def _how(digest: Digest) -> str:
    every = "`/agentops status` shows every model, `/agentops incidents` every open incident"
    opens = "`/agentops ack INC-7` or `/agentops investigate MODEL` opens the thread of one"
    if digest.ended_at is None:
        return f"Nothing is dropped. What is critical in tier 1 or has to be decided gets a thread. {every}; {opens}."
    if digest.held:
        return f"{plural(digest.held, 'open incident')} get their threads one after the other. {every}; {opens}."
    return (
        f"What is still open has its thread. {every}." if digest.open else f"Nothing of it is open any more. {every}."
    )
