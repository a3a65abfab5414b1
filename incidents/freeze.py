"""Change freezes: times in which nothing is to be changed, weekly or once, by the wall clock of a time zone."""

import re
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, NaiveDatetime, model_validator

from incidents.zones import ZoneName, moment_of

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = get_args(Day)
_CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d|24:00")


def _time_of_day(value: object) -> object:
    if isinstance(value, int):
        raise ValueError("put the time in quotes: YAML reads 18:00 as the number 1080")
    if isinstance(value, str):
        if not _CLOCK.fullmatch(value):
            raise ValueError(f'must be a time from "00:00" to "24:00"; found {value!r}')
        return time(0) if value == "24:00" else time.fromisoformat(value)
    return value


TimeOfDay = Annotated[time, BeforeValidator(_time_of_day)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Weekly(_Strict):
    """On each of `days` from `starts` to `ends`, wall-clock time.

    An end that is not after the start is on the next day: 22:00 to 06:00 crosses midnight, 00:00 to 00:00 (or 24:00) is
    a whole day.
    """

    days: Annotated[tuple[Day, ...], Field(min_length=1)]
    starts: TimeOfDay
    ends: TimeOfDay

    def on(self, day: date) -> tuple[datetime, datetime] | None:
        """The wall-clock span that begins on `day`, if one does."""
        if DAYS[day.weekday()] not in self.days:
            return None
        ends_on = day + timedelta(days=1) if self.ends <= self.starts else day
        return datetime.combine(day, self.starts), datetime.combine(ends_on, self.ends)


class Between(_Strict):
    """Once, from `starts` to `ends`, wall-clock time."""

    starts: NaiveDatetime
    ends: NaiveDatetime

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> "Between":
        if self.ends <= self.starts:
            raise ValueError(f"ends at {self.ends:%Y-%m-%d %H:%M}, which is not after its start")
        return self


class Freeze(_Strict):
    """One change freeze.

    Attributes:
        name: what people know it as; shown when it stops something.
        time_zone: of its times; the policy's where it is left out.
        weekly: when it comes every week; either this or `between`.
        between: when it is once.
        environments: where it holds; everywhere where it is left out.
        models: for which models of the catalogue; for all where it is left out.
    """

    name: Annotated[str, Field(min_length=1, max_length=80)]
    time_zone: ZoneName | None = None
    weekly: Weekly | None = None
    between: Between | None = None
    environments: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    models: Annotated[tuple[str, ...], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _has_one_time(self) -> "Freeze":
        if (self.weekly is None) == (self.between is None):
            raise ValueError("give either weekly or between, and not both")
        return self

    def covers(self, *, model: str, environment: str) -> bool:
        """Does it hold for this model in this environment?"""
        return (self.models is None or model in self.models) and (
            self.environments is None or environment in self.environments
        )

    def in_force(self, now: datetime, zone: tzinfo) -> bool:
        """Is `now` (aware) inside? The start is, the end is not.

        On a day when clocks are set it begins at the first and ends at the last moment its times can mean.
        """
        return any(
            moment_of(begin, zone) <= now < moment_of(end, zone, last=True) for begin, end in self._spans(now, zone)
        )

    def _spans(self, now: datetime, zone: tzinfo) -> list[tuple[datetime, datetime]]:
        if self.between is not None:
            return [(self.between.starts, self.between.ends)]
        if self.weekly is None:
            return []
        today = now.astimezone(zone).date()
        # A span is at most a day long, so one that holds now began today or yesterday.
        found = (self.weekly.on(today - timedelta(days=1)), self.weekly.on(today))
        return [span for span in found if span is not None]
