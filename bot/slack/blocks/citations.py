"""What a statement stands on: marks of evidence, and words of runbooks with file, heading and lines."""

import re
from collections.abc import Sequence

from slack_sdk.models.blocks import RichTextElement

from bot.slack.blocks.kit import anchor, glue, paragraph, quoted, words
from bot.slack.blocks.links import Links
from bot.slack.blocks.text import mrkdwn
from bot.slack.views import Passage
from incidents.diagnosis import RunbookCitation

_LINK = re.compile(r"\[([^\]]+)\]\([^)\s]+\)")
"""Markdown's, whose address leads nowhere from here."""


_WITH_FILE = re.compile(r"^(?P<title>.+) \((?P<file>[\w./-]+\.md)\)$")


def citation(of: RunbookCitation | Passage, links: Links) -> list[RichTextElement]:
    """A paragraph that says where, and the quote below it."""
    own = links.safe(of.link) if isinstance(of, Passage) else None
    address = own or links.runbook(of.file, of.lines)
    place = anchor(address, of.file) if address else words(of.file, 120, bold=True)
    where = [place, glue(" › "), words(of.heading, 120)]
    if of.lines is not None:
        first, last = of.lines
        where.append(glue(f", line {first}" if first == last else f", lines {first}–{last}"))
    return [paragraph(*where), quoted(_LINK.sub(r"\1", of.quote), 600)]


def past_incident(told: str, links: Links) -> str:
    """`INC-2026-0011: its title (its file)` as a link to the file, where there is one. Escaped for mrkdwn."""
    found = _WITH_FILE.match(told)
    if found is None:
        return mrkdwn(told, 120)
    return links.mrkdwn(links.runbook(found["file"]), found["title"], 120)


def marks(evidence: Sequence[str]) -> list[RichTextElement]:
    """` [E1, E3]` behind a statement; nothing where it names none."""
    return [glue(" "), words(f"[{', '.join(evidence[:6])}]", 80)] if evidence else []
