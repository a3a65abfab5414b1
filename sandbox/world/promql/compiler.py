"""Compiles PromQL into closures `(time_ms) -> Value`, once per query, which are then run for every step.

The text is parsed by `promql-parser`; selection and arithmetic follow Prometheus 2.42.
"""

import math
from collections.abc import Callable
from datetime import timedelta

import promql_parser as parser

from sandbox.world.promql import functions, operators
from sandbox.world.promql.values import (
    Matrix,
    Point,
    PromqlError,
    Value,
    Vector,
    Window,
    drop,
    keep,
    with_label,
    without_name,
)
from sandbox.world.tsdb import NAME, Labels, Matcher, TimeSeriesDatabase

Evaluator = Callable[[int], Value]

# A list, as the parser's enums are not hashable.
_OPS = (
    (parser.MatchOp.Equal, "="),
    (parser.MatchOp.NotEqual, "!="),
    (parser.MatchOp.Re, "=~"),
    (parser.MatchOp.NotRe, "!~"),
)


def parse(text: str) -> parser.Expr:
    """The syntax tree. Raises PromqlError."""
    try:
        return parser.parse(text)
    except ValueError as error:
        raise PromqlError(f'invalid parameter "query": parse error: {error}') from error


def _milliseconds(delta: timedelta | None) -> int:
    return 0 if delta is None else round(delta.total_seconds() * 1000)


def _operator(op: parser.MatchOp) -> str:
    return next(text for kind, text in _OPS if kind == op)


def matchers_of(node: parser.VectorSelector) -> list[Matcher]:
    """What a selector asks of labels, its metric name included."""
    found = [Matcher(m.name, _operator(m.op), m.value) for m in node.matchers.matchers]
    return found if node.name is None else [Matcher(NAME, "=", node.name), *found]


def _vector(value: Value) -> Vector:
    if isinstance(value, list):
        return [item for item in value if isinstance(item, Point)]
    raise PromqlError("expected type instant vector")


def _matrix(value: Value) -> Matrix:
    if isinstance(value, list):
        return [item for item in value if isinstance(item, Window)]
    raise PromqlError("expected type range vector")


def _number(value: Value) -> float:
    if isinstance(value, float):
        return value
    raise PromqlError("expected type scalar")


def _one(_: int) -> Value:
    return 1.0


def _text(value: Value) -> str:
    if isinstance(value, str):
        return value
    raise PromqlError("expected type string")


