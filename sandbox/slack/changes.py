"""Tells the page, over server-sent events, that something changed."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Literal

What = Literal["messages", "ephemerals", "views", "home", "connections", "world"]

MOST_WAITING = 1000


class Changes:
    """A fan-out of small notes. A listener that is too slow loses notes, never blocks the workspace."""

    def __init__(self):
        self._listeners: set[asyncio.Queue[dict[str, Any] | None]] = set()

    def publish(
        self, what: What, *, channel: str | None = None, thread_ts: str | None = None, user: str | None = None
    ) -> None:
        """Tell every listener; must be called from the loop's thread."""
        note = {"type": "changed", "what": what, "channel": channel, "thread_ts": thread_ts, "user": user}
        for listener in self._listeners:
            if listener.qsize() < MOST_WAITING:
                listener.put_nowait(note)

    def close(self) -> None:
        """Tell every listener that nothing more will come."""
        for listener in self._listeners:
            listener.put_nowait(None)

    @contextmanager
    def listen(self) -> Generator[asyncio.Queue[dict[str, Any] | None]]:
        """A queue of every note published while the context is open, and None at the end."""
        queue: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            yield queue
        finally:
            self._listeners.discard(queue)
