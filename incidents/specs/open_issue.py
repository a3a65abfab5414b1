"""OpenIssue: one GitHub issue for an incident, found again by a marker in its text."""

from incidents.catalogue import ModelSpec
from incidents.effect import ApiRequest, Estimate, PlanRow, RiskClass
from incidents.origin import AnyOrigin, IncidentOrigin
from incidents.remediation import OpenIssue
from incidents.specs.base import Spec, Undo, stamp

LABEL = "agentops"


class OpenIssueSpec(Spec[OpenIssue]):
    """Changes nothing that serves."""

    risk = RiskClass.NONE
    role = None
    iam_actions = frozenset[str]()
    verified = False

    @property
    def title(self) -> str:
        """One line."""
        return f"Open an issue in {self.remediation.repository}"

    @property
    def target(self) -> str:
        """The repository; see `requests` for what keeps it to one an incident."""
        return f"issue/{self.remediation.repository}"

    def requests(self, origin: AnyOrigin, execution_id: str) -> tuple[ApiRequest, ...]:
        """One call. The marker is hidden in the text: an issue that carries it is taken as ours, not opened again."""
        told = self._of(origin, IncidentOrigin)
        opened = f" {stamp(told.opened_at)}" if told.opened_at is not None else ""
        marker = f"<!-- agentops:{told.incident_id}{opened} -->"
        parameters = {
            "repository": self.remediation.repository,
            "title": self.remediation.title,
            "body": f"{self.remediation.body}\n\n{marker}",
            "labels": [LABEL],
            "marker": marker,
        }
        return (ApiRequest(service="github", operation="CreateIssue", parameters=parameters),)

    def plan(self, origin: AnyOrigin) -> tuple[PlanRow, ...]:
        """One line."""
        self._of(origin, IncidentOrigin)
        after = "one issue, commented as the incident goes on and closed with its resolution"
        return (PlanRow(what=self.remediation.repository, before="no issue", after=after),)

    def undo(self, origin: AnyOrigin) -> Undo:
        """By hand."""
        self._of(origin, IncidentOrigin)
        return Undo("Close the issue.")

    def estimate(self, model: ModelSpec) -> Estimate:
        """Nothing."""
        return Estimate(minutes=0.1, cost_usd=0.0, basis="one call")

    @property
    def success_criteria(self) -> tuple[str, ...]:
        """GitHub's answer."""
        return ("GitHub names the issue's number",)
