"""A look at rows that is repeated as long as the process lives: at once when woken, and after a while in any case."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from incidents.errors import AgentOpsError

log = structlog.get_logger(__name__)

LONGEST_REST_S = 0.25
"""Between two looks when more came during the first: as long as that took, at most so long."""


class Rounds:
    """Repeats one look. Missing a wake-up costs one round, never work."""

    def __init__(self, name: str, look: Callable[[], Awaitable[object]], every: timedelta) -> None:
        """`name` is for the log."""
        self._name, self._look, self._every = name, look, every
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Something was committed: look now. On the event loop only."""
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled; a look that fails is logged, and followed by the next."""
        loop = asyncio.get_running_loop()
        while True:
            begun = loop.time()
            try:
                await self._look()
            except AgentOpsError as error:
                # The database is away or a partner failed: the rows are still there in the next round.
                log.warning("dispatcher.sweep_failed", sweep=self._name, error=str(error))
            except Exception:
                # A process edge: one bad row must not stop the work on all others.
                log.exception("dispatcher.sweep_broken", sweep=self._name)
            if self._woken.is_set():
                # Under a steady stream of alerts looks would follow each other at once and take intake's time.
                await asyncio.sleep(min(loop.time() - begun, LONGEST_REST_S))
            # Not asyncio.wait_for: on Python 3.11 it may swallow a cancellation that comes with the wake-up.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._every.total_seconds()):
                    await self._woken.wait()
            self._woken.clear()
