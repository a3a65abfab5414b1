"""Reads boto3's answers into our types. An answer that lacks what the API promises is a `BadAnswer`."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from tools.errors import BadAnswer
from tools.sagemaker.states import (
    FINAL_RUN_STATUSES,
    ConfigVariant,
    Container,
    EndpointConfig,
    EndpointConfigSummary,
    EndpointState,
    ModelPackage,
    ModelState,
    PendingDeployment,
    PipelineRun,
    PipelineState,
    PipelineStep,
    VariantState,
    VariantStatus,
)

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import (
        DescribeEndpointConfigOutputTypeDef,
        DescribeEndpointOutputTypeDef,
        DescribeModelOutputTypeDef,
        DescribeModelPackageOutputTypeDef,
        DescribePipelineExecutionResponseTypeDef,
        DescribePipelineResponseTypeDef,
        EndpointConfigSummaryTypeDef,
        PipelineExecutionStepTypeDef,
        PipelineExecutionSummaryTypeDef,
    )

T = TypeVar("T")


def read(operation: str, reading: Callable[[], T]) -> T:
    """The reading, or `BadAnswer` where a field is missing or of another type."""
    try:
        return reading()
    except (KeyError, TypeError, ValidationError) as error:
        raise BadAnswer("SageMaker", operation, f"unexpected answer: {' '.join(str(error).split())}"[:300]) from error


def endpoint(answer: "DescribeEndpointOutputTypeDef") -> EndpointState:
    """From DescribeEndpoint."""
    return EndpointState(
        arn=answer["EndpointArn"],
        name=answer["EndpointName"],
        config_name=answer.get("EndpointConfigName", ""),
        status=answer["EndpointStatus"],
        created_at=answer["CreationTime"],
        last_modified=answer["LastModifiedTime"],
        failure_reason=answer.get("FailureReason") or None,
        variants=tuple(_variant(one) for one in answer.get("ProductionVariants", [])),
        pending=_pending(answer.get("PendingDeploymentSummary")),
    )


def _pending(summary: Any) -> PendingDeployment | None:
    if not summary:
        return None
    return PendingDeployment(
        config_name=summary["EndpointConfigName"],
        started_at=summary.get("StartTime"),
        variants=tuple(_variant(one) for one in summary.get("ProductionVariants", [])),
    )


def _variant(row: Any) -> VariantState:
    return VariantState(
        name=row["VariantName"],
        current_instances=row.get("CurrentInstanceCount"),
        desired_instances=row.get("DesiredInstanceCount"),
        weight=row.get("CurrentWeight"),
        desired_weight=row.get("DesiredWeight"),
        statuses=tuple(
            VariantStatus(
                status=one["Status"], message=one.get("StatusMessage") or None, started_at=one.get("StartTime")
            )
            for one in row.get("VariantStatus", [])
        ),
    )


def endpoint_config(answer: "DescribeEndpointConfigOutputTypeDef") -> EndpointConfig:
    """From DescribeEndpointConfig."""
    content: dict[str, Any] = dict(answer)
    return EndpointConfig(
        name=answer["EndpointConfigName"],
        arn=answer["EndpointConfigArn"],
        created_at=answer["CreationTime"],
        variants=tuple(_config_variant(dict(one)) for one in answer["ProductionVariants"]),
        data_capture=content.get("DataCaptureConfig") or None,
        settings=_rest(content, _TOLD_OF_CONFIG),
    )


def _config_variant(row: dict[str, Any]) -> ConfigVariant:
    return ConfigVariant(
        name=row["VariantName"],
        model_name=row.get("ModelName"),
        instance_type=row.get("InstanceType"),
        initial_instances=row.get("InitialInstanceCount"),
        initial_weight=row.get("InitialVariantWeight"),
        settings=_rest(row, _TOLD_OF_VARIANT),
    )


_TOLD_OF_CONFIG = frozenset(
    {"EndpointConfigName", "EndpointConfigArn", "CreationTime", "ProductionVariants", "DataCaptureConfig"}
)
_TOLD_OF_VARIANT = frozenset(
    {"VariantName", "ModelName", "InstanceType", "InitialInstanceCount", "InitialVariantWeight"}
)
_TOLD_OF_MODEL = frozenset(
    {"ModelName", "ModelArn", "CreationTime", "ExecutionRoleArn", "PrimaryContainer", "Containers"}
)


def _rest(content: dict[str, Any], told: frozenset[str]) -> dict[str, Any]:
    """What else an answer holds; what is empty or off, which is how AWS spells what was not asked for, is left out."""
    return {
        key: value for key, value in content.items() if key not in told | {"ResponseMetadata"} and value not in _OFF
    }


_OFF: tuple[Any, ...] = (None, False, "", [], {})


def model(answer: "DescribeModelOutputTypeDef") -> ModelState:
    """From DescribeModel."""
    content: dict[str, Any] = dict(answer)
    rows = [content["PrimaryContainer"]] if content.get("PrimaryContainer") else []
    return ModelState(
        name=answer["ModelName"],
        arn=answer["ModelArn"],
        created_at=answer["CreationTime"],
        execution_role=answer.get("ExecutionRoleArn"),
        containers=tuple(_container(one) for one in [*rows, *content.get("Containers", [])]),
        settings=_rest(content, _TOLD_OF_MODEL),
    )


def _container(row: dict[str, Any]) -> Container:
    source: Any = row.get("ModelDataSource", {}).get("S3DataSource", {})
    return Container(
        image=row.get("Image"),
        artefact=row.get("ModelDataUrl") or source.get("S3Uri"),
        package=row.get("ModelPackageName"),
        environment=row.get("Environment") or {},
    )


def endpoint_config_summary(row: "EndpointConfigSummaryTypeDef") -> EndpointConfigSummary:
    """From a row of ListEndpointConfigs."""
    return EndpointConfigSummary(
        name=row["EndpointConfigName"], arn=row["EndpointConfigArn"], created_at=row["CreationTime"]
    )


def pipeline(answer: "DescribePipelineResponseTypeDef") -> PipelineState:
    """From DescribePipeline."""
    return PipelineState(
        arn=answer["PipelineArn"],
        name=answer["PipelineName"],
        status=answer["PipelineStatus"],
        last_modified=answer["LastModifiedTime"],
        created_at=answer["CreationTime"],
    )


def run_summary(row: "PipelineExecutionSummaryTypeDef") -> PipelineRun:
    """From a row of ListPipelineExecutions, which tells no end."""
    # The stub says that any key may be absent; pydantic says which may not.
    return PipelineRun.model_validate(
        {
            "arn": row.get("PipelineExecutionArn"),
            "status": row.get("PipelineExecutionStatus"),
            "started_at": row.get("StartTime"),
            "failure_reason": row.get("PipelineExecutionFailureReason") or None,
        }
    )


def run(answer: "DescribePipelineExecutionResponseTypeDef", steps: "list[PipelineExecutionStepTypeDef]") -> PipelineRun:
    """From DescribePipelineExecution and ListPipelineExecutionSteps. A final run ended when it was last modified."""
    status = answer["PipelineExecutionStatus"]
    return PipelineRun(
        arn=answer["PipelineExecutionArn"],
        status=status,
        started_at=answer["CreationTime"],
        ended_at=answer["LastModifiedTime"] if status in FINAL_RUN_STATUSES else None,
        failure_reason=answer.get("FailureReason") or None,
        steps=tuple(sorted((_step(one) for one in steps), key=_start)),
    )


def _step(row: "PipelineExecutionStepTypeDef") -> PipelineStep:
    return PipelineStep.model_validate(
        {
            "name": row.get("StepName"),
            "status": row.get("StepStatus"),
            "failure_reason": row.get("FailureReason") or None,
            "started_at": row.get("StartTime"),
            "ended_at": row.get("EndTime"),
        }
    )


def _start(step: PipelineStep) -> tuple[float, str]:
    # A step that has not started comes last.
    return (step.started_at.timestamp() if step.started_at else float("inf"), step.name)


def model_package(answer: "DescribeModelPackageOutputTypeDef") -> ModelPackage:
    """From DescribeModelPackage."""
    quality: Any = answer.get("ModelMetrics", {}).get("ModelQuality", {})
    specification: Any = answer.get("InferenceSpecification", {})
    return ModelPackage(
        arn=answer["ModelPackageArn"],
        group=answer.get("ModelPackageGroupName", ""),
        version=answer.get("ModelPackageVersion", 0),
        status=answer["ModelPackageStatus"],
        approval_status=answer.get("ModelApprovalStatus", "PendingManualApproval"),
        created_at=answer["CreationTime"],
        last_modified=answer.get("LastModifiedTime"),
        metrics_uri=quality.get("Statistics", {}).get("S3Uri"),
        containers=tuple(_container(one) for one in specification.get("Containers", [])),
        approval_description=answer.get("ApprovalDescription"),
    )
