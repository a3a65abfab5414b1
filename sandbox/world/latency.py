"""Latency of an endpoint: a lognormal service time, stretched by queueing, counted into a cumulative histogram."""

import math

import numpy as np
from numpy.typing import NDArray

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.5, 10.0)
SIGMA = 0.48
BUSIEST = 0.955
"""Utilisation beyond which waiting no longer grows: callers give up and retry elsewhere."""


def waiting_factor(utilisation: float) -> float:
    """How much longer a request takes than on an idle endpoint: 1 / (1 - utilisation), as in an M/M/1 queue."""
    return 1.0 / (1.0 - min(max(utilisation, 0.0), BUSIEST))


def bucket_shares(median_seconds: float) -> list[float]:
    """Share of requests in each bucket of BOUNDS and beyond the last one."""
    below = [0.5 * (1 + math.erf(math.log(bound / median_seconds) / (SIGMA * math.sqrt(2)))) for bound in BOUNDS]
    cumulative = [*below, 1.0]
    return [cumulative[0], *(after - before for before, after in zip(cumulative, cumulative[1:], strict=False))]


class LatencyHistogram:
    """A cumulative Prometheus histogram."""

    def __init__(self) -> None:
        self._counts: NDArray[np.int64] = np.zeros(len(BOUNDS) + 1, dtype=np.int64)
        self.sum_seconds = 0.0

    @property
    def count(self) -> int:
        """Requests observed."""
        return int(self._counts.sum())

    def observe(self, requests: int, median_seconds: float, rng: np.random.Generator) -> None:
        """Count requests drawn from a lognormal with this median."""
        shares = np.asarray(bucket_shares(median_seconds))
        self._counts += rng.multinomial(requests, shares / shares.sum())
        self.sum_seconds += requests * median_seconds * math.exp(SIGMA**2 / 2) * float(rng.normal(1.0, 0.01))

    def counts(self) -> NDArray[np.int64]:
        """A copy of the counts of each bucket of BOUNDS, and beyond the last one."""
        return self._counts.copy()

    def buckets(self) -> list[tuple[str, int]]:
        """Pairs of `le` and cumulative count."""
        totals = np.cumsum(self._counts)
        names = [*(f"{bound:g}" for bound in BOUNDS), "+Inf"]
        return [(name, int(total)) for name, total in zip(names, totals, strict=True)]