class Compiler:
    """Turns a syntax tree into an evaluator; series are selected once, when compiling."""

    def __init__(
        self, database: TimeSeriesDatabase, lookback_ms: int, step_ms: int, start_ms: int, end_ms: int
    ) -> None:
        self._database = database
        self._lookback_ms = lookback_ms
        self._step_ms = step_ms
        self._start_ms = start_ms
        self._end_ms = end_ms

    def compile(self, node: parser.Expr) -> Evaluator:  # noqa: C901 - one case for each kind of node
        """An evaluator for the node."""
        match node:
            case parser.NumberLiteral():
                number = node.val
                return lambda _: number
            case parser.StringLiteral():
                text = node.val
                return lambda _: text
            case parser.ParenExpr():
                return self.compile(node.expr)
            case parser.UnaryExpr():
                return self._negation(self.compile(node.expr))
            case parser.VectorSelector():
                return self._selector(node)
            case parser.MatrixSelector():
                return self._range_selector(node)
            case parser.SubqueryExpr():
                return self._subquery(node)
            case parser.BinaryExpr():
                return self._binary(node)
            case parser.AggregateExpr():
                return self._aggregation(node)
            case parser.Call():
                return self._call(node)
            case _:
                raise PromqlError(f"{type(node).__name__} is not supported here")

    def _negation(self, inner: Evaluator) -> Evaluator:
        def negate(time_ms: int) -> Value:
            value = inner(time_ms)
            if isinstance(value, float):
                return -value
            return functions.map_values(_vector(value), lambda v: -v)

        return negate

    def _reference(self, offset: timedelta | None, at: parser.AtModifier | None) -> Callable[[int], int]:
        """The time a selector looks at, given the time of evaluation."""
        offset_ms = _milliseconds(offset)
        if at is None:
            return lambda time_ms: time_ms - offset_ms
        if at.type == parser.AtModifierType.Start:
            fixed = self._start_ms
        elif at.type == parser.AtModifierType.End:
            fixed = self._end_ms
        elif at.at is not None:
            fixed = round(at.at.timestamp() * 1000)
        else:
            raise PromqlError("@ needs a time")
        return lambda _: fixed - offset_ms

    def _selector(self, node: parser.VectorSelector) -> Evaluator:
        chosen = self._database.select(matchers_of(node))
        reference = self._reference(node.offset, node.at)
        lookback_ms = self._lookback_ms

        def select(time_ms: int) -> Value:
            at_ms = reference(time_ms)
            found: Vector = []
            for series in chosen:
                sample = series.at(at_ms, lookback_ms)
                if sample is not None:
                    found.append(Point(series.labels, sample[1]))
            return found

        return select

    def _range_selector(self, node: parser.MatrixSelector) -> Evaluator:
        selector = node.vector_selector
        chosen = self._database.select(matchers_of(selector))
        reference = self._reference(selector.offset, selector.at)
        range_ms = _milliseconds(node.range)

        def select(time_ms: int) -> Value:
            end_ms = reference(time_ms)
            start_ms = end_ms - range_ms
            windows = [Window(s.labels, s.between(start_ms, end_ms), start_ms, end_ms) for s in chosen]
            return [window for window in windows if window.samples]

        return select

    def _subquery(self, node: parser.SubqueryExpr) -> Evaluator:
        inner = self.compile(node.expr)
        reference = self._reference(node.offset, node.at)
        range_ms = _milliseconds(node.range)
        step_ms = _milliseconds(node.step) or self._step_ms

        def select(time_ms: int) -> Value:
            end_ms = reference(time_ms)
            start_ms = end_ms - range_ms
            first = step_ms * (start_ms // step_ms)
            if first < start_ms:
                first += step_ms
            found: dict[Labels, list[tuple[int, float]]] = {}
            for at_ms in range(first, end_ms + 1, step_ms):
                value = inner(at_ms)
                points = [Point((), value)] if isinstance(value, float) else _vector(value)
                for point in points:
                    found.setdefault(point.labels, []).append((at_ms, point.value))
            return [Window(labels, samples, start_ms, end_ms) for labels, samples in found.items()]

        return select

    def _binary(self, node: parser.BinaryExpr) -> Evaluator:
        op = str(node.op)
        left, right = self.compile(node.lhs), self.compile(node.rhs)
        modifier = node.modifier
        as_bool = modifier is not None and modifier.return_bool
        matching = operators.Matching()
        if modifier is not None:
            names = frozenset(modifier.matching.labels if modifier.matching else ())
            on = modifier.matching is not None and modifier.matching.type == parser.LabelModifierType.Include
            card = "one-to-one"
            if modifier.card == parser.VectorMatchCardinality.ManyToOne:
                card = "many-to-one"
            elif modifier.card == parser.VectorMatchCardinality.OneToMany:
                card = "one-to-many"
            matching = operators.Matching(card, on, names, tuple(modifier.group_labels or ()))
        return lambda time_ms: operators.binary(op, left(time_ms), right(time_ms), matching, as_bool=as_bool)

    def _aggregation(self, node: parser.AggregateExpr) -> Evaluator:
        op = str(node.op)
        inner = self.compile(node.expr)
        parameter: Evaluator | None = self.compile(node.param) if node.param is not None else None
        modifier = node.modifier
        names = frozenset(modifier.labels if modifier else ())
        without = modifier is not None and modifier.type == parser.AggModifierType.Without
        dropped = names | {NAME}

        def group(labels: Labels) -> Labels:
            return drop(labels, dropped) if without else keep(labels, names)

        def evaluate(time_ms: int) -> Value:
            argument = parameter(time_ms) if parameter else None
            return operators.aggregate(op, _vector(inner(time_ms)), argument, group)

        return evaluate

    def _call(self, node: parser.Call) -> Evaluator:  # noqa: C901 - one case for each family of functions
        name = node.func.name
        arguments = [self.compile(argument) for argument in node.args]
        match name:
            case "time":
                return lambda time_ms: time_ms / 1000
            case "timestamp":
                return self._timestamp(node, arguments[0])
            case "scalar":
                return lambda t: functions.as_scalar(arguments[0](t))
            case "vector":
                return lambda t: [Point((), _number(arguments[0](t)))]
            case "absent" | "absent_over_time":
                return self._absent(node, arguments[0])
            case "rate" | "increase" | "delta":
                return lambda t: functions.change(name, _matrix(arguments[0](t)))
            case "quantile_over_time":
                return lambda t: [
                    Point(
                        without_name(w.labels),
                        functions.quantile(_number(arguments[0](t)), [v for _, v in w.samples]),
                    )
                    for w in _matrix(arguments[1](t))
                ]
            case "histogram_quantile":
                return lambda t: functions.histogram_quantile(_number(arguments[0](t)), _vector(arguments[1](t)))
            case "clamp" | "clamp_min" | "clamp_max":
                return self._clamp(name, arguments)
            case "round":
                nearest = arguments[1] if len(arguments) > 1 else _one
                return lambda t: functions.rounded(_vector(arguments[0](t)), _number(nearest(t)))
            case "sort" | "sort_desc":
                return lambda t: sorted(
                    _vector(arguments[0](t)),
                    key=lambda p: (math.isnan(p.value), -p.value if name == "sort_desc" else p.value),
                )
            case "label_replace":
                return lambda t: functions.label_replace(
                    _vector(arguments[0](t)), *(_text(argument(t)) for argument in arguments[1:5])
                )
            case _ if name in functions.OVER_TIME:
                return lambda t: functions.over_time(name, _matrix(arguments[0](t)))
            case _ if name in functions.ELEMENTWISE:
                function = functions.ELEMENTWISE[name]
                return lambda t: functions.map_values(_vector(arguments[0](t)), function)
            case _:
                raise PromqlError(f"function {name} is not supported by the sandbox's query API")

    def _timestamp(self, node: parser.Call, inner: Evaluator) -> Evaluator:
        argument: object = node.args[0]
        if not isinstance(argument, parser.VectorSelector):
            return lambda t: functions.map_values(_vector(inner(t)), lambda _: t / 1000)
        chosen = self._database.select(matchers_of(argument))
        reference = self._reference(argument.offset, argument.at)

        def times(time_ms: int) -> Value:
            found = [(series.labels, series.at(reference(time_ms), self._lookback_ms)) for series in chosen]
            return [Point(without_name(labels), sample[0] / 1000) for labels, sample in found if sample is not None]

        return times

    def _clamp(self, name: str, arguments: list[Evaluator]) -> Evaluator:
        def bounds(time_ms: int) -> Value:
            numbers = [_number(argument(time_ms)) for argument in arguments[1:]]
            low = numbers[0] if name != "clamp_max" else -math.inf
            high = numbers[-1] if name != "clamp_min" else math.inf
            return functions.clamp(_vector(arguments[0](time_ms)), low, high)

        return bounds

    def _absent(self, node: parser.Call, inner: Evaluator) -> Evaluator:
        argument: object = node.args[0]
        selector = argument.vector_selector if isinstance(argument, parser.MatrixSelector) else argument
        labels: Labels = ()
        if isinstance(selector, parser.VectorSelector):
            equal = [m for m in matchers_of(selector) if m.name != NAME]
            for name in {m.name for m in equal}:
                same = [m for m in equal if m.name == name]
                if len(same) == 1 and same[0].op == "=":
                    labels = with_label(labels, name, same[0].value)

        def absent(time_ms: int) -> Value:
            value = inner(time_ms)
            return [] if value else [Point(labels, 1.0)]

        return absent
