"""The columns that a ``statistics.json`` of Model Monitor describes: its own bins, or the sample in its KLL sketch.

KLL (Karnin, Lang and Liberty, 2016): the sketch's `data` are lists of values, those of the list at place h standing for
2^h rows each. Where it is there, quantile bins and Kolmogorov-Smirnov can be had of it; its rank error is below 1 % at
the usual k of 2048.
"""

import math
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tools.datasets.columns import Column
from tools.datasets.monitor import MAX_FEATURES
from tools.errors import BadAnswer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_VALUES = 200_000
MAX_BUCKETS = 10_000
MOST_LEVELS = 50
"""Lists of a sketch; so many stand for more rows than anybody has."""

_Count = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Common(_Frozen):
    num_present: _Count = 0
    num_missing: _Count = 0


class _Bucket(_Frozen):
    lower_bound: float
    upper_bound: float
    count: _Count


class _Sketch(_Frozen):
    data: tuple[tuple[float, ...], ...] = ()


class _Kll(_Frozen):
    buckets: tuple[_Bucket, ...] = Field(default=(), max_length=MAX_BUCKETS)
    sketch: _Sketch = _Sketch()


class _Numbers(_Frozen):
    kll: _Kll = _Kll()


class _Numerical(_Frozen):
    common: _Common = _Common()
    min: float | None = None
    max: float | None = None
    distribution: _Numbers = _Numbers()


class _Word(_Frozen):
    value: str = ""
    count: _Count


class _Categorical(_Frozen):
    buckets: tuple[_Word, ...] = Field(default=(), max_length=MAX_BUCKETS)


class _Words(_Frozen):
    categorical: _Categorical = _Categorical()


class _Text(_Frozen):
    common: _Common = _Common()
    distribution: _Words = _Words()


class _Feature(_Frozen):
    name: str = Field(max_length=500)
    numerical_statistics: _Numerical | None = None
    string_statistics: _Text | None = None


class _Statistics(_Frozen):
    features: tuple[_Feature, ...] = Field(max_length=MAX_FEATURES)


def columns_of(content: dict[str, Any], *, uri: str) -> dict[str, Column]:
    """The columns by name.

    Raises:
        BadAnswer: it is no ``statistics.json``.
    """
    try:
        features = _Statistics.model_validate(content).features
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"]) or "the file"
        raise BadAnswer("S3", "GetObject", f"{uri}: {where}: {first['msg']}") from error
    return {one.name: column for one in features if (column := _column(one)) is not None}


def _column(one: _Feature) -> Column | None:
    number, text = one.numerical_statistics, one.string_statistics
    if number is not None:
        common, kll = number.common, number.distribution.kll
        bounds = (number.min, number.max) if number.min is not None and number.max is not None else None
        buckets = sorted(kll.buckets, key=lambda bucket: bucket.lower_bound)
        return Column(
            kind="number",
            rows=round(common.num_present + common.num_missing),
            nulls=round(common.num_missing),
            numbers=_sketched(kll.sketch),
            buckets=(tuple(b.lower_bound for b in buckets), tuple(b.count for b in buckets)) if buckets else None,
            bounds=bounds,
        )
    if text is not None:
        common = text.common
        return Column(
            kind="category",
            rows=round(common.num_present + common.num_missing),
            nulls=round(common.num_missing),
            counts={word.value: word.count for word in text.distribution.categorical.buckets},
        )
    return None


def _sketched(sketch: _Sketch) -> "NDArray[np.floating[Any]] | None":
    """The rows that the sketch stands for, or as many of them as are enough, in order; None without any."""
    import numpy as np

    levels = [np.asarray([value for value in level if math.isfinite(value)]) for level in sketch.data[:MOST_LEVELS]]
    values = np.concatenate([*levels, np.empty(0)])
    if not values.size:
        return None
    weights = np.concatenate([np.full(level.size, 2.0**height) for height, level in enumerate(levels)])
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    rows = min(int(reached[-1]), MOST_VALUES)
    # The value at each of so many places that lie evenly among the rows.
    return values[order][np.searchsorted(reached, (np.arange(rows) + 0.5) * (reached[-1] / rows))]
