"""Binary operators with vector matching, and aggregations, as Prometheus 2.42 defines them (promql/engine.go)."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.world.promql.functions import quantile
from sandbox.world.promql.values import (
    Point,
    PromqlError,
    Value,
    Vector,
    describe,
    divide,
    drop,
    format_value,
    keep,
    with_label,
    without_name,
)
from sandbox.world.tsdb import NAME, Labels

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
}
SETS = frozenset({"and", "or", "unless"})


def _modulo(a: float, b: float) -> float:
    return math.nan if b == 0 or math.isinf(a) else math.fmod(a, b)


def _power(a: float, b: float) -> float:
    try:
        result = a**b
    except ZeroDivisionError:
        return math.inf
    except OverflowError:
        return math.inf
    return math.nan if isinstance(result, complex) else float(result)


ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": divide,
    "%": _modulo,
    "^": _power,
    "atan2": math.atan2,
}


@dataclass(frozen=True, slots=True)
class Matching:
    """How elements of two vectors find each other."""

    card: str = "one-to-one"
    on: bool = False
    labels: frozenset[str] = frozenset()
    include: tuple[str, ...] = ()

    def signature(self, labels: Labels) -> Labels:
        """What must be equal on both sides."""
        return keep(labels, self.labels) if self.on else drop(labels, self.labels | {NAME})


def binary(op: str, left: Value, right: Value, matching: Matching, *, as_bool: bool) -> Value:
    """Apply a binary operator to any pair of scalars and instant vectors."""
    if isinstance(left, float) and isinstance(right, float):
        if op in COMPARISONS:
            return float(COMPARISONS[op](left, right))
        return ARITHMETIC[op](left, right)
    if isinstance(left, list) and isinstance(right, float):
        return _with_scalar(op, _points(left), right, as_bool=as_bool, swapped=False)
    if isinstance(left, float) and isinstance(right, list):
        return _with_scalar(op, _points(right), left, as_bool=as_bool, swapped=True)
    if isinstance(left, list) and isinstance(right, list):
        if op in SETS:
            return _set_operation(op, _points(left), _points(right), matching)
        return _with_vector(op, _points(left), _points(right), matching, as_bool=as_bool)
    raise PromqlError("binary expression must contain only scalar and instant vector types")


def _points(value: Value) -> Vector:
    if isinstance(value, list):
        return [item for item in value if isinstance(item, Point)]
    raise PromqlError("expected type instant vector")


def _element(op: str, a: float, b: float, *, as_bool: bool) -> float | None:
    """The result for one pair, or None when a comparison filters it out."""
    if op not in COMPARISONS:
        return ARITHMETIC[op](a, b)
    holds = COMPARISONS[op](a, b)
    if as_bool:
        return float(holds)
    return a if holds else None


def _with_scalar(op: str, vector: Vector, scalar: float, *, as_bool: bool, swapped: bool) -> Vector:
    names_go = as_bool or op not in COMPARISONS
    result: Vector = []
    for point in vector:
        pair = (scalar, point.value) if swapped else (point.value, scalar)
        value = _element(op, *pair, as_bool=as_bool)
        if value is None:
            continue
        if swapped and op in COMPARISONS and not as_bool:
            value = point.value
        result.append(Point(without_name(point.labels) if names_go else point.labels, value))
    return result


def _set_operation(op: str, left: Vector, right: Vector, matching: Matching) -> Vector:
    if op == "or":
        have = {matching.signature(point.labels) for point in left}
        return left + [point for point in right if matching.signature(point.labels) not in have]
    have = {matching.signature(point.labels) for point in right}
    return [point for point in left if (matching.signature(point.labels) in have) == (op == "and")]


def _with_vector(op: str, left: Vector, right: Vector, matching: Matching, *, as_bool: bool) -> Vector:
    swapped = matching.card == "one-to-many"
    many, one = (right, left) if swapped else (left, right)
    partners: dict[Labels, Point] = {}
    for point in one:
        signature = matching.signature(point.labels)
        if signature in partners:
            side = "left" if swapped else "right"
            raise PromqlError(
                f"found duplicate series for the match group {describe(signature)} on the {side} hand-side of the "
                f"operation: [{describe(point.labels)}, {describe(partners[signature].labels)}];many-to-many matching "
                "not allowed: matching labels must be unique on one side",
                "execution",
            )
        partners[signature] = point
    result: Vector = []
    seen: set[Labels] = set()
    for point in many:
        signature = matching.signature(point.labels)
        partner = partners.get(signature)
        if partner is None:
            continue
        pair = (partner.value, point.value) if swapped else (point.value, partner.value)
        value = _element(op, *pair, as_bool=as_bool)
        if value is None:
            continue
        labels = _result_labels(op, point.labels, partner.labels, matching, as_bool=as_bool)
        unique = signature if matching.card == "one-to-one" else labels
        if unique in seen:
            reason = (
                "many-to-one matching must be explicit (group_left/group_right)"
                if matching.card == "one-to-one"
                else "grouping labels must ensure unique matches"
            )
            raise PromqlError(f"multiple matches for labels: {reason}", "execution")
        seen.add(unique)
        result.append(Point(labels, value))
    return result


def _result_labels(op: str, many: Labels, one: Labels, matching: Matching, *, as_bool: bool) -> Labels:
    labels = without_name(many) if as_bool or op not in COMPARISONS else many
    if matching.card == "one-to-one":
        return keep(labels, matching.labels) if matching.on else drop(labels, matching.labels)
    source = dict(one)
    for name in matching.include:
        labels = with_label(labels, name, source.get(name, ""))
    return labels


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)


def _extreme(values: list[float], pick: Callable[[list[float]], float]) -> float:
    numbers = [value for value in values if not math.isnan(value)]
    return pick(numbers) if numbers else math.nan


def _variance(values: list[float]) -> float:
    mean = _mean(values)
    return math.fsum((value - mean) ** 2 for value in values) / len(values)


SIMPLE: dict[str, Callable[[list[float]], float]] = {
    "sum": sum,
    "avg": _mean,
    "min": lambda values: _extreme(values, min),
    "max": lambda values: _extreme(values, max),
    "count": lambda values: float(len(values)),
    "group": lambda values: 1.0,
    "stddev": lambda values: math.sqrt(_variance(values)),
    "stdvar": _variance,
}


def aggregate(op: str, vector: Vector, parameter: Value | None, group: Callable[[Labels], Labels]) -> Vector:
    """Aggregate a vector; `group` maps the labels of an element to those of its group."""
    groups: dict[Labels, Vector] = {}
    for point in vector:
        groups.setdefault(group(point.labels), []).append(point)
    if op in SIMPLE:
        return [Point(labels, float(SIMPLE[op]([p.value for p in ps]))) for labels, ps in groups.items()]
    if op == "quantile" and isinstance(parameter, float):
        return [Point(labels, quantile(parameter, [p.value for p in ps])) for labels, ps in groups.items()]
    if op in ("topk", "bottomk") and isinstance(parameter, float):
        return _ranked(groups, int(parameter), highest=op == "topk")
    if op == "count_values" and isinstance(parameter, str):
        counts: dict[Labels, float] = {}
        for labels, points in groups.items():
            for point in points:
                key = with_label(labels, parameter, format_value(point.value))
                counts[key] = counts.get(key, 0.0) + 1.0
        return [Point(labels, count) for labels, count in counts.items()]
    raise PromqlError(f"aggregation {op} is not supported here")


def _ranked(groups: dict[Labels, Vector], count: int, *, highest: bool) -> Vector:
    sign = -1.0 if highest else 1.0
    result: Vector = []
    for points in groups.values():
        ranked = sorted(points, key=lambda p: (math.isnan(p.value), sign * p.value))
        result.extend(ranked[: max(0, count)])
    return result
