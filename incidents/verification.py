"""Verification: has the world provably recovered? Pure judgement over samples."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

from incidents.clock import Moment


class Threshold(BaseModel):
    """An alert expression, split: the value's PromQL and the bound past which the alert fires."""

    model_config = ConfigDict(frozen=True)

    alert: str
    expression: str
    comparison: Literal[">", ">=", "<", "<="]
    bound: float
    hold: timedelta = timedelta(0)
    """The rule's `for`."""

    def breached(self, value: float) -> bool:
        """Would the alert's condition hold at this value?"""
        match self.comparison:
            case ">":
                return value > self.bound
            case ">=":
                return value >= self.bound
            case "<":
                return value < self.bound
            case "<=":
                return value <= self.bound


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of one series. No pydantic model: an investigation reads tens of thousands, and makes them itself."""

    at: Moment
    value: float


class Outcome(StrEnum):
    """What the samples say."""

    RECOVERED = "recovered"
    STILL_BREACHED = "still_breached"
    INCONCLUSIVE = "inconclusive"


class SignalCheck(BaseModel):
    """The verdict on one signal, with the figure that decided."""

    model_config = ConfigDict(frozen=True)

    threshold: Threshold
    outcome: Outcome
    worst: float | None
    samples: int
    why: str
    subject: str = ""
    """The feature that the alert names, if any."""
    own: bool = True
    """Judged by the alert's own expression; False for a signal of the catalogue, watched besides or in its place."""


def judge(
    threshold: Threshold,
    series: Sequence[Sequence[Sample]],
    *,
    window: tuple[Moment, Moment],
    step: timedelta,
) -> SignalCheck:
    """Recovered only if every sample of every series in the window is present, finite and inside the threshold.

    A gap at either end or between two samples longer than three steps, NaN, infinity, or no series at all is
    inconclusive: the absence of bad news is not good news.
    """
    start, end = window
    inside = [[s for s in one if start <= s.at <= end] for one in series]
    values = [s.value for one in inside for s in one]
    bad = [v for v in values if math.isfinite(v) and threshold.breached(v)]
    pick = max if threshold.comparison.startswith(">") else min
    finite = [v for v in values if math.isfinite(v)]
    worst = pick(finite) if finite else None

    def check(outcome: Outcome, why: str) -> SignalCheck:
        return SignalCheck(threshold=threshold, outcome=outcome, worst=worst, samples=len(values), why=why)

    if bad:
        return check(Outcome.STILL_BREACHED, f"{len(bad)} of {len(values)} samples are past the threshold")
    if not values:
        return check(Outcome.INCONCLUSIVE, "no samples in the window")
    if len(finite) < len(values):
        return check(Outcome.INCONCLUSIVE, "some samples are not numbers")
    for one in inside:
        marks = [start, *(s.at for s in one), end]
        if any(later - earlier > 3 * step for earlier, later in zip(marks, marks[1:], strict=False)):
            return check(Outcome.INCONCLUSIVE, "samples are missing in the window")
    return check(Outcome.RECOVERED, f"all {len(values)} samples are inside the threshold")


def window_length(*, rate_range: timedelta, hold: timedelta, group_interval: timedelta) -> timedelta:
    """How long the world must stay well: rate range + `for` + Alertmanager's group interval."""
    return rate_range + hold + group_interval
