"""Is what stands in SageMaker under one of our names what was asked for? Everything asked for must be so."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from tools.sagemaker.states import EndpointConfig, ModelState


def model_as_asked(found: ModelState, asked: Mapping[str, Any]) -> bool:
    """Role, package and every other setting of a CreateModel."""
    packages = [one.package for one in found.containers]
    beside = {
        key: value
        for key, value in asked.items()
        if key not in {"ModelName", "ExecutionRoleArn", "PrimaryContainer", "Tags"}
    }
    same_role = found.execution_role == asked["ExecutionRoleArn"]
    return same_role and packages == [asked["PrimaryContainer"]["ModelPackageName"]] and holds(beside, found.settings)


def config_as_asked(found: EndpointConfig, asked: Mapping[str, Any]) -> bool:
    """Variants, data capture and every other setting of a CreateEndpointConfig."""
    variants = {one.name: one for one in found.variants}
    wanted: list[dict[str, Any]] = list(asked["ProductionVariants"])
    if sorted(variants) != sorted(str(one["VariantName"]) for one in wanted):
        return False
    for one in wanted:
        its = variants[str(one["VariantName"])]
        known = {
            "VariantName": its.name,
            "ModelName": its.model_name,
            "InstanceType": its.instance_type,
            "InitialInstanceCount": its.initial_instances,
            "InitialVariantWeight": its.initial_weight,
        }
        if not holds(one, {**its.settings, **known}):
            return False
    beside = {
        key: value
        for key, value in asked.items()
        if key not in {"EndpointConfigName", "ProductionVariants", "DataCaptureConfig", "Tags"}
    }
    captured = asked.get("DataCaptureConfig")
    return holds(beside, found.settings) and (captured is None or holds(captured, found.data_capture))


def holds(asked: Any, found: Any) -> bool:
    """Is everything that was asked for so? What SageMaker adds by itself is no difference."""
    if isinstance(asked, Mapping):
        wanted = cast(Mapping[str, Any], asked)
        if not isinstance(found, Mapping):
            return False
        there = cast(Mapping[str, Any], found)
        return all(key in there and holds(value, there[key]) for key, value in wanted.items())
    if isinstance(asked, Sequence) and not isinstance(asked, str):
        items = cast(Sequence[Any], asked)
        if not isinstance(found, Sequence) or isinstance(found, str):
            return False
        others = cast(Sequence[Any], found)
        return len(items) == len(others) and all(holds(one, other) for one, other in zip(items, others, strict=True))
    return bool(asked == found)
