"""A time series database in memory: what the built-in query API reads when no Prometheus runs.

It keeps what Prometheus would keep of one scraped target: integer milliseconds, floats, and a staleness marker
(None) at the first scrape in which a series is missing.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

Labels = tuple[tuple[str, str], ...]
"""Label pairs sorted by name; the metric's name is the label `__name__`."""

NAME = "__name__"


@dataclass(slots=True)
class Series:
    """One series. `values` holds None where the series became stale."""

    labels: Labels
    times: list[int] = field(default_factory=list[int])
    values: list[float | None] = field(default_factory=list["float | None"])

    def at(self, time_ms: int, lookback_ms: int) -> tuple[int, float] | None:
        """The newest sample at or before a time, not older than the lookback and not stale."""
        index = bisect_right(self.times, time_ms) - 1
        if index < 0 or self.times[index] < time_ms - lookback_ms:
            return None
        value = self.values[index]
        return None if value is None else (self.times[index], value)

    def between(self, start_ms: int, end_ms: int) -> list[tuple[int, float]]:
        """Samples from start to end, both included, without staleness markers."""
        first = bisect_left(self.times, start_ms)
        last = bisect_right(self.times, end_ms)
        pairs = zip(self.times[first:last], self.values[first:last], strict=True)
        return [(time, value) for time, value in pairs if value is not None]


@dataclass(frozen=True, slots=True)
class Matcher:
    """A label matcher; a label that is not there counts as empty, as in Prometheus."""

    name: str
    op: str
    value: str

    def compiled(self) -> Callable[[str], bool]:
        """A predicate over the label's value."""
        match self.op:
            case "=":
                return lambda found: found == self.value
            case "!=":
                return lambda found: found != self.value
            case "=~":
                matches = re.compile(self.value, re.DOTALL).fullmatch
                return lambda found: matches(found) is not None
            case _:
                matches = re.compile(self.value, re.DOTALL).fullmatch
                return lambda found: matches(found) is None


class TimeSeriesDatabase:
    """Series by labels, indexed by metric name; drops what is older than the retention.

    Args:
        retention_seconds: How long samples are kept, in wall time.
    """

    def __init__(self, retention_seconds: float = 3600.0) -> None:
        self._retention_ms = int(retention_seconds * 1000)
        self._by_name: dict[str, dict[Labels, Series]] = {}
        self._last_scrape: dict[str, dict[Labels, Series]] = {}
        self._scrapes = 0

    def scrape(self, time_ms: int, samples: Iterable[tuple[Labels, float]], source: str = "target") -> None:
        """Store one scrape; a series of the source's last scrape that is missing now becomes stale."""
        seen: dict[Labels, Series] = {}
        last = self._last_scrape.get(source, {})
        for labels, value in samples:
            series = last.get(labels) or self._series(labels)
            series.times.append(time_ms)
            series.values.append(value)
            seen[labels] = series
        for labels, series in last.items():
            if labels not in seen:
                series.times.append(time_ms)
                series.values.append(None)
        self._last_scrape[source] = seen
        self._scrapes += 1
        if self._scrapes % 60 == 0:
            self._trim(time_ms - self._retention_ms)

    def select(self, matchers: Iterable[Matcher]) -> list[Series]:
        """Series that satisfy all matchers."""
        wanted = list(matchers)
        named = next((m.value for m in wanted if m.name == NAME and m.op == "="), None)
        pools = [self._by_name.get(named, {})] if named is not None else list(self._by_name.values())
        tests = [(m.name, m.compiled()) for m in wanted]
        found: list[Series] = []
        for pool in pools:
            for labels, series in pool.items():
                have = dict(labels)
                if all(test(have.get(name, "")) for name, test in tests):
                    found.append(series)
        return found

    def all_series(self) -> list[Series]:
        """Every series held."""
        return [series for pool in self._by_name.values() for series in pool.values()]

    def _series(self, labels: Labels) -> Series:
        name = dict(labels).get(NAME, "")
        return self._by_name.setdefault(name, {}).setdefault(labels, Series(labels))

    def _trim(self, oldest_ms: int) -> None:
        for pool in self._by_name.values():
            for labels in list(pool):
                series = pool[labels]
                drop = bisect_left(series.times, oldest_ms)
                del series.times[:drop], series.values[:drop]
                if not series.times:
                    del pool[labels]
