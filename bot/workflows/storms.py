"""What storms, flapping and budgets leave to be done once time has passed: looked at by the sweep, not too often."""

import asyncio
from datetime import timedelta

import structlog

from bot.workflows.ports import Deps

log = structlog.get_logger(__name__)

BETWEEN = timedelta(seconds=1)
"""Between two looks. A digest has news at most so often, and its updates coalesce in the outbox."""


class StormWatch:
    """Tends the rows; every replica may do so at once, since each row is locked while it is changed."""

    def __init__(self, deps: Deps) -> None:
        """Nothing is read before `tend`."""
        self._deps = deps
        self._tended = deps.clock() - BETWEEN

    async def tend(self) -> None:
        """Begin threads that are worth it, update digests, end storms and flapping, say what waits for its turn."""
        deps, writer = self._deps, self._deps.writer
        now = deps.clock()
        if timedelta() <= now - self._tended < BETWEEN:
            return
        self._tended = now
        tended = await asyncio.to_thread(writer.storms.tend, now)
        calm = await asyncio.to_thread(writer.flapping.calm, now)
        waiting = await asyncio.to_thread(writer.investigations.tell_waiting, now)
        await asyncio.to_thread(writer.grouping.tell_gathered, now)
        if tended.anything or calm or waiting:
            log.info("storms.tended", ended=tended.ended, shown=tended.shown, told=tended.told, calm=calm)
            deps.wake_outbox()
