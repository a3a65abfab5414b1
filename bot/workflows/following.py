"""Following a change that was sent until it is finished. `InService` alone is not success."""

from dataclasses import dataclass, field
from typing import assert_never

from bot.workflows.ports import Deps
from incidents.catalogue import ModelSpec
from incidents.origin import TrafficOrigin
from incidents.proposal import Proposal
from incidents.remediation import (
    NotifyOwners,
    OpenIssue,
    PromoteModel,
    QuarantineData,
    RerunDataPipeline,
    RollbackEndpoint,
    ShiftTraffic,
    StartRetraining,
)
from incidents.specs.promote_model import PromoteModelSpec
from incidents.specs.shift_traffic import shares
from tools.incident_store.tables import ExecutionRecord
from tools.sagemaker.states import EndpointState, PipelineRun

TAKEN_BACK = "the canary is being taken back"
MOVING = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack"})


@dataclass(frozen=True)
class Running:
    """Not finished. `stages` are what SageMaker has done so far by itself, in order."""

    text: str
    result: dict[str, str] = field(default_factory=dict[str, str])
    stages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Done:
    """Finished as asked."""

    text: str
    result: dict[str, str] = field(default_factory=dict[str, str])
    stages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Failed:
    """Finished otherwise; `detail` is the partner's own reason, untrusted."""

    text: str
    detail: str = ""
    stages: tuple[str, ...] = ()


Following = Running | Done | Failed


async def follow(deps: Deps, proposal: Proposal, model: ModelSpec, record: ExecutionRecord) -> Following:
    """How far it is. Raises `UpstreamError` when that cannot be read."""
    remediation = proposal.remediation
    match remediation:
        case RollbackEndpoint():
            return updated(await deps.sagemaker.endpoint(remediation.endpoint), remediation.to_config)
        case ShiftTraffic():
            return _shifted(await deps.sagemaker.endpoint(remediation.endpoint), remediation, proposal)
        case StartRetraining():
            return await _trained(deps, model, record)
        case RerunDataPipeline():
            return await _filled(deps, remediation, record)
        case OpenIssue():
            number, url = record.result.get("number", "?"), record.result.get("url", "")
            return Done(f"Issue #{number} is open in {remediation.repository}. {url}".rstrip())
        case NotifyOwners():
            return Done(f"@{remediation.owners} is called into the thread")
        case PromoteModel():
            config = PromoteModelSpec(remediation).name(proposal.execution_id)
            return promoted(await deps.sagemaker.endpoint(remediation.endpoint), remediation, config)
        case QuarantineData():
            verb = "marked as quarantined" if remediation.mode == "quarantine" else "released"
            count = len(proposal.requests) - 1
            return Done(f"{count} object{'' if count == 1 else 's'} {verb}; no data was changed")
        case _:
            assert_never(remediation)


def updated(endpoint: EndpointState, config: str) -> Following:
    """How an update to `config` stands."""
    name = endpoint.name
    if endpoint.status in MOVING:
        return Running(f"{name} is {endpoint.status}")
    reason = endpoint.failure_reason or ""
    if endpoint.status == "UpdateRollbackFailed":
        return Failed(
            f"The update of {name} failed, and SageMaker could not take it back either: it is UpdateRollbackFailed on "
            f"{endpoint.config_name}. Its instances may be of both configs. Nothing is sent by itself: a person has to "
            "mend the cause below and update the endpoint to the config that should serve.",
            reason,
        )
    if endpoint.status != "InService":
        return Failed(f"{name} is {endpoint.status} after the update.", reason)
    if endpoint.config_name != config:
        return Failed(
            f"SageMaker took the update back by itself: {name} is InService on {endpoint.config_name}, "
            f"not on {config}.",
            reason,
        )
    if reason:
        return Failed(f"{name} reports a failure although it is InService.", reason)
    return Done(f"{name} is InService on {config}")


def promoted(endpoint: EndpointState, remediation: PromoteModel, config: str) -> Following:
    """How a canary stands. While SageMaker shifts the traffic, each stage it has reached is told."""
    found = updated(endpoint, config)
    version = remediation.version
    match found:
        case Running():
            if endpoint.status == "RollingBack":
                return Running("SageMaker is taking the canary back", stages=(TAKEN_BACK,))
            if endpoint.pending is not None and endpoint.pending.config_name != config:
                return Running(f"{endpoint.name} is being put on {endpoint.pending.config_name} by somebody else")
            share = _share(endpoint)
            if share <= 0:
                return Running(f"{endpoint.name} is Updating: the new instances are being started")
            if share < 1:
                stage = f"{100 * share:.0f} % of the traffic is on version {version}"
                return Running(f"{stage}, watched for {remediation.bake_minutes:g} min", stages=(stage,))
            stage = f"all of the traffic is on version {version}"
            kept = f"{stage}; the old instances are kept for {remediation.bake_minutes:g} min"
            return Running(kept, stages=(stage,))
        case Failed():
            if endpoint.status == "InService" and endpoint.config_name != config:
                alarms = ", ".join(remediation.alarms)
                text = (
                    f"{found.text} It does so when one of its alarms fires: {alarms}. Version {version} is not live. "
                    f"{endpoint.config_name} serves as before, so there is nothing to undo on the endpoint."
                )
                return Failed(text, found.detail, stages=(TAKEN_BACK,))
            return found
        case Done():
            return Done(found.text, stages=(f"version {version} serves alone; the old instances are gone",))


