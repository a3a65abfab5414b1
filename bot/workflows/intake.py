"""From alerts stored to incidents opened. A row is the queue; nothing is held in memory."""

import asyncio

import structlog

from bot.workflows.ports import Deps

log = structlog.get_logger(__name__)

BATCH = 200


async def group_alerts(deps: Deps) -> int:
    """Place every alert that changed; returns how many incidents were touched."""
    touched = 0
    while True:
        incidents = await asyncio.to_thread(deps.writer.grouping.group, deps.clock(), BATCH)
        if not incidents:
            return touched
        touched += len(incidents)
        deps.wake_outbox()
        for incident in incidents:
            log.info("incident.touched", incident=incident)
