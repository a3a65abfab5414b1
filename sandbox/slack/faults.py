"""Faults that can be asked for: what the network and Slack do on a bad day."""

import time
from dataclasses import dataclass
from typing import Any

KINDS = frozenset(
    {"rate_limited", "latency", "down", "drop_socket", "refresh_socket", "duplicate_delivery", "lost_answer"}
)
_ONCE = frozenset({"rate_limited", "duplicate_delivery", "lost_answer"})
_FOR_A_WHILE = frozenset({"down", "drop_socket"})


@dataclass
class Fault:
    """One fault at work. `remaining` uses are left (None: no end), until `until` (None: no end)."""

    kind: str
    remaining: int | None
    seconds: float | None
    match: str | None
    until: float | None

    def is_live(self, now: float) -> bool:
        """Whether it still has something to do."""
        return (self.remaining is None or self.remaining > 0) and (self.until is None or now < self.until)

    def as_json(self) -> dict[str, Any]:
        """As listed by GET /_sandbox/faults."""
        return {"kind": self.kind, "count": self.remaining, "seconds": self.seconds, "match": self.match}


class Faults:
    """The faults at work now."""

    def __init__(self):
        self._faults: list[Fault] = []

    def add(
        self, kind: str, *, count: int | None = None, seconds: float | None = None, match: str | None = None
    ) -> None:
        """Start a fault; meanings by kind are in the control API's description."""
        if kind in _ONCE and count is None:
            count = 1
        if kind == "drop_socket":
            # Its count is of sockets, dropped at once; what remains is the time in which none may open.
            count, seconds = None, seconds or 0.0
        until = time.monotonic() + seconds if kind in _FOR_A_WHILE and seconds is not None else None
        self._faults.append(Fault(kind, count, seconds, match, until))

    def take(self, kind: str, method: str | None = None) -> Fault | None:
        """The first live fault of this kind that meets `method`, with one use counted."""
        fault = self.peek(kind, method)
        if fault is not None and fault.remaining is not None:
            fault.remaining -= 1
        return fault

    def peek(self, kind: str, method: str | None = None) -> Fault | None:
        """Like `take`, without counting a use. A fault without `match` meets every method."""
        now = time.monotonic()
        self._faults = [fault for fault in self._faults if fault.is_live(now)]
        return next((f for f in self._faults if f.kind == kind and f.match in (None, method)), None)

    def clear(self) -> None:
        """Back to a good day."""
        self._faults.clear()

    def listed(self) -> list[dict[str, Any]]:
        """All live faults."""
        now = time.monotonic()
        return [fault.as_json() for fault in self._faults if fault.is_live(now)]
