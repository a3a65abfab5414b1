"""Slack's timestamps: seconds with six digits, never twice the same, always growing."""

import time


class TimestampSource:
    """Makes message timestamps. Two made within a microsecond still differ."""

    def __init__(self):
        self._last = 0

    def next(self) -> str:
        """A new timestamp such as `1700000000.000100`."""
        now = time.time_ns() // 1000
        self._last = max(now, self._last + 1)
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"
