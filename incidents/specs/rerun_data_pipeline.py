"""RerunDataPipeline: one StartPipelineExecution of a data pipeline, from the start of the broken window."""

from incidents.catalogue import ModelSpec
from incidents.effect import ApiRequest, Estimate, PlanRow, RiskClass
from incidents.origin import AnyOrigin, PipelineOrigin
from incidents.remediation import RerunDataPipeline
from incidents.specs.base import Spec, Undo, stamp
from incidents.specs.start_retraining import one_run, pipeline_start


class RerunDataPipelineSpec(Spec[RerunDataPipeline]):
    """Fills the features of the window again; trains and deploys nothing."""

    risk = RiskClass.LOW
    role = "retrainer"
    iam_actions = frozenset({"sagemaker:StartPipelineExecution"})

    @property
    def title(self) -> str:
        """One line."""
        since = f"{self.remediation.window_start:%d %b %H:%M} UTC"
        return f"Run data pipeline {self.remediation.pipeline} again from {since}"

    @property
    def target(self) -> str:
        """The pipeline."""
        return f"pipeline/{self.remediation.pipeline}"

    def requests(self, origin: AnyOrigin, execution_id: str) -> tuple[ApiRequest, ...]:
        """One call; the same call again finds the run it started."""
        given = [("WindowStart", stamp(self.remediation.window_start))]
        return (pipeline_start(self.remediation.pipeline, self._of(origin, PipelineOrigin), execution_id, given),)

    def plan(self, origin: AnyOrigin) -> tuple[PlanRow, ...]:
        """Run, features, endpoint."""
        start = self._of(origin, PipelineOrigin)
        since = f"{self.remediation.window_start:%d %b %H:%M} UTC"
        return (
            PlanRow(what="Data pipeline run", before="none", after=one_run(self.remediation.pipeline, start)),
            PlanRow(what="Features", before=f"broken since {since}", after=f"filled again from {since}"),
            PlanRow(what="Live endpoint", before="unchanged", after="unchanged"),
        )

    def undo(self, origin: AnyOrigin) -> Undo:
        """The run reads sources and fills features; another run does so again."""
        self._of(origin, PipelineOrigin)
        return Undo("StopPipelineExecution while it runs; afterwards run it again once the source is right.")

    def estimate(self, model: ModelSpec) -> Estimate:
        """From the catalogue."""
        return Estimate(
            minutes=model.data.expected_minutes,
            cost_usd=model.data.expected_cost_usd,
            basis="as the catalogue expects",
        )

    @property
    def success_criteria(self) -> tuple[str, ...]:
        """The run, then the signals."""
        return (
            "the pipeline run ends Succeeded",
            "every alert expression that fired is inside its threshold at every sample of the window",
        )
