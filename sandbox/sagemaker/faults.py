"""Trouble on demand: calls that are throttled, refused, or never answered."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

FAULT_KINDS = ("throttle", "busy", "denied", "quota", "down", "lost_reply")
"""throttle: `ThrottlingException`. busy: endpoint changes answer `Cannot update in-progress endpoint`. denied:
`AccessDeniedException`. quota: changes that need instances answer `ResourceLimitExceeded`. down: the connection is
dropped before the call is read. lost_reply: the call takes effect, and the connection drops before the answer."""

_BUSY = frozenset({"UpdateEndpoint", "UpdateEndpointWeightsAndCapacities", "DeleteEndpoint"})
_NEEDS_INSTANCES = frozenset(
    {
        "CreateEndpoint",
        "UpdateEndpoint",
        "UpdateEndpointWeightsAndCapacities",
        "CreateTrainingJob",
        "StartPipelineExecution",
    }
)


@dataclass
class Fault:
    """One armed fault.

    Attributes:
        kind: one of `FAULT_KINDS`.
        count: how many more calls it hits; None for no limit.
        until: unix seconds when it ends by itself; None for never.
        match: the operations it hits (`UpdateEndpoint`, `Describe*`, `s3:*`); None for all.
        hits: how many calls it has hit.
    """

    kind: str
    count: int | None
    until: float | None
    match: str | None
    hits: int = 0

    def as_json(self) -> dict[str, Any]:
        """The fault as the control API shows it."""
        return {
            "kind": self.kind,
            "count": self.count,
            "until": self.until,
            "match": self.match,
            "hits": self.hits,
        }

    def hits_call(self, service: str, operation: str) -> bool:
        """Whether this fault is meant for this operation."""
        if self.kind == "busy" and operation not in _BUSY:
            return False
        if self.kind == "quota" and operation not in _NEEDS_INSTANCES:
            return False
        if self.match is None:
            return True
        wanted = self.match.lower()
        return fnmatchcase(operation.lower(), wanted) or fnmatchcase(f"{service}:{operation}".lower(), wanted)


class Faults:
    """The faults now armed. Safe to use from any thread."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._armed: list[Fault] = []

    def add(
        self, kind: str, *, count: int | None = None, seconds: float | None = None, match: str | None = None
    ) -> Fault:
        """Arm a fault.

        Args:
            kind: one of `FAULT_KINDS`.
            count: how many calls it hits before it is spent; None for no limit.
            seconds: how long it lasts on the wall clock; None for until cleared.
            match: an operation name or pattern, with or without `service:`; case does not matter.

        Raises:
            ValueError: the kind is unknown, or count or seconds is not positive.
        """
        if kind not in FAULT_KINDS:
            raise ValueError(f"unknown fault kind {kind!r}, expected one of {', '.join(FAULT_KINDS)}")
        if (count is not None and count < 1) or (seconds is not None and seconds <= 0):
            raise ValueError("count and seconds must be positive")
        until = None if seconds is None else self._clock() + seconds
        fault = Fault(kind=kind, count=count, until=until, match=match)
        with self._lock:
            self._armed.append(fault)
        return fault

    def clear(self) -> None:
        """Disarm everything."""
        with self._lock:
            self._armed.clear()

    def active(self) -> list[dict[str, Any]]:
        """The faults still armed, oldest first."""
        with self._lock:
            self._drop_spent()
            return [fault.as_json() for fault in self._armed]

    def take(self, service: str, operation: str) -> str | None:
        """The kind of the first fault that hits this call, which uses up one of its count; None for no trouble."""
        with self._lock:
            self._drop_spent()
            for fault in self._armed:
                if fault.hits_call(service, operation):
                    fault.hits += 1
                    if fault.count is not None:
                        fault.count -= 1
                    return fault.kind
        return None

    def _drop_spent(self) -> None:
        now = self._clock()
        self._armed = [
            fault
            for fault in self._armed
            if (fault.count is None or fault.count > 0) and (fault.until is None or now < fault.until)
        ]
