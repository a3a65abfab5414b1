"""Models and endpoint configs: written once, read often, gone when deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.sagemaker.arns import arn_of
from sandbox.sagemaker.errors import already_exists, could_not_find, invalid
from sandbox.sagemaker.paging import Listing
from sandbox.sagemaker.tags import Tags
from sandbox.sagemaker.world_clock import WorldClock

Json = dict[str, Any]


@dataclass(frozen=True)
class Kept:
    """A model or endpoint config as it was asked for.

    Attributes:
        name: its name.
        arn: its ARN.
        created: unix seconds.
        request: the parameters it was created with, without the tags.
    """

    name: str
    arn: str
    created: float
    request: Json


class ModelStore:
    """The models and endpoint configs of the account."""

    def __init__(self, clock: WorldClock, tags: Tags) -> None:
        self._clock = clock
        self._tags = tags
        self.models: dict[str, Kept] = {}
        self.configs: dict[str, Kept] = {}

    def create_model(self, request: Json, created: float | None = None) -> Json:
        """CreateModel."""
        name = str(request["ModelName"])
        if not any(request.get(key) for key in ("PrimaryContainer", "Containers", "InferenceExecutionConfig")):
            raise invalid("Either PrimaryContainer or Containers must be provided in the request.")
        kept = self._keep("model", "model", name, request, self.models, created)
        return {"ModelArn": kept.arn}

    def describe_model(self, request: Json) -> Json:
        """DescribeModel."""
        kept = _find("model", "model", str(request["ModelName"]), self.models)
        return {
            **kept.request,
            "ModelArn": kept.arn,
            "CreationTime": kept.created,
            "EnableNetworkIsolation": bool(kept.request.get("EnableNetworkIsolation", False)),
        }

    def delete_model(self, request: Json) -> Json:
        """DeleteModel. SageMaker lets go of a model that endpoints still serve; so does this."""
        kept = _find("model", "model", str(request["ModelName"]), self.models)
        del self.models[kept.name]
        self._tags.forget(kept.arn)
        return {}

    def list_models(self, request: Json) -> Json:
        """ListModels."""
        return _MODELS.answer(list(self.models.values()), request)

    def create_endpoint_config(self, request: Json, created: float | None = None) -> Json:
        """CreateEndpointConfig; every variant's model must exist."""
        variants = _variants(request)
        names = [str(variant["VariantName"]) for variant in variants]
        if len(set(names)) != len(names):
            raise invalid("Variant names must be unique within an endpoint configuration.")
        name = str(request["EndpointConfigName"])
        if name in self.configs:
            raise already_exists("endpoint configuration", self.configs[name].arn)
        for variant in variants:
            if variant.get("ModelName"):
                _find("model", "model", str(variant["ModelName"]), self.models)
        kept = self._keep("endpoint configuration", "endpoint-config", name, request, self.configs, created)
        return {"EndpointConfigArn": kept.arn}

    def describe_endpoint_config(self, request: Json) -> Json:
        """DescribeEndpointConfig."""
        kept = self.config(str(request["EndpointConfigName"]))
        return {**kept.request, "EndpointConfigArn": kept.arn, "CreationTime": kept.created}

    def delete_endpoint_config(self, request: Json) -> Json:
        """DeleteEndpointConfig; it may still be in use, as on SageMaker."""
        kept = self.config(str(request["EndpointConfigName"]))
        del self.configs[kept.name]
        self._tags.forget(kept.arn)
        return {}

    def list_endpoint_configs(self, request: Json) -> Json:
        """ListEndpointConfigs."""
        return _CONFIGS.answer(list(self.configs.values()), request)

    def config(self, name: str) -> Kept:
        """The endpoint config of this name.

        Raises:
            ApiError: `Could not find endpoint configuration "<arn>".`
        """
        return _find("endpoint configuration", "endpoint-config", name, self.configs)

    def _keep(
        self, words: str, kind: str, name: str, request: Json, into: dict[str, Kept], created: float | None
    ) -> Kept:
        if name in into:
            raise already_exists(words, into[name].arn)
        rest = {key: value for key, value in request.items() if key != "Tags"}
        moment = self._clock.now() if created is None else created
        kept = Kept(name=name, arn=arn_of(kind, name), created=moment, request=rest)
        into[name] = kept
        self._tags.put(kept.arn, request.get("Tags"))
        return kept


def _find(words: str, kind: str, name: str, among: dict[str, Kept]) -> Kept:
    kept = among.get(name)
    if kept is None:
        raise could_not_find(words, arn_of(kind, name))
    return kept


def _variants(request: Json) -> list[Json]:
    variants: list[Json] = list(request.get("ProductionVariants") or [])
    if not variants:
        raise invalid("At least one production variant must be provided in the request.")
    return variants


def _summary_of(words: str) -> Any:
    def summary(kept: Kept) -> Json:
        return {f"{words}Name": kept.name, f"{words}Arn": kept.arn, "CreationTime": kept.created}

    return summary


def _name(kept: Kept) -> str:
    return kept.name


def _created(kept: Kept) -> float:
    return kept.created


_MODELS = Listing[Kept](key="Models", summary=_summary_of("Model"), name=_name, created=_created)
_CONFIGS = Listing[Kept](key="EndpointConfigs", summary=_summary_of("EndpointConfig"), name=_name, created=_created)
