"""Functions of PromQL, as Prometheus 2.42 computes them (promql/functions.go and quantile.go)."""

import math
import re
from collections.abc import Callable
from itertools import pairwise

from sandbox.world.promql.values import (
    Matrix,
    Point,
    PromqlError,
    Value,
    Vector,
    Window,
    divide,
    drop,
    with_label,
    without_name,
)
from sandbox.world.tsdb import NAME, Labels

Samples = list[tuple[int, float]]

_BUCKET_LABELS = frozenset({NAME, "le"})


def quantile(q: float, values: list[float]) -> float:
    """The q-quantile by linear interpolation; NaN for nothing, infinite outside of [0, 1]."""
    if not values or math.isnan(q):
        return math.nan
    if q < 0:
        return -math.inf
    if q > 1:
        return math.inf
    ordered = sorted(values, key=lambda value: (not math.isnan(value), value))
    rank = q * (len(ordered) - 1)
    lower = max(0, math.floor(rank))
    upper = min(len(ordered) - 1, lower + 1)
    weight = rank - math.floor(rank)
    return ordered[lower] * (1 - weight) + ordered[upper] * weight


def extrapolated(window: Window, *, counter: bool, per_second: bool) -> float | None:
    """`rate`, `increase` and `delta`: the change over the window, extrapolated to its bounds."""
    samples = window.samples
    if len(samples) < 2:
        return None
    first_t, first_v = samples[0]
    last_t, last_v = samples[-1]
    change = last_v - first_v
    if counter:
        previous = 0.0
        for _, value in samples:
            if value < previous:
                change += previous
            previous = value
    to_start = (first_t - window.start_ms) / 1000
    to_end = (window.end_ms - last_t) / 1000
    sampled = (last_t - first_t) / 1000
    between = sampled / (len(samples) - 1)
    if counter and change > 0 and first_v >= 0:
        to_start = min(to_start, sampled * (first_v / change))
    reach = between * 1.1
    interval = sampled
    interval += to_start if to_start < reach else between / 2
    interval += to_end if to_end < reach else between / 2
    factor = interval / sampled
    if per_second:
        factor /= (window.end_ms - window.start_ms) / 1000
    return change * factor


def _instant(samples: Samples, *, rate: bool) -> float | None:
    if len(samples) < 2:
        return None
    (before_t, before), (last_t, last) = samples[-2:]
    change = last if rate and last < before else last - before
    return change / ((last_t - before_t) / 1000) if rate else change


def _slope(samples: Samples) -> float | None:
    if len(samples) < 2:
        return None
    origin = samples[0][0]
    xs = [(time - origin) / 1000 for time, _ in samples]
    ys = [value for _, value in samples]
    n, sx, sy = len(samples), math.fsum(xs), math.fsum(ys)
    covariance = math.fsum(x * y for x, y in zip(xs, ys, strict=True)) - sx * sy / n
    return divide(covariance, math.fsum(x * x for x in xs) - sx * sx / n)


def _deviation(samples: Samples) -> float:
    values = [value for _, value in samples]
    mean = math.fsum(values) / len(values)
    return math.fsum((value - mean) ** 2 for value in values) / len(values)


def _extreme(samples: Samples, pick: Callable[[list[float]], float]) -> float:
    values = [value for _, value in samples if not math.isnan(value)]
    return pick(values) if values else math.nan


# Functions of one window of samples. A result of None leaves the series out.
OVER_TIME: dict[str, Callable[[Samples], float | None]] = {
    "avg_over_time": lambda s: math.fsum(v for _, v in s) / len(s),
    "sum_over_time": lambda s: math.fsum(v for _, v in s),
    "min_over_time": lambda s: _extreme(s, min),
    "max_over_time": lambda s: _extreme(s, max),
    "count_over_time": lambda s: float(len(s)),
    "last_over_time": lambda s: s[-1][1],
    "present_over_time": lambda s: 1.0,
    "stddev_over_time": lambda s: math.sqrt(_deviation(s)),
    "stdvar_over_time": _deviation,
    "irate": lambda s: _instant(s, rate=True),
    "idelta": lambda s: _instant(s, rate=False),
    "deriv": _slope,
    "changes": lambda s: float(sum(1 for (_, a), (_, b) in pairwise(s) if a != b)),
    "resets": lambda s: float(sum(1 for (_, a), (_, b) in pairwise(s) if b < a)),
}


def _guard(function: Callable[[float], float]) -> Callable[[float], float]:
    def guarded(value: float) -> float:
        try:
            return function(value)
        except (ValueError, OverflowError):
            return math.nan

    return guarded


def _log(function: Callable[[float], float]) -> Callable[[float], float]:
    return lambda v: -math.inf if v == 0 else _guard(function)(v)


