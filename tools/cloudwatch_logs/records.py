"""Lines of logs, and the places in CloudWatch Logs where SageMaker keeps them. Texts are untrusted."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

PlaceKind = Literal["endpoint", "training", "processing"]
TRAINING_JOBS = "/aws/sagemaker/TrainingJobs"
PROCESSING_JOBS = "/aws/sagemaker/ProcessingJobs"


@dataclass(frozen=True)
class LogPlace:
    """A log group, or those of its streams whose names begin alike.

    Attributes:
        kind: what writes there.
        name: whose lines they are: the endpoint, or the job.
        streams: how the streams' names begin; empty for all of the group.
    """

    kind: PlaceKind
    name: str
    group: str
    streams: str = ""

    @classmethod
    def of_endpoint(cls, endpoint: str) -> "LogPlace":
        """Every instance of every variant writes a stream: ``<variant>/<instance>``."""
        return cls("endpoint", endpoint, f"/aws/sagemaker/Endpoints/{endpoint}")

    @classmethod
    def of_job(cls, kind: Literal["training", "processing"], job: str) -> "LogPlace":
        """All jobs of an account share one group for each kind; a stream's name begins with that of its job."""
        return cls(kind, job, TRAINING_JOBS if kind == "training" else PROCESSING_JOBS, f"{job}/")


@dataclass(frozen=True)
class LogLine:
    """One event of a stream; `text` may hold line breaks."""

    at: datetime
    stream: str
    text: str


@dataclass(frozen=True)
class LogLines:
    """Lines in order of time. `whole` is False where there were more than could be read."""

    lines: tuple[LogLine, ...]
    whole: bool = True
