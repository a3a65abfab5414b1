"""Time as an argument: the one place that says what a moment is."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator


def _to_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("a moment must lie in the years 1 to 9999, in UTC as well") from error


Moment = Annotated[datetime, AfterValidator(_to_utc)]
"""An aware moment, kept in UTC."""


def now() -> datetime:
    """The wall clock in UTC. Passed in as an argument everywhere below `bot`."""
    return datetime.now(UTC)
