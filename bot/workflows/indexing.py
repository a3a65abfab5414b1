"""The index kept up to date while the bot runs: runbooks when a file of their folder changes, past incidents when
something about a closed incident changes. By one replica at a time where they share a Chroma server.

What is in the index follows from the files and the rows alone, so it heals itself: after a crash, a change of the
embedding model or another database, the next look writes what is missing and takes out what is gone.
"""

import asyncio
import functools
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from agents.redaction import redact
from bot.workflows.ports import Deps
from incidents.errors import AgentOpsError
from incidents.past_incident import PastIncident
from incidents.remembering import remembered, version_of
from tools.errors import UpstreamError
from tools.incident_store.past_reader import ClosedIncident
from tools.incident_store.writer.leases import LeaseWriter
from tools.runbook_index.index import RunbookIndex, markdown_files

log = structlog.get_logger(__name__)

LEASE = "runbooks"
LONGEST = timedelta(seconds=60)
"""How long one replica may index before another begins; 37 pages take 2 s, a batch of past incidents as long."""
LOOK_S = 1.0
EVERY = timedelta(seconds=30)
"""Between two looks at folder and rows; each takes a few milliseconds when nothing changed."""

NEWEST = 2_000
"""Closed incidents that are looked at, the newest: a hundred thousand of them cost no more."""
OF_A_KIND = 5
"""Past incidents kept for each model and root-cause class, the newest."""
MOST = 1_000
"""Past incidents kept in all, the newest."""

CAUSES_AT_ONCE = 200
AT_ONCE = 100
"""Incidents in one write; after a crash at most so many are rendered again."""
BREATH_S = 0.02
"""Between two incidents that are rendered, so that whoever waits for the database comes first."""

Stamp = tuple[tuple[str, int, int], ...]
"""Of every Markdown file its path, size and time of change."""


async def indexed(
    runbooks: RunbookIndex, folder: Path, leases: LeaseWriter, *, owner: str, clock: Callable[[], datetime]
) -> bool:
    """Bring it up to date with the Markdown of `folder`. Whoever comes second waits, and finds everything unchanged.

    False, and said in the log, where that failed.
    """
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
    except UpstreamError as error:
        log.error("runbooks.not_indexed", error=str(error))
        return False
    log.info(
        "runbooks.indexed",
        added=report.added,
        updated=report.updated,
        removed=report.removed,
        unchanged=report.unchanged,
    )
    return True


class IndexKeeper:
    """Looks every half minute."""

    def __init__(self, runbooks: RunbookIndex, folder: Path, deps: Deps, *, every: timedelta = EVERY) -> None:
        """`folder`: of the runbooks."""
        self._runbooks = runbooks
        self._folder = folder
        self._deps = deps
        self._every = every
        self._stamp: Stamp | None = None
        self._causes: dict[tuple[str, str], str] = {}

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(self._every.total_seconds())
            try:
                await self.look_at_runbooks()
                await self.look_at_incidents()
            except AgentOpsError as error:
                # Database or index are away: what is missing is written at the next look.
                log.warning("index.not_kept", error=str(error))
            except Exception:
                # A process edge: an index that is behind must not stop anything else.
                log.exception("index.broken")

    async def look_at_runbooks(self) -> None:
        """Index the folder again if a file in it was added, changed or taken away since it last was."""
        stamp = await asyncio.to_thread(_stamp, self._folder)
        if stamp is not None and stamp == self._stamp:
            return
        leases, owner, clock = self._deps.writer.leases, self._deps.owner, self._deps.clock
        if await indexed(self._runbooks, self._folder, leases, owner=owner, clock=clock):
            self._stamp = stamp

    async def look_at_incidents(self) -> None:
        """Bring the memory up to date with the rows; on a shared server only while this replica holds the lease."""
        wanted = await self._wanted()
        versions = await asyncio.to_thread(self._runbooks.memory.versions)
        due = [one for one in wanted if versions.get(one.id) != version_of(one.chain_head)]
        gone = sorted(set(versions) - {one.id for one in wanted})
        if not due and not gone:
            return
        fence = await self._lease()
        if fence is None:
            return
        try:
            for start in range(0, max(len(due), 1), AT_ONCE):
                pasts = [one for closed in due[start : start + AT_ONCE] if (one := await self._rendered(closed))]
                if await self._lease() is None:
                    return
                await asyncio.to_thread(self._runbooks.memory.keep, pasts, gone if start == 0 else ())
        finally:
            await self._release(fence)
        log.info("past_incidents.indexed", written=len(due), forgotten=len(gone))

    async def _wanted(self) -> list[ClosedIncident]:
        """Those that are to be in the index, newest first: the last few of each model and root-cause class."""
        closed = await asyncio.to_thread(self._deps.reader.closed_incidents, NEWEST)
        await self._learn_causes([one for one in closed if (one.id, one.chain_head) not in self._causes])
        self._causes = {(one.id, one.chain_head): self._causes[one.id, one.chain_head] for one in closed}
        had: Counter[tuple[str, str]] = Counter()
        wanted: list[ClosedIncident] = []
        for one in closed:
            kind = (one.model, self._causes[one.id, one.chain_head])
            had[kind] += 1
            if had[kind] <= OF_A_KIND:
                wanted.append(one)
        return wanted[:MOST]

    async def _learn_causes(self, unknown: Sequence[ClosedIncident]) -> None:
        for start in range(0, len(unknown), CAUSES_AT_ONCE):
            batch = unknown[start : start + CAUSES_AT_ONCE]
            causes = await asyncio.to_thread(self._deps.reader.root_causes, [one.id for one in batch])
            self._causes |= {(one.id, one.chain_head): causes.get(one.id, "") for one in batch}
            await asyncio.sleep(BREATH_S)

    async def _rendered(self, closed: ClosedIncident) -> PastIncident | None:
        """None where the row has gone meanwhile."""
        await asyncio.sleep(BREATH_S)
        try:
            file = await asyncio.to_thread(self._deps.reader.file, closed.id)
        except LookupError:
            return None
        return remembered(file, functools.partial(redact, emails=True))

    async def _lease(self) -> int | None:
        """Take or keep it; an index of this process alone needs none."""
        if not self._runbooks.shared:
            return 0
        deps = self._deps
        return await asyncio.to_thread(deps.writer.leases.take, LEASE, deps.owner, deps.clock(), LONGEST)

    async def _release(self, fence: int) -> None:
        if self._runbooks.shared:
            deps = self._deps
            await asyncio.to_thread(deps.writer.leases.release, LEASE, deps.owner, fence, deps.clock())


def _stamp(folder: Path) -> Stamp | None:
    """None where the folder cannot be read, or changes under our eyes."""
    try:
        states = [(path, path.stat()) for path in markdown_files(folder)]
    except (UpstreamError, OSError):
        return None
    return tuple((str(path), state.st_size, state.st_mtime_ns) for path, state in states)
