"""When did a series leave its usual level? Robust statistics over samples; no language model has a say in it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from incidents.verification import Sample

K = 5.0
"""How many robust standard deviations from the median count as a departure."""
MAD_TO_SIGMA = 1.4826
"""For normal noise the standard deviation is 1.4826 times the median absolute deviation."""
RELATIVE_FLOOR = 0.10
"""Changes under a tenth of the usual level are noise however quiet the series was."""
SUSTAINED = 3
"""A departure counts from the first of this many samples in a row."""
MIN_BASELINE = 4
"""Fewer samples before the change say nothing about the usual level."""

JUMP_REACH = 5
"""Samples on either side of the split that tell a step from a ramp."""
STEP = 0.5
"""A change of which this share happens within the reach is a step."""
RAMP_FOOT = 0.1
"""Moves under this share of the change are part of the usual level before a ramp."""

UNIT_FLOORS = {"PSI": 0.04, "ratio": 0.01, "s": 0.05, "count": 0.5, "1/s": 0.5}
"""Changes under these are of no interest, by the signal's unit."""


@dataclass(frozen=True)
class Shape:
    """What a series did.

    Attributes:
        now: the last finite value; None where there is none or it is too old to be called now.
        before: the median before the onset, or of the whole window where there is none.
        onset: the first sample of the departure.
        band: how far from `before` a value must be to have left the usual level; negative where it left downwards.
        gradual: whether it left bit by bit; the onset is then where the line that fits it best
            starts.
    """

    now: float | None
    before: float | None
    onset: datetime | None = None
    band: float = 0.0
    gradual: bool = False

    @property
    def departed(self) -> bool:
        """Whether it was seen to leave its usual level."""
        return self.onset is not None

    @property
    def back(self) -> bool:
        """Whether it departed and is at its usual level again."""
        return self.departed and None not in (self.now, self.before) and abs(self._moved) <= abs(self.band)

    @property
    def _moved(self) -> float:
        return (self.now or 0.0) - (self.before or 0.0)

    @property
    def verb(self) -> str:
        """``rose`` or ``fell``, for one that departed."""
        return "rose" if self.band >= 0 else "fell"


def shape_of(samples: Sequence[Sample], *, unit: str, end: datetime, step: timedelta) -> Shape:
    """The shape of a series.

    The best single split of the window (least squares) separates before from after; the usual level is the median of
    the part before, its noise the median absolute deviation; the onset is the first of three samples in a row that
    leave the band on the side of the later level, the last time that it was left. Where fewer than three are left,
    they must be twice as far out.

    A split in the middle of a ramp would take half of the ramp for the usual level. So where the values around the
    split climb instead of jumping, the usual level is looked for further to the left.
    """
    points = [s for s in samples if math.isfinite(s.value)]
    if not points:
        return Shape(None, None)
    values = [s.value for s in points]
    last = values[-1] if end - points[-1].at <= max(5 * step, timedelta(seconds=5)) else None
    if len(values) <= MIN_BASELINE:
        return Shape(last, median(values))
    split = _best_split(values)
    later = median(values[split:])
    foot = _foot_of_ramp(values, split)
    usual = values[: split if foot is None else foot]
    level = median(usual)
    noise = MAD_TO_SIGMA * median(abs(v - level) for v in usual)
    band = max(K * noise, RELATIVE_FLOOR * abs(level), UNIT_FLOORS.get(unit, 0.0))
    if abs(later - level) <= band:
        return Shape(last, median(values))
    signed = band if later > level else -band
    at = _latest_departure(values, level, signed) if foot is None else _first_departure(values, level, signed)
    if at is not None and foot is not None:
        at = _start_of_ramp(values, level, later, at)
    # A ramp needs more of the usual level before it: one that began before the window climbs from its first samples on.
    if at is None or at < (MIN_BASELINE if foot is None else 2 * MIN_BASELINE):
        return Shape(last, level)
    return Shape(last, level, points[at].at, signed, gradual=foot is not None)


def refined(shape: Shape, samples: Sequence[Sample]) -> Shape:
    """The same shape with the onset looked up in finer samples around it; as it is where they do not show it."""
    points = [s for s in samples if math.isfinite(s.value)]
    if shape.before is None or shape.onset is None or shape.gradual:
        return shape
    at = _first_departure([s.value for s in points], shape.before, shape.band)
    return shape if at is None else replace(shape, onset=points[at].at)


