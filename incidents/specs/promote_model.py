"""PromoteModel: approve the package, create model and config under names of the execution's own, update by a canary."""

from typing import Any

from incidents.catalogue import ModelSpec
from incidents.effect import ApiRequest, Estimate, PlanRow, RiskClass
from incidents.origin import AnyOrigin, PromotionOrigin
from incidents.remediation import PromoteModel, RollbackEndpoint
from incidents.specs.base import Spec, Undo

UPDATE_MINUTES = 10.0
"""What an update takes beside the two bakes; also added to SageMaker's own limit of the deployment."""


class PromoteModelSpec(Spec[PromoteModel]):
    """Four calls: three change nothing that serves; the last is taken back by SageMaker when an alarm fires."""

    risk = RiskClass.HIGH
    role = "promoter"
    iam_actions = frozenset(
        {
            "sagemaker:UpdateModelPackage",
            "sagemaker:CreateModel",
            "sagemaker:CreateEndpointConfig",
            "sagemaker:UpdateEndpoint",
            "iam:PassRole",
        }
    )
    origin_statuses = frozenset({"InService"})

    @property
    def title(self) -> str:
        """One line."""
        return f"Promote version {self.remediation.version} of {self.remediation.model} to {self.remediation.endpoint}"

    @property
    def target(self) -> str:
        """The endpoint."""
        return f"endpoint/{self.remediation.endpoint}"

    def name(self, execution_id: str) -> str:
        """The new model's and the new config's name: the same for every attempt, at most 63 characters."""
        return f"{self.remediation.model[:40]}-v{self.remediation.version}-{execution_id[-8:]}"

    def requests(self, origin: AnyOrigin, execution_id: str) -> tuple[ApiRequest, ...]:
        """Approve, create, create, update."""
        live, name = self._of(origin, PromotionOrigin), self.name(execution_id)
        config: dict[str, Any] = {
            "EndpointConfigName": name,
            "ProductionVariants": [
                {
                    "VariantName": live.variant,
                    "ModelName": name,
                    "InstanceType": live.instance_type,
                    "InitialInstanceCount": live.instances,
                    "InitialVariantWeight": 1.0,
                    **live.variant_settings,
                }
            ],
            **live.config_settings,
        }
        if live.data_capture is not None:
            config["DataCaptureConfig"] = live.data_capture
        calls: list[tuple[str, dict[str, Any]]] = [
            (
                "UpdateModelPackage",
                {
                    "ModelPackageArn": self.remediation.model_package,
                    "ModelApprovalStatus": "Approved",
                    # Who approved is not known when this is digested; the execution's id leads to them.
                    "ApprovalDescription": f"AgentOps execution {execution_id}",
                },
            ),
            (
                "CreateModel",
                {
                    "ModelName": name,
                    "ExecutionRoleArn": live.execution_role,
                    "PrimaryContainer": {"ModelPackageName": self.remediation.model_package},
                    **live.model_settings,
                },
            ),
            ("CreateEndpointConfig", config),
            (
                "UpdateEndpoint",
                {
                    "EndpointName": self.remediation.endpoint,
                    "EndpointConfigName": name,
                    # Counts scaled up since the live config was made must not be lost at the switch.
                    "RetainAllVariantProperties": True,
                    "DeploymentConfig": self._canary(),
                },
            ),
        ]
        return tuple(ApiRequest(service="sagemaker", operation=one, parameters=given) for one, given in calls)

    def _canary(self) -> dict[str, Any]:
        bake = round(self.remediation.bake_minutes * 60)
        return {
            "BlueGreenUpdatePolicy": {
                "TrafficRoutingConfiguration": {
                    "Type": "CANARY",
                    "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": self.remediation.canary_percent},
                    "WaitIntervalInSeconds": bake,
                },
                # The default is 0: the old fleet would be gone before the new one has been watched.
                "TerminationWaitInSeconds": bake,
                "MaximumExecutionTimeoutInSeconds": max(600, 2 * bake + round(UPDATE_MINUTES * 60) * 2),
            },
            "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name} for name in self.remediation.alarms]},
        }

    def plan(self, origin: AnyOrigin) -> tuple[PlanRow, ...]:
        """Version, config, traffic, way back."""
        live = self._of(origin, PromotionOrigin)
        before = f"version {live.live_version}" if live.live_version is not None else live.config_name
        percent, bake = self.remediation.canary_percent, self.remediation.bake_minutes
        alarms = ", ".join(self.remediation.alarms)
        return (
            PlanRow(what="Live model", before=before, after=f"version {self.remediation.version}"),
            PlanRow(what="Endpoint config", before=live.config_name, after="a new one for this version"),
            PlanRow(
                what="Traffic",
                before=f"all on {live.config_name}",
                after=f"{percent} % for {bake:g} min, then all of it",
            ),
            PlanRow(what="Taken back by itself", before="–", after=f"when an alarm fires: {alarms}"),
            PlanRow(what="Instances", before=f"{live.instances} x {live.instance_type}", after="the same"),
        )

    def undo(self, origin: AnyOrigin) -> Undo:
        """The old config stays."""
        before = self._of(origin, PromotionOrigin).config_name
        words = f"UpdateEndpoint back to {before}, which stays in SageMaker."
        return Undo(words, RollbackEndpoint(endpoint=self.remediation.endpoint, to_config=before))

    def estimate(self, model: ModelSpec) -> Estimate:
        """Two bakes and an update."""
        basis = "a typical update and two bakes; twice the instances meanwhile"
        minutes = UPDATE_MINUTES + 2 * self.remediation.bake_minutes
        return Estimate(minutes=minutes, cost_usd=None, basis=basis)

    @property
    def success_criteria(self) -> tuple[str, ...]:
        """InService alone is not success."""
        return (
            f"{self.remediation.endpoint} is InService on the new config with no failure reason",
            f"errors, latency and drift of {self.remediation.model} stay inside their thresholds for 5 minutes or more",
            "every alert expression that fired is inside its threshold at every sample of the window",
        )
