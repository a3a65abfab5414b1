"""An incident is investigated: evidence, diagnosis, plan, and proposals that people can decide.

Whoever investigates holds the row under a lease and renews it. When that ends, another replica begins anew; the one
that was taken over stops, and what it would still write is refused by the row's fence.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

import structlog

from bot.workflows.engine import Engine
from bot.workflows.planning import NotProposed, model_of, proposals_of_plan
from bot.workflows.ports import Deps
from bot.workflows.progress import Progress
from incidents.catalogue import ModelSpec
from incidents.investigation import Case, Findings, ProgressStep
from incidents.ledger import IncidentFile, InvestigationView
from incidents.proposal import Proposal
from tools.errors import UpstreamError
from tools.incident_store.writer.investigations import Hold

log = structlog.get_logger(__name__)

INVESTIGATE = "investigate_v1"
LOOK_S = 0.25


def register(engine: Engine, deps: Deps) -> None:
    """Register the workflow."""

    @engine.step("investigate_v1.begin")
    async def begin(id: str) -> int:
        hold = await asyncio.to_thread(deps.writer.investigations.begin, id, deps.clock(), deps.owner, deps.pace.alive)
        deps.wake_outbox()
        if hold is None:
            return 0
        _count(deps, hold)
        return hold.fence

    @engine.step("investigate_v1.look_and_propose")
    async def look_and_propose(id: str, began: int) -> None:
        # A workflow that the version before began has True in place of a fence.
        known = None if isinstance(began, bool) else began
        hold = await asyncio.to_thread(
            deps.writer.investigations.hold, id, known, deps.owner, deps.clock(), deps.pace.alive
        )
        if hold is None:
            log.info("investigation.not_ours", investigation=id)
            return
        _count(deps, hold)
        since, outcome = time.monotonic(), "failed"
        view = await asyncio.to_thread(deps.reader.investigation, id)
        with structlog.contextvars.bound_contextvars(incident=view.incident_id):
            try:
                ours = await _while_held(deps, id, hold.fence, _look_and_propose(deps, view, hold.fence))
                outcome = "done" if ours else "left"
            except Exception:
                # A process edge: whatever went wrong, the incident must not hang, and a person is told.
                log.exception("investigation.failed", investigation=id)
                await asyncio.to_thread(deps.writer.investigations.fail, id, deps.clock(), hold.fence)
        deps.metrics.investigation_seconds.labels(outcome).observe(time.monotonic() - since)
        deps.wake_outbox()
        deps.wake_dispatcher()

    @engine.workflow(INVESTIGATE)
    async def investigate(id: str) -> None:
        began = await begin(id)
        if began:
            await look_and_propose(id, began)


def _count(deps: Deps, hold: Hold) -> None:
    if hold.taken_over:
        deps.metrics.failovers.labels("investigation").inc()


async def _while_held(deps: Deps, id: str, fence: int, work: Coroutine[Any, Any, None]) -> bool:
    """Do the work, renewing the lease beside it.

    False, and the work stopped, once another has taken it over, or where this process ends and another has to.
    """
    working, renewing = asyncio.create_task(work), asyncio.create_task(_renewed(deps, id, fence))
    ending = asyncio.create_task(_process_ends(deps))
    try:
        await asyncio.wait({working, renewing, ending}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            await working
            return True
        log.warning("investigation.left_to_another", investigation=id, process_ends=ending.done())
        return False
    finally:
        for task in (working, renewing, ending):
            task.cancel()
        await asyncio.gather(working, renewing, ending, return_exceptions=True)


async def _process_ends(deps: Deps) -> None:
    """Until it ends. Looked at again and again: the event is set in another thread's loop."""
    while True:
        if deps.stopping.is_set():
            return
        await asyncio.sleep(LOOK_S)


async def _renewed(deps: Deps, id: str, fence: int) -> None:
    """Until the investigation is another's. While the database is away nobody can take it over either."""
    while True:
        await asyncio.sleep(deps.pace.heartbeat.total_seconds())
        with contextlib.suppress(UpstreamError):
            if not await asyncio.to_thread(deps.writer.investigations.renew, id, fence, deps.clock(), deps.pace.alive):
                return


async def _look_and_propose(deps: Deps, view: InvestigationView, fence: int) -> None:
    file = await asyncio.to_thread(deps.reader.file, view.incident_id)
    incident = file.incident
    model = model_of(deps, incident)
    now = deps.clock()
    too_dear = await asyncio.to_thread(deps.writer.investigations.over_budget, now)
    case = Case(incident=incident, model=model, question=view.question, now=now, offline_because=too_dear)
    async with Progress(_written_to(deps, view.id, fence)) as tell:
        findings = await deps.investigator.investigate(case, tell)
    deps.metrics.reasoned(findings.diagnosis.reasoner)
    proposals, problems = await _proposals(deps, file, model, findings)
    if problems:
        told = " ".join([findings.plan.explanation, *(one.words for one in problems)])[:600]
        findings = findings.model_copy(update={"plan": findings.plan.model_copy(update={"explanation": told})})
    await asyncio.to_thread(deps.writer.investigations.finish, view.id, findings, proposals, deps.clock(), fence)
    log.info("investigation.done", cause=findings.diagnosis.root_cause, proposals=len(proposals))


async def _proposals(
    deps: Deps, file: IncidentFile, model: ModelSpec | None, findings: Findings
) -> tuple[list[Proposal], list[NotProposed]]:
    if model is None:
        return [], []
    return await proposals_of_plan(deps, file, model, findings.plan.choices, findings.diagnosis.confidence)


def _written_to(deps: Deps, id: str, fence: int) -> Callable[[Sequence[ProgressStep]], Awaitable[None]]:
    async def write(steps: Sequence[ProgressStep]) -> None:
        await asyncio.to_thread(deps.writer.investigations.progress, id, steps, fence)
        deps.wake_outbox()

    return write
