"""Reads captured requests of a window and of the time before it: few files, few bytes, taken evenly. Blocking."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tools.datasets.capture_records import CapturedRecord, Row, Unreadable, record_of
from tools.datasets.evenly import evenly
from tools.datasets.monitor import hour_floor
from tools.datasets.window import Window
from tools.sagemaker.objects import ObjectReader, StoredObject

MOST_OBJECTS = 12
"""Of the window, and as many of the time before it."""
MOST_BYTES = 8_000_000
"""Of all files together: about ten thousand requests of a dozen features."""
MOST_ROWS = 5_000
"""Of either side; with more, PSI over ten bins gets no better."""
MOST_FILES_AN_HOUR = 1_000
_HOUR = timedelta(hours=1)


@dataclass
class Side:
    """What was captured within one of the two windows."""

    rows: list[Row] = field(default_factory=list[Row])
    answers: list[float | str] = field(default_factory=list[float | str])
    seen: int = 0
    """Rows that were read, before the sample was taken."""
    oldest: datetime | None = None
    newest: datetime | None = None

    def add(self, record: CapturedRecord, at: datetime) -> None:
        """One request of this side."""
        self.rows.extend(record.rows)
        self.answers.extend(record.answers)
        self.oldest = at if self.oldest is None else min(self.oldest, at)
        self.newest = at if self.newest is None else max(self.newest, at)

    def thinned(self) -> "Side":
        """With at most `MOST_ROWS` rows and answers."""
        rows, answers = evenly(self.rows, MOST_ROWS), evenly(self.answers, MOST_ROWS)
        return Side(rows, answers, len(self.rows), self.oldest, self.newest)


@dataclass(frozen=True)
class CaptureSample:
    """Captured requests, and how they were come by.

    Attributes:
        current, earlier: of the window and of the time before it.
        objects, objects_read: files of both, and how many were read.
        whole: all of them were read to the end.
        newest: when the newest request was made, as far as is known; None where there is no file.
        unreadable: records that could not be read, by the reason.
    """

    current: Side
    earlier: Side
    objects: int
    objects_read: int
    whole: bool
    newest: datetime | None
    unreadable: Counter[str]


def sample(objects: ObjectReader, base: str, window: Window, before: Window) -> CaptureSample:
    """What lies below ``<base>yyyy/mm/dd/hh/``; raises `tools.errors.UpstreamError`.

    A file is of the window when it was written after its beginning, and of the time before it when its hour began then.
    """
    found = sorted(_files(objects, base, min(before.start, window.start), window.end), key=lambda one: one.key)
    # A file is written when its last request is there; it holds none that came later.
    of_window = [one for one in found if one.modified >= window.start]
    of_before = [one for one in found if one.modified >= before.start and _begins(one, base) < before.end]
    chosen = {one.key: one for one in (*evenly(of_before, MOST_OBJECTS), *evenly(of_window, MOST_OBJECTS))}
    counted = {one.key for one in (*of_window, *of_before)}
    each = MOST_BYTES // max(len(chosen), 1)
    current, earlier, unreadable = Side(), Side(), Counter[str]()
    whole = len(chosen) == len(counted)
    for one in chosen.values():
        whole = whole and one.size <= each
        for line in _lines(objects.part(one, 0, each), cut=one.size > each):
            try:
                record = record_of(line)
            except Unreadable as error:
                unreadable[str(error)] += 1
                continue
            at = record.at or one.modified
            if window.start <= at <= window.end:
                current.add(record, at)
            elif before.start <= at < before.end:
                earlier.add(record, at)
    last = max(found, key=lambda one: one.modified, default=None)
    newest = current.newest or earlier.newest or (last.modified if last else None)
    if last is not None and last.size > each:
        newest = last.modified
    return CaptureSample(current.thinned(), earlier.thinned(), len(counted), len(chosen), whole, newest, unreadable)


def newest_file(objects: ObjectReader, base: str) -> datetime | None:
    """When the newest file below ``<base>yyyy/mm/dd/hh/`` was written; None where there is none."""
    place = base
    for _ in range(4):
        folders = [folder for folder in objects.level(place).folders if folder.rstrip("/").rsplit("/", 1)[-1].isdigit()]
        if not folders:
            return None
        place = max(folders)
    return max((one.modified for one in objects.level(place).objects), default=None)


def _files(objects: ObjectReader, base: str, start: datetime, end: datetime) -> Iterable[StoredObject]:
    hour = hour_floor(start)
    while hour <= end:
        yield from objects.listing(f"{base}{hour:%Y/%m/%d/%H}/", most=MOST_FILES_AN_HOUR)
        hour += _HOUR


def _begins(one: StoredObject, base: str) -> datetime:
    """The hour in its path."""
    year, month, day, hour = (int(part) for part in one.uri.removeprefix(base).split("/")[:4])
    return hour_floor(one.modified).replace(year=year, month=month, day=day, hour=hour)


def _lines(content: bytes, *, cut: bool) -> Sequence[bytes]:
    lines = content.split(b"\n")
    # The last line of a part is most likely half of one.
    return [line for line in (lines[:-1] if cut else lines) if line.strip()]
