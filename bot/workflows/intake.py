"""From alerts stored to incidents opened. A row is the queue; nothing is held in memory."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

import structlog

from bot.workflows.ports import Deps

log = structlog.get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

TURN_S = 1.0
"""Seconds; while alerts pour in there are always more, and what follows from the first must not wait for the last."""


class Placing:
    """Gives alerts their place, in a thread of its own: investigations may fill the ones that all share."""

    def __init__(self, deps: Deps) -> None:
        """The thread is started when it is needed."""
        self._deps = deps
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="placing")

    async def place(self) -> tuple[int, bool]:
        """Place every alert that changed, the worst first, what comes meanwhile too.

        In short transactions: between two of them others may write. What another replica is just placing is left to it.
        Returns how many incidents were touched, and whether more may wait: it stops after a while.
        """
        deps, grouping = self._deps, self._deps.writer.grouping
        touched = 0
        loop = asyncio.get_running_loop()
        begun = loop.time()
        while True:
            placed = 0
            for portion in await self._run(grouping.waiting):
                if placed and await self._run(grouping.is_overtaken, portion):
                    break
                incidents = await self._run(grouping.place, portion, deps.clock())
                if incidents:
                    placed += len(incidents)
                    deps.wake_outbox()
                    log.info("incidents.touched", alerts=len(portion.ids), incidents=incidents)
            touched += placed
            if not placed or loop.time() - begun > TURN_S:
                return touched, placed > 0

    async def _run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: work(*args, **kwargs))
