"""How long things take in the world that is looked at, on one knob."""

import re
from dataclasses import dataclass
from datetime import timedelta

_RANGE = re.compile(r"\[(\d+)(ms|s|m|h|d)\]")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
SHORTEST_RANGE_S = 4.0
"""A rate needs at least two scrapes, which come once a second at most."""


@dataclass(frozen=True)
class Timing:
    """Windows of an investigation. `speed` divides every duration of the world: 1 in production."""

    speed: float = 1.0
    points: int = 240
    """Samples per series."""

    @property
    def lookback(self) -> timedelta:
        """How far back metrics are read: six hours."""
        return timedelta(hours=6) / self.speed

    @property
    def step(self) -> timedelta:
        """Between two samples; never under a second, the fastest scrape."""
        return max(self.lookback / self.points, timedelta(seconds=1))

    @property
    def fine_step(self) -> timedelta:
        """Between two samples of a closer look: a usual scrape interval."""
        return max(timedelta(seconds=15) / self.speed, timedelta(seconds=1))

    @property
    def changes_lookback(self) -> timedelta:
        """How far back changes are asked for: a day, as a bad model may take hours to show."""
        return timedelta(hours=24) / self.speed

    @property
    def day(self) -> timedelta:
        """Back to the same hour of the day before."""
        return timedelta(days=1) / self.speed

    @property
    def week(self) -> timedelta:
        """Back to the same hour of the same day last week."""
        return timedelta(weeks=1) / self.speed

    @property
    def half_hour(self) -> timedelta:
        """What belongs to the same hour: this much before and after it."""
        return timedelta(minutes=30) / self.speed

    @property
    def before_onset(self) -> timedelta:
        """A change this long before the onset, or less, may have caused it."""
        return timedelta(minutes=30) / self.speed

    @property
    def together(self) -> timedelta:
        """Two things that begin within this of each other began together. As long as the margin of a quarantine."""
        return max(timedelta(minutes=10) / self.speed, 3 * self.step)

    @property
    def slack(self) -> timedelta:
        """How much later than the trouble a change may be seen: clocks, scrapes and steps."""
        return max(timedelta(minutes=3) / self.speed, 3 * self.step)

    def scaled(self, promql: str) -> str:
        """A query written here, with its ranges divided by `speed`. Those of the catalogue fit its world already."""
        if self.speed == 1:
            return promql

        def shorter(match: re.Match[str]) -> str:
            seconds = int(match[1]) * _SECONDS[match[2]] / self.speed
            return f"[{round(max(seconds, SHORTEST_RANGE_S) * 1000)}ms]"

        return _RANGE.sub(shorter, promql)
