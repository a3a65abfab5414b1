"""RollbackEndpoint: one UpdateEndpoint to a config that served before. All at once: the champion is broken."""

from incidents.catalogue import ModelSpec
from incidents.effect import ApiRequest, Estimate, PlanRow, RiskClass
from incidents.origin import AnyOrigin, EndpointOrigin
from incidents.remediation import RollbackEndpoint
from incidents.specs.base import Spec, Undo


class RollbackEndpointSpec(Spec[RollbackEndpoint]):
    """Back to a config that exists, under the same variant names, with the instance counts of now."""

    risk = RiskClass.HIGH
    role = "roller"
    iam_actions = frozenset({"sagemaker:UpdateEndpoint"})
    origin_statuses = frozenset({"InService"})

    @property
    def title(self) -> str:
        """One line."""
        return f"Roll {self.remediation.endpoint} back to {self.remediation.to_config}"

    @property
    def target(self) -> str:
        """The endpoint."""
        return f"endpoint/{self.remediation.endpoint}"

    def requests(self, origin: AnyOrigin, execution_id: str) -> tuple[ApiRequest, ...]:
        """One call."""
        self._of(origin, EndpointOrigin)
        parameters = {
            "EndpointName": self.remediation.endpoint,
            "EndpointConfigName": self.remediation.to_config,
            # The default (false) would reset instance counts to the old config's: too few at peak.
            "RetainAllVariantProperties": True,
        }
        return (ApiRequest(service="sagemaker", operation="UpdateEndpoint", parameters=parameters),)

    def plan(self, origin: AnyOrigin) -> tuple[PlanRow, ...]:
        """Config, counts, traffic."""
        before, after = self._of(origin, EndpointOrigin).config_name, self.remediation.to_config
        return (
            PlanRow(what="Endpoint config", before=before, after=after),
            PlanRow(what="Instance counts", before="as they are", after="kept"),
            PlanRow(what="Traffic", before=f"all on {before}", after=f"all on {after}"),
        )

    def undo(self, origin: AnyOrigin) -> Undo:
        """The same call, back."""
        before = self._of(origin, EndpointOrigin).config_name
        words = f"UpdateEndpoint back to {before}, which stays in SageMaker."
        return Undo(words, RollbackEndpoint(endpoint=self.remediation.endpoint, to_config=before))

    def estimate(self, model: ModelSpec) -> Estimate:
        """Typical."""
        return Estimate(minutes=5, cost_usd=None, basis="typical endpoint update; no added running cost")

    @property
    def success_criteria(self) -> tuple[str, ...]:
        """InService alone is not success."""
        return (
            f"{self.remediation.endpoint} is InService on {self.remediation.to_config} with no failure reason",
            "every alert expression that fired is inside its threshold at every sample of the window",
        )
