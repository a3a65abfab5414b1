"""What is looked at before a change: each thing that stands against it, and what nobody could see."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import pytest

from incidents.catalogue import RetrainingSpec
from incidents.origin import VariantWeight
from incidents.remediation import PromoteModel, RerunDataPipeline, RollbackEndpoint, ShiftTraffic, StartRetraining
from sandbox.sagemaker.server import LocalSageMaker
from tests.tools.sagemaker.world import ACCOUNT, CREDENTIALS, REGION, SEEDED, SPEC, HandClock
from tools.errors import NotFound, Unavailable
from tools.sagemaker.connection import AwsConnection
from tools.sagemaker.preflight import Preflight
from tools.sagemaker.reader import SageMakerReader

ENDPOINT, BUCKET, PIPELINE = SEEDED.endpoint, SEEDED.bucket, SEEDED.pipeline
V22, V23 = "product-recommender-v22", "product-recommender-v23"
ALARMS = ("product-recommender-errors", "product-recommender-latency")
PACKAGE = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/product-recommender/22"
BACK = RollbackEndpoint(endpoint=ENDPOINT, to_config=V22)
PROMOTION = PromoteModel(
    model="product-recommender", endpoint=ENDPOINT, model_package=PACKAGE, version=22, alarms=ALARMS
)

Look = Callable[..., Any]


@contextmanager
def aws(local: LocalSageMaker, service: str = "sagemaker") -> Generator[Any]:
    """The account's own hands, for what nobody does through the bot."""
    client = AwsConnection(region=REGION, endpoint_url=local.url, credentials=CREDENTIALS).client(service, attempts=1)
    yield client
    client.close()


def config(
    client: Any, name: str, *, model: str = V22, variants: tuple[str, ...] = ("AllTraffic",), **more: Any
) -> None:
    settings = {"InstanceType": "ml.c5.2xlarge", "InitialInstanceCount": 1, **more}
    rows = [{"VariantName": one, "ModelName": model, **settings} for one in variants]
    client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=rows)


async def test_a_good_rollback_says_what_was_looked_at(reader: SageMakerReader) -> None:
    assert await reader.preflight(BACK, SPEC) == Preflight(
        checked=(
            f"endpoint {ENDPOINT} is InService on {V23}, with no update under way",
            f"endpoint config {V22} exists",
            f"model {V22} exists",
            f"the artefact of model {V22} is in S3",
            f"the image of model {V22} is in ECR",
            "the variant names stay the same: AllTraffic",
            "variant AllTraffic stays on ml.c5.2xlarge",
            "the quota of 20 ml.c5.2xlarge for endpoints covers the 8 this update needs meanwhile, other endpoints "
            "not counted",
        )
    )


async def test_an_artefact_or_an_image_that_is_gone_stands_against_it(
    reader: SageMakerReader, local: LocalSageMaker
) -> None:
    local.objects.delete(BUCKET, f"models/{V22}/model.tar.gz")
    local.objects.put(BUCKET, f"models/{V22}/model.tar.gz.old", b"another object that begins so")
    with aws(local, "ecr") as ecr:
        ecr.delete_repository(repositoryName="product-recommender", force=True)
    assert (await reader.preflight(BACK, SPEC)).problems == (
        f"the artefact s3://{BUCKET}/models/{V22}/model.tar.gz of model {V22} is not in S3",
        f"the image {ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/product-recommender:stable of model {V22} is not in ECR",
    )


@pytest.mark.parametrize(
    ("fault", "match", "words"),
    [
        ("denied", "s3:ListObjectsV2", f"the artefact s3://{BUCKET}/models/{V22}/model.tar.gz of model {V22}"),
        ("denied", "ecr:DescribeImages", f"the image {ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/product-recommender"),
        ("denied", "servicequotas:ListServiceQuotas", "the quota of ml.c5.2xlarge for endpoints"),
    ],
)
async def test_what_cannot_be_read_is_told_as_not_checked(
    reader: SageMakerReader, local: LocalSageMaker, fault: str, match: str, words: str
) -> None:
    local.faults.add(fault, match=match)
    preflight = await reader.preflight(BACK, SPEC)
    assert preflight.problems == ()
    (unchecked,) = preflight.unchecked
    assert unchecked.startswith(words)
    assert unchecked.endswith("does not permit it)")
    assert preflight.told[-1] == f"Not checked: {unchecked}"


