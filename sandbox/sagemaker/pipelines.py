"""Pipelines, their versions, and every operation on them; `runs.py` holds what one execution goes through."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.sagemaker.arns import arn_of, name_of
from sandbox.sagemaker.errors import ApiError, invalid, not_found
from sandbox.sagemaker.objects import Objects
from sandbox.sagemaker.paging import Listing
from sandbox.sagemaker.plays import PIPELINE_PLAYS, Plays
from sandbox.sagemaker.runs import CandidateDefect, Run, plan_steps, steps_of
from sandbox.sagemaker.tags import Tags
from sandbox.sagemaker.training import TrainingJob, TrainingJobs
from sandbox.sagemaker.world_clock import WorldClock

Json = dict[str, Any]

PIPELINE_MINUTES = 20.0
_DEFAULT_REASON = "ClientError: Failed to run the step: AlgorithmError, exit code: 1"


@dataclass(frozen=True)
class Version:
    """One version of a pipeline's definition."""

    number: int
    definition: str
    created: float


@dataclass
class Pipeline:
    """A pipeline of the account.

    Attributes:
        name: its name.
        arn: its ARN.
        created: unix seconds.
        versions: its definitions, oldest first; the last one runs when nobody says otherwise.
        request: the parameters it was created with.
        modified: unix seconds of its last change.
        minutes: world minutes one run takes.
    """

    name: str
    arn: str
    created: float
    versions: list[Version]
    request: Json
    modified: float
    minutes: float = PIPELINE_MINUTES
    tokens: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])

    @property
    def latest(self) -> Version:
        """The version that runs by default."""
        return self.versions[-1]


OnRegister = Callable[[Run, float], str]


