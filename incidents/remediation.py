"""The closed union of remediations and the pure spec of each: what would be sent, where from, how undone.

Operators send what `requests` makes and nothing else; a digest over these requests is what people approve.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, assert_never

from pydantic import BaseModel, ConfigDict, Field

from incidents.catalogue import ModelSpec
from incidents.clock import Moment

ConfigName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RollbackEndpoint(_Frozen):
    """Put the last known good endpoint config back."""

    kind: Literal["RollbackEndpoint"] = "RollbackEndpoint"
    endpoint: ConfigName
    to_config: ConfigName


class StartRetraining(_Frozen):
    """Start the model's training pipeline on a clean window of data; deploys nothing."""

    kind: Literal["StartRetraining"] = "StartRetraining"
    pipeline: Annotated[str, Field(min_length=1, max_length=256)]
    window_start: Moment
    window_end: Moment


Remediation = Annotated[RollbackEndpoint | StartRetraining, Field(discriminator="kind")]


class RiskClass(StrEnum):
    """What a remediation can break: nothing, money and time, or production."""

    NONE = "none"
    LOW = "low"
    HIGH = "high"


class EndpointOrigin(_Frozen):
    """The endpoint as it stood when the proposal was made.

    Identity (digested): ARN, config name and variant names. `status` and `last_modified` are facts beside it.
    """

    kind: Literal["endpoint"] = "endpoint"
    arn: str
    config_name: str
    variant_names: tuple[str, ...]
    status: str
    last_modified: Moment

    @property
    def identity(self) -> dict[str, Any]:
        """What must still be so when the call is sent."""
        return {"arn": self.arn, "config_name": self.config_name, "variant_names": list(self.variant_names)}


class PipelineOrigin(_Frozen):
    """The training pipeline as it stood when the proposal was made."""

    kind: Literal["pipeline"] = "pipeline"
    arn: str
    version_id: int | None = None
    live_model_package: str | None = None
    last_modified: Moment

    @property
    def identity(self) -> dict[str, Any]:
        """What must still be so when the call is sent."""
        return {
            "arn": self.arn,
            "version_id": self.version_id,
            "last_modified": self.last_modified.isoformat(),
        }


Origin = Annotated[EndpointOrigin | PipelineOrigin, Field(discriminator="kind")]


class ApiRequest(_Frozen):
    """One exact API call, as boto3 takes it."""

    service: Literal["sagemaker"]
    operation: str
    parameters: dict[str, Any]


class PlanRow(_Frozen):
    """One line of the before/after table."""

    what: str
    before: str
    after: str


class Estimate(_Frozen):
    """Expected time and cost; `basis` says where the figures come from."""

    minutes: float
    cost_usd: float | None
    basis: str


def risk_class(remediation: RollbackEndpoint | StartRetraining) -> RiskClass:
    """What it can break."""
    match remediation:
        case RollbackEndpoint():
            return RiskClass.HIGH
        case StartRetraining():
            return RiskClass.LOW
        case _:
            assert_never(remediation)


def title(remediation: RollbackEndpoint | StartRetraining) -> str:
    """One line in the imperative, as it stands on the card."""
    match remediation:
        case RollbackEndpoint():
            return f"Roll {remediation.endpoint} back to {remediation.to_config}"
        case StartRetraining():
            return f"Retrain with pipeline {remediation.pipeline}"
        case _:
            assert_never(remediation)


def target(remediation: RollbackEndpoint | StartRetraining) -> str:
    """The one thing it changes; at most one remediation is in flight for each target."""
    match remediation:
        case RollbackEndpoint():
            return f"endpoint/{remediation.endpoint}"
        case StartRetraining():
            return f"pipeline/{remediation.pipeline}"
        case _:
            assert_never(remediation)


def client_request_token(execution_id: str) -> str:
    """The idempotency token of an execution: 32 to 128 characters, the same for every attempt."""
    return f"agentops-{execution_id}".ljust(32, "-")[:128]


