"""Blocking AWS calls, run in threads of their own."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from tools.errors import Unavailable
from tools.sagemaker.errors import upstream

T = TypeVar("T")


class Calls:
    """Runs calls of one client. Its threads are its own: an AWS that hangs must not hold up the rest of the process."""

    def __init__(self, service: str, *, deadline_s: float | None, threads: int) -> None:
        """`deadline_s` of each call, the wait for a thread included; None to wait for the call's own timeouts."""
        self._service = service
        self._deadline_s = deadline_s
        self._threads = ThreadPoolExecutor(max_workers=threads, thread_name_prefix=service.lower())

    async def run(self, operation: str, call: Callable[[], T]) -> T:
        """The call's answer, or one of our errors; `Unavailable` past the deadline."""

        def within() -> T:
            with upstream(self._service, operation):
                return call()

        running = asyncio.get_running_loop().run_in_executor(self._threads, within)
        try:
            return await asyncio.wait_for(running, self._deadline_s)
        except TimeoutError:
            raise Unavailable(self._service, operation, f"no answer within {self._deadline_s:g} s") from None

    def close(self) -> None:
        """Take no further call; those under way end by their own timeouts."""
        self._threads.shutdown(wait=False, cancel_futures=True)
