"""Which S3 objects belong to a window of time.

An object belongs to it when the hour in its path, as data capture and Model Monitor write it
(``.../yyyy/mm/dd/hh/...``), overlaps the window, which includes its start and not its end. Where the path names no
hour, it belongs to it when it was last modified inside the window.

Of the hour in which the window ends, only what was written before its end belongs to it: an endpoint that serves goes
on writing into that hour, and what was shown to whoever approves must be what is marked.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from incidents.specs.quarantine_data import MOST_OBJECTS
from tools.errors import InvalidRequest
from tools.sagemaker.objects import ObjectReader, StoredObject

MAX_FOLDERS = 2_000
"""Looked into. A week of hours of one variant is 168."""
MAX_WINDOW = timedelta(days=7)

_OPERATION = "ListObjectsV2"
_DATED = re.compile(r"/(\d{4})/(?:(\d{2})/(?:(\d{2})/(?:(\d{2})/)?)?)?")


@dataclass(frozen=True)
class Window:
    """From `start` until before `end`."""

    start: datetime
    end: datetime

    def overlaps(self, begin: datetime, until: datetime) -> bool:
        """Whether any moment from `begin` until before `until` lies inside."""
        return begin < self.end and until > self.start

    def holds(self, one: StoredObject) -> bool:
        """Whether an object belongs to it."""
        span = _span(f"/{one.key}")
        if span is not None and span.whole_hour:
            return self.overlaps(span.begin, span.until) and (span.until <= self.end or one.modified < self.end)
        return self.start <= one.modified < self.end


def objects_of(objects: ObjectReader, bucket: str, prefix: str, window: Window) -> list[StoredObject]:
    """The objects below a prefix that belong to a window, by key. Folders of other days are not looked into. Blocking.

    Raises:
        InvalidRequest: the window ends before it starts or is longer than a week; it holds more than `MOST_OBJECTS`
            objects; or there is too much below the prefix to be sure that none is left out.
    """
    if not timedelta() < window.end - window.start <= MAX_WINDOW:
        raise InvalidRequest("S3", _OPERATION, "the window must be at most a week and end after it starts")
    found: list[StoredObject] = []
    for one in _below(objects, bucket, prefix, window):
        if len(found) == MOST_OBJECTS:
            raise InvalidRequest(
                "S3", _OPERATION, f"the window holds more than {MOST_OBJECTS} objects; use S3 Batch Operations"
            )
        found.append(one)
    return sorted(found, key=lambda one: one.key)


def _below(objects: ObjectReader, bucket: str, prefix: str, window: Window) -> Iterator[StoredObject]:
    waiting, seen = [f"s3://{bucket}/{prefix}"], 0
    while waiting:
        seen += 1
        level = objects.level(waiting.pop())
        if seen > MAX_FOLDERS or not level.complete:
            raise InvalidRequest(
                "S3", _OPERATION, f"there is too much below {prefix} to look through; name a narrower prefix"
            )
        yield from (one for one in level.objects if window.holds(one))
        for folder in level.folders:
            span = _span(folder)
            if span is None or window.overlaps(span.begin, span.until):
                waiting.append(folder)


@dataclass(frozen=True)
class _Span:
    begin: datetime
    until: datetime
    whole_hour: bool


def _span(path: str) -> _Span | None:
    """The year, month, day or hour that a path names; None where it names none."""
    dated = _DATED.search(path)
    if dated is None:
        return None
    year, month, day, hour = (int(part) if part is not None else None for part in dated.groups())
    try:
        begin = datetime(year or 1, month or 1, day or 1, hour or 0, tzinfo=UTC)
        if month is None:
            until = begin.replace(year=begin.year + 1)
        elif day is None:
            until = (begin + timedelta(days=31)).replace(day=1)
        else:
            until = begin + (timedelta(days=1) if hour is None else timedelta(hours=1))
    except (ValueError, OverflowError):
        return None
    return _Span(begin, until, hour is not None)
