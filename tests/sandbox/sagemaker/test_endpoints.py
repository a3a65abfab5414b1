from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from sandbox.sagemaker.server import LocalSageMaker

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

    from tests.sandbox.sagemaker.conftest import Aws, HandClock

ENDPOINT = "product-recommender-prod"
ARN = "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/product-recommender-prod"
LIVE, BEFORE = "product-recommender-v23", "product-recommender-v22"
Refusal = Callable[[Callable[[], object]], tuple[str, str]]


def roll_back(sm: "SageMakerClient", **more: Any) -> None:
    sm.update_endpoint(EndpointName=ENDPOINT, EndpointConfigName=BEFORE, **more)


def status(sm: "SageMakerClient") -> tuple[str, str]:
    answer = sm.describe_endpoint(EndpointName=ENDPOINT)
    return answer["EndpointStatus"], answer.get("EndpointConfigName", "")


def count(sm: "SageMakerClient") -> int:
    return sm.describe_endpoint(EndpointName=ENDPOINT)["ProductionVariants"][0].get("CurrentInstanceCount", 0)


def test_seeded_endpoint_is_in_service_on_the_live_version(sm: "SageMakerClient"):
    answer = sm.describe_endpoint(EndpointName=ENDPOINT)
    assert (answer["EndpointStatus"], answer.get("EndpointConfigName")) == ("InService", LIVE)
    assert "FailureReason" not in answer
    assert answer["ProductionVariants"][0]["VariantName"] == "AllTraffic"


def test_update_takes_three_world_minutes_and_serves_the_old_config_meanwhile(
    sm: "SageMakerClient", clock: "HandClock"
):
    roll_back(sm)
    assert status(sm) == ("Updating", LIVE)
    pending = sm.describe_endpoint(EndpointName=ENDPOINT).get("PendingDeploymentSummary")
    assert pending is not None
    assert pending["EndpointConfigName"] == BEFORE
    clock.move(2.9)
    assert status(sm) == ("Updating", LIVE)
    clock.move(0.2)
    assert status(sm) == ("InService", BEFORE)
    assert "PendingDeploymentSummary" not in sm.describe_endpoint(EndpointName=ENDPOINT)


def test_update_while_updating_is_refused_as_in_progress(sm: "SageMakerClient", refusal: Refusal):
    roll_back(sm)
    assert refusal(lambda: roll_back(sm)) == (
        "ValidationException",
        f'Cannot update in-progress endpoint "{ARN}".',
    )


def test_two_updates_at_once_have_one_winner(aws: "Aws", local: LocalSageMaker):
    def attempt(_: int) -> str:
        try:
            roll_back(aws.client("sagemaker"))
        except ClientError as error:
            return str(error)
        return "won"

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(attempt, range(6)))
    assert outcomes.count("won") == 1
    assert all("Cannot update in-progress endpoint" in outcome for outcome in outcomes if outcome != "won")
    assert [call.outcome for call in local.changes].count("ok") == 1


def test_unknown_endpoint_and_config_are_named_by_arn(sm: "SageMakerClient", refusal: Refusal):
    assert refusal(lambda: sm.describe_endpoint(EndpointName="nowhere")) == (
        "ValidationException",
        'Could not find endpoint "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/nowhere".',
    )
    assert refusal(lambda: sm.update_endpoint(EndpointName=ENDPOINT, EndpointConfigName="nothing")) == (
        "ValidationException",
        'Could not find endpoint configuration "arn:aws:sagemaker:eu-west-1:123456789012:endpoint-config/nothing".',
    )


def test_update_needs_the_config_it_leaves(sm: "SageMakerClient", refusal: Refusal):
    sm.delete_endpoint_config(EndpointConfigName=LIVE)
    code, message = refusal(lambda: roll_back(sm))
    assert code == "ValidationException"
    assert LIVE in message


def test_names_already_taken_are_refused(sm: "SageMakerClient", refusal: Refusal):
    config = sm.describe_endpoint_config(EndpointConfigName=LIVE)
    code, message = refusal(
        lambda: sm.create_endpoint_config(EndpointConfigName=LIVE, ProductionVariants=config["ProductionVariants"])
    )
    assert (code, message.split('"')[0]) == (
        "ValidationException",
        "Cannot create already existing endpoint configuration ",
    )
    code, message = refusal(lambda: sm.create_endpoint(EndpointName=ENDPOINT, EndpointConfigName=LIVE))
    assert (code, message) == ("ValidationException", f'Cannot create already existing endpoint "{ARN}".')
    code, message = refusal(lambda: sm.create_model(ModelName=LIVE, PrimaryContainer={"Image": "image"}))
    assert message.startswith("Cannot create already existing model ")