def _whole(function: Callable[[float], int]) -> Callable[[float], float]:
    return lambda v: float(function(v)) if math.isfinite(v) else v


# Functions of each value of an instant vector; they drop the metric's name.
ELEMENTWISE: dict[str, Callable[[float], float]] = {
    "abs": abs,
    "ceil": _whole(math.ceil),
    "floor": _whole(math.floor),
    "exp": lambda v: math.inf if v > 709.78 else math.exp(v),
    "sqrt": _guard(math.sqrt),
    "ln": _log(math.log),
    "log2": _log(math.log2),
    "log10": _log(math.log10),
    "sgn": lambda v: v if math.isnan(v) else float((v > 0) - (v < 0)),
}


def map_values(vector: Vector, function: Callable[[float], float]) -> Vector:
    """Apply a function to each value; the name goes, as the value means something else now."""
    return [Point(without_name(point.labels), function(point.value)) for point in vector]


def clamp(vector: Vector, low: float, high: float) -> Vector:
    """`clamp`, `clamp_min` and `clamp_max`."""
    if low > high:
        return []
    nan = math.isnan(low) or math.isnan(high)
    return map_values(vector, lambda v: math.nan if nan or math.isnan(v) else max(low, min(high, v)))


def rounded(vector: Vector, nearest: float) -> Vector:
    """`round`: to the nearest multiple, halves up."""
    inverse = 1.0 / nearest
    return map_values(vector, lambda v: math.floor(v * inverse + 0.5) / inverse if math.isfinite(v) else v)


def over_time(name: str, matrix: Matrix) -> Vector:
    """Apply a function of OVER_TIME to each series."""
    function = OVER_TIME[name]
    result: Vector = []
    for window in matrix:
        value = function(window.samples) if window.samples else None
        if value is not None:
            labels = window.labels if name == "last_over_time" else without_name(window.labels)
            result.append(Point(labels, value))
    return result


def change(name: str, matrix: Matrix) -> Vector:
    """`rate`, `increase` and `delta`."""
    result: Vector = []
    for window in matrix:
        value = extrapolated(window, counter=name != "delta", per_second=name == "rate")
        if value is not None:
            result.append(Point(without_name(window.labels), value))
    return result


def histogram_quantile(q: float, vector: Vector) -> Vector:
    """Quantiles of classic histograms: `le` labels, cumulative counts."""
    groups: dict[Labels, list[tuple[float, float]]] = {}
    for point in vector:
        try:
            bound = float(dict(point.labels)["le"])
        except (KeyError, ValueError):
            continue
        groups.setdefault(drop(point.labels, _BUCKET_LABELS), []).append((bound, point.value))
    return [Point(labels, _bucket_quantile(q, buckets)) for labels, buckets in groups.items()]


def _bucket_quantile(q: float, found: list[tuple[float, float]]) -> float:
    if math.isnan(q):
        return math.nan
    if q < 0:
        return -math.inf
    if q > 1:
        return math.inf
    buckets = _merged(found)
    if not math.isinf(buckets[-1][0]) or len(buckets) < 2:
        return math.nan
    total = buckets[-1][1]
    if total == 0 or math.isnan(total):
        return math.nan
    rank = q * total
    index = next((i for i, (_, count) in enumerate(buckets[:-1]) if count >= rank), len(buckets) - 1)
    if index == len(buckets) - 1:
        return buckets[-2][0]
    end, count = buckets[index]
    if index == 0:
        return end if end <= 0 else end * divide(rank, count)
    start, below = buckets[index - 1]
    return start + (end - start) * divide(rank - below, count - below)


def _merged(found: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Buckets sorted, equal bounds added up, counts made monotonic."""
    sums: dict[float, float] = {}
    for bound, count in sorted(found):
        sums[bound] = sums.get(bound, 0.0) + count
    highest = -math.inf
    merged: list[tuple[float, float]] = []
    for bound, count in sums.items():
        highest = max(highest, count)
        merged.append((bound, highest))
    return merged


def label_replace(vector: Vector, target: str, replacement: str, source: str, pattern: str) -> Vector:
    """`label_replace`: set a label from a full match of another."""
    try:
        expression = re.compile(pattern, re.DOTALL)
    except re.error as error:
        raise PromqlError(f"invalid regular expression in label_replace(): {pattern}") from error
    template = re.sub(r"\$\{?(\w+)\}?", r"\\g<\1>", replacement)
    result: Vector = []
    for point in vector:
        matched = expression.fullmatch(dict(point.labels).get(source, ""))
        labels = point.labels if matched is None else with_label(point.labels, target, matched.expand(template))
        result.append(Point(labels, point.value))
    return result


def as_scalar(value: Value) -> float:
    """`scalar`: the one element of a vector, else NaN."""
    if isinstance(value, float):
        return value
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], Point):
        return value[0].value
    return math.nan
