"""Moments and spans in a case, written as times before the investigation, e.g. `-25m`."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import BeforeValidator

NOW = datetime(2026, 11, 20, 19, 10, tzinfo=UTC)
"""The moment of every investigation: a Friday evening."""
LONGEST = timedelta(days=3650)
"""No history is told that far back."""
_DURATION = re.compile(r"^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$")


def span_of(text: object) -> timedelta:
    """A duration such as ``2h30m`` or ``45s``."""
    if isinstance(text, timedelta):
        return text
    match = _DURATION.match(str(text))
    if not match or not any(match.groups()):
        raise ValueError(f"{text!r} is no duration; write e.g. 20d, 2h30m or 45s")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    try:
        span = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        span = timedelta.max
    if span > LONGEST:
        raise ValueError(f"{text!r} is longer than {LONGEST.days} days")
    return span


def moment_of(text: object) -> datetime:
    """A moment written as time before the investigation, e.g. ``-25m``."""
    if isinstance(text, datetime) and text.tzinfo is not None and text <= NOW:
        return text
    words = str(text)
    if not words.startswith("-"):
        raise ValueError(f"{text!r} is no moment; write e.g. -25m for 25 minutes before the investigation")
    return NOW - span_of(words[1:])


Span = Annotated[timedelta, BeforeValidator(span_of)]
At = Annotated[datetime, BeforeValidator(moment_of)]
