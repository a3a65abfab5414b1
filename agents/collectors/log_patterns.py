"""Lines of logs, grouped: lines that differ in numbers, ids and times only are one pattern.

Python tracebacks come as one event for each line. Those of a stream that belong together are joined, and what tells
them apart is the exception, not where it passed through.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tools.cloudwatch_logs.records import LogLine

TRACEBACK = "Traceback (most recent call last):"
_TOLD_FROM = 400
"""Characters of a line that tell it from others."""
_LONGEST_TRACEBACK = 200
"""Lines; the exception of a longer one is lost."""
_TOGETHER = timedelta(seconds=2)
"""Between two lines of one traceback."""
_CHAINED = ("During handling of the above exception", "The above exception was the direct cause")

_MASKS: Sequence[tuple[re.Pattern[str], str]] = (
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?"), "<time>"),
    (re.compile(r"\d{1,2}/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d(?: [+-]\d{4})?"), "<time>"),
    (re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"), "<id>"),
    (re.compile(r"\b0x[0-9a-fA-F]+\b"), "<id>"),
    (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b"), "<address>"),
    (re.compile(r"\b(?=[0-9a-f]{0,40}\d)[0-9a-f]{8,40}\b"), "<id>"),
    # The status of an access line stays: 500 and 503 are not the same trouble.
    (re.compile(r'(?<!HTTP/1\.1" )(?<![\d.])\d+(?:[.,]\d+)*'), "<n>"),
)


def template_of(text: str) -> str:
    """A line with its times, ids, addresses and numbers masked."""
    text = " ".join(text[:_TOLD_FROM].split())
    for pattern, mask in _MASKS:
        text = pattern.sub(mask, text)
    return text


@dataclass(frozen=True)
class Logged:
    """One thing that was logged: a line, or the lines of one traceback. `told` is what tells it from others."""

    at: datetime
    stream: str
    text: str
    told: str
    traceback: bool = False


@dataclass(frozen=True)
class Pattern:
    """What was logged alike. `first` is the first of it."""

    template: str
    count: int
    first: Logged


def joined(lines: Iterable[LogLine]) -> list[Logged]:
    """The lines in order of time, with tracebacks as one."""
    streams: dict[str, list[LogLine]] = {}
    for line in lines:
        streams.setdefault(line.stream, []).append(line)
    found = [logged for of_one in streams.values() for logged in _joined(of_one)]
    return sorted(found, key=lambda logged: logged.at)


def patterns_of(logged: Iterable[Logged]) -> dict[str, Pattern]:
    """The patterns by their templates, in the order in which they were seen first."""
    found: dict[str, Pattern] = {}
    for one in logged:
        template = template_of(one.told)
        known = found.get(template)
        found[template] = Pattern(template, known.count + 1 if known else 1, known.first if known else one)
    return found


def _joined(lines: Sequence[LogLine]) -> list[Logged]:
    found: list[Logged] = []
    place = 0
    while place < len(lines):
        line = lines[place]
        if TRACEBACK not in line.text:
            found.append(Logged(line.at, line.stream, line.text, line.text))
            place += 1
            continue
        body, place = _traceback(lines, place)
        text = "\n".join(body)
        told = next((one for one in reversed(body) if _is_exception(one)), body[-1])
        found.append(Logged(line.at, line.stream, text, told, traceback=True))
    return found


def _traceback(lines: Sequence[LogLine], place: int) -> tuple[list[str], int]:
    """The lines of the traceback that begins at a place, without what stands before each; and the place after it."""
    prefix, _, rest = lines[place].text.partition(TRACEBACK)
    body = [TRACEBACK, *rest.splitlines()[1:]]
    if any(map(_is_exception, body)):
        return body, place + 1
    before, place = lines[place].at, place + 1
    ended = False
    while place < len(lines) and len(body) < _LONGEST_TRACEBACK and lines[place].at - before <= _TOGETHER:
        text = _without(prefix, lines[place].text)
        goes_on = not text.strip() or text.startswith((" ", "\t", *_CHAINED))
        if text.startswith(TRACEBACK):
            # A second one belongs to the first only where that says so.
            said = next((one for one in reversed(body) if one.strip()), "")
            goes_on, ended = said.startswith(_CHAINED), True
        if ended and not goes_on:
            break
        body.append(text)
        # What is not indented is the exception; another one may follow only where the text says so.
        ended = not goes_on or (ended and not text.startswith(TRACEBACK))
        before, place = lines[place].at, place + 1
    return body, place


def _without(prefix: str, text: str) -> str:
    """The line without what a logger writes before it, where that is like what stood before the traceback."""
    if prefix and template_of(text[: len(prefix)]) == template_of(prefix):
        return text[len(prefix) :]
    return text


def _is_exception(text: str) -> bool:
    return bool(text.strip()) and not text.startswith((" ", "\t", TRACEBACK, *_CHAINED))
