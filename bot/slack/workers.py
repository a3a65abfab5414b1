"""Threads of the outbox's own for what it asks of the database: investigations may fill the ones that all share."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

THREADS = 3


class Workers:
    """A few threads, started when they are needed."""

    def __init__(self) -> None:
        """None is started yet."""
        self._threads = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="outbox")

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `work` answers, in one of the threads."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: work(*args, **kwargs))

    def close(self) -> None:
        """End the threads once they are done; nothing can be run afterwards."""
        self._threads.shutdown(wait=False)