@pytest.mark.parametrize("name", ["has_underscore", "-leads", "trails-", "x" * 64])
def test_names_the_service_would_not_take_are_refused(sm: "SageMakerClient", refusal: Refusal, name: str):
    code, message = refusal(lambda: sm.update_endpoint(EndpointName=name, EndpointConfigName=BEFORE))
    assert code == "ValidationException"
    assert "validation error" in message and "at 'endpointName' failed to satisfy constraint" in message


def test_config_of_an_unknown_model_is_refused(sm: "SageMakerClient", refusal: Refusal):
    code, message = refusal(
        lambda: sm.create_endpoint_config(
            EndpointConfigName="product-recommender-v99",
            ProductionVariants=[{"VariantName": "AllTraffic", "ModelName": "nothing", "InstanceType": "ml.m5.large"}],
        )
    )
    assert (code, message.split(" ")[:4]) == ("ValidationException", ["Could", "not", "find", "model"])


def test_rollback_resets_instance_counts_unless_told_to_retain_them(sm: "SageMakerClient", clock: "HandClock"):
    scale(sm, 7)
    clock.move(1.1)
    assert count(sm) == 7
    roll_back(sm)
    clock.move(3.1)
    assert count(sm) == 4


def test_retained_variant_properties_survive_an_update(sm: "SageMakerClient", clock: "HandClock"):
    scale(sm, 7)
    clock.move(1.1)
    roll_back(sm, RetainAllVariantProperties=True)
    clock.move(3.1)
    assert (status(sm), count(sm)) == (("InService", BEFORE), 7)


def test_excluded_variant_properties_are_not_retained(sm: "SageMakerClient", clock: "HandClock"):
    scale(sm, 7)
    clock.move(1.1)
    roll_back(
        sm,
        RetainAllVariantProperties=True,
        ExcludeRetainedVariantProperties=[{"VariantPropertyType": "DesiredInstanceCount"}],
    )
    clock.move(3.1)
    assert count(sm) == 4


def scale(sm: "SageMakerClient", instances: int) -> None:
    sm.update_endpoint_weights_and_capacities(
        EndpointName=ENDPOINT,
        DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": instances}],
    )


def test_weights_and_capacities_show_as_desired_before_they_are_current(sm: "SageMakerClient", clock: "HandClock"):
    scale(sm, 6)
    variant = sm.describe_endpoint(EndpointName=ENDPOINT)["ProductionVariants"][0]
    assert (variant.get("CurrentInstanceCount"), variant.get("DesiredInstanceCount")) == (4, 6)
    assert variant.get("CurrentWeight") == 1.0
    clock.move(1.1)
    assert (status(sm), count(sm)) == (("InService", LIVE), 6)


def test_weights_of_an_unknown_variant_are_refused(sm: "SageMakerClient", refusal: Refusal):
    code, message = refusal(
        lambda: sm.update_endpoint_weights_and_capacities(
            EndpointName=ENDPOINT, DesiredWeightsAndCapacities=[{"VariantName": "Blue", "DesiredWeight": 1}]
        )
    )
    assert (code, "Blue" in message) == ("ValidationException", True)


def test_silent_rollback_ends_in_service_on_the_old_config(
    sm: "SageMakerClient", local: LocalSageMaker, clock: "HandClock"
):
    local.plays.arm("silent_rollback", ENDPOINT)
    roll_back(sm)
    clock.move(2.0)
    assert status(sm) == ("RollingBack", LIVE)
    clock.move(1.1)
    answer = sm.describe_endpoint(EndpointName=ENDPOINT)
    assert (answer["EndpointStatus"], answer.get("EndpointConfigName")) == ("InService", LIVE)
    assert "FailureReason" not in answer
    roll_back(sm)
    clock.move(3.1)
    assert status(sm) == ("InService", BEFORE), "the play was armed once"


def test_failed_rollback_shows_and_can_be_updated_again(
    sm: "SageMakerClient", local: LocalSageMaker, clock: "HandClock"
):
    local.plays.arm("rollback_failed", ENDPOINT)
    roll_back(sm)
    clock.move(3.1)
    answer = sm.describe_endpoint(EndpointName=ENDPOINT)
    assert answer["EndpointStatus"] == "UpdateRollbackFailed"
    assert answer.get("FailureReason")
    roll_back(sm)
    clock.move(3.1)
    assert status(sm) == ("InService", BEFORE)


