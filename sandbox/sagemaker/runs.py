"""One pipeline execution: its steps, laid out in time when it starts, and what shows of it at a moment.

Steps run one after the other, in the order of the definition.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.sagemaker.arns import arn_of
from sandbox.sagemaker.errors import invalid

Json = dict[str, Any]

RUN_FAILED = "Step failure: One or multiple steps failed."
_WEIGHTS = {"Training": 10.0, "Processing": 4.0, "RegisterModel": 1.0, "Condition": 0.5}
_FAILS_AFTER = 0.6
"""The part of its time after which a step that is to fail does so."""


@dataclass
class Step:
    """One step of an execution.

    Attributes:
        name: its name in the definition.
        kind: its type in the definition, such as Training.
        starts: unix seconds.
        ends: unix seconds.
        fails_with: the reason it fails for at its end; None when it succeeds.
        arn: what it made: a training job or a model package.
    """

    name: str
    kind: str
    starts: float
    ends: float
    fails_with: str | None = None
    arn: str | None = None

    def runs_at(self, moment: float) -> bool:
        """Whether it is under way."""
        return self.starts <= moment < self.ends

    def succeeded(self, now: float, stop_asked: float | None) -> bool:
        """Whether it has ended well by now."""
        return now >= self.ends and not self.fails_with and (stop_asked is None or stop_asked >= self.ends)


@dataclass(frozen=True)
class CandidateDefect:
    """A candidate that looks good on paper: latency multiplied by, and the share of requests that fail."""

    latency: float
    errors: float


@dataclass
class Run:
    """A pipeline execution.

    Attributes:
        arn: its ARN.
        pipeline: the pipeline's name.
        pipeline_arn: the pipeline's ARN.
        version: the pipeline version it runs.
        definition: that version's definition.
        request: the StartPipelineExecution request.
        started: unix seconds.
        steps: its steps in order.
        candidate_is_worse: whether the model it registers fails the gate.
        defect: what is wrong with the model it registers once it serves; None when nothing is.
        stop_asked: unix seconds when somebody asked it to stop.
        stopped: unix seconds when it has stopped after that.
    """

    arn: str
    pipeline: str
    pipeline_arn: str
    version: int
    definition: str
    request: Json
    started: float
    steps: list[Step]
    candidate_is_worse: bool = False
    defect: CandidateDefect | None = None
    stop_asked: float | None = None
    stopped: float | None = None

    @property
    def identifier(self) -> str:
        """The last part of the ARN."""
        return self.arn.rsplit("/", 1)[1]

    @property
    def ends(self) -> float:
        """Unix seconds when it is over, if nobody stops it."""
        return self.steps[-1].ends if self.steps else self.started

    def parameter(self, name: str) -> str | None:
        """The value of a pipeline parameter as the caller gave it."""
        given: list[Json] = self.request.get("PipelineParameters") or []
        return next((str(one["Value"]) for one in given if one["Name"] == name), None)

    def moment(self, name: str) -> float | None:
        """A pipeline parameter that is a moment (ISO 8601), in unix seconds; None when it is none."""
        try:
            return datetime.fromisoformat(self.parameter(name) or "").timestamp()
        except ValueError:
            return None

    def fail(self, step_name: str, reason: str) -> None:
        """Let a step fail: the named one, else the Training step, else the first; later steps never start."""
        names = [step.name for step in self.steps]
        kinds = [step.kind for step in self.steps]
        if step_name in names:
            at = names.index(step_name)
        else:
            at = kinds.index("Training") if "Training" in kinds else 0
        step = self.steps[at]
        step.ends = step.starts + (step.ends - step.starts) * _FAILS_AFTER
        step.fails_with = reason
        del self.steps[at + 1 :]

    def stop(self, at: float, takes: float) -> None:
        """Stop as of this moment; it is over `takes` seconds later."""
        self.stop_asked, self.stopped = at, at + takes

    def begun(self, now: float) -> list[Step]:
        """The steps that have started by now."""
        limit = now if self.stop_asked is None else min(now, self.stop_asked)
        return [step for step in self.steps if step.starts <= limit]

    def status(self, now: float) -> str:
        """The execution's status at this moment."""
        if self.stop_asked is not None and self.stopped is not None:
            return "Stopped" if now >= self.stopped else "Stopping"
        if now < self.ends:
            return "Executing"
        return "Failed" if any(step.fails_with for step in self.steps) else "Succeeded"

    def describe(self, now: float) -> Json:
        """The answer of DescribePipelineExecution."""
        answer: Json = {
            "PipelineArn": self.pipeline_arn,
            "PipelineExecutionArn": self.arn,
            "PipelineExecutionDisplayName": self.display_name(),
            "PipelineExecutionStatus": self.status(now),
            "CreationTime": self.started,
            "LastModifiedTime": self._modified(now),
            "PipelineVersionId": self.version,
        }
        if self.request.get("PipelineExecutionDescription"):
            answer["PipelineExecutionDescription"] = self.request["PipelineExecutionDescription"]
        if self.request.get("ParallelismConfiguration"):
            answer["ParallelismConfiguration"] = self.request["ParallelismConfiguration"]
        if self.status(now) == "Failed":
            answer["FailureReason"] = RUN_FAILED
        return answer

    def summary(self, now: float) -> Json:
        """The execution as ListPipelineExecutions shows it."""
        answer: Json = {
            "PipelineExecutionArn": self.arn,
            "StartTime": self.started,
            "PipelineExecutionStatus": self.status(now),
            "PipelineExecutionDisplayName": self.display_name(),
        }
        if self.request.get("PipelineExecutionDescription"):
            answer["PipelineExecutionDescription"] = self.request["PipelineExecutionDescription"]
        if self.status(now) == "Failed":
            answer["PipelineExecutionFailureReason"] = RUN_FAILED
        return answer

    def step_summaries(self, now: float) -> list[Json]:
        """The started steps as ListPipelineExecutionSteps shows them."""
        return [self._step_summary(step, now) for step in self.begun(now)]

    def processing_job(self, step: Step) -> str:
        """The name of the processing job of a step."""
        return f"pipelines-{self.identifier}-{step.name}"[:63].rstrip("-")

    def display_name(self) -> str:
        """The name the caller gave it, else one made from its id."""
        return str(self.request.get("PipelineExecutionDisplayName") or f"execution-{self.identifier}")

    def _modified(self, now: float) -> float:
        if self.stopped is not None:
            return min(now, self.stopped)
        return min(now, self.ends)

    def _step_summary(self, step: Step, now: float) -> Json:
        cut_short = self.stop_asked is not None and step.ends > self.stop_asked
        if cut_short:
            status = "Stopped" if self.stopped is not None and now >= self.stopped else "Stopping"
            ended = self.stopped if status == "Stopped" else None
        elif now < step.ends:
            status, ended = "Executing", None
        else:
            status, ended = ("Failed" if step.fails_with else "Succeeded"), step.ends
        answer: Json = {
            "StepName": step.name,
            "StartTime": step.starts,
            "StepStatus": status,
            "AttemptCount": 1,
            "Metadata": self._metadata(step),
        }
        if ended is not None:
            answer["EndTime"] = ended
        if status == "Failed":
            answer["FailureReason"] = step.fails_with
        return answer

    def _metadata(self, step: Step) -> Json:
        match step.kind:
            case "Training":
                return {"TrainingJob": {"Arn": step.arn}} if step.arn else {}
            case "RegisterModel":
                return {"RegisterModel": {"Arn": step.arn}} if step.arn else {}
            case "Processing":
                return {"ProcessingJob": {"Arn": arn_of("processing-job", self.processing_job(step))}}
            case _:
                return {}


def steps_of(definition: str) -> list[tuple[str, str]]:
    """Name and type of each step in a pipeline definition.

    Raises:
        ApiError: the definition is not JSON or has no steps.
    """
    try:
        document: Any = json.loads(definition)
        return [(str(step["Name"]), str(step["Type"])) for step in document["Steps"]]
    except (ValueError, KeyError, TypeError) as error:
        raise invalid("Invalid pipeline definition: it must be JSON with a list of Steps.") from error


def plan_steps(steps: list[tuple[str, str]], started: float, takes: float) -> list[Step]:
    """Lay steps out one after the other over `takes` seconds, long kinds longer."""
    total = sum(_WEIGHTS.get(kind, 2.0) for _, kind in steps)
    planned: list[Step] = []
    start = started
    for name, kind in steps:
        end = start + takes * _WEIGHTS.get(kind, 2.0) / total
        planned.append(Step(name=name, kind=kind, starts=start, ends=end))
        start = end
    return planned
