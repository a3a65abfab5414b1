"""An incident is investigated: evidence, diagnosis, plan, and proposals that people can decide."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from bot.workflows.engine import Engine
from bot.workflows.facts import decide_now
from bot.workflows.ports import Deps
from incidents.catalogue import ModelSpec, Unlisted
from incidents.incident import Incident
from incidents.investigation import Case, Findings, ProgressStep
from incidents.ledger import InvestigationView
from incidents.origin import AnyOrigin, EndpointOrigin, PipelineOrigin
from incidents.policy import RequireApproval
from incidents.proposal import Proposal, RemediationChoice, propose
from incidents.remediation import AnyRemediation, RollbackEndpoint, StartRetraining
from incidents.spec import spec_of
from tools.errors import UpstreamError

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
        view = await asyncio.to_thread(deps.reader.investigation, id)
        with structlog.contextvars.bound_contextvars(incident=view.incident_id):
            try:
                await _look_and_propose(deps, view)
            except Exception:
                # A process edge: whatever went wrong, the incident must not hang, and a person is told.
                log.exception("investigation.failed", investigation=id)
                await asyncio.to_thread(deps.writer.investigations.fail, id, deps.clock())
        deps.wake_outbox()
        deps.wake_dispatcher()

    @engine.workflow(INVESTIGATE)
    async def investigate(id: str) -> None:
        if await begin(id):
            await look_and_propose(id)


async def _look_and_propose(deps: Deps, view: InvestigationView) -> None:
    incident = await asyncio.to_thread(deps.reader.incident, view.incident_id)
    model = model_of(deps, incident)
    case = Case(incident=incident, model=model, question=view.question, now=deps.clock())
    findings = await deps.investigator.investigate(case, _progress(deps, view.id))
    proposals, problems = await _proposals(deps, incident, model, findings)
    if problems:
        told = " ".join([findings.plan.explanation, *problems])[:600]
        findings = findings.model_copy(update={"plan": findings.plan.model_copy(update={"explanation": told})})
    await asyncio.to_thread(deps.writer.investigations.finish, view.id, findings, proposals, deps.clock())
    log.info("investigation.done", cause=findings.diagnosis.root_cause, proposals=len(proposals))


def model_of(deps: Deps, incident: Incident) -> ModelSpec | None:
    """The catalogue's entry of an incident; None where it has none or its labels contradict each other."""
    if not incident.listed:
        return None
    found = deps.catalogue.find({"model": incident.model, "env": incident.environment})
    return None if isinstance(found, Unlisted) else found


def _progress(deps: Deps, id: str) -> Callable[[ProgressStep], Awaitable[None]]:
    steps: dict[str, ProgressStep] = {}

    async def tell(step: ProgressStep) -> None:
        steps[step.key] = step
        await asyncio.to_thread(deps.writer.investigations.progress, id, tuple(steps.values()))
        deps.wake_outbox()

    return tell


async def _proposals(
    deps: Deps, incident: Incident, model: ModelSpec | None, findings: Findings
) -> tuple[list[Proposal], list[str]]:
    """The plan's choices as proposals, and in plain words why others could not be made."""
    made: list[Proposal] = []
    problems: list[str] = []
    if model is None:
        return made, problems
    for choice in findings.plan.choices:
        try:
            origin = await origin_of(deps, model, choice.remediation)
            blocked = await _preflight(deps, choice.remediation)
        except UpstreamError as error:
            log.warning("proposal.no_origin", remediation=choice.remediation.kind, error=str(error))
            title = spec_of(choice.remediation).title
            problems.append(f"“{title}” is not proposed: {error.service} could not be read.")
            continue
        if blocked:
            problems.append(f"“{spec_of(choice.remediation).title}” is not proposed: {'; '.join(blocked)}.")
            continue
        made.append(await asyncio.to_thread(_decided, deps, incident, model, findings, choice, origin))
    return made, problems


def _decided(
    deps: Deps,
    incident: Incident,
    model: ModelSpec,
    findings: Findings,
    choice: RemediationChoice,
    origin: AnyOrigin,
) -> Proposal:
    now = deps.clock()
    ruling = decide_now(
        deps.policy,
        deps.reader,
        deps.writer,
        remediation=choice.remediation,
        incident_id=incident.id,
        model=model,
        confidence=findings.diagnosis.confidence,
        evidence_count=len(choice.evidence),
        now=now,
        speed=deps.pace.speed,
        when=choice.when,
    )
    return propose(
        choice,
        proposal_id=deps.new_id(),
        incident_id=incident.id,
        model=model,
        origin=origin,
        decision=ruling.decision,
        policy_hash=ruling.policy_hash,
        created_at=now,
        expires_at=_expiry(now, ruling.decision.effect, deps.pace.decision_speed),
    )


def _expiry(now: datetime, effect: object, speed: float) -> datetime:
    minutes = effect.within_minutes if isinstance(effect, RequireApproval) else 5.0
    return now + timedelta(minutes=minutes / speed)


async def origin_of(deps: Deps, model: ModelSpec, remediation: AnyRemediation) -> AnyOrigin:
    """Where a remediation would start from, read now. Raises `UpstreamError` when it cannot be read."""
    match remediation:
        case RollbackEndpoint():
            endpoint = await deps.sagemaker.endpoint(remediation.endpoint)
            return EndpointOrigin(
                arn=endpoint.arn,
                config_name=endpoint.config_name,
                variant_names=tuple(variant.name for variant in endpoint.variants),
                status=endpoint.status,
                last_modified=endpoint.last_modified,
            )
        case StartRetraining():
            pipeline = await deps.sagemaker.pipeline(remediation.pipeline)
            return PipelineOrigin(
                arn=pipeline.arn,
                version_id=model.retraining.pipeline_version if model.retraining else None,
                last_modified=pipeline.last_modified,
            )
        case _:
            raise ValueError(f"{remediation.kind} has no origin yet")


async def _preflight(deps: Deps, remediation: AnyRemediation) -> list[str]:
    match remediation:
        case RollbackEndpoint():
            return await deps.sagemaker.rollback_preflight(remediation.endpoint, remediation.to_config)
        case _:
            return []
