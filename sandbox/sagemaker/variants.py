"""Production variants as an endpoint runs them, and how the traffic is shared between them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sandbox.sagemaker.model_store import Kept

Json = dict[str, Any]


@dataclass
class LiveVariant:
    """A production variant as the endpoint runs it.

    Attributes:
        name: the variant's name.
        model_name: the model it serves.
        instance_type: empty for a serverless variant.
        instances: how many instances run now.
        desired_instances: how many are wanted.
        weight: its share of the traffic now, against the sum of weights.
        desired_weight: the share that is wanted.
    """

    name: str
    model_name: str
    instance_type: str
    instances: int
    desired_instances: int
    weight: float
    desired_weight: float

    def summary(self) -> Json:
        """The variant as DescribeEndpoint shows it."""
        return {
            "VariantName": self.name,
            "CurrentWeight": self.weight,
            "DesiredWeight": self.desired_weight,
            "CurrentInstanceCount": self.instances,
            "DesiredInstanceCount": self.desired_instances,
        }

    def pending_summary(self, *, share: float, created: bool, status: str, since: float) -> Json:
        """The variant as PendingDeploymentSummary shows it.

        Args:
            share: of the traffic that the new fleet serves, 0 to 1.
            created: whether its instances run.
            status: its VariantStatus.
            since: unix seconds when that began.
        """
        message = f"{share * 100:.0f} percent of the traffic is on the new fleet."
        return {
            **self.summary(),
            "CurrentWeight": self.desired_weight * share,
            "CurrentInstanceCount": self.desired_instances if created else 0,
            "InstanceType": self.instance_type,
            "VariantStatus": [{"Status": status, "StartTime": since, "StatusMessage": message}],
        }


def variants_of(config: Kept) -> list[LiveVariant]:
    """The variants of an endpoint config as they run at first."""
    variants: list[LiveVariant] = []
    for variant in config.request["ProductionVariants"]:
        count = int(variant.get("InitialInstanceCount") or 0)
        weight = float(variant.get("InitialVariantWeight", 1.0))
        variants.append(
            LiveVariant(
                name=str(variant["VariantName"]),
                model_name=str(variant.get("ModelName", "")),
                instance_type=str(variant.get("InstanceType", "")),
                instances=count,
                desired_instances=count,
                weight=weight,
                desired_weight=weight,
            )
        )
    return variants


def retain(old: list[LiveVariant], new: list[LiveVariant], excluded: set[str]) -> None:
    """Carry counts and weights of variants with the same name over to the new config, as the caller asked."""
    by_name = {variant.name: variant for variant in old}
    for variant in new:
        before = by_name.get(variant.name)
        if before is None:
            continue
        if "DesiredInstanceCount" not in excluded:
            variant.instances = variant.desired_instances = before.desired_instances
        if "DesiredWeight" not in excluded:
            variant.weight = variant.desired_weight = before.desired_weight


def excluded_properties(request: Json) -> set[str]:
    """What an UpdateEndpoint does not want to be retained."""
    listed: list[Json] = list(request.get("ExcludeRetainedVariantProperties") or [])
    return {str(entry["VariantPropertyType"]) for entry in listed}


def shares_of(variants: Iterable[LiveVariant], part: float = 1.0) -> dict[str, float]:
    """The share of the traffic that each SageMaker model serves; they add up to `part`, or to 0 without weights."""
    listed = list(variants)
    total = sum(variant.weight for variant in listed)
    shares: dict[str, float] = {}
    for variant in listed:
        if total > 0 and variant.weight > 0 and part > 0:
            shares[variant.model_name] = shares.get(variant.model_name, 0.0) + part * variant.weight / total
    return shares
