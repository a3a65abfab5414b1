"""An incident is investigated: evidence, diagnosis, plan, and proposals that people can decide."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from bot.workflows.engine import Engine
from bot.workflows.planning import NotProposed, model_of, proposals_of_plan
from bot.workflows.ports import Deps
from incidents.catalogue import ModelSpec
from incidents.investigation import Case, Findings, ProgressStep
from incidents.ledger import IncidentFile, InvestigationView
from incidents.proposal import Proposal

log = structlog.get_logger(__name__)

INVESTIGATE = "investigate_v1"


def register(engine: Engine, deps: Deps) -> None:
    """Register the workflow."""

    @engine.step("investigate_v1.begin")
    async def begin(id: str) -> bool:
        began = await asyncio.to_thread(deps.writer.investigations.begin, id, deps.clock())
        deps.wake_outbox()
        return began

    @engine.step("investigate_v1.look_and_propose")
    async def look_and_propose(id: str) -> None:
        began, outcome = time.monotonic(), "failed"
        view = await asyncio.to_thread(deps.reader.investigation, id)
        with structlog.contextvars.bound_contextvars(incident=view.incident_id):
            try:
                await _look_and_propose(deps, view)
                outcome = "done"
            except Exception:
                # A process edge: whatever went wrong, the incident must not hang, and a person is told.
                log.exception("investigation.failed", investigation=id)
                await asyncio.to_thread(deps.writer.investigations.fail, id, deps.clock())
        deps.metrics.investigation_seconds.labels(outcome).observe(time.monotonic() - began)
        deps.wake_outbox()
        deps.wake_dispatcher()

    @engine.workflow(INVESTIGATE)
    async def investigate(id: str) -> None:
        if await begin(id):
            await look_and_propose(id)


async def _look_and_propose(deps: Deps, view: InvestigationView) -> None:
    file = await asyncio.to_thread(deps.reader.file, view.incident_id)
    incident = file.incident
    model = model_of(deps, incident)
    case = Case(incident=incident, model=model, question=view.question, now=deps.clock())
    findings = await deps.investigator.investigate(case, _progress(deps, view.id))
    deps.metrics.reasoned(findings.diagnosis.reasoner)
    proposals, problems = await _proposals(deps, file, model, findings)
    if problems:
        told = " ".join([findings.plan.explanation, *(one.words for one in problems)])[:600]
        findings = findings.model_copy(update={"plan": findings.plan.model_copy(update={"explanation": told})})
    await asyncio.to_thread(deps.writer.investigations.finish, view.id, findings, proposals, deps.clock())
    log.info("investigation.done", cause=findings.diagnosis.root_cause, proposals=len(proposals))


async def _proposals(
    deps: Deps, file: IncidentFile, model: ModelSpec | None, findings: Findings
) -> tuple[list[Proposal], list[NotProposed]]:
    if model is None:
        return [], []
    return await proposals_of_plan(deps, file, model, findings.plan.choices, findings.diagnosis.confidence)


def _progress(deps: Deps, id: str) -> Callable[[ProgressStep], Awaitable[None]]:
    steps: dict[str, ProgressStep] = {}

    async def tell(step: ProgressStep) -> None:
        steps[step.key] = step
        await asyncio.to_thread(deps.writer.investigations.progress, id, tuple(steps.values()))
        deps.wake_outbox()

    return tell
