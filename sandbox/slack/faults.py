"""Faults that can be asked for: what the network and Slack do on a bad day."""

import time

from sandbox.fault import Fault, FaultsAtWork

KINDS = frozenset(
    {"rate_limited", "latency", "down", "drop_socket", "refresh_socket", "duplicate_delivery", "lost_answer"}
)
_ONCE = frozenset({"rate_limited", "duplicate_delivery", "lost_answer"})
_FOR_A_WHILE = frozenset({"down", "drop_socket"})


class Faults(FaultsAtWork):
    """The faults of Slack at work now."""

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
        self.begin(Fault(kind, count, seconds, match, until))

    def take(self, kind: str, method: str | None = None) -> Fault | None:
        """The first live fault of this kind that meets `method`, with one use counted."""
        fault = self.peek(kind, method)
        if fault is not None:
            fault.use()
        return fault

    def peek(self, kind: str, method: str | None = None) -> Fault | None:
        """Like `take`, without counting a use. A fault without `match` meets every method."""
        return next((f for f in self.live() if f.kind == kind and f.match in (None, method)), None)
