"""Times of day and dates in sentences."""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta

_MONTHS: list[str] = [*"jan feb mar apr may jun jul aug sep oct nov dec".split()]
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})(?!\d)")
_DAY_FIRST = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)? (?:of )?({_MONTH})\b(?:,? (\d{{4}})\b)?")
_MONTH_FIRST = re.compile(rf"\b({_MONTH})\.? (\d{{1,2}})(?:st|nd|rd|th)?\b(?!:)(?:,? (\d{{4}})\b)?")
_WEEKDAYS: list[str] = [*"monday tuesday wednesday thursday friday saturday sunday".split()]
_WEEKDAY = re.compile(rf"\b({'|'.join(_WEEKDAYS)})s?\b", re.IGNORECASE)
_AGO = re.compile(r"\b(yesterday|today|tonight)\b", re.IGNORECASE)
_CLOCK = re.compile(
    r"(?<![\d:.])(\d{1,2}):(\d{2})(:\d{2}(?:\.\d+)?)?(?!\d)\s?(?P<half>[ap]\.?m\b\.?)?\s?"
    r"(?P<zone>UTC|GMT|Z\b|CES?T\b|[ECMP][SD]T\b|BST\b|IST\b|JST\b|MSK\b|AES?T\b|[+-]\d{2}:?\d{2}\b)?",
    re.IGNORECASE,
)
_OF_UTC = frozenset({"", "UTC", "GMT", "Z", "+00:00", "+0000"})
_NAMED_CLOCK = {"midnight": "00:00", "noon": "12:00", "midday": "12:00"}
_NAMED = re.compile(rf"\b({'|'.join(_NAMED_CLOCK)})\b", re.IGNORECASE)
_VAGUE = re.compile(
    r"\b(?:last|this|previous|yesterday) (?:night|morning|afternoon|evening|week|weekend|month|year|hour)\b",
    re.IGNORECASE,
)
ANOTHER_ZONE = "another zone"
Day = tuple[int | None, int, int]
"""Year, where it is written; month; day."""


def clocks_in(text: str) -> set[str]:
    """Times of day as `HH:MM` or `HH:MM:SS`; one of another zone than UTC says so, and is like none of ours."""
    return {_told(match) for match in _CLOCK.finditer(text)} | {
        _NAMED_CLOCK[match[1].lower()] for match in _NAMED.finditer(text)
    }


def vague_moment(text: str, words: str) -> str | None:
    """The first `last week` or `this morning` of a text that is not in `words` themselves, or None."""
    found = (match[0] for match in _VAGUE.finditer(text))
    return next((one for one in found if one.lower() not in words.lower()), None)


def clock_of(moment: datetime) -> str:
    """The time of day of a moment."""
    return f"{moment:%H:%M:%S}"


def clock_known(clock: str, known: set[str] | frozenset[str]) -> bool:
    """Whether a time of day is among the known ones, to the minute or to the second."""
    return any(other.startswith(clock) for other in known)


def days_in(text: str) -> Iterator[tuple[str, Day]]:
    """Dates with the words they are written in."""
    for match in _ISO.finditer(text):
        yield match[0], (int(match[1]), int(match[2]), int(match[3]))
    for match in _DAY_FIRST.finditer(text):
        yield match[0], (_year(match[3]), _month(match[2]), int(match[1]))
    for match in _MONTH_FIRST.finditer(text):
        yield match[0], (_year(match[3]), _month(match[1]), int(match[2]))


def unknown_day(text: str, known: set[Day], read: date | None) -> str | None:
    """The first date, weekday, `yesterday` or `today` of a text that is none of the known ones, or None.

    `read`: the day on which things were read, which is what `today` means; None where nothing was.
    """
    for words, day in days_in(text):
        if not any(day[1:] == other[1:] and (not day[0] or not other[0] or day[0] == other[0]) for other in known):
            return words
    weekdays = {weekday for day in known if (weekday := _weekday(day, read)) is not None}
    for match in _WEEKDAY.finditer(text):
        if _WEEKDAYS.index(match[1].lower()) not in weekdays:
            return match[0]
    for match in _AGO.finditer(text):
        meant = None if read is None else read - timedelta(days=match[1].lower() == "yesterday")
        if meant is None or not any(day[1:] == (meant.month, meant.day) for day in known):
            return match[0]
    return None


def without_moments(text: str) -> str:
    """The text without dates and times of day: what is left of its digits are numbers."""
    for pattern in (_CLOCK, _ISO, _DAY_FIRST, _MONTH_FIRST):
        text = pattern.sub(" ", text)
    return text


def _told(match: re.Match[str]) -> str:
    hour, half = int(match[1]), (match["half"] or "").lower()[:1]
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    clock = f"{hour:02d}:{match[2]}{(match[3] or '').split('.')[0]}"
    return clock if (match["zone"] or "").upper() in _OF_UTC else f"{clock} {ANOTHER_ZONE}"


def _year(words: str | None) -> int | None:
    return int(words) if words else None


def _month(words: str) -> int:
    return _MONTHS.index(words[:3].lower()) + 1


def _weekday(day: Day, read: date | None) -> int | None:
    year = day[0] or (read.year if read else None)
    if year is None:
        return None
    try:
        return date(year, day[1], day[2]).weekday()
    except ValueError:
        return None
