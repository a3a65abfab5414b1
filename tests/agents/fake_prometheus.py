"""A Prometheus of given series."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache

from incidents.verification import Sample
from tests.agents.moments import NOW
from tests.agents.shapes import Shape
from tools.errors import Unavailable
from tools.prometheus.series import InstantSample, Series

_KEPT = 1000
"""Courses in windows that are kept from one test to the next."""


@dataclass
class FakePrometheus:
    """Series by a part of the query that names them. `down` makes it fail."""

    series: dict[str, list[tuple[dict[str, str], Shape]]]
    down: bool = False
    asked: list[str] = field(default_factory=list[str])
    ready: dict[tuple[object, ...], list[Series]] = field(default_factory=dict[tuple[object, ...], list[Series]])
    """Answers made once, so that timings are not those of the fake. Change `series` before the first query only."""

    async def query(self, promql: str, at: datetime | None = None) -> list[InstantSample]:
        self._ask(promql)
        moment = at or NOW
        return [InstantSample(labels=labels, at=moment, value=shape(moment)) for labels, shape in self._of(promql)]

    async def query_range(
        self, promql: str, start: datetime, end: datetime, step: timedelta | None = None
    ) -> list[Series]:
        self._ask(promql)
        question = (promql, start, end, step)
        if question in self.ready:
            return self.ready[question]
        width = step or timedelta(seconds=60)
        count = int((end - start) / width) + 1
        found: list[Series] = []
        for labels, shape in self._of(promql):
            if samples := _samples(shape, start, width, count):
                found.append(Series.model_construct(labels=labels, samples=samples))
        self.ready[question] = found
        return found

    def graph_url(self, promql: str, start: datetime, end: datetime) -> str:
        return f"http://prometheus.example/graph?g0.expr={len(promql)}"

    def _ask(self, promql: str) -> None:
        self.asked.append(promql)
        if self.down:
            raise Unavailable("Prometheus", "query_range", "connection refused")

    def _of(self, promql: str) -> list[tuple[dict[str, str], Shape]]:
        names = [name for name in self.series if name in promql]
        return self.series[min(names, key=promql.index)] if names else []


@lru_cache(_KEPT)
def _samples(shape: Shape, start: datetime, width: timedelta, count: int) -> tuple[Sample, ...]:
    """What a shape comes to in a window; a moment without a value is NaN."""
    values = ((at, shape(at)) for at in _moments(start, width, count))
    return tuple(Sample(at, value) for at, value in values if value == value)


@lru_cache(_KEPT)
def _moments(start: datetime, width: timedelta, count: int) -> tuple[datetime, ...]:
    return tuple(start + width * i for i in range(count))
