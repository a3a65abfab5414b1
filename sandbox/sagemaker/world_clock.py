"""The one clock of the local SageMaker: wall-clock time, with durations divided by the speed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class WorldClock:
    """Tells the time and turns minutes of the world into seconds of the clock.

    Attributes:
        speed: how many times faster than life durations pass; 60 makes a minute a second.
        clock: unix seconds now.
    """

    speed: float
    clock: Callable[[], float]

    def now(self) -> float:
        """Unix seconds now."""
        return self.clock()

    def minutes(self, minutes: float) -> float:
        """Seconds of the clock that this many minutes of the world take."""
        return minutes * 60.0 / self.speed

    def seconds(self, seconds: float) -> float:
        """Seconds of the clock that this many seconds of the world take."""
        return seconds / self.speed
