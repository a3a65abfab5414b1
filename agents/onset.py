"""When did a series leave its usual level? Robust statistics over samples; no language model has a say in it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median

from agents.departure import MIN_BASELINE, RELATIVE_FLOOR, departure_of, first_departure
from incidents.verification import Sample

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

    Samples that are no finite numbers are left out, so a gap ends where the samples go on. Too few say nothing about an
    onset. What counts as one: `departure_of`.
    """
    points = [s for s in samples if math.isfinite(s.value)]
    if not points:
        return Shape(None, None)
    values = [s.value for s in points]
    last = values[-1] if end - points[-1].at <= max(5 * step, timedelta(seconds=5)) else None
    if len(values) <= MIN_BASELINE:
        return Shape(last, median(values))
    found = departure_of(values, UNIT_FLOORS.get(unit, 0.0))
    if found.at is None:
        return Shape(last, found.level)
    return Shape(last, found.level, points[found.at].at, found.band, found.gradual)


def refined(shape: Shape, samples: Sequence[Sample]) -> Shape:
    """The same shape with the onset looked up in finer samples around it; as it is where they do not show it."""
    points = [s for s in samples if math.isfinite(s.value)]
    if shape.before is None or shape.onset is None or shape.gradual:
        return shape
    at = first_departure([s.value for s in points], shape.before, shape.band)
    return shape if at is None else replace(shape, onset=points[at].at)


def since_last_well(shape: Shape, samples: Sequence[Sample], past: Callable[[float], bool], *, unit: str) -> Shape:
    """The same series dated by its limit, where its usual level is not what it was before this trouble.

    A window that holds more of an older trouble than of the usual level takes the trouble for the level. `past` tells
    which values are past the limit. As it is where the series is well now, or was never well in the window.
    """
    misjudged = shape.onset is None or shape.before is None or past(shape.before)
    if shape.now is None or not past(shape.now) or not misjudged:
        return shape
    points = [s for s in samples if math.isfinite(s.value)]
    well = [at for at, one in enumerate(points) if not past(one.value)]
    if len(well) < MIN_BASELINE or well[-1] + 1 >= len(points):
        return shape
    level = median(points[at].value for at in well)
    if abs(shape.now - level) <= max(RELATIVE_FLOOR * abs(level), UNIT_FLOORS.get(unit, 0.0)):
        return shape
    return Shape(shape.now, level, points[well[-1] + 1].at, (shape.now - level) / 2)
