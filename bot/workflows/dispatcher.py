"""The one place that starts workflows: from rows, woken after a commit, and by a sweep in any case."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from bot.workflows.bearable import bearable
from bot.workflows.engine import Engine
from bot.workflows.execution import EXECUTE
from bot.workflows.intake import Placing
from bot.workflows.investigation import INVESTIGATE
from bot.workflows.observe import observe
from bot.workflows.ports import Deps
from bot.workflows.rounds import Rounds
from bot.workflows.storms import StormWatch
from bot.workflows.verification import VERIFY

OBSERVE = "observe"
"""The lease under which one replica looks at the endpoints."""


class Dispatcher:
    """Looks for rows whose next step is due and starts it. Missing a wake-up costs one sweep, never work."""

    def __init__(self, engine: Engine, deps: Deps, finish_clicks: Callable[[], Awaitable[None]]) -> None:
        """`finish_clicks` decides the deliveries from Slack that a crash left undecided."""
        self._engine = engine
        self._deps = deps
        self._finish_clicks = finish_clicks
        self._alerts = Placing(deps)
        self._placing = Rounds("placing", self.place, deps.pace.sweep)
        self._sweeping = Rounds("sweep", self.sweep, deps.pace.sweep)
        self._observed = deps.clock() - deps.pace.observe
        self._storms = StormWatch(deps)
        self._begun: set[str] = set()

    def wake(self) -> None:
        """Something was committed: look now."""
        self._placing.wake()
        self._sweeping.wake()

    async def run(self) -> None:
        """Until cancelled. Alerts get their place beside everything else: what came last may be the worst."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._placing.run(), name="placing")
            both.create_task(self._sweeping.run(), name="sweeping")

    async def place(self) -> None:
        """One look at the alerts that have no place yet."""
        touched, more = await self._alerts.place()
        if touched:
            self._sweeping.wake()
        if more:
            self._placing.wake()

    async def sweep(self) -> None:
        """One look at all other rows."""
        deps = self._deps
        now = deps.clock()
        await self._storms.tend()
        if await asyncio.to_thread(deps.writer.decisions.expire, now):
            deps.wake_outbox()
        # A workflow that broke before it could change its row has used its id up: in the next slot it has another.
        slot = int(now.timestamp() / deps.pace.lease.total_seconds())
        await self._investigate(now, slot)
        for id, version in await asyncio.to_thread(deps.writer.executions.due, now):
            await self._engine.start(EXECUTE, f"{version}:{slot}", id)
        for id, version in await asyncio.to_thread(deps.writer.verifications.due, now):
            await self._engine.start(VERIFY, f"{version}:{slot}", id)
        await self._finish_clicks()
        await asyncio.to_thread(deps.writer.decisions.close_resolved, now - deps.pace.close_after, now)
        if now - self._observed >= deps.pace.observe:
            self._observed = now
            # One look at the world is enough, however many replicas there are.
            if await asyncio.to_thread(deps.writer.leases.take, OBSERVE, deps.owner, now, deps.pace.observe):
                await observe(deps)

    async def _investigate(self, now: datetime, slot: int) -> None:
        """Begin investigations, the worst first, as many as this process can bear."""
        writer = self._deps.writer.investigations
        found = await asyncio.to_thread(writer.due, now, self._deps.pace.update_limit)
        due = {f"{version}:{slot}": id for id, version in found}
        # What was begun a moment ago and has not changed its row, or broke before it could, stands in nobody's way.
        self._begun &= due.keys()
        waiting = [name for name in due if name not in self._begun]
        if not waiting:
            return
        for name in waiting[: await bearable(self._engine.under_way(INVESTIGATE))]:
            self._begun.add(name)
            await self._engine.start(INVESTIGATE, name, due[name])