@pytest.mark.parametrize("match", ["DescribeEndpointConfig", "DescribeModel"])
async def test_a_config_or_a_model_that_cannot_be_read_stands_against_it(
    reader: SageMakerReader, local: LocalSageMaker, match: str
) -> None:
    local.faults.add("denied", match=f"sagemaker:{match}")
    problems = (await reader.preflight(BACK, SPEC)).problems
    assert problems
    assert all(one.endswith("could not be read (SageMaker does not permit it)") for one in problems)


async def test_an_endpoint_that_was_deleted_meanwhile_is_not_found(
    reader: SageMakerReader, local: LocalSageMaker, clock: HandClock
) -> None:
    with aws(local) as client:
        client.delete_endpoint(EndpointName=ENDPOINT)
    clock.move(minutes=5)
    with pytest.raises(NotFound):
        await reader.preflight(BACK, SPEC)
    with pytest.raises(NotFound):
        await reader.promotion(ENDPOINT, "AllTraffic", PACKAGE)


async def test_an_endpoint_that_cannot_be_read_is_no_preflight(reader: SageMakerReader, local: LocalSageMaker) -> None:
    local.faults.add("down", match="sagemaker:DescribeEndpoint")
    with pytest.raises(Unavailable):
        await reader.preflight(BACK, SPEC)


async def test_a_live_config_that_was_deleted_leaves_no_way_back(
    reader: SageMakerReader, local: LocalSageMaker
) -> None:
    local.delete_config(V23)
    assert (await reader.preflight(BACK, SPEC)).problems == (f"endpoint config {V23} does not exist",)


async def test_a_quota_that_is_too_small_for_both_fleets_stands_against_it(
    reader: SageMakerReader, local: LocalSageMaker
) -> None:
    local.set_quota("ml.c5.2xlarge", 7)
    assert (await reader.preflight(BACK, SPEC)).problems == (
        "the update needs 8 ml.c5.2xlarge meanwhile and the quota for endpoints is 7",
    )


async def test_another_instance_type_is_refused_only_while_the_variant_is_autoscaled(
    reader: SageMakerReader, local: LocalSageMaker, clock: HandClock
) -> None:
    local.deploy("product-recommender", instance_type="ml.m5.large", started=clock.now - 3600)
    change = "variant AllTraffic would change from ml.m5.large to ml.c5.2xlarge"
    free = await reader.preflight(BACK, SPEC)
    assert free.problems == ()
    assert f"{change}, and the variant is not autoscaled" in free.checked
    local.set_autoscaled(ENDPOINT, "AllTraffic")
    (problem,) = (await reader.preflight(BACK, SPEC)).problems
    assert problem == (
        f"{change}; SageMaker refuses that while the variant is autoscaled: deregister its scalable target first"
    )


async def test_autoscaling_that_cannot_be_read_stands_against_another_instance_type(
    reader: SageMakerReader, local: LocalSageMaker, clock: HandClock
) -> None:
    local.deploy("product-recommender", instance_type="ml.m5.large", started=clock.now - 3600)
    local.faults.add("denied", match="application-autoscaling:DescribeScalableTargets")
    (problem,) = (await reader.preflight(BACK, SPEC)).problems
    assert "could not be read" in problem


async def test_a_good_promotion_says_what_was_looked_at(reader: SageMakerReader) -> None:
    preflight = await reader.preflight(PROMOTION, SPEC)
    assert (preflight.problems, preflight.unchecked) == ((), ())
    assert "version 22 of product-recommender exists and is Approved" in preflight.checked
    assert "the image of version 22 of product-recommender is in ECR" in preflight.checked
    assert "alarm product-recommender-errors exists and is not firing" in preflight.checked
    assert "network, encryption and data capture are carried over from the live config" in preflight.checked


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("ALARM", "alarm product-recommender-errors is firing; SageMaker would take the update back at once"),
        (None, "the alarms product-recommender-errors, product-recommender-latency could not be read"),
    ],
)
async def test_alarms_that_fire_or_cannot_be_read_stand_against_a_promotion(
    reader: SageMakerReader, local: LocalSageMaker, state: str | None, words: str
) -> None:
    if state is None:
        local.faults.add("denied", match="cloudwatch:DescribeAlarms")
    else:
        local.pin_alarm(ALARMS[0], state)
    (problem,) = (await reader.preflight(PROMOTION, SPEC)).problems
    assert problem.startswith(words)


async def test_an_alarm_that_is_missing_stands_against_a_promotion(reader: SageMakerReader) -> None:
    other = PROMOTION.model_copy(update={"alarms": ("no-such-alarm", ALARMS[1])})
    assert (await reader.preflight(other, SPEC)).problems == (
        "alarm no-such-alarm does not exist; without it the canary cannot be taken back",
    )
    assert [alarm.state for alarm in await reader.alarms(other.alarms)] == ["missing", "OK"]
    assert await reader.alarms(()) == ()


