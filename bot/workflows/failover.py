"""One dies, another takes its work over.

What a row describes is taken over by its lease alone: once that is over, the sweep of any replica starts the next
step. Here the rest is done, by one replica at a time (the lease ``failover``): processes that have ended are found by
their heartbeat, the engine's workflows that they left are made to go on, and it is counted. Resuming the workflow of a
process that only seemed dead runs it twice; each step asks for the row's lease and fence first, and those let one of
them through.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog

from bot.metrics import Metrics
from bot.workflows.pace import Pace
from incidents.errors import AgentOpsError
from tools.incident_store.writer.leases import LeaseWriter
from tools.incident_store.writer.replicas import ReplicaWriter

log = structlog.get_logger(__name__)

LEASE = "failover"


class Failover:
    """Looks for processes that have ended, and has their work go on."""

    def __init__(
        self,
        replicas: ReplicaWriter,
        leases: LeaseWriter,
        *,
        carry_on: Callable[[str], Awaitable[int]],
        owner: str,
        pace: Pace,
        clock: Callable[[], datetime],
        metrics: Metrics,
        wake: Callable[[], None],
    ) -> None:
        """`carry_on` makes the workflows of an executor go on and answers how many; `wake` wakes the dispatcher."""
        self._replicas = replicas
        self._leases = leases
        self._carry_on = carry_on
        self._owner = owner
        self._pace = pace
        self._clock = clock
        self._metrics = metrics
        self._wake = wake

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look()
            except AgentOpsError as error:
                log.warning("failover.look_failed", error=str(error))
            except Exception:
                # A process edge: what could not be taken over now is looked at again.
                log.exception("failover.look_broken")
            await asyncio.sleep(self._pace.heartbeat.total_seconds())

    async def look(self) -> list[str]:
        """Take over from those that have ended; the executors, where this replica is the one to do so."""
        lease = self._pace.alive
        if await asyncio.to_thread(self._leases.take, LEASE, self._owner, self._clock(), lease) is None:
            return []
        found = await asyncio.to_thread(self._replicas.gone, self._clock(), self._pace.alive)
        taken: list[str] = []
        for instance, executor in found:
            if executor == self._owner:
                continue
            # First the work, then the mark: who dies in between leaves it to the next one, which does it again.
            workflows = await self._carry_on(executor)
            if await asyncio.to_thread(
                self._replicas.taken_over, instance, self._owner, self._clock(), self._pace.alive
            ):
                taken.append(executor)
                self._metrics.failovers.labels("replica").inc()
                self._metrics.failovers.labels("workflow").inc(workflows)
                log.warning("failover.taken_over", executor=executor, instance=instance, workflows=workflows)
        if taken:
            self._wake()
        return taken
