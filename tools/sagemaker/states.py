"""What SageMaker answers, in our types. Texts in it are SageMaker's words, untrusted: escape them before showing."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from incidents.clock import Moment


class _Frozen(BaseModel):
    # `model_name` is SageMaker's word; pydantic would keep names that begin so to itself.
    model_config = ConfigDict(frozen=True, protected_namespaces=())


class VariantStatus(_Frozen):
    """What a variant is going through: Creating, Updating, Deleting, ActivatingTraffic or Baking."""

    status: str
    message: str | None = None
    started_at: Moment | None = None


class VariantState(_Frozen):
    """A production variant as it runs; counts and weights are None where SageMaker gives none (serverless)."""

    name: str
    current_instances: int | None = None
    desired_instances: int | None = None
    weight: float | None = None
    desired_weight: float | None = None
    statuses: tuple[VariantStatus, ...] = ()


class PendingDeployment(_Frozen):
    """An update under way: the config it leads to, and the new variants with what they are going through."""

    config_name: str
    started_at: Moment | None = None
    variants: tuple[VariantState, ...] = ()


class EndpointState(_Frozen):
    """An endpoint as it stands. `status` InService alone says nothing: compare `config_name` and `failure_reason`."""

    arn: str
    name: str
    config_name: str
    status: str
    created_at: Moment
    last_modified: Moment
    failure_reason: str | None = None
    variants: tuple[VariantState, ...] = ()
    pending: PendingDeployment | None = None


class ConfigVariant(_Frozen):
    """A variant as an endpoint config asks for it; instance type and count are None for serverless ones.

    `settings`: everything else that was asked for it, as CreateEndpointConfig takes it.
    """

    name: str
    model_name: str | None = None
    instance_type: str | None = None
    initial_instances: int | None = None
    initial_weight: float | None = None
    settings: dict[str, Any] = {}


class EndpointConfig(_Frozen):
    """An endpoint config with its variants.

    `data_capture` is its DataCaptureConfig; `settings` everything else, as CreateEndpointConfig takes it.
    """

    name: str
    arn: str
    created_at: Moment
    variants: tuple[ConfigVariant, ...]
    data_capture: dict[str, Any] | None = None
    settings: dict[str, Any] = {}


class Container(_Frozen):
    """What a model is made of: an image and an artefact in S3, or a model package that holds them.

    `environment` holds whatever somebody typed, passwords too.
    """

    image: str | None = None
    artefact: str | None = None
    package: str | None = None
    environment: dict[str, str] = Field(default={}, repr=False)


class ModelState(_Frozen):
    """A SageMaker model.

    `settings`: what was asked for beside role and containers, as CreateModel takes it: VPC, network isolation.
    """

    name: str
    arn: str
    created_at: Moment
    execution_role: str | None = None
    containers: tuple[Container, ...] = ()
    settings: dict[str, Any] = {}


class EndpointConfigSummary(_Frozen):
    """An endpoint config in a list."""

    name: str
    arn: str
    created_at: Moment


class PipelineState(_Frozen):
    """A training pipeline."""

    arn: str
    name: str
    status: str
    last_modified: Moment
    created_at: Moment


class PipelineStep(_Frozen):
    """One step of a run."""

    name: str
    status: str
    failure_reason: str | None = None
    started_at: Moment | None = None
    ended_at: Moment | None = None


FINAL_RUN_STATUSES = frozenset({"Succeeded", "Failed", "Stopped", "CompletedWithFailures"})


class PipelineRun(_Frozen):
    """One execution of a pipeline; `steps` in the order they started, empty in a list of runs."""

    arn: str
    status: str
    started_at: Moment
    ended_at: Moment | None = None
    failure_reason: str | None = None
    steps: tuple[PipelineStep, ...] = ()


class PipelineJob(_Frozen):
    """A training or processing job that a step of a pipeline's run started."""

    kind: Literal["training", "processing"]
    name: str
    pipeline: str
    failed: bool = False


class ModelPackage(_Frozen):
    """A registered version of a model. `metrics_uri` is where its evaluation lies in S3."""

    arn: str
    group: str
    version: int
    status: str
    approval_status: str
    created_at: Moment
    last_modified: Moment | None = None
    metrics_uri: str | None = None
    containers: tuple[Container, ...] = ()
    approval_description: str | None = None


class AlarmState(_Frozen):
    """A CloudWatch alarm. `missing` is ours: there is none of this name."""

    name: str
    state: Literal["OK", "ALARM", "INSUFFICIENT_DATA", "missing"]
    reason: str = ""


class Change(_Frozen):
    """Something that was changed about a model: when, what sort, which thing, and more in one sentence."""

    at: Moment
    what: str
    """One of `tools.sagemaker.changes.KINDS`."""
    subject: str
    detail: str
