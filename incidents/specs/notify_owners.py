"""NotifyOwners: one message in the incident's thread that calls a group."""

from incidents.catalogue import ModelSpec
from incidents.effect import ApiRequest, Estimate, PlanRow, RiskClass
from incidents.origin import AnyOrigin, IncidentOrigin
from incidents.remediation import NotifyOwners
from incidents.specs.base import Spec, Undo


class NotifyOwnersSpec(Spec[NotifyOwners]):
    """Changes nothing that serves."""

    risk = RiskClass.NONE
    role = None
    iam_actions = frozenset[str]()
    verified = False

    @property
    def title(self) -> str:
        """One line."""
        return f"Call @{self.remediation.owners} into the thread"

    @property
    def target(self) -> str:
        """The group."""
        return f"owners/{self.remediation.owners}"

    def requests(self, origin: AnyOrigin, execution_id: str) -> tuple[ApiRequest, ...]:
        """One message; it is a row of the outbox, so the same call again changes nothing."""
        told = self._of(origin, IncidentOrigin)
        parameters = {"incident": told.incident_id, "owners": self.remediation.owners, "text": self.remediation.text}
        return (ApiRequest(service="slack", operation="PostInThread", parameters=parameters),)

    def plan(self, origin: AnyOrigin) -> tuple[PlanRow, ...]:
        """One line."""
        self._of(origin, IncidentOrigin)
        return (PlanRow(what=f"@{self.remediation.owners}", before="not called", after="called into this thread"),)

    def undo(self, origin: AnyOrigin) -> Undo:
        """A call is a call."""
        self._of(origin, IncidentOrigin)
        return Undo("Nothing to undo.")

    def estimate(self, model: ModelSpec) -> Estimate:
        """Nothing."""
        return Estimate(minutes=0.1, cost_usd=0.0, basis="one message")

    @property
    def success_criteria(self) -> tuple[str, ...]:
        """The message."""
        return ("the message stands in the thread",)
