"""The runbooks brought into the index at the start, by one replica at a time where they share a Chroma server."""

import asyncio
from datetime import timedelta

import structlog

from bot.bootstrap.ground import Ground
from tools.errors import UpstreamError
from tools.runbook_index.index import RunbookIndex

log = structlog.get_logger(__name__)

LEASE = "runbooks"
LONGEST = timedelta(seconds=60)
"""How long one replica may index before another begins; 37 pages take 2 s."""
LOOK_S = 1.0


async def indexed(ground: Ground, runbooks: RunbookIndex) -> None:
    """Bring it up to date. Whoever comes second waits, and finds everything unchanged."""
    leases = ground.writer.leases
    try:
        while True:
            fence = await asyncio.to_thread(leases.take, LEASE, ground.owner, ground.clock(), LONGEST)
            if fence is not None:
                break
            await asyncio.sleep(LOOK_S)
        try:
            report = await asyncio.to_thread(runbooks.index, ground.settings.runbooks_dir)
        finally:
            await asyncio.to_thread(leases.release, LEASE, ground.owner, fence, ground.clock())
        log.info("runbooks.indexed", added=report.added, updated=report.updated, unchanged=report.unchanged)
    except UpstreamError as error:
        log.error("runbooks.not_indexed", error=str(error))
