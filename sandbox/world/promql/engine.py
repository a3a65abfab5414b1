"""Evaluates PromQL over the in-memory database: on the same samples, the answers of Prometheus 2.42."""

from dataclasses import dataclass

import promql_parser as parser

from sandbox.world.promql.compiler import Compiler, Evaluator, matchers_of, parse
from sandbox.world.promql.values import PromqlError, Value, Window
from sandbox.world.tsdb import Labels, Series, TimeSeriesDatabase

LOOKBACK_SECONDS = 300.0
MAX_POINTS = 11_000


@dataclass(frozen=True, slots=True)
class RangeSeries:
    """One series of a range query's answer."""

    labels: Labels
    samples: list[tuple[int, float]]


class Engine:
    """Instant and range queries.

    Args:
        database: Where the samples are.
        lookback_seconds: How old the newest sample of an instant vector may be.
        default_step_seconds: Resolution of a subquery that names none: the rules' evaluation interval.
    """

    def __init__(
        self,
        database: TimeSeriesDatabase,
        lookback_seconds: float = LOOKBACK_SECONDS,
        default_step_seconds: float = 15.0,
    ) -> None:
        self._database = database
        self._lookback_ms = int(lookback_seconds * 1000)
        self._step_ms = max(1, int(default_step_seconds * 1000))

    def instant(self, text: str, time_ms: int) -> Value:
        """The value at one time. Raises PromqlError."""
        return self._compile(text, time_ms, time_ms)(time_ms)

    def range(self, text: str, start_ms: int, end_ms: int, step_ms: int) -> list[RangeSeries]:
        """The value at every step from start to end, both included. Raises PromqlError."""
        if step_ms <= 0:
            raise PromqlError(
                'invalid parameter "step": zero or negative query resolution step widths are not accepted. '
                "Try a positive integer"
            )
        if end_ms < start_ms:
            raise PromqlError('invalid parameter "end": end timestamp must not be before start time')
        if (end_ms - start_ms) // step_ms > MAX_POINTS:
            raise PromqlError(
                "exceeded maximum resolution of 11,000 points per timeseries. "
                "Try decreasing the query resolution (?step=XX)"
            )
        evaluate = self._compile(text, start_ms, end_ms)
        found: dict[Labels, list[tuple[int, float]]] = {}
        for time_ms in range(start_ms, end_ms + 1, step_ms):
            value = evaluate(time_ms)
            if isinstance(value, str):
                raise PromqlError('invalid expression type "string" for range query, must be Scalar or instant Vector')
            if isinstance(value, float | int):
                found.setdefault((), []).append((time_ms, value))
                continue
            for item in value:
                if isinstance(item, Window):
                    raise PromqlError(
                        'invalid expression type "range vector" for range query, must be Scalar or instant Vector'
                    )
                found.setdefault(item.labels, []).append((time_ms, item.value))
        return [RangeSeries(labels, samples) for labels, samples in sorted(found.items())]

    def series(self, selector: str) -> list[Series]:
        """The series a selector (`match[]`) names."""
        node = parse(selector)
        if not isinstance(node, parser.VectorSelector):
            raise PromqlError(f"invalid selector: {selector}")
        return self._database.select(matchers_of(node))

    def _compile(self, text: str, start_ms: int, end_ms: int) -> Evaluator:
        return Compiler(self._database, self._lookback_ms, self._step_ms, start_ms, end_ms).compile(parse(text))
