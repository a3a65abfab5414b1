"""Wall clocks of time zones: which moment a local time means, also on the days when clocks are set."""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator


def zone_named(name: str) -> tzinfo:
    """The time zone of the IANA database, e.g. ``Europe/Berlin``. Raises `ValueError` where there is none."""
    if name == "UTC":
        return UTC  # known without the database, which small images leave out
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is no time zone of the IANA database; write one such as Europe/Berlin") from error


def _checked(name: str) -> str:
    zone_named(name)
    return name


ZoneName = Annotated[str, AfterValidator(_checked)]
"""The name of a time zone that this machine knows."""


def moment_of(local: datetime, zone: tzinfo, *, last: bool = False) -> datetime:
    """The moment, in UTC, when the wall clock of `zone` shows `local` (naive, whole seconds).

    When the clock is set back it shows a time twice: the first moment is meant, with `last` the second. When it is set
    forward it leaves times out: then the moment of the jump is meant.
    """
    first, second = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first <= second:
        return second if last else first
    # Left out: before the jump `fold=1` counts with the later offset, after it `fold=0` with the earlier one.
    before = second.astimezone(zone).utcoffset()
    low, high = 0, round((first - second).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if (second + timedelta(seconds=middle)).astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return second + timedelta(seconds=high)


def day_began(now: datetime, zone: tzinfo, speed: float = 1.0) -> datetime:
    """When the day began whose budget is spent at `now`: midnight in `zone`.

    A world that runs `speed` times as fast has days that are as much shorter; there it is the last 24 of its hours.
    """
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    began = moment_of(midnight, zone)
    return began if speed == 1.0 else max(began, now - timedelta(hours=24) / speed)
