"""The one place that starts workflows: from rows, woken after a commit, and by a sweep in any case."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from bot.workflows.engine import Engine
from bot.workflows.execution import EXECUTE
from bot.workflows.intake import group_alerts
from bot.workflows.investigation import INVESTIGATE
from bot.workflows.observe import observe
from bot.workflows.ports import Deps
from bot.workflows.storms import StormWatch
from bot.workflows.verification import VERIFY
from incidents.errors import AgentOpsError

log = structlog.get_logger(__name__)

OBSERVE = "observe"
"""The lease under which one replica looks at the endpoints."""

LONGEST_REST_S = 0.25
"""Between two sweeps when more came during the first: as long as that took, at most so long."""


class Dispatcher:
    """Looks for rows whose next step is due and starts it. Missing a wake-up costs one sweep, never work."""

    def __init__(self, engine: Engine, deps: Deps, finish_clicks: Callable[[], Awaitable[None]]) -> None:
        """`finish_clicks` decides the deliveries from Slack that a crash left undecided."""
        self._engine = engine
        self._deps = deps
        self._finish_clicks = finish_clicks
        self._woken = asyncio.Event()
        self._observed = deps.clock() - deps.pace.observe
        self._storms = StormWatch(deps)

    def wake(self) -> None:
        """Something was committed: look now."""
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            begun = loop.time()
            try:
                await self.sweep()
            except AgentOpsError as error:
                # The database is away or a partner failed: the rows are still there at the next sweep.
                log.warning("dispatcher.sweep_failed", error=str(error))
            except Exception:
                # A process edge: one bad row must not stop the work on all others.
                log.exception("dispatcher.sweep_broken")
            if self._woken.is_set():
                # Under a steady stream of alerts sweeps would follow each other at once and take intake's time.
                await asyncio.sleep(min(loop.time() - begun, LONGEST_REST_S))
            # Not asyncio.wait_for: on Python 3.11 it may swallow a cancellation that comes with the wake-up.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._deps.pace.sweep.total_seconds()):
                    await self._woken.wait()
            self._woken.clear()

    async def sweep(self) -> None:
        """One look at all rows."""
        deps = self._deps
        now = deps.clock()
        await group_alerts(deps)
        await self._storms.tend()
        if await asyncio.to_thread(deps.writer.decisions.expire, now):
            deps.wake_outbox()
        # A workflow that broke before it could change its row has used its id up: in the next slot it has another.
        slot = int(now.timestamp() / deps.pace.lease.total_seconds())
        for id, version in await asyncio.to_thread(deps.writer.investigations.due, now, deps.pace.update_limit):
            await self._engine.start(INVESTIGATE, f"{version}:{slot}", id)
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