async def test_an_alarm_without_data_is_told_and_does_not_stand_against_it(
    reader: SageMakerReader, local: LocalSageMaker
) -> None:
    local.pin_alarm(ALARMS[0], "INSUFFICIENT_DATA")
    preflight = await reader.preflight(PROMOTION, SPEC)
    assert preflight.problems == ()
    assert preflight.unchecked == (f"whether alarm {ALARMS[0]} works (it has no data yet)",)


async def test_a_candidate_that_somebody_rejected_is_not_promoted(
    reader: SageMakerReader, local: LocalSageMaker
) -> None:
    with aws(local) as client:
        client.update_model_package(ModelPackageArn=PACKAGE, ModelApprovalStatus="Rejected")
    assert (await reader.preflight(PROMOTION, SPEC)).problems == (
        "version 22 of product-recommender was rejected by somebody",
    )
    gone = PROMOTION.model_copy(update={"model_package": PACKAGE.replace("/22", "/99")})
    assert (await reader.preflight(gone, SPEC)).problems == (f"model package {gone.model_package} does not exist",)


async def test_what_a_promotion_would_lose_stands_against_it(
    reader: SageMakerReader, local: LocalSageMaker, clock: HandClock
) -> None:
    with aws(local) as client:
        client.create_model(
            ModelName="in-network",
            ExecutionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/sagemaker-execution",
            PrimaryContainer={"Image": f"999999999999.dkr.ecr.{REGION}.amazonaws.com/xgboost:1"},
            VpcConfig={"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
            EnableNetworkIsolation=True,
        )
        more: dict[str, Any] = {"ContainerStartupHealthCheckTimeoutInSeconds": 300}
        config(client, "in-network", model="in-network", **more)
        client.update_endpoint(EndpointName=ENDPOINT, EndpointConfigName="in-network")
        clock.move(minutes=10)
        origin = await reader.promotion(ENDPOINT, "AllTraffic", PACKAGE)
        assert origin.model_settings == {
            "EnableNetworkIsolation": True,
            "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
        }
        assert (origin.variant_settings, origin.live_version) == (more, None)
        assert (await reader.preflight(PROMOTION, SPEC)).problems == ()
        rows = [{"VariantName": "AllTraffic", "ModelName": V22, "InstanceType": "ml.c5.2xlarge"}]
        client.create_endpoint_config(
            EndpointConfigName="asynchronous",
            ProductionVariants=[{**rows[0], "InitialInstanceCount": 1}],
            AsyncInferenceConfig={"OutputConfig": {"S3OutputPath": f"s3://{BUCKET}/out/"}},
        )
        client.update_endpoint(EndpointName=ENDPOINT, EndpointConfigName="asynchronous")
        clock.move(minutes=10)
    assert (await reader.preflight(PROMOTION, SPEC)).problems == (
        "the live endpoint uses AsyncInferenceConfig, which a promotion would not carry over",
    )


async def test_an_image_of_another_account_is_told_as_not_checked(
    reader: SageMakerReader, local: LocalSageMaker
) -> None:
    image = f"999999999999.dkr.ecr.{REGION}.amazonaws.com/xgboost:1"
    with aws(local) as client:
        client.create_model(
            ModelName="foreign",
            ExecutionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/sagemaker-execution",
            PrimaryContainer={"Image": image},
        )
        config(client, "foreign", model="foreign")
    preflight = await reader.rollback_preflight(ENDPOINT, "foreign")
    assert preflight.problems == ()
    assert preflight.unchecked == (f"the image {image} of model foreign (it is not in this account's registry)",)


async def test_a_model_made_from_a_package_is_checked_by_what_the_package_holds(
    reader: SageMakerReader, local: LocalSageMaker
) -> None:
    with aws(local) as client:
        client.create_model(
            ModelName="packaged",
            ExecutionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/sagemaker-execution",
            PrimaryContainer={"ModelPackageName": PACKAGE},
        )
        config(client, "packaged", model="packaged")
    preflight = await reader.rollback_preflight(ENDPOINT, "packaged")
    assert preflight.problems == ()
    assert "the artefact of model packaged is in S3" in preflight.checked
    assert "the image of model packaged is in ECR" in preflight.checked


async def test_a_shift_needs_every_variant_live_with_instances(
    reader: SageMakerReader, local: LocalSageMaker, clock: HandClock
) -> None:
    with aws(local) as client:
        config(client, "both", variants=("Old", "New"))
        client.update_endpoint(EndpointName=ENDPOINT, EndpointConfigName="both")
    clock.move(minutes=10)

    async def problems(**weights: float) -> tuple[str, ...]:
        wanted = tuple(VariantWeight(variant=name, weight=weight) for name, weight in weights.items())
        return (await reader.preflight(ShiftTraffic(endpoint=ENDPOINT, weights=wanted), SPEC)).problems

    assert await problems(Old=1, New=0) == ()
    assert await problems(Old=1, New=1) == (f"the traffic of {ENDPOINT} is shared so already",)
    assert await problems(Old=1, Gone=0) == (
        "nothing is said about the traffic of New",
        f"variant Gone does not run on {ENDPOINT}",
    )
    with aws(local) as client:
        client.update_endpoint_weights_and_capacities(
            EndpointName=ENDPOINT, DesiredWeightsAndCapacities=[{"VariantName": "Old", "DesiredInstanceCount": 0}]
        )
    assert f"endpoint {ENDPOINT} is Updating, not InService" in await problems(Old=1, New=0)
    clock.move(minutes=10)
    assert await problems(Old=1, New=0) == ("variant Old has no instances to serve the traffic",)
    origin = await reader.traffic(ENDPOINT)
    assert {one.variant: one.weight for one in origin.weights} == {"Old": 1.0, "New": 1.0}


async def test_a_pipeline_needs_to_be_there_with_its_pinned_version(
    reader: SageMakerReader, local: LocalSageMaker, clock: HandClock
) -> None:
    moment = clock.moment()
    start = StartRetraining(pipeline=PIPELINE, window_start=moment, window_end=moment)

    async def look(version: int | None) -> Preflight:
        pinned = RetrainingSpec(pipeline=PIPELINE, model_package_group="g", pipeline_version=version)
        return await reader.preflight(start, SPEC.model_copy(update={"retraining": pinned}))

    assert await look(None) == Preflight(checked=(f"pipeline {PIPELINE} is Active",))
    assert (await look(1)).checked[-1] == f"version 1 of pipeline {PIPELINE} exists, as models.yaml pins it"
    assert (await look(7)).problems == (f"version 7 of pipeline {PIPELINE}, which models.yaml pins, does not exist",)
    gone = RerunDataPipeline(pipeline="none", window_start=moment)
    assert (await reader.preflight(gone, SPEC)).problems == ("pipeline none does not exist",)
    local.faults.add("denied", match="sagemaker:DescribePipeline")
    assert (await look(1)).problems == (f"pipeline {PIPELINE} could not be read (SageMaker does not permit it)",)


async def test_the_live_version_is_found_by_package_or_by_artefact(
    reader: SageMakerReader, local: LocalSageMaker, clock: HandClock
) -> None:
    live = await reader.live_package(ENDPOINT, "AllTraffic", "product-recommender")
    assert live and live.version == 23
    with aws(local) as client:
        client.create_model(
            ModelName="packaged",
            ExecutionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/sagemaker-execution",
            PrimaryContainer={"ModelPackageName": PACKAGE},
        )
        config(client, "packaged", model="packaged")
        client.update_endpoint(EndpointName=ENDPOINT, EndpointConfigName="packaged")
    clock.move(minutes=10)
    live = await reader.live_package(ENDPOINT, "AllTraffic", "product-recommender")
    assert live and live.version == 22
    assert await reader.model_exists("packaged")
    assert not await reader.model_exists("none")


async def test_a_promotion_starts_from_what_serves_now(reader: SageMakerReader) -> None:
    origin = await reader.promotion(ENDPOINT, "AllTraffic", PACKAGE)
    assert (origin.config_name, origin.variant, origin.live_version) == (V23, "AllTraffic", 23)
    assert (origin.instance_type, origin.instances, origin.package_status) == ("ml.c5.2xlarge", 4, "Approved")
    assert origin.data_capture and origin.data_capture["EnableCapture"] is True
    with pytest.raises(NotFound):
        await reader.promotion(ENDPOINT, "None", PACKAGE)


async def test_an_update_under_way_tells_where_it_leads(
    reader: SageMakerReader, local: LocalSageMaker, clock: HandClock
) -> None:
    assert (await reader.endpoint(ENDPOINT)).pending is None
    local.deploy("product-recommender", 22)
    pending = (await reader.endpoint(ENDPOINT)).pending
    assert pending
    assert (pending.config_name, pending.started_at) == (V22, clock.moment())
    assert [one.name for one in pending.variants] == ["AllTraffic"]
