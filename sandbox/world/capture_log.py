"""What SageMaker's Data Capture has written by the time that somebody looks.

Nothing is written while nobody looks. A listing of captured data brings it up to date first: requests since the last
look, at most of the last hour, with the inputs as they were at each moment. So what a scenario did shows in the data
from the moment it did it, and costs nothing in between.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from sandbox.world.datasets import HOUR, ModelData
from sandbox.world.features import Shift

ROWS_A_MINUTE = 40.0
"""Of the world's time: enough that five minutes of trouble can be told from none."""
LONGEST_SECONDS = 3600.0
"""Of the world's time that one look writes."""
KEPT_SECONDS = 6 * 3600.0
"""Of the world's time; older files that this wrote and nobody has tagged go."""
PREFIX = "capture/"

Span = tuple[float, float, dict[str, Shift]]


class Store(Protocol):
    """Where objects lie."""

    def put(self, bucket: str, key: str, body: bytes) -> str:
        """Write an object."""
        ...

    def tags(self, bucket: str, key: str) -> dict[str, str]:
        """The tags of an object."""
        ...

    def delete(self, bucket: str, key: str) -> None:
        """Delete an object, if it is there."""
        ...


class Inputs(Protocol):
    """What the inputs of a model were like."""

    def shifts_between(self, model: str, begin: float, end: float) -> Sequence[Span]:
        """Stretches of time, in order, each with how its inputs differed from the training data."""
        ...


class CaptureLog:
    """Writes captured requests when they are looked for.

    Args:
        data: Writes the rows, by model.
        inputs: What the inputs were like.
        store: Where they go.
        speed: Seconds of the world in a second of the clock.
        clock: Unix seconds now.
    """

    def __init__(
        self, data: Mapping[str, ModelData], inputs: Inputs, store: Store, *, speed: float, clock: Callable[[], float]
    ) -> None:
        self._by_bucket = {one.bucket: (name, one) for name, one in data.items()}
        self._inputs = inputs
        self._store = store
        self._speed = speed
        self._clock = clock
        self._lock = threading.Lock()
        self._until: dict[str, float] = {}
        self._files: dict[str, list[tuple[float, str]]] = {}

    def looked_for(self, bucket: str, prefix: str) -> None:
        """Somebody lists these objects. Called from the threads that serve S3."""
        known = self._by_bucket.get(bucket)
        if known is None or not prefix.startswith(PREFIX):
            return
        with self._lock:
            self._catch_up(bucket, *known)

    def reset(self) -> None:
        """The store is as new; the past is written again when somebody looks."""
        with self._lock:
            self._until.clear()
            self._files.clear()

    def _catch_up(self, bucket: str, model: str, data: ModelData) -> None:
        now = self._clock()
        begin = max(self._until.get(model, 0.0), now - LONGEST_SECONDS / self._speed)
        a_second = ROWS_A_MINUTE / 60.0 * self._speed
        if (now - begin) * a_second < 1.0:
            return
        self._until[model] = now
        files = self._files.setdefault(model, [])
        for start, end, shifts in self._inputs.shifts_between(model, begin, now):
            for first, last in _by_hour(start, end):
                rows = round((last - first) * a_second)
                if rows:
                    files.append((last, data.write_capture(self._store, shifts, first, last, rows)))
        self._forget(bucket, files, now - KEPT_SECONDS / self._speed)

    def _forget(self, bucket: str, files: list[tuple[float, str]], before: float) -> None:
        for old in [one for one in files if one[0] < before]:
            files.remove(old)
            if not self._store.tags(bucket, old[1]):
                self._store.delete(bucket, old[1])


def _by_hour(begin: float, end: float) -> Sequence[tuple[float, float]]:
    """Data Capture puts each hour in a folder of its own."""
    parts: list[tuple[float, float]] = []
    while begin < end:
        until = min(end, (begin // HOUR + 1) * HOUR)
        parts.append((begin, until))
        begin = until
    return parts
