"""From alerts stored to incidents opened. A row is the queue; nothing is held in memory."""

import asyncio

import structlog

from bot.workflows.ports import Deps

log = structlog.get_logger(__name__)

TURN_S = 1.0
"""Seconds; while alerts pour in there are always more, and what else a sweep does must not wait for the last."""


async def group_alerts(deps: Deps) -> int:
    """Place every alert that changed, the worst first, what comes meanwhile too; how many incidents were touched.

    In short transactions: between two of them others may write. What another replica is just placing is left to it.
    What is left after a while is for the next sweep, which is woken at once.
    """
    touched = 0
    grouping = deps.writer.grouping
    loop = asyncio.get_running_loop()
    begun = loop.time()
    while True:
        placed = 0
        for portion in await asyncio.to_thread(grouping.waiting):
            if placed and await asyncio.to_thread(grouping.is_overtaken, portion):
                break
            incidents = await asyncio.to_thread(grouping.place, portion, deps.clock())
            if incidents:
                placed += len(incidents)
                deps.wake_outbox()
                log.info("incidents.touched", alerts=len(portion.ids), incidents=incidents)
        touched += placed
        if not placed:
            return touched
        if loop.time() - begun > TURN_S:
            deps.wake_dispatcher()
            return touched
