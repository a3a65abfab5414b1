"""Whose turn it is to write, where only one can: in order of coming, but who is urgent passes the queue."""

import threading
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager


class Turns:
    """One turn at a time, handed from one to the next.

    Who is urgent goes before all others that wait, but never twice in a row past somebody: so intake waits for one
    transaction at most, and nobody waits for ever while alerts pour in.
    """

    def __init__(self) -> None:
        """Nobody writes yet."""
        self._lock = threading.Lock()
        self._taken = False
        self._urgent_was_last = False
        self._urgent: deque[threading.Lock] = deque()
        self._others: deque[threading.Lock] = deque()

    @property
    def waiting(self) -> int:
        """Who stands in the queue now."""
        with self._lock:
            return len(self._urgent) + len(self._others)

    @contextmanager
    def take(self, *, urgent: bool, timeout_s: float) -> Generator[None]:
        """Wait for the turn and have it inside the block; raises `TimeoutError` when it does not come in time."""
        self._wait(urgent, timeout_s)
        try:
            yield
        finally:
            self._pass_on()

    def _wait(self, urgent: bool, timeout_s: float) -> None:
        with self._lock:
            if not self._taken:
                self._taken, self._urgent_was_last = True, urgent
                return
            queue = self._urgent if urgent else self._others
            place = threading.Lock()
            place.acquire()
            queue.append(place)
        if place.acquire(timeout=timeout_s):
            return
        with self._lock:
            if place in queue:
                queue.remove(place)
                raise TimeoutError(f"no turn to write within {timeout_s:g} s")
        # It was handed over in the moment that the time was up: ours all the same.

    def _pass_on(self) -> None:
        with self._lock:
            if self._urgent and not (self._urgent_was_last and self._others):
                self._urgent_was_last = True
                self._urgent.popleft().release()
            elif self._others:
                self._urgent_was_last = False
                self._others.popleft().release()
            else:
                self._taken = False