def test_failed_endpoint_can_only_be_deleted(
    sm: "SageMakerClient", local: LocalSageMaker, clock: "HandClock", refusal: Refusal
):
    local.plays.arm("update_failed", ENDPOINT)
    roll_back(sm)
    clock.move(3.1)
    assert status(sm)[0] == "Failed"
    assert "Failed" in refusal(lambda: roll_back(sm))[1]
    sm.delete_endpoint(EndpointName=ENDPOINT)
    assert status(sm)[0] == "Deleting"
    clock.move(1.1)
    assert "Could not find endpoint" in refusal(lambda: status(sm))[1]


def test_new_endpoint_is_creating_before_it_is_in_service(sm: "SageMakerClient", clock: "HandClock"):
    sm.create_endpoint(EndpointName="shadow", EndpointConfigName=BEFORE)
    assert sm.describe_endpoint(EndpointName="shadow")["EndpointStatus"] == "Creating"
    clock.move(5.1)
    assert sm.describe_endpoint(EndpointName="shadow")["EndpointStatus"] == "InService"


def test_quota_of_instances_holds(sm: "SageMakerClient", local: LocalSageMaker, refusal: Refusal):
    local.set_quota("ml.c5.2xlarge", 5)
    try:
        code, message = refusal(lambda: scale(sm, 6))
        assert code == "ResourceLimitExceeded"
        assert "is 5 Instances" in message
        scale(sm, 5)
    finally:
        local.set_quota("ml.c5.2xlarge", None)


def test_canary_waits_make_an_update_longer(sm: "SageMakerClient", clock: "HandClock"):
    roll_back(
        sm,
        DeploymentConfig={
            "BlueGreenUpdatePolicy": {
                "TrafficRoutingConfiguration": {
                    "Type": "CANARY",
                    "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 25},
                    "WaitIntervalInSeconds": 300,
                },
                "TerminationWaitInSeconds": 60,
            },
            "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "product-recommender-latency"}]},
        },
    )
    clock.move(3.1)
    assert status(sm)[0] == "Updating"
    clock.move(6.0)
    assert status(sm) == ("InService", BEFORE)
    assert "LastDeploymentConfig" in sm.describe_endpoint(EndpointName=ENDPOINT)


def test_configs_are_days_apart_and_listed_newest_first(sm: "SageMakerClient"):
    listed = sm.list_endpoint_configs()["EndpointConfigs"]
    assert [config["EndpointConfigName"] for config in listed] == [LIVE, BEFORE]
    assert (listed[0]["CreationTime"] - listed[1]["CreationTime"]).days >= 7


def test_lists_come_in_pages(sm: "SageMakerClient"):
    first = sm.list_endpoint_configs(MaxResults=1, SortBy="Name", SortOrder="Ascending")
    assert [config["EndpointConfigName"] for config in first["EndpointConfigs"]] == [BEFORE]
    pages = sm.get_paginator("list_endpoint_configs").paginate(PaginationConfig={"PageSize": 1})
    assert len([config for page in pages for config in page["EndpointConfigs"]]) == 2


def test_endpoints_are_listed_by_status_and_name(sm: "SageMakerClient"):
    roll_back(sm)
    assert sm.list_endpoints(StatusEquals="InService")["Endpoints"] == []
    assert len(sm.list_endpoints(StatusEquals="Updating", NameContains="recommender")["Endpoints"]) == 1


def test_tags_of_endpoints_can_be_read_and_written(sm: "SageMakerClient"):
    sm.add_tags(ResourceArn=ARN, Tags=[{"Key": "team", "Value": "shop-ml"}])
    tags = {tag["Key"]: tag["Value"] for tag in sm.list_tags(ResourceArn=ARN)["Tags"]}
    assert tags == {"agentops:model": "product-recommender", "team": "shop-ml"}


def test_view_follows_a_deployment_and_its_rollback(sm: "SageMakerClient", local: LocalSageMaker, clock: "HandClock"):
    assert local.deploy("product-recommender") == "product-recommender-v24"
    clock.move(3.1)
    view = local.endpoint(ENDPOINT)
    assert view is not None
    assert (view.config_name, view.previous_config, view.instances) == ("product-recommender-v24", LIVE, 4)
    sm.update_endpoint(EndpointName=ENDPOINT, EndpointConfigName=LIVE, RetainAllVariantProperties=True)
    clock.move(3.1)
    view = local.endpoint(ENDPOINT)
    assert view is not None
    assert (view.config_name, view.status, view.failure_reason) == (LIVE, "InService", None)
    assert local.endpoint("nowhere") is None


def test_deployment_can_lie_in_the_past(local: LocalSageMaker, clock: "HandClock"):
    local.deploy("product-recommender", 24, instance_type="ml.m5.large", started=clock.now - 60)
    view = local.endpoint(ENDPOINT)
    assert view is not None
    assert (view.config_name, view.status) == ("product-recommender-v24", "InService")
    assert view.last_modified == clock.now - 57