def requests(
    remediation: RollbackEndpoint | StartRetraining,
    origin: EndpointOrigin | PipelineOrigin,
    execution_id: str,
) -> tuple[ApiRequest, ...]:
    """The exact calls, in order. Raises `ValueError` where remediation and origin do not belong together."""
    match remediation, origin:
        case RollbackEndpoint(), EndpointOrigin():
            return (
                ApiRequest(
                    service="sagemaker",
                    operation="UpdateEndpoint",
                    parameters={
                        "EndpointName": remediation.endpoint,
                        "EndpointConfigName": remediation.to_config,
                        # The default (false) would reset instance counts to the old config's: too few at peak.
                        "RetainAllVariantProperties": True,
                    },
                ),
            )
        case StartRetraining(), PipelineOrigin():
            parameters: dict[str, Any] = {
                "PipelineName": remediation.pipeline,
                "PipelineExecutionDisplayName": f"agentops-{execution_id}"[:82],
                "PipelineExecutionDescription": "Started by AgentOps after approval.",
                "PipelineParameters": [
                    {"Name": "TrainingWindowStart", "Value": _stamp(remediation.window_start)},
                    {"Name": "TrainingWindowEnd", "Value": _stamp(remediation.window_end)},
                ],
                "ClientRequestToken": client_request_token(execution_id),
            }
            if origin.version_id is not None:
                parameters["PipelineVersionId"] = origin.version_id
            return (ApiRequest(service="sagemaker", operation="StartPipelineExecution", parameters=parameters),)
        case _:
            raise ValueError(f"{remediation.kind} cannot start from a {origin.kind}")


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def iam_actions(remediation: RollbackEndpoint | StartRetraining) -> frozenset[str]:
    """The IAM actions its role must allow, reads of the executor included."""
    match remediation:
        case RollbackEndpoint():
            return frozenset({"sagemaker:UpdateEndpoint", "sagemaker:DescribeEndpoint"})
        case StartRetraining():
            return frozenset({"sagemaker:StartPipelineExecution", "sagemaker:DescribePipelineExecution"})
        case _:
            assert_never(remediation)


def role_arn(remediation: RollbackEndpoint | StartRetraining, model: ModelSpec) -> str | None:
    """The role the executor assumes for it, from the catalogue."""
    match remediation:
        case RollbackEndpoint():
            return model.roles.roller
        case StartRetraining():
            return model.roles.retrainer
        case _:
            assert_never(remediation)


def valid_origin_statuses(remediation: RollbackEndpoint | StartRetraining) -> frozenset[str]:
    """The statuses of the target from which it may be sent; empty where the target has none."""
    match remediation:
        case RollbackEndpoint():
            return frozenset({"InService"})
        case StartRetraining():
            return frozenset()
        case _:
            assert_never(remediation)


def plan(
    remediation: RollbackEndpoint | StartRetraining, origin: EndpointOrigin | PipelineOrigin
) -> tuple[PlanRow, ...]:
    """Before and after, line by line."""
    match remediation, origin:
        case RollbackEndpoint(), EndpointOrigin():
            return (
                PlanRow(what="Endpoint config", before=origin.config_name, after=remediation.to_config),
                PlanRow(what="Instance counts", before="as they are", after="kept"),
                PlanRow(
                    what="Traffic",
                    before=f"all on {origin.config_name}",
                    after=f"all on {remediation.to_config}",
                ),
            )
        case StartRetraining(), PipelineOrigin():
            window = f"{remediation.window_start:%d %b %H:%M} to {remediation.window_end:%d %b %H:%M} UTC"
            return (
                PlanRow(what="Training run", before="none", after=f"one run of {remediation.pipeline}"),
                PlanRow(what="Training data", before="as at the last training", after=window),
                PlanRow(
                    what="Live endpoint",
                    before="unchanged",
                    after="unchanged: a candidate is registered, not deployed",
                ),
            )
        case _:
            raise ValueError(f"{remediation.kind} cannot start from a {origin.kind}")


def undo(remediation: RollbackEndpoint | StartRetraining, origin: EndpointOrigin | PipelineOrigin) -> str:
    """How to take it back, in one sentence."""
    match remediation, origin:
        case RollbackEndpoint(), EndpointOrigin():
            return f"UpdateEndpoint back to {origin.config_name}, which stays in SageMaker."
        case StartRetraining(), _:
            return "StopPipelineExecution while it runs; afterwards nothing: the candidate is not deployed."
        case _:
            raise ValueError(f"{remediation.kind} cannot start from a {origin.kind}")


def estimate(remediation: RollbackEndpoint | StartRetraining, model: ModelSpec) -> Estimate:
    """Expected time and cost."""
    match remediation:
        case RollbackEndpoint():
            return Estimate(minutes=5, cost_usd=None, basis="typical endpoint update; no added running cost")
        case StartRetraining():
            retraining = model.retraining
            if retraining is None:
                return Estimate(minutes=60, cost_usd=None, basis="no figures in the catalogue")
            return Estimate(
                minutes=retraining.expected_minutes,
                cost_usd=retraining.expected_cost_usd,
                basis="as the catalogue expects",
            )
        case _:
            assert_never(remediation)


def success_criteria(remediation: RollbackEndpoint | StartRetraining) -> tuple[str, ...]:
    """What must be so before it counts as done; fixed before anyone approves."""
    match remediation:
        case RollbackEndpoint():
            return (
                f"{remediation.endpoint} is InService on {remediation.to_config} with no failure reason",
                "every alert expression that fired is inside its threshold at every sample of the window",
            )
        case StartRetraining():
            return (
                "the pipeline run ends Succeeded and registers a candidate",
                "the candidate is not worse than the live model on the gate metric by more than the margin",
            )
        case _:
            assert_never(remediation)


def facts_for_policy(remediation: RollbackEndpoint | StartRetraining) -> Mapping[str, str]:
    """What the policy may match on about the remediation itself."""
    return {"remediation": remediation.kind, "risk": risk_class(remediation).value}
