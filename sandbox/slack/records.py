"""What happened: every Web API call and every payload sent to the app, for tests and benchmarks to read."""

from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

KEPT = 50_000
"""How many records are kept of each kind; older ones are forgotten."""


@dataclass
class ApiCall:
    """One Web API call. `at` is when it arrived, in unix seconds."""

    method: str
    at: float
    args: dict[str, Any]
    status: int = 0
    ok: bool = False
    error: str | None = None
    ms: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """As listed by the control API."""
        return asdict(self)


@dataclass
class Delivery:
    """One payload sent to the app, once: a retry is another delivery."""

    kind: str
    what: str
    at: float
    event_id: str | None
    connection: str | None
    attempt: int = 0
    acked_ms: int | None = None
    error: str | None = None

    def as_json(self) -> dict[str, Any]:
        """As listed by the control API."""
        return asdict(self)


class Records:
    """The two logs."""

    def __init__(self):
        self.calls: deque[ApiCall] = deque(maxlen=KEPT)
        self.deliveries: deque[Delivery] = deque(maxlen=KEPT)

    def calls_of(self, method: str | None = None, since: float = 0.0) -> list[ApiCall]:
        """Web API calls in order of arrival, of one method if given."""
        return [call for call in self.calls if method in (None, call.method) and call.at >= since]
