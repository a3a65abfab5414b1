"""What a config serves, as SageMaker, the registry and S3 tell it."""

from typing import TYPE_CHECKING, Any

import pytest

from sandbox.sagemaker.server import LocalSageMaker
from tests.tools.sagemaker.world import CREDENTIALS, REGION, SEEDED
from tools.errors import NotFound
from tools.sagemaker.connection import AwsConnection
from tools.sagemaker.reader import SageMakerReader

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.client import SageMakerClient

GROUP = SEEDED.package_group
IMAGE = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/product-recommender"


@pytest.fixture
def sm(local: LocalSageMaker) -> "SageMakerClient":
    return AwsConnection(region=REGION, endpoint_url=local.url, credentials=CREDENTIALS).client("sagemaker", attempts=1)


def config(sm: "SageMakerClient", name: str, container: Any) -> None:
    sm.create_model(ModelName=name, ExecutionRoleArn="arn:aws:iam::123456789012:role/x", PrimaryContainer=container)
    variant: Any = {
        "VariantName": "AllTraffic",
        "ModelName": name,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    sm.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])


async def test_a_version_is_told_with_its_evaluation(reader: SageMakerReader) -> None:
    found = await reader.served_version("product-recommender-v22", "AllTraffic", GROUP)
    assert (found.config, found.model, found.version) == ("product-recommender-v22", "product-recommender-v22", 22)
    assert found.image is not None
    assert found.image.startswith(IMAGE)
    assert (found.instance_type, found.instances) == ("ml.c5.2xlarge", 4)
    assert found.artefact_bytes == len(b"model product-recommender-v22\n")
    assert found.figures["f1"] == pytest.approx(0.809)
    assert "slice.basket_value<20.f1" in found.figures
    assert found.lacking == ()


async def test_environment_and_what_a_package_holds_are_told(
    reader: SageMakerReader, sm: "SageMakerClient", local: LocalSageMaker
) -> None:
    environment = {"WORKERS": "1", "PASSWORD": "hunter2"}
    config(sm, "by-hand", {"Image": f"{IMAGE}:2", "Environment": environment})
    found = await reader.served_version("by-hand", "AllTraffic", GROUP)
    assert (found.image, found.instance_type, found.environment) == (f"{IMAGE}:2", "ml.m5.large", environment)
    assert (found.version, found.artefact_bytes, dict(found.figures)) == (None, None, {})
    assert "hunter2" not in repr(found)
    (package, *_) = await reader.model_packages(GROUP, 1)
    config(sm, "packaged", {"ModelPackageName": package.arn})
    found = await reader.served_version("packaged", "AllTraffic", GROUP)
    assert (found.version, found.image) == (23, package.containers[0].image)
    assert found.artefact_bytes == len(b"model product-recommender-v23\n")


async def test_another_variants_name_means_the_first_one(reader: SageMakerReader) -> None:
    found = await reader.served_version("product-recommender-v22", "Other", GROUP)
    assert found.model == "product-recommender-v22"


async def test_what_is_gone_is_lacking_and_the_rest_is_told(
    reader: SageMakerReader, sm: "SageMakerClient", local: LocalSageMaker
) -> None:
    local.objects.delete(SEEDED.bucket, "evaluation/22.json")
    local.objects.delete(SEEDED.bucket, "models/product-recommender-v22/model.tar.gz")
    found = await reader.served_version("product-recommender-v22", "AllTraffic", GROUP)
    assert found.lacking == ("artefact", "evaluation report")
    assert found.instance_type == "ml.c5.2xlarge"
    sm.delete_model(ModelName="product-recommender-v22")
    found = await reader.served_version("product-recommender-v22", "AllTraffic", None)
    assert (found.lacking, found.image, found.instance_type) == (("model",), None, "ml.c5.2xlarge")


async def test_a_config_that_is_gone_is_not_found(reader: SageMakerReader) -> None:
    with pytest.raises(NotFound):
        await reader.served_version("product-recommender-v1", "AllTraffic", GROUP)
