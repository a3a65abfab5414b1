"""Moments as a person types them (an hour of today, so long ago, now, in full), and spans as a person says them."""

import re
from datetime import UTC, datetime, timedelta

from incidents.clock import Moment

FORMS = "2h (two hours ago), 90m, 3d, now, 14:00 (UTC) or 2026-03-04T14:00Z"
"""What is understood, for a message."""

_AGO = re.compile(r"(\d{1,4})([mhd])")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def moment_of(typed: str, now: Moment) -> Moment | None:
    """The moment meant, or None where it cannot be told. An hour still to come today is yesterday's; no zone is UTC."""
    text = typed.strip().lower()
    if text == "now":
        return now
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    clock = _CLOCK.fullmatch(text)
    if clock is not None:
        today = now.astimezone(UTC).replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0)
        return today if today <= now else today - timedelta(days=1)
    try:
        read = datetime.fromisoformat(text.upper())
    except ValueError:
        return None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def span_in_words(span: timedelta) -> str:
    """`45 seconds`, `15 minutes`, `2 hours`: in the largest unit of which it is at least one, rounded."""
    seconds = span.total_seconds()
    for unit, size in (("hour", 3600), ("minute", 60)):
        if seconds >= size:
            count = round(seconds / size)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    count = round(seconds)
    return f"{count} second{'' if count == 1 else 's'}"
