"""From SageMaker Model Monitor's ``statistics.json``, of a run and of the baseline, to the figures of a drift event.

Model Monitor reports no PSI. Its ``constraint_violations.json`` names the largest distance between two distributions,
which has other bounds, and is refused rather than read wrongly. But ``statistics.json`` holds the distributions
themselves, so that PSI can be computed where both files hold one whole:

- Numbers: the KLL sketch (Karnin, Lang, Liberty, 2016). An item of its level i stands for 2^i rows. With Model
  Monitor's own parameter (k = 2048) a rank is off by well under 1 % of the rows, and so is the share of a bin.
- Texts: the counted categories, where every row is in one; a list cut to the most frequent ones is left out.

A model-quality monitor's ``statistics.json`` holds accuracy instead, and becomes the loss against the baseline.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from tools.datasets.drift import BINS, psi_of_counts
from tools.drift_events.errors import NotConvertible

MOST_LEVELS = 64
WHOLE = 0.02
"""A sketch or a list of categories that adds up to its column's rows within this share is whole."""

Count = Annotated[int, Field(ge=0)]


@dataclass(frozen=True)
class MonitorFigures:
    """What could be told of a report, and of which columns it could not, with the reason."""

    psi: dict[str, float] = field(default_factory=dict[str, float])
    accuracy_delta: float | None = None
    left_out: dict[str, str] = field(default_factory=dict[str, str])


class _Loose(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Common(_Loose):
    num_present: Count = 0


class _Sketch(_Loose):
    data: Annotated[tuple[tuple[FiniteFloat, ...], ...], Field(max_length=MOST_LEVELS)] = ()


class _Kll(_Loose):
    sketch: _Sketch | None = None


class _Category(_Loose):
    value: str
    count: Count


class _Categories(_Loose):
    buckets: tuple[_Category, ...] = ()


class _Distribution(_Loose):
    kll: _Kll | None = None
    categorical: _Categories | None = None


class _Described(_Loose):
    common: _Common = _Common()
    distribution: _Distribution = _Distribution()


class _Column(_Loose):
    name: Annotated[str, Field(min_length=1, max_length=200)]
    numerical_statistics: _Described | None = None
    string_statistics: _Described | None = None


class _Metric(_Loose):
    value: FiniteFloat


class _Quality(_Loose):
    accuracy: _Metric | None = None


class _Statistics(_Loose):
    features: Annotated[tuple[_Column, ...], Field(max_length=1_000)] = ()
    binary_classification_metrics: _Quality | None = None
    multiclass_classification_metrics: _Quality | None = None
    violations: tuple[object, ...] | None = None

    @property
    def accuracy(self) -> float | None:
        """Of a classifier, by a model-quality monitor."""
        quality = self.binary_classification_metrics or self.multiclass_classification_metrics
        return quality.accuracy.value if quality is not None and quality.accuracy is not None else None


def figures_of(report: bytes | str, reference: bytes | str) -> MonitorFigures:
    """PSI by column, or the change of accuracy, of a run's ``statistics.json`` against the baseline's.

    Raises:
        NotConvertible: one of them is no ``statistics.json``, or holds nothing that a drift event could tell.
    """
    now, before = _read(report, "the report"), _read(reference, "the reference")
    if now.accuracy is not None and before.accuracy is not None:
        return MonitorFigures(accuracy_delta=now.accuracy - before.accuracy)
    if now.accuracy is not None or before.accuracy is not None:
        raise NotConvertible("one file tells accuracy and the other does not; give the baseline of the same monitor")
    known = {column.name: column for column in before.features}
    told: dict[str, float] = {}
    left_out: dict[str, str] = {}
    for column in now.features:
        try:
            told[column.name] = _psi(known.get(column.name), column)
        except _Untold as reason:
            left_out[column.name] = str(reason)
    if not told:
        whole = "; ".join(f"{name}: {reason}" for name, reason in list(left_out.items())[:5])
        raise NotConvertible(f"PSI can be told of no column ({whole or 'the report has none'})")
    return MonitorFigures(psi=told, left_out=left_out)


def _read(content: bytes | str, which: str) -> _Statistics:
    try:
        found = _Statistics.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise NotConvertible(f"{which} is no statistics.json of Model Monitor: {where}: {first['msg']}") from error
    if found.violations is not None:
        raise NotConvertible(
            f"{which} is a constraint_violations.json. It says which checks failed, and of drift the largest distance "
            "between the distributions, which is no PSI and has other bounds. Give the statistics.json beside it"
        )
    if not found.features and found.accuracy is None:
        raise NotConvertible(
            f"{which} holds neither features, as a data-quality monitor writes them, nor the accuracy of a classifier"
        )
    return found


class _Untold(Exception):
    """Why a column's PSI cannot be told."""


def _psi(before: _Column | None, now: _Column) -> float:
    if before is None:
        raise _Untold("the baseline has no such column")
    if before.numerical_statistics is not None and now.numerical_statistics is not None:
        return _psi_of_sketches(_items(before.numerical_statistics), _items(now.numerical_statistics))
    if before.string_statistics is not None and now.string_statistics is not None:
        return psi_of_counts(_categories(before.string_statistics), _categories(now.string_statistics)).value
    raise _Untold("it is not of the same type as in the baseline")


def _items(described: _Described) -> list[tuple[float, int]]:
    """Each item of the sketch and how many rows it stands for, in order."""
    kll = described.distribution.kll
    if kll is None or kll.sketch is None or not kll.sketch.data:
        raise _Untold("its numbers have no KLL sketch")
    items = sorted((item, 1 << level) for level, held in enumerate(kll.sketch.data) for item in held)
    _check_whole(sum(rows for _, rows in items), described.common.num_present, "sketch")
    return items


def _categories(described: _Described) -> dict[str, int]:
    listed = described.distribution.categorical
    if listed is None or not listed.buckets:
        raise _Untold("its categories are not counted")
    counts = {one.value: one.count for one in listed.buckets}
    _check_whole(sum(counts.values()), described.common.num_present, "list of categories")
    return counts


def _check_whole(held: int, present: int, what: str) -> None:
    if not present:
        raise _Untold("it has no values")
    if abs(held - present) > math.ceil(WHOLE * present):
        raise _Untold(f"its {what} holds {held:,} of {present:,} values")


def _psi_of_sketches(before: Sequence[tuple[float, int]], now: Sequence[tuple[float, int]]) -> float:
    """Over quantile bins of the reference; a value equal to an edge belongs to the bin below it, as in `drift`."""
    ranks = list(accumulate(rows for _, rows in before))
    edges = sorted({before[_first_reaching(ranks, ranks[-1] * step / BINS)][0] for step in range(1, BINS)})
    return psi_of_counts(_shares(before, edges), _shares(now, edges)).value


def _first_reaching(ranks: Sequence[int], rank: float) -> int:
    return next(at for at, reached in enumerate(ranks) if reached >= rank)


def _shares(items: Sequence[tuple[float, int]], edges: Sequence[float]) -> dict[str, float]:
    values = [value for value, _ in items]
    ranks = [0, *accumulate(rows for _, rows in items)]
    below = [0, *(ranks[bisect_right(values, edge)] for edge in edges), ranks[-1]]
    pairs = zip(below, below[1:], strict=False)
    return {str(at): float(upper - lower) for at, (lower, upper) in enumerate(pairs)}
