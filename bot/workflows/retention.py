"""Retention: one replica at a time prunes what is older than the setting, a small batch after the other.

Closed incidents lose alerts, messages and the progress of their investigations; the engine forgets workflows that
ended. Incidents and everything of the audit stay (`tools.incident_store.writer.retention` lists both).
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from bot.workflows.engine import Engine
from bot.workflows.ports import Deps
from incidents.errors import AgentOpsError

log = structlog.get_logger(__name__)

LEASE = "retention"
EVERY = timedelta(hours=1)
"""Between two sweeps."""
FIRST = timedelta(minutes=2)
"""After the start, which has enough to do."""
BREATH_SECONDS = 0.05
"""Between two batches, so that whoever waits for the database comes first."""
WORKFLOWS_AT_ONCE = 200

Batch = Callable[[], Awaitable[dict[str, int]]]
"""Prunes some rows of one kind; by table how many, and nothing where nothing old is left."""


class Retention:
    """Sweeps every hour while it holds the lease."""

    def __init__(
        self, engine: Engine, deps: Deps, keep: timedelta, *, first: timedelta = FIRST, every: timedelta = EVERY
    ) -> None:
        """`keep`: how old what is pruned has to be."""
        self._engine = engine
        self._deps = deps
        self._keep = keep
        self._first = first
        self._every = every

    async def run(self) -> None:
        """Until cancelled."""
        await asyncio.sleep(self._first.total_seconds())
        while True:
            try:
                await self.sweep()
            except AgentOpsError as error:
                # The database is away: what is old today is old in an hour, too.
                log.warning("retention.failed", error=str(error))
            except Exception:
                # A process edge: that old rows stay must not stop anything else.
                log.exception("retention.broken")
            await asyncio.sleep(self._every.total_seconds())

    async def sweep(self) -> Counter[str]:
        """Prune until nothing old is left, or another holds the lease; the rows by table."""
        pruned: Counter[str] = Counter()
        fence = await self._lease()
        if fence is None:
            return pruned
        deps = self._deps
        before = deps.clock() - self._keep
        try:
            for batch in self._batches(before):
                if not await self._all_of(batch, pruned):
                    log.info("retention.lease_lost")
                    return pruned
        finally:
            if pruned.total():
                log.info("retention.pruned", before=before.isoformat(), **dict(sorted(pruned.items())))
        deps.metrics.retention_swept_at.set(time.time())
        await asyncio.to_thread(deps.writer.leases.release, LEASE, deps.owner, fence, deps.clock())
        return pruned

    def _batches(self, before: datetime) -> list[Batch]:
        writer, clock = self._deps.writer.retention, self._deps.clock

        def of(prune: Callable[[datetime], dict[str, int]]) -> Batch:
            return lambda: asyncio.to_thread(prune, before)

        async def workflows() -> dict[str, int]:
            count = await self._engine.forget(before, WORKFLOWS_AT_ONCE)
            return {"workflow": count} if count else {}

        return [
            of(lambda moment: writer.prune_incidents(moment, clock())),
            of(writer.prune_strays),
            of(writer.prune_digests),
            of(writer.prune_clicks),
            of(writer.prune_replicas),
            workflows,
        ]

    async def _all_of(self, batch: Batch, pruned: Counter[str]) -> bool:
        """One kind to its end; False when the lease was lost on the way."""
        while await self._lease() is not None:
            done = await batch()
            if not done:
                return True
            for table, count in done.items():
                self._deps.metrics.retention_rows_pruned.labels(table).inc(count)
                pruned[table] += count
            await asyncio.sleep(BREATH_SECONDS)
        return False

    async def _lease(self) -> int | None:
        """Take or keep it. A batch is far shorter than the lease, and what two prune at once is pruned once."""
        deps = self._deps
        return await asyncio.to_thread(deps.writer.leases.take, LEASE, deps.owner, deps.clock(), deps.pace.alive)
