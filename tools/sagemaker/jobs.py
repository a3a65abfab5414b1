"""The jobs behind a pipeline's steps: their names are those of their logs."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from tools.sagemaker.states import PipelineJob

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import PipelineExecutionStepTypeDef

_FAILED = "Failed"


def of_steps(pipeline: str, steps: "Iterable[PipelineExecutionStepTypeDef]") -> list[PipelineJob]:
    """Training and processing jobs that were started, in the order of the steps; a step that was cached has none."""
    found: list[PipelineJob] = []
    for step in steps:
        metadata = step.get("Metadata", {})
        jobs: tuple[tuple[Literal["training", "processing"], str], ...] = (
            ("training", metadata.get("TrainingJob", {}).get("Arn", "")),
            ("processing", metadata.get("ProcessingJob", {}).get("Arn", "")),
        )
        failed = step.get("StepStatus") == _FAILED
        found += [
            PipelineJob(kind=kind, name=arn.rpartition("/")[2], pipeline=pipeline, failed=failed)
            for kind, arn in jobs
            if "/" in arn
        ]
    return found
