"""From alerts stored to incidents opened. A row is the queue; nothing is held in memory."""

import asyncio

import structlog

from bot.workflows.ports import Deps

log = structlog.get_logger(__name__)


async def group_alerts(deps: Deps) -> int:
    """Place every alert that changed, the worst first; returns how many incidents were touched.

    In short transactions: between two of them others may write. What another replica is just placing is left to it.
    """
    touched = 0
    while True:
        placed = 0
        for portion in await asyncio.to_thread(deps.writer.grouping.waiting):
            incidents = await asyncio.to_thread(deps.writer.grouping.place, portion, deps.clock())
            if incidents:
                placed += len(incidents)
                deps.wake_outbox()
                log.info("incidents.touched", alerts=len(portion), incidents=incidents)
        touched += placed
        if not placed:
            return touched
