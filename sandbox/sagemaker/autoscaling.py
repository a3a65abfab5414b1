"""Scalable targets of Application Auto Scaling on variants: moto keeps them, UpdateEndpoint asks about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.sagemaker.arns import ACCOUNT, REGION, role_arn
from sandbox.sagemaker.errors import ApiError, invalid

if TYPE_CHECKING:
    from moto.applicationautoscaling.models import ApplicationAutoscalingBackend

DIMENSION = "sagemaker:variant:DesiredInstanceCount"


class Autoscaling:
    """Which variants are autoscaled."""

    def register(self, endpoint: str, variant: str, least: int, most: int) -> None:
        """Make a variant a scalable target, as RegisterScalableTarget does."""
        role = role_arn("aws-service-role/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint")
        untyped: Any = self._backend()  # moto takes a structure for what it declares as a text
        nothing_suspended: dict[str, bool] = {}
        untyped.register_scalable_target(
            "sagemaker", _id(endpoint, variant), DIMENSION, least, most, role, nothing_suspended
        )

    def deregister(self, endpoint: str, variant: str) -> None:
        """No longer a scalable target; nothing happens when it was none."""
        if self.scales(endpoint, variant):
            self._backend().deregister_scalable_target("sagemaker", _id(endpoint, variant), DIMENSION)

    def scales(self, endpoint: str, variant: str) -> bool:
        """Whether a variant is a scalable target."""
        return _id(endpoint, variant) in self._backend().targets.get(DIMENSION, {})

    @staticmethod
    def _backend() -> ApplicationAutoscalingBackend:
        from moto.applicationautoscaling.models import applicationautoscaling_backends  # slow to import

        return applicationautoscaling_backends[ACCOUNT][REGION]


def must_be_deregistered(variants: list[str]) -> ApiError:
    """An update would change the instance type of autoscaled variants, or remove them."""
    named = ", ".join(f'"{name}"' for name in variants)
    return invalid(
        f"The variant(s) {named} must be deregistered as a scalable target with AWS Auto Scaling before they can be "
        "removed or have their instance type updated."
    )


def _id(endpoint: str, variant: str) -> str:
    return f"endpoint/{endpoint}/variant/{variant}"
