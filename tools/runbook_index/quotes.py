"""Which words of a passage to quote, and whether words said to be a quote are one."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from tools.runbook_index.passages import split_lines
from tools.runbook_index.records import Passage

MIN_QUOTE_WORDS = 3
"""Fewer words stand in nearly every page, and prove nothing."""

_MARKER = re.compile(r"[ \t]*(?:>[ \t]?)*(?:(?:[-*+]|\d+[.)])[ \t]+)?(?:\[[ xX]\][ \t]+)?")
_ITEM = re.compile(r"[ \t]*(?:>[ \t]?)*(?:[-*+]|\d+[.)])[ \t]+")
_HEADING = re.compile(r" {0,3}#{1,6}(?:[ \t]|$)")
_FENCE = re.compile(r"[ \t]*(?:`{3,}|~{3,})")
_RULE = re.compile(r"[ \t|:=_*-]*$")
_SENTENCE_END = re.compile(r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)(?<!vs\.)[\"')\]*_]*\s+(?=[\"'(\[`*_]*[A-Z0-9`])")


class Sentence(NamedTuple):
    """Verbatim words of a file and the lines they stand on, counted from 1."""

    text: str
    start: int
    end: int


def sentences(passage: Passage) -> list[Sentence]:
    """The passage's sentences, list items and table rows; its code where it holds nothing else."""
    prose = [sentence for block in _blocks(passage, code=False) for sentence in _split(block)]
    return prose or list(_blocks(passage, code=True))


def find_quote(passages: Sequence[Passage], heading: str, quote: str) -> tuple[int, int] | None:
    """Where a quote stands under a heading.

    Words must be the same, in the same order; runs of white space count as one space, so that a quote may cross a line
    end. `heading` may be the whole path, its end, or a heading above the place.

    Args:
        passages: all passages of one file, in order.
        heading: as in `Passage.heading`; the page's title stands for the whole page.
        quote: at least three words.

    Returns:
        First and last line, or None where the words do not stand there.
    """
    words = quote.split()
    if len(words) < MIN_QUOTE_WORDS:
        return None
    pattern = re.compile(r"\s+".join(map(re.escape, words)))
    for _, run in groupby(passages, key=lambda passage: passage.heading):
        section = list(run)
        if not _is_under(section[0], heading):
            continue
        text = "".join(passage.text for passage in section)
        if match := pattern.search(text):
            first = section[0].start + _line_ends(text[: match.start()])
            return first, first + _line_ends(text[match.start() : match.end()])
    return None


def _is_under(passage: Passage, heading: str) -> bool:
    asked = [name.strip().casefold() for name in heading.split(" > ")]
    have = [name.casefold() for name in (passage.title, *passage.heading.split(" > "))]
    return any(have[at : at + len(asked)] == asked for at in range(len(have)))


def _line_ends(text: str) -> int:
    return len(re.findall(r"\r\n|\r|\n", text))


def _blocks(passage: Passage, code: bool) -> Iterator[Sentence]:
    """Runs of lines that belong together: a paragraph, a list item, a table row, or a run of code."""
    gathered: list[str] = []
    first = passage.start
    fenced = False
    for number, line in enumerate(split_lines(passage.text), start=passage.start):
        is_fence = _FENCE.match(line) is not None
        fenced = fenced != is_fence
        bare = line.rstrip("\r\n")
        leave_out = (
            is_fence or fenced != code or _HEADING.match(line) is not None or _RULE.match(bare) is not None
        ) or not bare.strip()
        starts = leave_out or not code and (_ITEM.match(line) is not None or line.lstrip().startswith("|"))
        if starts and gathered:
            yield _block(gathered, first)
            gathered = []
        if not leave_out:
            first = first if gathered else number
            gathered.append(line)
    if gathered:
        yield _block(gathered, first)


def _block(lines: Sequence[str], first: int) -> Sentence:
    text = "".join(lines).rstrip()
    if text.lstrip().startswith("|"):
        return Sentence(text.strip(" \t|"), first, first + len(lines) - 1)
    marker = _MARKER.match(text)
    return Sentence(text[marker.end() :] if marker else text, first, first + len(lines) - 1)


def _split(block: Sentence) -> Iterator[Sentence]:
    at = 0
    for end in (*_SENTENCE_END.finditer(block.text), None):
        stop = end.start() if end else len(block.text)
        if end:
            stop += len(end.group().rstrip())
        words = block.text[at:stop].rstrip()
        if words:
            start = block.start + _line_ends(block.text[:at])
            yield Sentence(words, start, start + _line_ends(words))
        at = end.end() if end else stop
