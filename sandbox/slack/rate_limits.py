"""Slack's rate limits, really enforced.

`chat.postMessage`: one message a second and channel, with a burst of 3 ("short bursts are allowed", says
Slack, without a number). Every
other method has a tier; the buckets here are about twice the published minimum a minute, so that what fails
here surely fails there.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

POST_PER_SECOND = 1.0
POST_BURST = 3.0
TIERS_PER_MINUTE: dict[int, float] = {1: 5.0, 2: 40.0, 3: 100.0, 4: 200.0}


@dataclass
class Bucket:
    """A token bucket."""

    capacity: float
    per_second: float
    tokens: float
    at: float

    def take(self, now: float) -> float:
        """Take one token: 0 when there was one, else the seconds until there is."""
        self.tokens = min(self.capacity, self.tokens + (now - self.at) * self.per_second)
        self.at = now
        if self.tokens >= 1.0:
            self.tokens -= 1.0
            return 0.0
        return (1.0 - self.tokens) / self.per_second


class RateLimits:
    """One bucket a method, and one a channel for posting."""

    def __init__(self, *, enabled: bool = True, clock: Callable[[], float] = time.monotonic):
        self._enabled = enabled
        self._clock = clock
        self._buckets: dict[str, Bucket] = {}

    def retry_after_method(self, method: str, tier: int) -> int:
        """Count a call of a tiered method: 0, or the whole seconds to wait (`Retry-After`)."""
        per_minute = TIERS_PER_MINUTE[tier]
        return self._take(method, per_minute, per_minute / 60.0)

    def retry_after_post(self, channel: str) -> int:
        """Count a message posted into a channel: 0, or the whole seconds to wait."""
        return self._take(f"chat.postMessage {channel}", POST_BURST, POST_PER_SECOND)

    def _take(self, key: str, capacity: float, per_second: float) -> int:
        if not self._enabled:
            return 0
        now = self._clock()
        bucket = self._buckets.setdefault(key, Bucket(capacity, per_second, capacity, now))
        wait = bucket.take(now)
        return math.ceil(wait) if wait > 0 else 0
