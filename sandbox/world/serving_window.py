"""What an endpoint did in the last minute: the share of requests that failed and the latency of the slowest."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from sandbox.world.latency import BOUNDS

Counts = NDArray[np.int64]

SMALLEST_SECONDS = 3.0
"""A window never falls under three ticks of the world, so that a figure rests on more than one of them."""


class ServingWindow:
    """Figures over a sliding window of cumulative counters.

    Args:
        seconds: Of the window, on the wall clock.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = max(SMALLEST_SECONDS, seconds)
        self._kept: deque[tuple[float, int, int, Counts]] = deque()

    def add(self, now: float, requests: int, errors: int, buckets: Counts) -> None:
        """Take the counters of a moment."""
        self._kept.append((now, requests, errors, buckets))
        while len(self._kept) > 1 and self._kept[1][0] <= now - self._seconds:
            self._kept.popleft()

    def clear(self) -> None:
        """Forget the past."""
        self._kept.clear()

    @property
    def error_share(self) -> float:
        """The share of requests that failed; 0 without requests."""
        if len(self._kept) < 2:
            return 0.0
        (_, before, failed_before, _), (_, after, failed, _) = self._kept[0], self._kept[-1]
        return (failed - failed_before) / (after - before) if after > before else 0.0

    @property
    def p99_seconds(self) -> float:
        """The upper bound of the bucket that holds the 99th percentile; 0 without requests."""
        if len(self._kept) < 2:
            return 0.0
        counts = self._kept[-1][3] - self._kept[0][3]
        total = int(counts.sum())
        if total == 0:
            return 0.0
        position = int(np.searchsorted(np.cumsum(counts), 0.99 * total))
        return BOUNDS[min(position, len(BOUNDS) - 1)]
