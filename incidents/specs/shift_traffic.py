"""ShiftTraffic: one UpdateEndpointWeightsAndCapacities with absolute weights, where the old variant still lives."""

from collections.abc import Iterable

from incidents.catalogue import ModelSpec
from incidents.effect import ApiRequest, Estimate, PlanRow, RiskClass
from incidents.origin import AnyOrigin, TrafficOrigin, VariantWeight
from incidents.remediation import ShiftTraffic
from incidents.specs.base import Spec, Undo


class ShiftTrafficSpec(Spec[ShiftTraffic]):
    """Weights only: counts and config stay."""

    risk = RiskClass.HIGH
    role = "roller"
    iam_actions = frozenset({"sagemaker:UpdateEndpointWeightsAndCapacities"})
    origin_statuses = frozenset({"InService"})

    @property
    def title(self) -> str:
        """One line."""
        return f"Shift the traffic of {self.remediation.endpoint}: {shares(self.remediation.weights)}"

    @property
    def target(self) -> str:
        """The endpoint."""
        return f"endpoint/{self.remediation.endpoint}"

    def requests(self, origin: AnyOrigin, execution_id: str) -> tuple[ApiRequest, ...]:
        """One call, idempotent by nature."""
        self._of(origin, TrafficOrigin)
        parameters = {
            "EndpointName": self.remediation.endpoint,
            "DesiredWeightsAndCapacities": [
                {"VariantName": one.variant, "DesiredWeight": one.weight} for one in self.remediation.weights
            ],
        }
        return (ApiRequest(service="sagemaker", operation="UpdateEndpointWeightsAndCapacities", parameters=parameters),)

    def plan(self, origin: AnyOrigin) -> tuple[PlanRow, ...]:
        """Traffic, and what stays."""
        before = self._of(origin, TrafficOrigin)
        return (
            PlanRow(what="Traffic", before=shares(before.weights), after=shares(self.remediation.weights)),
            PlanRow(what="Endpoint config", before=before.config_name, after="unchanged"),
            PlanRow(what="Instance counts", before="as they are", after="kept"),
        )

    def undo(self, origin: AnyOrigin) -> Undo:
        """The weights of before."""
        before = self._of(origin, TrafficOrigin).weights
        words = f"The same call with the weights of before: {shares(before)}."
        return Undo(words, ShiftTraffic(endpoint=self.remediation.endpoint, weights=before))

    def estimate(self, model: ModelSpec) -> Estimate:
        """Typical."""
        return Estimate(minutes=1, cost_usd=None, basis="typical change of weights; no added running cost")

    @property
    def success_criteria(self) -> tuple[str, ...]:
        """InService alone is not success."""
        return (
            f"{self.remediation.endpoint} is InService with the traffic at {shares(self.remediation.weights)}",
            "every alert expression that fired is inside its threshold at every sample of the window",
        )


def shares(weights: Iterable[VariantWeight]) -> str:
    """Weights as people read them: ``v23 100 %, v24 0 %``."""
    listed = list(weights)
    total = sum(one.weight for one in listed) or 1.0
    return ", ".join(f"{one.variant} {100 * one.weight / total:.0f} %" for one in listed)
