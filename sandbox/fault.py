"""One fault at work, and those that are: for stand-ins whose faults end by use, by time, or when they are cleared."""

import time
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Fault:
    """Trouble that was asked for. Ends after `remaining` uses (None: no end), or at `until` on the monotonic clock."""

    kind: str
    remaining: int | None
    seconds: float | None
    match: str | None
    until: float | None

    def is_live(self, now: float) -> bool:
        """Whether it still has something to do."""
        return (self.remaining is None or self.remaining > 0) and (self.until is None or now < self.until)

    def use(self) -> None:
        """Count one use."""
        if self.remaining is not None:
            self.remaining -= 1

    def as_json(self) -> dict[str, Any]:
        """As listed by GET /_sandbox/faults."""
        return {"kind": self.kind, "count": self.remaining, "seconds": self.seconds, "match": self.match}


class FaultsAtWork:
    """Faults in the order in which they were asked for."""

    def __init__(self) -> None:
        """A good day."""
        self._faults: list[Fault] = []

    def live(self) -> list[Fault]:
        """Those that still have something to do; the others are forgotten."""
        now = time.monotonic()
        self._faults = [fault for fault in self._faults if fault.is_live(now)]
        return self._faults

    def begin(self, fault: Fault) -> None:
        """From now on it is at work."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Back to a good day."""
        self._faults.clear()

    def listed(self) -> list[dict[str, Any]]:
        """All live faults."""
        return [fault.as_json() for fault in self.live()]
