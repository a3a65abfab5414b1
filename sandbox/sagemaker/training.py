"""Training jobs: Starting, Downloading, Training, Uploading, Completed, by the time that has passed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.sagemaker.arns import arn_of, split_s3_uri
from sandbox.sagemaker.errors import ApiError, invalid
from sandbox.sagemaker.objects import Objects
from sandbox.sagemaker.paging import Listing
from sandbox.sagemaker.runs import Run
from sandbox.sagemaker.tags import Tags
from sandbox.sagemaker.world_clock import WorldClock

Json = dict[str, Any]

TRAINING_MINUTES = 12.0
STOPPING_MINUTES = 0.5
PHASES: tuple[tuple[str, float, str], ...] = (
    ("Starting", 0.10, "Preparing the instances for training"),
    ("Downloading", 0.10, "Downloading the training image and input data"),
    ("Training", 0.70, "Training image download completed. Training in progress."),
    ("Uploading", 0.10, "Uploading generated training model"),
)
"""Secondary status, its part of the whole time, and the message that goes with it."""


@dataclass
class TrainingJob:
    """A training job of the account.

    Attributes:
        name: its name.
        arn: its ARN.
        created: unix seconds.
        ends: unix seconds when it is over, if nobody stops it.
        request: the parameters it was created with.
        metrics: what it reports when completed.
        fails_with: the reason it will fail for; None when it will complete.
        stop_asked: unix seconds when somebody asked it to stop.
        stopped: unix seconds when it has stopped after that.
        uploaded: whether its artefact was written to S3.
    """

    name: str
    arn: str
    created: float
    ends: float
    request: Json
    metrics: dict[str, float]
    fails_with: str | None = None
    stop_asked: float | None = None
    stopped: float | None = None
    uploaded: bool = False

    def statuses(self, now: float) -> tuple[str, str]:
        """Primary and secondary status at this moment."""
        if self.stop_asked is not None and self.stopped is not None and now >= self.stop_asked:
            return ("Stopped", "Stopped") if now >= self.stopped else ("Stopping", "Stopping")
        if now >= self.ends:
            return ("Failed", "Failed") if self.fails_with else ("Completed", "Completed")
        for name, start, end, _ in self._phases():
            if start <= now < end:
                return "InProgress", name
        return "InProgress", "Starting"

    def over(self, now: float) -> float | None:
        """Unix seconds when it ended; None while it runs."""
        if self.statuses(now)[0] not in {"Completed", "Failed", "Stopped"}:
            return None
        return self.stopped if self.stopped is not None else self.ends

    def artefact(self) -> str:
        """The `s3://` address of the model it produces."""
        output: Json = self.request.get("OutputDataConfig") or {}
        return f"{str(output.get('S3OutputPath', '')).rstrip('/')}/{self.name}/output/model.tar.gz"

    def transitions(self, now: float) -> list[Json]:
        """The secondary statuses gone through so far."""
        limit = now if self.stop_asked is None else min(now, self.stop_asked)
        gone: list[Json] = []
        for name, start, end, message in self._phases():
            if start > limit:
                break
            entry: Json = {"Status": name, "StartTime": start, "StatusMessage": message}
            if now >= end or self.stop_asked is not None:
                entry["EndTime"] = min(end, limit)
            gone.append(entry)
        over = self.over(now)
        if over is not None:
            status = self.statuses(now)[1]
            gone.append(
                {
                    "Status": status,
                    "StartTime": over,
                    "EndTime": over,
                    "StatusMessage": f"Training job {status.lower()}",
                }
            )
        return gone

    def training_began(self) -> float:
        """Unix seconds when the Training phase starts."""
        return self._phases()[2][1]

    def _phases(self) -> list[tuple[str, float, float, str]]:
        total, start = self.ends - self.created, self.created
        phases: list[tuple[str, float, float, str]] = []
        for name, part, message in PHASES:
            phases.append((name, start, start + total * part, message))
            start += total * part
        return phases


class TrainingJobs:
    """The training jobs of the account, and every operation on them."""

    def __init__(
        self, clock: WorldClock, tags: Tags, objects: Objects, metrics_of: Callable[[str, Run | None], dict[str, float]]
    ) -> None:
        self._clock = clock
        self._tags = tags
        self._objects = objects
        self._metrics_of = metrics_of
        self.jobs: dict[str, TrainingJob] = {}
        self.minutes = TRAINING_MINUTES

    def settle(self) -> None:
        """Write the artefact of every job that has completed."""
        now = self._clock.now()
        for job in self.jobs.values():
            if not job.uploaded and job.statuses(now)[0] == "Completed":
                job.uploaded = True
                place = split_s3_uri(job.artefact())
                if place is not None and self._objects.has_bucket(place[0]):
                    self._objects.put(*place, body=f"model of {job.name}\n".encode())

    def metrics_of(self, name: str, run: Run | None) -> dict[str, float]:
        """What a job of this name, or of this run of the pipeline of this name, will report."""
        return self._metrics_of(name, run)

    def add(self, job: TrainingJob) -> None:
        """Take in a job that something else, such as a pipeline step, has started."""
        self.jobs[job.name] = job
        self._tags.put(job.arn, None)

    def create_training_job(self, request: Json) -> Json:
        """CreateTrainingJob; there is no token, the name is the key."""
        name = str(request["TrainingJobName"])
        if name in self.jobs:
            raise ApiError(
                "ResourceInUse",
                "Training job names must be unique within an AWS account and region, and a training job with this "
                f"name already exists ({self.jobs[name].arn})",
            )
        now = self._clock.now()
        job = TrainingJob(
            name=name,
            arn=arn_of("training-job", name),
            created=now,
            ends=now + self._clock.minutes(self.minutes),
            request={key: value for key, value in request.items() if key != "Tags"},
            metrics=self._metrics_of(name, None),
        )
        self.add(job)
        self._tags.put(job.arn, request.get("Tags"))
        return {"TrainingJobArn": job.arn}

    def describe_training_job(self, request: Json) -> Json:
        """DescribeTrainingJob."""
        job, now = self._find(request), self._clock.now()
        status, secondary = job.statuses(now)
        over = job.over(now)
        answer: Json = {
            **job.request,
            "TrainingJobArn": job.arn,
            "TrainingJobStatus": status,
            "SecondaryStatus": secondary,
            "SecondaryStatusTransitions": job.transitions(now),
            "ModelArtifacts": {"S3ModelArtifacts": job.artefact()},
            "CreationTime": job.created,
            "LastModifiedTime": over if over is not None else now,
        }
        if now >= job.training_began():
            answer["TrainingStartTime"] = job.training_began()
        if over is not None:
            answer["TrainingEndTime"] = over
            answer["TrainingTimeInSeconds"] = max(0, round((over - job.created) * self._clock.speed))
            answer["BillableTimeInSeconds"] = answer["TrainingTimeInSeconds"]
        if status == "Completed":
            answer["FinalMetricDataList"] = [
                {"MetricName": f"validation:{name}", "Value": value, "Timestamp": job.ends}
                for name, value in job.metrics.items()
            ]
        if status == "Failed":
            answer["FailureReason"] = job.fails_with
        return answer

    def stop_training_job(self, request: Json) -> Json:
        """StopTrainingJob; it takes a moment to stop."""
        job, now = self._find(request), self._clock.now()
        status = job.statuses(now)[0]
        if status != "InProgress":
            raise invalid(f"The request was rejected because the training job is in status {status}.")
        self.stop(job, now)
        return {}

    def stop(self, job: TrainingJob, at: float) -> None:
        """Let a job stop, as of this moment."""
        job.stop_asked, job.stopped = at, at + self._clock.minutes(STOPPING_MINUTES)

    def list_training_jobs(self, request: Json) -> Json:
        """ListTrainingJobs."""
        now = self._clock.now()
        listing = Listing[TrainingJob](
            key="TrainingJobSummaries",
            summary=lambda job: _summary(job, now),
            name=lambda job: job.name,
            created=lambda job: job.created,
            modified=lambda job: job.over(now) or now,
            status=lambda job: job.statuses(now)[0],
        )
        return listing.answer(list(self.jobs.values()), request)

    def _find(self, request: Json) -> TrainingJob:
        job = self.jobs.get(str(request["TrainingJobName"]))
        if job is None:
            raise invalid("Requested resource not found.")
        return job


def _summary(job: TrainingJob, now: float) -> Json:
    status, secondary = job.statuses(now)
    over = job.over(now)
    answer: Json = {
        "TrainingJobName": job.name,
        "TrainingJobArn": job.arn,
        "CreationTime": job.created,
        "LastModifiedTime": over if over is not None else now,
        "TrainingJobStatus": status,
        "SecondaryStatus": secondary,
    }
    if over is not None:
        answer["TrainingEndTime"] = over
    return answer
