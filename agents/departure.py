"""Where values leave their usual level, at once or bit by bit. A library finds change points; what counts is ours."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from agents.change_points import change_points

K = 5.0
"""How many robust standard deviations from the median count as a departure."""
K_OF_SEGMENTS = 4.0
"""The same for the median of a segment, which is steadier than a single sample."""
ALIKE = 0.15
"""Two levels are one where neither is more than about 15 % above the other."""
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


@dataclass(frozen=True)
class Departure:
    """How values left their usual level.

    Attributes:
        level: the usual one; of all values where they did not leave it.
        at: the first value of the departure; None where there is none.
        band: how far from the level a value must be to have left it; negative where they left it downwards.
        gradual: whether they left it bit by bit.
    """

    level: float
    at: int | None = None
    band: float = 0.0
    gradual: bool = False


def departure_of(values: Sequence[float], floor: float) -> Departure:
    """The last departure in a series of finite values, more than `MIN_BASELINE` of them.

    A change-point detection cuts the values into segments of one level each. The usual level is the one that was held
    for most of the time before the last segments, which are what lasts now; its noise is the median absolute deviation.
    The departure begins with the last run of segments whose level is outside of the band around the usual one, on one
    side of it. A run of fewer than three values is a spike, unless it lasts still and is twice as far out.

    A ramp is cut into stairs, and would begin at one of them. So where the values around the best split climb instead
    of jumping, the usual level is looked for to the left of the climb, and a line is fitted to it.

    `floor`: changes under it are of no interest.
    """
    split = _best_split(values)
    foot = _foot_of_ramp(values, split)
    return _step_in(values, floor) if foot is None else _ramp_in(values, split, foot, floor)


def _band(usual: Sequence[float], level: float, deviations: float, floor: float) -> float:
    noise = MAD_TO_SIGMA * median(abs(v - level) for v in usual)
    return max(deviations * noise, RELATIVE_FLOOR * abs(level), floor)


def _ramp_in(values: Sequence[float], split: int, foot: int, floor: float) -> Departure:
    level, later = median(values[:foot]), median(values[split:])
    band = _band(values[:foot], level, K, floor)
    if abs(later - level) <= band:
        return Departure(median(values))
    signed = band if later > level else -band
    at = first_departure(values, level, signed)
    if at is not None:
        at = _start_of_ramp(values, level, later, at)
    # A ramp needs more of the usual level before it: one that began before the window climbs from its first samples on.
    return Departure(level) if at is None or at < 2 * MIN_BASELINE else Departure(level, at, signed, gradual=True)


def _step_in(values: Sequence[float], floor: float) -> Departure:
    segments = _segments(values, floor)
    usual = _usual(values, segments)
    if len(usual) < MIN_BASELINE:
        return Departure(median(values))
    level = median(usual)
    band = _band(usual, level, K_OF_SEGMENTS, floor)
    for begin, end, side in reversed(_runs(values, segments, level, band)):
        first = _edge(values, begin, level, side * band)
        far_out = end == len(values) and all(side * (v - level) > 2 * band for v in values[first:])
        if end - first >= SUSTAINED or far_out:
            return Departure(level) if first < MIN_BASELINE else Departure(level, first, side * band)
    return Departure(level)


@dataclass(frozen=True)
class _Segment:
    """Values of one level: from `begin` up to `end`, which is the next one's first."""

    begin: int
    end: int
    level: float
    """Their median on a scale on which steps of the same size in proportion are alike."""

    def like(self, other: "_Segment") -> bool:
        """Whether the two are of one level."""
        return abs(self.level - other.level) <= ALIKE


def _segments(values: Sequence[float], floor: float) -> list[_Segment]:
    """The window, cut where the level changes.

    Most metrics are the noisier the higher they are. So they are cut on a scale that is linear below the floor, where
    changes are of no interest, and logarithmic above it: there the noise is alike at every level.
    """
    unit = floor or RELATIVE_FLOOR * median(abs(v) for v in values) or 1.0
    scaled = [math.asinh(v / unit) for v in values]
    noise = MAD_TO_SIGMA * median(abs(b - a) for a, b in pairwise(scaled)) / math.sqrt(2)
    cuts = change_points(scaled, max(noise, RELATIVE_FLOOR / K))
    bounds = [0, *cuts, len(values)]
    return [_Segment(begin, end, median(scaled[begin:end])) for begin, end in pairwise(bounds)]


def _usual(values: Sequence[float], segments: Sequence[_Segment]) -> list[float]:
    """The values of the level that was held longest before what lasts now; all where nothing was before it."""
    now = next((at for at in range(len(segments), 0, -1) if not segments[at - 1].like(segments[-1])), 0)
    before = segments[:now] or segments

    def alike(one: _Segment) -> list[_Segment]:
        return [other for other in before if other.like(one)]

    longest = max(before, key=lambda one: sum(other.end - other.begin for other in alike(one)))
    return [value for one in alike(longest) for value in values[one.begin : one.end]]


def _runs(
    values: Sequence[float], segments: Sequence[_Segment], level: float, band: float
) -> list[tuple[int, int, int]]:
    """Where neighbouring segments are outside of the band on one side of the level: begin, end and side (1 or -1)."""
    runs: list[tuple[int, int, int]] = []
    for one in segments:
        off = median(values[one.begin : one.end]) - level
        side = 0 if abs(off) <= band else 1 if off > 0 else -1
        if side and runs and runs[-1][1:] == (one.begin, side):
            runs[-1] = (runs[-1][0], one.end, side)
        elif side:
            runs.append((one.begin, one.end, side))
    return runs


def _edge(values: Sequence[float], cut: int, level: float, band: float) -> int:
    """The first value of a departure near a cut, which noise may have put a few values early or late."""
    sign = 1 if band >= 0 else -1
    at = cut
    while at > 0 and sign * (values[at - 1] - level) > abs(band):
        at -= 1
    while at < len(values) - 1 and sign * (values[at] - level) <= abs(band) / 2:
        at += 1
    return at


def first_departure(values: Sequence[float], level: float, band: float) -> int | None:
    """The first of three values in a row outside of the band; of fewer at the end, where they are twice as far out."""
    sign = 1 if band >= 0 else -1
    for at in range(len(values)):
        run = values[at : at + SUSTAINED]
        needed = abs(band) if len(run) == SUSTAINED else 2 * abs(band)
        if all(sign * (value - level) > needed for value in run):
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
