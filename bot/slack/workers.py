"""Threads of the outbox's own for what it asks of the database: investigations may fill the ones that all share."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

THREADS = 3
FIRST_THREADS = 2


class Workers:
    """A few threads, started when they are needed.

    In a storm dozens of messages wait for their row to be written, a few at a time. What must not stand in that queue
    has threads of its own: to see what is due, to keep the turn, and to begin what goes before everything.
    """

    def __init__(self) -> None:
        """None is started yet."""
        self._usual = ThreadPoolExecutor(THREADS, thread_name_prefix="outbox")
        self._first = ThreadPoolExecutor(FIRST_THREADS, thread_name_prefix="outbox-first")

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `work` answers, in one of the threads."""
        return await _run(self._usual, lambda: work(*args, **kwargs))

    async def run_first(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The same, past what waits for `run`."""
        return await _run(self._first, lambda: work(*args, **kwargs))

    def close(self) -> None:
        """End the threads once they are done; nothing can be run afterwards."""
        self._usual.shutdown(wait=False)
        self._first.shutdown(wait=False)


async def _run(threads: Executor, work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(threads, work)