class Pipelines:
    """The pipelines of the account and their executions.

    Args:
        clock: the world's clock.
        plays: outcomes armed for runs.
        tags: the tags of the account.
        objects: S3, for definitions kept there.
        training: where a Training step's job shows.
        on_register: called when a RegisterModel step ends; answers the ARN of the package it made, or nothing.
    """

    def __init__(
        self,
        clock: WorldClock,
        plays: Plays,
        tags: Tags,
        objects: Objects,
        training: TrainingJobs,
        on_register: OnRegister,
    ) -> None:
        self._clock = clock
        self._plays = plays
        self._tags = tags
        self._objects = objects
        self._training = training
        self._on_register = on_register
        self.pipelines: dict[str, Pipeline] = {}
        self.runs: dict[str, Run] = {}

    def settle(self) -> None:
        """Start training jobs and register models whose moment has come."""
        now = self._clock.now()
        for run in self.runs.values():
            for step in run.begun(now):
                if step.kind == "Training" and step.arn is None:
                    step.arn = self._train(run, step.name, step.starts, step.ends, step.fails_with)
                job = self._training.jobs.get(name_of(step.arn)) if step.arn else None
                if job is not None and run.stop_asked is not None and job.stop_asked is None and step.runs_at(now):
                    self._training.stop(job, run.stop_asked)
                if step.kind == "RegisterModel" and step.arn is None and step.succeeded(now, run.stop_asked):
                    step.arn = self._on_register(run, step.ends)

    def succeeded(self, pipeline: str) -> list[Run]:
        """The runs of a pipeline that have ended well, oldest first."""
        now = self._clock.now()
        return [run for run in self.runs.values() if run.pipeline == pipeline and run.status(now) == "Succeeded"]

    def create_pipeline(
        self, request: Json, *, created: float | None = None, minutes: float = PIPELINE_MINUTES
    ) -> Json:
        """CreatePipeline; its first version is 1."""
        name = str(request["PipelineName"])
        if name in self.pipelines:
            raise invalid(
                "Pipeline names must be unique within an AWS account and region. "
                f"Pipeline with name ({name}) already exists."
            )
        now = self._clock.now() if created is None else created
        definition = self._definition(request)
        if definition is None:
            raise invalid("Either Pipeline Definition or Pipeline Definition S3 location should be provided.")
        pipeline = Pipeline(
            name=name,
            arn=arn_of("pipeline", name),
            created=now,
            versions=[Version(1, definition, now)],
            request=request,
            modified=now,
            minutes=minutes,
        )
        self.pipelines[name] = pipeline
        self._tags.put(pipeline.arn, request.get("Tags"))
        return {"PipelineArn": pipeline.arn}

    def update_pipeline(self, request: Json) -> Json:
        """UpdatePipeline; a new definition is a new version."""
        pipeline, now = self._find(str(request["PipelineName"])), self._clock.now()
        definition = self._definition(request)
        if definition is not None and definition != pipeline.latest.definition:
            pipeline.versions.append(Version(pipeline.latest.number + 1, definition, now))
        pipeline.request = pipeline.request | request
        pipeline.modified = now
        return {"PipelineArn": pipeline.arn, "PipelineVersionId": pipeline.latest.number}

    def delete_pipeline(self, request: Json) -> Json:
        """DeletePipeline."""
        pipeline = self._find(str(request["PipelineName"]))
        if any(
            run.status(self._clock.now()) == "Executing" for run in self.runs.values() if run.pipeline == pipeline.name
        ):
            raise ApiError("ConflictException", f"Pipeline {pipeline.arn} has running executions.")
        del self.pipelines[pipeline.name]
        self._tags.forget(pipeline.arn)
        return {"PipelineArn": pipeline.arn}

    def describe_pipeline(self, request: Json) -> Json:
        """DescribePipeline, of a version if one is named."""
        pipeline = self._find(str(request["PipelineName"]))
        version = _version(pipeline, request.get("PipelineVersionId"))
        answer: Json = {
            "PipelineArn": pipeline.arn,
            "PipelineName": pipeline.name,
            "PipelineDisplayName": str(pipeline.request.get("PipelineDisplayName") or pipeline.name),
            "PipelineDescription": str(pipeline.request.get("PipelineDescription") or ""),
            "PipelineDefinition": version.definition,
            "RoleArn": str(pipeline.request.get("RoleArn") or ""),
            "PipelineStatus": "Active",
            "CreationTime": pipeline.created,
            "LastModifiedTime": pipeline.modified,
        }
        last = max((run.started for run in self._runs_of(pipeline)), default=None)
        return answer if last is None else answer | {"LastRunTime": last}

    def list_pipelines(self, request: Json) -> Json:
        """ListPipelines."""
        prefix = str(request.get("PipelineNamePrefix") or "")
        chosen = [pipeline for pipeline in self.pipelines.values() if pipeline.name.startswith(prefix)]
        return _PIPELINES.answer(chosen, request)

    def list_pipeline_versions(self, request: Json) -> Json:
        """ListPipelineVersions; the newest first unless asked otherwise."""
        pipeline = self._find(str(request["PipelineName"]))
        listing = Listing[Version](
            key="PipelineVersionSummaries",
            summary=lambda version: {
                "PipelineArn": pipeline.arn,
                "PipelineVersionId": version.number,
                "CreationTime": version.created,
            },
            name=lambda version: f"{version.number:08d}",
            created=lambda version: version.created,
        )
        return listing.answer(pipeline.versions, request)

    def start_execution(self, request: Json) -> Json:
        """StartPipelineExecution; the same ClientRequestToken answers with the same execution."""
        pipeline = self._find(str(request["PipelineName"]))
        token = str(request["ClientRequestToken"])
        asked = json.dumps(
            {key: value for key, value in request.items() if key != "ClientRequestToken"}, sort_keys=True
        )
        before = pipeline.tokens.get(token)
        if before is not None:
            if before[1] != asked:
                raise ApiError("ConflictException", f"ClientRequestToken {token} was used for another request.")
            return {"PipelineExecutionArn": before[0]}
        version, now = _version(pipeline, request.get("PipelineVersionId")), self._clock.now()
        identifier = hashlib.sha256(f"{pipeline.arn}{token}{now}".encode()).hexdigest()[:12]
        run = Run(
            arn=f"{pipeline.arn}/execution/{identifier}",
            pipeline=pipeline.name,
            pipeline_arn=pipeline.arn,
            version=version.number,
            definition=version.definition,
            request=request,
            started=now,
            steps=plan_steps(steps_of(version.definition), now, self._clock.minutes(pipeline.minutes)),
        )
        play = self._plays.take(pipeline.name, PIPELINE_PLAYS)
        match play.kind if play is not None else None:
            case "gate_failed":
                run.candidate_is_worse = True
            case "candidate_defective" if play is not None:
                options = play.options
                run.defect = CandidateDefect(float(options.get("latency", 6.0)), float(options.get("errors", 0.08)))
            case "step_failed" if play is not None:
                run.fail(play.options.get("step", ""), play.options.get("reason") or _DEFAULT_REASON)
            case _:
                pass
        self.runs[run.arn] = run
        pipeline.tokens[token] = (run.arn, asked)
        return {"PipelineExecutionArn": run.arn}

    def stop_execution(self, request: Json) -> Json:
        """StopPipelineExecution; again while it is stopping changes nothing."""
        run, now = self._run(request), self._clock.now()
        status = run.status(now)
        if status == "Executing":
            run.stop(now, self._clock.minutes(0.5))
        elif status not in {"Stopping", "Stopped"}:
            raise ApiError("ConflictException", f"Pipeline execution {run.arn} is already in status {status}.")
        return {"PipelineExecutionArn": run.arn}

    def describe_execution(self, request: Json) -> Json:
        """DescribePipelineExecution."""
        return self._run(request).describe(self._clock.now())

    def list_executions(self, request: Json) -> Json:
        """ListPipelineExecutions of one pipeline."""
        pipeline, now = self._find(str(request["PipelineName"])), self._clock.now()
        listing = Listing[Run](
            key="PipelineExecutionSummaries",
            summary=lambda run: run.summary(now),
            name=lambda run: run.arn,
            created=lambda run: run.started,
        )
        return listing.answer(self._runs_of(pipeline), request)

    def list_steps(self, request: Json) -> Json:
        """ListPipelineExecutionSteps: those that have started; the latest first unless asked otherwise."""
        run, now = self._run(request), self._clock.now()
        listing = Listing[Json](
            key="PipelineExecutionSteps",
            summary=lambda step: step,
            name=lambda step: str(step["StepName"]),
            created=lambda step: float(step["StartTime"]),
        )
        return listing.answer(run.step_summaries(now), request)

    def describe_definition(self, request: Json) -> Json:
        """DescribePipelineDefinitionForExecution."""
        run = self._run(request)
        return {"PipelineDefinition": run.definition, "CreationTime": run.started}

    def list_parameters(self, request: Json) -> Json:
        """ListPipelineParametersForExecution."""
        return {"PipelineParameters": self._run(request).request.get("PipelineParameters") or []}

    def _train(self, run: Run, step: str, starts: float, ends: float, fails_with: str | None) -> str:
        name = f"pipelines-{run.identifier}-{step}"[:63].rstrip("-")
        bucket = f"agentops-{run.pipeline.removesuffix('-train')}"
        job = TrainingJob(
            name=name,
            arn=arn_of("training-job", name),
            created=starts,
            ends=ends,
            request={
                "TrainingJobName": name,
                "AlgorithmSpecification": {"TrainingInputMode": "File"},
                "ResourceConfig": {"InstanceType": "ml.m5.2xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30},
                "StoppingCondition": {"MaxRuntimeInSeconds": 86400},
                "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/models"},
                "RoleArn": str(self.pipelines[run.pipeline].request.get("RoleArn") or ""),
            },
            metrics=self._training.metrics_of(run.pipeline, run),
            fails_with=fails_with,
        )
        self._training.add(job)
        return job.arn

    def _definition(self, request: Json) -> str | None:
        body, place = request.get("PipelineDefinition"), request.get("PipelineDefinitionS3Location")
        if body and place:
            raise invalid("Both Pipeline Definition and Pipeline Definition S3 Location shouldn't be present.")
        if place:
            stored = self._objects.get(str(place["Bucket"]), str(place["ObjectKey"]))
            if stored is None:
                raise invalid(f"Could not read s3://{place['Bucket']}/{place['ObjectKey']}.")
            body = stored.decode()
        if body:
            steps_of(str(body))
        return str(body) if body else None

    def _runs_of(self, pipeline: Pipeline) -> list[Run]:
        return [run for run in self.runs.values() if run.pipeline == pipeline.name]

    def _find(self, name_or_arn: str) -> Pipeline:
        pipeline = self.pipelines.get(name_of(name_or_arn))
        if pipeline is None:
            raise not_found(f"Pipeline '{arn_of('pipeline', name_of(name_or_arn))}' does not exist.")
        return pipeline

    def _run(self, request: Json) -> Run:
        arn = str(request.get("PipelineExecutionArn") or "")
        run = self.runs.get(arn)
        if run is None:
            raise not_found(f"Pipeline execution with ARN {arn} does not exist.")
        return run


def _version(pipeline: Pipeline, number: Any) -> Version:
    if number is None:
        return pipeline.latest
    for version in pipeline.versions:
        if version.number == int(number):
            return version
    raise not_found(f"Pipeline version {number} of '{pipeline.arn}' does not exist.")


def _summary(pipeline: Pipeline) -> Json:
    return {
        "PipelineArn": pipeline.arn,
        "PipelineName": pipeline.name,
        "PipelineDisplayName": str(pipeline.request.get("PipelineDisplayName") or pipeline.name),
        "PipelineDescription": str(pipeline.request.get("PipelineDescription") or ""),
        "RoleArn": str(pipeline.request.get("RoleArn") or ""),
        "CreationTime": pipeline.created,
        "LastModifiedTime": pipeline.modified,
    }


_PIPELINES = Listing[Pipeline](
    key="PipelineSummaries",
    summary=_summary,
    name=lambda pipeline: pipeline.name,
    created=lambda pipeline: pipeline.created,
    modified=lambda pipeline: pipeline.modified,
)
