"""Closed incidents like this one: what worked and what did not, each with a link to its thread."""

from collections.abc import Iterator, Sequence

from bot.slack.blocks.kit import section
from bot.slack.blocks.links import Links
from bot.slack.blocks.text import mrkdwn
from bot.slack.rendered import Block
from incidents.diagnosis import SimilarIncident

MOST = 3
_PHRASES = 2
_PHRASE = 110
_SAID = 120


def seen_before(similar: Sequence[SimilarIncident], links: Links) -> Iterator[Block]:
    """One line for each, and one below it for what people said; nothing where there are none."""
    if similar:
        told = "\n".join(_told(one, links) for one in similar[:MOST])
        yield section(f"*Seen before*\n{told}")


def _told(one: SimilarIncident, links: Links) -> str:
    whose = "same model" if one.same_model else mrkdwn(one.model, 60)
    parts = [f"• {links.to_thread(one.thread, one.id)}, {mrkdwn(one.age, 30)}, {whose}: {mrkdwn(one.what, 120)}"]
    parts += _phrases("Worked", one.worked)
    parts += _phrases("Did not work", one.did_not_work)
    parts += _phrases("Also proposed", one.undone)
    parts += [mrkdwn(f"{one.ended[:1].upper()}{one.ended[1:]}", 80)] if one.ended else []
    said = f" In a person’s words: “{mrkdwn(one.said, _SAID)}”" if one.said else ""
    return f"{'. '.join(parts)}.{said}"


def _phrases(name: str, told: Sequence[str]) -> list[str]:
    if not told:
        return []
    more = f"; and {len(told) - _PHRASES} more" if len(told) > _PHRASES else ""
    return [f"*{name}:* {'; '.join(mrkdwn(one, _PHRASE) for one in told[:_PHRASES])}{more}"]
