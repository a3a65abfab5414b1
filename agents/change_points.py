"""Where the level of a series changes: binary segmentation (Vostrikova 1981) as the library `changeforest` does it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from typing import Any, Protocol, cast

GAIN_PER_LOG = 3.0
"""A split has to gain this many times the logarithm of the count, in squares of the noise. The usual penalty (BIC) is
2 for values that do not depend on each other; neighbouring values of a rate over some minutes do."""


class _Segmented(Protocol):
    def split_points(self) -> list[int]: ...


class _Segment(Protocol):
    def __call__(self, values: Any, method: str, segmentation: str, control: object) -> _Segmented: ...


@dataclass(frozen=True)
class _Control:
    """What the library may be told; `default` leaves a choice to it. It reads these attributes."""

    minimal_relative_segment_length: float
    minimal_gain_to_split: float
    model_selection_alpha: str = "default"
    model_selection_n_permutations: str = "default"
    number_of_wild_segments: str = "default"
    seeded_segments_alpha: str = "default"
    seed: str = "default"
    random_forest_n_estimators: str = "default"
    random_forest_max_depth: str = "default"
    random_forest_max_features: str = "default"
    random_forest_n_jobs: str = "default"
    forbidden_segments: str = "default"


def change_points(values: Sequence[float], noise: float) -> list[int]:
    """The first index of every segment but the first, in order; none where the level stays.

    Each segment has a mean of its own, and each split lowers the sum of squares by more than chance does at this noise.
    A single value may be a segment, as a spike is, but for the last one.

    Args:
        values: finite.
        noise: their standard deviation around the level; above 0.
    """
    import numpy

    count = len(values)
    if count < 2:
        return []
    # Relative to the noise first: of values near the largest number there is, no sum has to be taken.
    with numpy.errstate(over="ignore", invalid="ignore"):
        scaled = numpy.asarray(values, dtype=float) / noise
        scaled -= scaled[0]
    if not numpy.isfinite(scaled).all():
        return []
    control = _Control(
        minimal_relative_segment_length=0.5 / count, minimal_gain_to_split=GAIN_PER_LOG * math.log(count)
    )
    return _segment()(scaled.reshape(-1, 1), "change_in_mean", "bs", control).split_points()


@cache
def _segment() -> _Segment:
    """The library's compiled function alone: the Python around it draws, and loads all of matplotlib to be able to."""
    package = find_spec("changeforest")
    within = package.submodule_search_locations if package else None
    spec = PathFinder.find_spec("changeforest.changeforest", within)
    if spec is None or spec.loader is None:
        raise ImportError("changeforest is not installed as this version of AgentOps expects it")
    compiled = module_from_spec(spec)
    spec.loader.exec_module(compiled)
    return cast(_Segment, compiled.changeforest)
