"""What SageMaker answers, in our types. Texts in it are SageMaker's words, untrusted: escape them before showing."""

from pydantic import BaseModel, ConfigDict

from incidents.clock import Moment


class _Frozen(BaseModel):
    # `model_name` is SageMaker's word; pydantic would keep names that begin so to itself.
    model_config = ConfigDict(frozen=True, protected_namespaces=())


class VariantState(_Frozen):
    """A production variant as it runs; counts and weight are None where SageMaker gives none (serverless)."""

    name: str
    current_instances: int | None = None
    desired_instances: int | None = None
    weight: float | None = None


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


class ConfigVariant(_Frozen):
    """A variant as an endpoint config asks for it; instance type and count are None for serverless ones."""

    name: str
    model_name: str | None = None
    instance_type: str | None = None
    initial_instances: int | None = None


class EndpointConfig(_Frozen):
    """An endpoint config with its variants."""

    name: str
    arn: str
    created_at: Moment
    variants: tuple[ConfigVariant, ...]


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


class Change(_Frozen):
    """Something that was changed about a model: when, what sort, which thing, and more in one sentence."""

    at: Moment
    what: str
    """One of `tools.sagemaker.changes.KINDS`."""
    subject: str
    detail: str
