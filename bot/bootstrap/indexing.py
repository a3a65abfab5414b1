"""The runbooks brought into the index at the start, by one replica at a time where they share a Chroma server."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from tools.errors import UpstreamError
from tools.incident_store.writer.leases import LeaseWriter
from tools.runbook_index.index import RunbookIndex

log = structlog.get_logger(__name__)

LEASE = "runbooks"
LONGEST = timedelta(seconds=60)
"""How long one replica may index before another begins; 37 pages take 2 s."""
LOOK_S = 1.0


async def indexed(
    runbooks: RunbookIndex, folder: Path, leases: LeaseWriter, *, owner: str, clock: Callable[[], datetime]
) -> None:
    """Bring it up to date with the Markdown of `folder`. Whoever comes second waits, and finds everything unchanged."""
    try:
        while True:
            fence = await asyncio.to_thread(leases.take, LEASE, owner, clock(), LONGEST)
            if fence is not None:
                break
            await asyncio.sleep(LOOK_S)
        try:
            report = await asyncio.to_thread(runbooks.index, folder)
        finally:
            await asyncio.to_thread(leases.release, LEASE, owner, fence, clock())
        log.info("runbooks.indexed", added=report.added, updated=report.updated, unchanged=report.unchanged)
    except UpstreamError as error:
        log.error("runbooks.not_indexed", error=str(error))
