"""Following a change that was sent until SageMaker has finished it. `InService` alone is not success."""

from dataclasses import dataclass, field

from bot.workflows.ports import Deps
from incidents.catalogue import ModelSpec
from incidents.proposal import Proposal
from incidents.remediation import RollbackEndpoint, StartRetraining
from tools.incident_store.tables import ExecutionRecord

MOVING = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack"})


@dataclass(frozen=True)
class Running:
    """Not finished."""

    text: str
    result: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Done:
    """Finished as asked."""

    text: str
    result: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Failed:
    """Finished otherwise; `detail` is the partner's own reason, untrusted."""

    text: str
    detail: str = ""


Following = Running | Done | Failed


async def follow(deps: Deps, proposal: Proposal, model: ModelSpec, record: ExecutionRecord) -> Following:
    """How far it is. Raises `UpstreamError` when that cannot be read."""
    remediation = proposal.remediation
    match remediation:
        case RollbackEndpoint():
            return await _follow_endpoint(deps, remediation)
        case StartRetraining():
            return await _follow_pipeline(deps, model, record)
        case _:
            raise ValueError(f"{remediation.kind} cannot be followed yet")


async def _follow_endpoint(deps: Deps, remediation: RollbackEndpoint) -> Following:
    endpoint = await deps.sagemaker.endpoint(remediation.endpoint)
    if endpoint.status in MOVING:
        return Running(f"{remediation.endpoint} is {endpoint.status}")
    if endpoint.status != "InService":
        return Failed(f"{remediation.endpoint} is {endpoint.status} after the update.", endpoint.failure_reason or "")
    if endpoint.config_name != remediation.to_config:
        return Failed(
            f"SageMaker took the update back by itself: {remediation.endpoint} is InService on {endpoint.config_name}, "
            f"not on {remediation.to_config}.",
            endpoint.failure_reason or "",
        )
    if endpoint.failure_reason:
        return Failed(f"{remediation.endpoint} reports a failure although it is InService.", endpoint.failure_reason)
    return Done(f"{remediation.endpoint} is InService on {remediation.to_config}")


async def _follow_pipeline(deps: Deps, model: ModelSpec, record: ExecutionRecord) -> Following:
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
        return Failed(
            f"The pipeline run ended {run.status}{where}; no candidate was registered.", run.failure_reason or ""
        )
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
