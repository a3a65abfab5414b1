"""Reads boto3's answers into our types. An answer that lacks what the API promises is a `BadAnswer`."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from tools.errors import BadAnswer
from tools.sagemaker.states import (
    FINAL_RUN_STATUSES,
    ConfigVariant,
    EndpointConfig,
    EndpointConfigSummary,
    EndpointState,
    ModelPackage,
    PipelineRun,
    PipelineState,
    PipelineStep,
    VariantState,
)

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import (
        DescribeEndpointConfigOutputTypeDef,
        DescribeEndpointOutputTypeDef,
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
        variants=tuple(
            VariantState(
                name=variant["VariantName"],
                current_instances=variant.get("CurrentInstanceCount"),
                desired_instances=variant.get("DesiredInstanceCount"),
                weight=variant.get("CurrentWeight"),
            )
            for variant in answer.get("ProductionVariants", [])
        ),
    )


def endpoint_config(answer: "DescribeEndpointConfigOutputTypeDef") -> EndpointConfig:
    """From DescribeEndpointConfig."""
    return EndpointConfig(
        name=answer["EndpointConfigName"],
        arn=answer["EndpointConfigArn"],
        created_at=answer["CreationTime"],
        variants=tuple(
            ConfigVariant(
                name=variant["VariantName"],
                model_name=variant.get("ModelName"),
                instance_type=variant.get("InstanceType"),
                initial_instances=variant.get("InitialInstanceCount"),
            )
            for variant in answer["ProductionVariants"]
        ),
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
    return ModelPackage(
        arn=answer["ModelPackageArn"],
        group=answer.get("ModelPackageGroupName", ""),
        version=answer.get("ModelPackageVersion", 0),
        status=answer["ModelPackageStatus"],
        approval_status=answer.get("ModelApprovalStatus", "PendingManualApproval"),
        created_at=answer["CreationTime"],
        last_modified=answer.get("LastModifiedTime"),
        metrics_uri=quality.get("Statistics", {}).get("S3Uri"),
    )
