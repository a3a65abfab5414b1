"""What a promotion starts from: the live variant, its model and config, and the candidate's approval status."""

from typing import Any

from incidents.origin import PromotionOrigin
from tools.errors import InvalidRequest, UpstreamError
from tools.sagemaker.descriptions import Descriptions
from tools.sagemaker.states import ConfigVariant, EndpointConfig, ModelState

MODEL_SETTINGS = frozenset({"VpcConfig", "EnableNetworkIsolation"})
CONFIG_SETTINGS = frozenset({"KmsKeyId"})
VARIANT_SETTINGS = frozenset(
    {
        "ContainerStartupHealthCheckTimeoutInSeconds",
        "CoreDumpConfig",
        "EnableSSMAccess",
        "InferenceAmiVersion",
        "ModelDataDownloadTimeoutInSeconds",
        "RoutingConfig",
        "VolumeSizeInGB",
    }
)
"""What a promotion carries over from the live model, config and variant, so that only the version changes."""
_MEANS_NOTHING = frozenset({"DeploymentRecommendation"})


def promotion_origin(descriptions: Descriptions, endpoint: str, variant: str, package_arn: str) -> PromotionOrigin:
    """Read it all now.

    Raises:
        NotFound: there is no such endpoint, variant or package.
        InvalidRequest: the variant has no instances, or its model no execution role, to carry over.
    """
    state = descriptions.endpoint(endpoint)
    config = descriptions.endpoint_config(state.config_name)
    live, model = descriptions.live_variant(config, variant)
    package = descriptions.model_package(package_arn)
    running = next((one.desired_instances for one in state.variants if one.name == variant), None)
    count = running or live.initial_instances
    if live.instance_type is None or not count:
        raise InvalidRequest("SageMaker", "DescribeEndpointConfig", f"variant {variant} of {endpoint} has no instances")
    if model.execution_role is None:
        raise InvalidRequest("SageMaker", "DescribeModel", f"model {model.name} has no execution role")
    return PromotionOrigin(
        arn=state.arn,
        config_name=state.config_name,
        variant=variant,
        instance_type=live.instance_type,
        instances=count,
        execution_role=model.execution_role,
        data_capture=config.data_capture,
        model_settings=_only(model.settings, MODEL_SETTINGS),
        config_settings=_only(config.settings, CONFIG_SETTINGS),
        variant_settings=_only(live.settings, VARIANT_SETTINGS),
        package_status=package.approval_status,
        live_version=_version(descriptions, model, package.group),
        status=state.status,
        last_modified=state.last_modified,
    )


def left_behind(config: EndpointConfig, variant: ConfigVariant, model: ModelState) -> list[str]:
    """What the live endpoint uses and a promotion would lose, in SageMaker's words; empty where it loses nothing."""
    found = [
        *(key for key in config.settings if key not in CONFIG_SETTINGS),
        *(key for key in variant.settings if key not in VARIANT_SETTINGS),
        *(key for key in model.settings if key not in MODEL_SETTINGS),
    ]
    if len(model.containers) > 1:
        found.append("more than one container")
    return sorted(set(found) - _MEANS_NOTHING)


def _only(settings: dict[str, Any], keys: frozenset[str]) -> dict[str, Any]:
    return {key: settings[key] for key in sorted(settings) if key in keys}


def _version(descriptions: Descriptions, model: ModelState, group: str) -> int | None:
    try:
        live = descriptions.version_of(model, group)
    except UpstreamError:
        # Told beside, where it is known: nothing rests on it.
        return None
    return live.version if live else None