def _share(endpoint: EndpointState) -> float:
    """The share of the traffic that the new fleet serves, 0 to 1, as the update under way tells it."""
    if endpoint.pending is None:
        return 0.0
    variants = endpoint.pending.variants
    asked = sum(one.desired_weight or 0.0 for one in variants)
    return sum(one.weight or 0.0 for one in variants) / asked if asked else 0.0


def _shifted(endpoint: EndpointState, remediation: ShiftTraffic, proposal: Proposal) -> Following:
    if endpoint.status in MOVING:
        return Running(f"{endpoint.name} is {endpoint.status}")
    reason = endpoint.failure_reason or ""
    if endpoint.status != "InService" or reason:
        return Failed(f"{endpoint.name} is {endpoint.status} after its traffic was shifted.", reason)
    origin = proposal.origin
    if isinstance(origin, TrafficOrigin) and endpoint.config_name != origin.config_name:
        return Failed(f"{endpoint.name} was put on {endpoint.config_name} by somebody else meanwhile.")
    asked, is_now = shares(remediation.weights), shares_of(endpoint)
    wanted = {one.variant: one.weight for one in remediation.weights}
    weights = {one.name: one.weight or 0.0 for one in endpoint.variants}
    if any(abs(weights.get(name, -1.0) - weight) > 1e-6 for name, weight in wanted.items()):
        return Failed(f"{endpoint.name} is InService, but its traffic is at {is_now}, not at {asked}.")
    return Done(f"{endpoint.name} is InService with its traffic at {asked}")


def shares_of(endpoint: EndpointState) -> str:
    """How an endpoint's traffic is shared now."""
    total = sum(one.weight or 0.0 for one in endpoint.variants) or 1.0
    return ", ".join(f"{one.name} {100 * (one.weight or 0.0) / total:.0f} %" for one in endpoint.variants)


async def _run(deps: Deps, record: ExecutionRecord) -> PipelineRun | Failed | Running:
    """The run where it succeeded; else how it stands."""
    arn = record.result.get("PipelineExecutionArn")
    if not arn:
        return Failed("The pipeline run's name is not known; look for it in SageMaker.")
    run = await deps.sagemaker.pipeline_run(arn)
    done = [step.name for step in run.steps if step.status == "Succeeded"]
    current = next((step.name for step in run.steps if step.status in {"Executing", "Starting"}), None)
    if run.status in {"Executing", "Stopping"}:
        where = f"at step {current}" if current else "starting"
        return Running(f"the pipeline run is {where}, {len(done)} steps done", {"steps_done": ", ".join(done)})
    if run.status != "Succeeded":
        failed = next((step for step in run.steps if step.status == "Failed"), None)
        where = f" at step {failed.name}" if failed else ""
        return Failed(f"The pipeline run ended {run.status}{where}", run.failure_reason or "")
    return run


async def _trained(deps: Deps, model: ModelSpec, record: ExecutionRecord) -> Following:
    run = await _run(deps, record)
    if isinstance(run, Failed):
        return Failed(f"{run.text.rstrip('.')}; no candidate was registered.", run.detail)
    if isinstance(run, Running):
        return run
    group = model.retraining.model_package_group if model.retraining else ""
    since = record.sent_at
    candidates = [p for p in await deps.sagemaker.model_packages(group, 5) if since is None or p.created_at >= since]
    if not candidates:
        return Failed("The pipeline run succeeded but registered no candidate.")
    newest = candidates[0]
    return Done(
        f"The pipeline run succeeded; candidate version {newest.version} of {group} is registered",
        {"candidate": newest.arn, "candidate_version": str(newest.version)},
    )


async def _filled(deps: Deps, remediation: RerunDataPipeline, record: ExecutionRecord) -> Following:
    run = await _run(deps, record)
    if isinstance(run, Failed):
        return Failed(f"{run.text.rstrip('.')}; the features of the window are not filled again.", run.detail)
    if isinstance(run, Running):
        return run
    return Done(f"The run of {remediation.pipeline} succeeded; its features are filled again")
