"""What GitHub, or the way to it, does on a bad day."""

import time
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

FaultKind = Literal["rate_limited", "secondary_limit", "denied", "unavailable", "down", "lost_answer"]
FAULT_KINDS: tuple[FaultKind, ...] = get_args(FaultKind)


@dataclass
class Fault:
    """Trouble for the next `count` requests, for a while, or until it is cleared.

    Attributes:
        until: monotonic seconds.
        match: a part of ``METHOD /path``; None meets every request.
    """

    kind: FaultKind
    count: int | None = None
    until: float | None = None
    match: str | None = None

    @property
    def over(self) -> bool:
        """Whether it has passed."""
        return self.count == 0 or (self.until is not None and time.monotonic() >= self.until)


@dataclass
class Faults:
    """The faults at work now."""

    _faults: list[Fault] = field(default_factory=list[Fault])

    def add(
        self, kind: FaultKind, *, count: int | None = None, seconds: float | None = None, match: str | None = None
    ) -> None:
        """Start one."""
        self._faults.append(Fault(kind, count, None if seconds is None else time.monotonic() + seconds, match))

    def clear(self) -> None:
        """End all."""
        self._faults.clear()

    def take(self, request: str) -> FaultKind | None:
        """The first one that meets a request (``METHOD /path``), with one use counted."""
        self._faults = [fault for fault in self._faults if not fault.over]
        for fault in self._faults:
            if fault.match is None or fault.match in request:
                if fault.count is not None:
                    fault.count -= 1
                return fault.kind
        return None

    def listed(self) -> list[dict[str, Any]]:
        """As listed by the control API."""
        now = time.monotonic()
        return [
            {
                "kind": fault.kind,
                "count": fault.count,
                "seconds": None if fault.until is None else round(fault.until - now, 1),
                "match": fault.match,
            }
            for fault in self._faults
            if not fault.over
        ]
