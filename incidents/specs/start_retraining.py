"""StartRetraining: one StartPipelineExecution on a clean window, under a token of the execution's own."""

from typing import Any

from incidents.catalogue import ModelSpec
from incidents.effect import ApiRequest, Estimate, PlanRow, RiskClass
from incidents.origin import AnyOrigin, PipelineOrigin
from incidents.remediation import StartRetraining
from incidents.specs.base import Spec, Undo, client_request_token, stamp


class StartRetrainingSpec(Spec[StartRetraining]):
    """Trains and registers a candidate; deploys nothing."""

    risk = RiskClass.LOW
    role = "retrainer"
    iam_actions = frozenset({"sagemaker:StartPipelineExecution"})

    @property
    def title(self) -> str:
        """One line."""
        return f"Retrain with pipeline {self.remediation.pipeline}"

    @property
    def target(self) -> str:
        """The pipeline."""
        return f"pipeline/{self.remediation.pipeline}"

    def requests(self, origin: AnyOrigin, execution_id: str) -> tuple[ApiRequest, ...]:
        """One call; the same call again finds the run it started."""
        begin, end = stamp(self.remediation.window_start), stamp(self.remediation.window_end)
        return (
            pipeline_start(
                self.remediation.pipeline,
                self._of(origin, PipelineOrigin),
                execution_id,
                [("TrainingWindowStart", begin), ("TrainingWindowEnd", end)],
            ),
        )

    def plan(self, origin: AnyOrigin) -> tuple[PlanRow, ...]:
        """Run, data, endpoint."""
        start = self._of(origin, PipelineOrigin)
        untouched = "unchanged: a candidate is registered, not deployed"
        window = f"{self.remediation.window_start:%d %b %H:%M} to {self.remediation.window_end:%d %b %H:%M} UTC"
        return (
            PlanRow(what="Training run", before="none", after=one_run(self.remediation.pipeline, start)),
            PlanRow(what="Training data", before="as at the last training", after=window),
            PlanRow(what="Live endpoint", before="unchanged", after=untouched),
        )

    def undo(self, origin: AnyOrigin) -> Undo:
        """Nothing is deployed, so there is little to undo."""
        self._of(origin, PipelineOrigin)
        return Undo("StopPipelineExecution while it runs; afterwards nothing: the candidate is not deployed.")

    def estimate(self, model: ModelSpec) -> Estimate:
        """From the catalogue."""
        retraining = model.retraining
        if retraining is None:
            return Estimate(minutes=60, cost_usd=None, basis="no figures in the catalogue")
        return Estimate(
            minutes=retraining.expected_minutes,
            cost_usd=retraining.expected_cost_usd,
            basis="as the catalogue expects",
        )

    @property
    def success_criteria(self) -> tuple[str, ...]:
        """The run, then the gate."""
        return (
            "the pipeline run ends Succeeded and registers a candidate",
            "the candidate is not worse than the live model on the gate metric by more than the margin",
        )


def one_run(pipeline: str, origin: PipelineOrigin) -> str:
    """What will run, in words: the pipeline and the version that is pinned."""
    pinned = "" if origin.version_id is None else f", version {origin.version_id}"
    return f"one run of {pipeline}{pinned}"


def pipeline_start(
    pipeline: str, origin: PipelineOrigin, execution_id: str, parameters: list[tuple[str, str]]
) -> ApiRequest:
    """One StartPipelineExecution under the execution's own token, of the pinned version where there is one."""
    body: dict[str, Any] = {
        "PipelineName": pipeline,
        "PipelineExecutionDisplayName": f"agentops-{execution_id}"[:82],
        "PipelineExecutionDescription": "Started by AgentOps after approval.",
        "PipelineParameters": [{"Name": name, "Value": value} for name, value in parameters],
        "ClientRequestToken": client_request_token(execution_id),
    }
    if origin.version_id is not None:
        body["PipelineVersionId"] = origin.version_id
    return ApiRequest(service="sagemaker", operation="StartPipelineExecution", parameters=body)
