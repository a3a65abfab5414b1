"""SageMaker's answers about single things, in our types. Blocking: `tools.sagemaker.reader` calls them in threads."""

from typing import TYPE_CHECKING

from incidents.origin import EndpointOrigin, TrafficOrigin, VariantWeight
from tools.errors import NotFound
from tools.sagemaker import answers
from tools.sagemaker.clients import ReadingClients
from tools.sagemaker.errors import upstream
from tools.sagemaker.states import (
    ConfigVariant,
    EndpointConfig,
    EndpointState,
    ModelPackage,
    ModelState,
    PipelineState,
)

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import DescribePipelineRequestTypeDef

SERVICE = "SageMaker"
LOOKED_AT = 20
"""How many versions of a model are looked through for the live one."""


class Descriptions:
    """Every method raises `tools.errors.UpstreamError`, `NotFound` where the thing is not there."""

    def __init__(self, clients: ReadingClients) -> None:
        self._clients = clients

    def endpoint(self, name: str) -> EndpointState:
        """DescribeEndpoint."""
        with upstream(SERVICE, "DescribeEndpoint"):
            answer = self._clients.sagemaker.describe_endpoint(EndpointName=name)
        return answers.read("DescribeEndpoint", lambda: answers.endpoint(answer))

    def endpoint_config(self, name: str) -> EndpointConfig:
        """DescribeEndpointConfig."""
        with upstream(SERVICE, "DescribeEndpointConfig"):
            answer = self._clients.sagemaker.describe_endpoint_config(EndpointConfigName=name)
        return answers.read("DescribeEndpointConfig", lambda: answers.endpoint_config(answer))

    def model(self, name: str) -> ModelState:
        """DescribeModel."""
        with upstream(SERVICE, "DescribeModel"):
            answer = self._clients.sagemaker.describe_model(ModelName=name)
        return answers.read("DescribeModel", lambda: answers.model(answer))

    def model_package(self, arn: str) -> ModelPackage:
        """DescribeModelPackage."""
        with upstream(SERVICE, "DescribeModelPackage"):
            answer = self._clients.sagemaker.describe_model_package(ModelPackageName=arn)
        return answers.read("DescribeModelPackage", lambda: answers.model_package(answer))

    def package_arns(self, group: str, limit: int) -> list[str]:
        """The newest versions of a group, newest first; at most 100."""
        with upstream(SERVICE, "ListModelPackages"):
            listed = self._clients.sagemaker.list_model_packages(
                ModelPackageGroupName=group,
                SortBy="CreationTime",
                SortOrder="Descending",
                MaxResults=min(100, limit),
            )
        return answers.read(
            "ListModelPackages", lambda: [row["ModelPackageArn"] for row in listed["ModelPackageSummaryList"]][:limit]
        )

    def pipeline(self, name: str, version: int | None = None) -> PipelineState:
        """DescribePipeline, of a version where one is named."""
        asked: DescribePipelineRequestTypeDef = {"PipelineName": name}
        if version is not None:
            asked["PipelineVersionId"] = version
        with upstream(SERVICE, "DescribePipeline"):
            answer = self._clients.sagemaker.describe_pipeline(**asked)
        return answers.read("DescribePipeline", lambda: answers.pipeline(answer))

    def live_variant(self, config: EndpointConfig, variant: str) -> tuple[ConfigVariant, ModelState]:
        """What serves under a variant's name: its part of the config, and its model."""
        found = next((one for one in config.variants if one.name == variant), None)
        if found is None or found.model_name is None:
            raise NotFound(SERVICE, "DescribeEndpointConfig", f"{config.name} has no model under a variant {variant}")
        return found, self.model(found.model_name)

    def version_of(self, model: ModelState, group: str) -> ModelPackage | None:
        """The registered version that a model was made from: by its package, else by the same artefact in S3."""
        for container in model.containers:
            if container.package is not None:
                return self.model_package(container.package)
        artefacts = {container.artefact for container in model.containers if container.artefact}
        for arn in self.package_arns(group, LOOKED_AT) if artefacts else ():
            package = self.model_package(arn)
            if artefacts & {container.artefact for container in package.containers}:
                return package
        return None


def endpoint_origin(endpoint: EndpointState) -> EndpointOrigin:
    """Where a change of an endpoint's config starts from."""
    return EndpointOrigin(
        arn=endpoint.arn,
        config_name=endpoint.config_name,
        variant_names=tuple(variant.name for variant in endpoint.variants),
        status=endpoint.status,
        last_modified=endpoint.last_modified,
    )


def traffic_origin(endpoint: EndpointState) -> TrafficOrigin:
    """Where a change of weights starts from; a variant without a weight has none of the traffic."""
    return TrafficOrigin(
        arn=endpoint.arn,
        config_name=endpoint.config_name,
        weights=tuple(VariantWeight(variant=one.name, weight=one.weight or 0.0) for one in endpoint.variants),
        status=endpoint.status,
        last_modified=endpoint.last_modified,
    )