def since_last_well(shape: Shape, samples: Sequence[Sample], past: Callable[[float], bool], *, unit: str) -> Shape:
    """The same series dated by its limit, where its usual level is not what it was before this trouble.

    A window that holds more of an older trouble than of the usual level takes the trouble for the level. `past` tells
    which values are past the limit. As it is where the series is well now, or was never well in the window.
    """
    points = [s for s in samples if math.isfinite(s.value)]
    misjudged = shape.onset is None or shape.before is None or past(shape.before)
    if shape.now is None or not past(shape.now) or not misjudged:
        return shape
    well = [at for at, one in enumerate(points) if not past(one.value)]
    if len(well) < MIN_BASELINE or well[-1] + 1 >= len(points):
        return shape
    level = median(points[at].value for at in well)
    if abs(shape.now - level) <= max(RELATIVE_FLOOR * abs(level), UNIT_FLOORS.get(unit, 0.0)):
        return shape
    return Shape(shape.now, level, points[well[-1] + 1].at, (shape.now - level) / 2)


def _first_departure(values: Sequence[float], level: float, band: float) -> int | None:
    sign = 1 if band >= 0 else -1
    for at in range(len(values)):
        run = values[at : at + SUSTAINED]
        needed = abs(band) if len(run) == SUSTAINED else 2 * abs(band)
        if all(sign * (value - level) > needed for value in run):
            return at
    return None


def _latest_departure(values: Sequence[float], level: float, band: float) -> int | None:
    """The departure that lasts still, or the last one: trouble that was over before is another story."""
    at = _first_departure(values, level, band)
    while at is not None:
        returned = _first_return(values, level, band, at)
        again = None if returned is None else _first_departure(values[returned:], level, band)
        if returned is None or again is None:
            break
        at = returned + again
    return at


def _first_return(values: Sequence[float], level: float, band: float, after: int) -> int | None:
    sign = 1 if band >= 0 else -1
    for at in range(after, len(values) - SUSTAINED + 1):
        if all(sign * (value - level) <= abs(band) for value in values[at : at + SUSTAINED]):
            return at
    return None


def _foot_of_ramp(values: Sequence[float], split: int) -> int | None:
    """Up to where the values are as usual before a ramp; None where the change at the split is a step, or none."""
    change = _mean(values[split:]) - _mean(values[:split])
    around = median(values[split : split + JUMP_REACH]) - median(values[max(split - JUMP_REACH, 0) : split])
    if not math.isfinite(change) or abs(around) >= STEP * abs(change):
        return None
    noise = MAD_TO_SIGMA * median(abs(b - a) for a, b in pairwise(values)) / math.sqrt(2)
    at = split
    while at >= 2 * MIN_BASELINE:
        left = _best_split(values[:at])
        moved = _mean(values[left:at]) - _mean(values[:left])
        if moved * change <= 0 or abs(moved) <= max(2 * noise, RAMP_FOOT * abs(change)):
            break
        at = left
    return at


def _start_of_ramp(values: Sequence[float], level: float, later: float, departed: int) -> int:
    """Where a line that starts at the usual level fits the climb best (least squares): before the first departure."""
    sign = 1 if later > level else -1
    windows = range(departed, len(values) - SUSTAINED + 1)
    end = next((at for at in windows if sign * (median(values[at : at + SUSTAINED]) - later) >= 0), len(values))
    best, least = departed, math.inf
    flat = sum((value - level) * (value - level) for value in values[:end])
    moved = product = 0.0
    for start in range(end - 1, -1, -1):
        # With x = i - start, sums over the climb grow by one sample for each step to the left.
        product += moved
        moved += values[start] - level
        count = end - 1 - start
        squares = count * (count + 1) * (2 * count + 1) / 6
        # What the best slope explains of the squares that a flat line leaves.
        error = flat - (product * product / squares if squares else 0.0)
        if start <= departed and error < least:
            best, least = start, error
    return best


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _best_split(values: Sequence[float]) -> int:
    """Where cutting the values in two leaves the least squared error; the part before keeps a few samples."""
    total = sum(values)
    count = len(values)
    left = sum(values[: MIN_BASELINE - 1])
    best, best_gain = MIN_BASELINE, -math.inf
    for at in range(MIN_BASELINE, count):
        left += values[at - 1]
        right = total - left
        gain = left * left / at + right * right / (count - at)
        if gain > best_gain:
            best, best_gain = at, gain
    return best
