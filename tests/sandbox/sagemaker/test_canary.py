"""A blue/green update: the canary's steps, the alarms that take it back, and what is refused at once."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.sagemaker.server import LocalSageMaker

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

    from tests.sandbox.sagemaker.conftest import Aws, HandClock

ENDPOINT, LIVE, BEFORE = "product-recommender-prod", "product-recommender-v23", "product-recommender-v22"
ERRORS, LATENCY = "product-recommender-errors", "product-recommender-latency"
Refusal = Callable[[Callable[[], object]], tuple[str, str]]


def canary(percent: int = 10, alarm: str = ERRORS) -> Any:
    return {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": "CANARY",
                "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": percent},
                "WaitIntervalInSeconds": 300,
            },
            "TerminationWaitInSeconds": 300,
        },
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": alarm}, {"AlarmName": LATENCY}]},
    }


def promote(sm: "SageMakerClient", deployment: Any = None) -> None:
    sm.update_endpoint(EndpointName=ENDPOINT, EndpointConfigName=BEFORE, DeploymentConfig=deployment or canary())


def seen(sm: "SageMakerClient") -> tuple[str, str, str, float | None]:
    """Endpoint status, config, the new fleet's status and its weight."""
    answer: Any = sm.describe_endpoint(EndpointName=ENDPOINT)
    pending = answer.get("PendingDeploymentSummary")
    if pending is None:
        return answer["EndpointStatus"], answer["EndpointConfigName"], "", None
    (variant,) = pending["ProductionVariants"]
    (status,) = variant["VariantStatus"]
    return answer["EndpointStatus"], answer["EndpointConfigName"], status["Status"], variant["CurrentWeight"]


def shares(local: LocalSageMaker) -> dict[str, float]:
    view = local.endpoint(ENDPOINT)
    assert view is not None
    return {one.model: round(one.share, 3) for one in view.traffic}


def test_a_canary_goes_through_its_stages_in_order(sm: "SageMakerClient", local: LocalSageMaker, clock: "HandClock"):
    promote(sm)
    steps: list[tuple[str, float | None]] = []
    for _ in range(140):
        _, _, status, weight = seen(sm)
        if status and (not steps or steps[-1] != (status, weight)):
            steps.append((status, weight))
        clock.move(0.1)
    assert steps == [
        ("Creating", 0.0),
        ("ActivatingTraffic", 0.1),
        ("Baking", 0.1),
        ("ActivatingTraffic", 1.0),
        ("Baking", 1.0),
    ]
    assert seen(sm) == ("InService", BEFORE, "", None)
    assert shares(local) == {BEFORE: 1.0}


def test_the_old_config_is_named_and_serves_the_rest_until_the_canary_is_over(
    sm: "SageMakerClient", local: LocalSageMaker, clock: "HandClock"
):
    promote(sm)
    assert shares(local) == {LIVE: 1.0}
    clock.move(4.0)
    assert seen(sm)[:2] == ("Updating", LIVE)
    assert shares(local) == {LIVE: 0.9, BEFORE: 0.1}
    clock.move(5.0)
    assert shares(local) == {BEFORE: 1.0}
    assert seen(sm)[:2] == ("Updating", LIVE)


@pytest.mark.parametrize("after", [4.0, 10.0])
def test_an_alarm_takes_the_update_back_without_a_failure_reason(
    sm: "SageMakerClient", local: LocalSageMaker, clock: "HandClock", after: float
):
    promote(sm)
    clock.move(after)
    local.pin_alarm(ERRORS, "ALARM")
    assert seen(sm)[:3] == ("RollingBack", LIVE, "Deleting")
    assert shares(local) == {LIVE: 1.0}
    clock.move(1.1)
    answer = sm.describe_endpoint(EndpointName=ENDPOINT)
    assert (answer["EndpointStatus"], answer.get("EndpointConfigName")) == ("InService", LIVE)
    assert "FailureReason" not in answer


def test_an_alarm_that_fires_before_the_canary_serves_waits_for_it(
    sm: "SageMakerClient", local: LocalSageMaker, clock: "HandClock"
):
    promote(sm)
    local.pin_alarm(LATENCY, "ALARM")
    assert seen(sm)[:2] == ("Updating", LIVE)
    clock.move(2.5)
    assert seen(sm)[0] == "RollingBack"


def test_an_alarm_after_the_end_changes_nothing(sm: "SageMakerClient", local: LocalSageMaker, clock: "HandClock"):
    promote(sm)
    clock.move(20.0)
    local.pin_alarm(ERRORS, "ALARM")
    assert seen(sm) == ("InService", BEFORE, "", None)


def test_alarms_follow_what_is_measured_unless_they_are_pinned(aws: "Aws", local: LocalSageMaker):
    cloudwatch: Any = aws.client("cloudwatch")

    def states() -> dict[str, str]:
        found = cloudwatch.describe_alarms(AlarmNames=[ERRORS, LATENCY])["MetricAlarms"]
        return {alarm["AlarmName"]: alarm["StateValue"] for alarm in found}

    assert states() == {ERRORS: "OK", LATENCY: "OK"}
    local.measure_alarm(ERRORS, 0.02)
    assert states() == {ERRORS: "ALARM", LATENCY: "OK"}
    local.measure_alarm(ERRORS, 0.001)
    local.pin_alarm(LATENCY, "ALARM")
    local.measure_alarm(LATENCY, 0.2)
    assert states() == {ERRORS: "OK", LATENCY: "ALARM"}
    local.release_alarms()
    local.measure_alarm(LATENCY, 0.2)
    assert states() == {ERRORS: "OK", LATENCY: "OK"}


def test_deployment_configs_that_sagemaker_would_not_take_are_refused(sm: "SageMakerClient", refusal: Refusal):
    code, message = refusal(lambda: promote(sm, canary(percent=60)))
    assert (code, "50%" in message) == ("ValidationException", True)
    code, message = refusal(lambda: promote(sm, canary(alarm="nothing")))
    assert (code, "nothing" in message) == ("ValidationException", True)
    assert seen(sm) == ("InService", LIVE, "", None)


def test_a_linear_update_moves_in_equal_steps(sm: "SageMakerClient", local: LocalSageMaker, clock: "HandClock"):
    deployment = canary()
    deployment["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"] = {
        "Type": "LINEAR",
        "LinearStepSize": {"Type": "INSTANCE_COUNT", "Value": 1},
        "WaitIntervalInSeconds": 60,
    }
    promote(sm, deployment)
    found: list[float] = []
    for _ in range(120):
        found.append(shares(local).get(BEFORE, 0.0))
        clock.move(0.1)
    assert sorted(set(found)) == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_two_variants_share_the_traffic_by_weight(sm: "SageMakerClient", local: LocalSageMaker, clock: "HandClock"):
    local.deploy("product-recommender", 24, share=0.5)
    clock.move(3.1)
    assert shares(local) == {LIVE: 0.5, "product-recommender-v24": 0.5}
    sm.update_endpoint_weights_and_capacities(
        EndpointName=ENDPOINT,
        DesiredWeightsAndCapacities=[
            {"VariantName": "AllTraffic", "DesiredWeight": 1},
            {"VariantName": "Challenger", "DesiredWeight": 0},
        ],
    )
    clock.move(1.1)
    assert shares(local) == {LIVE: 1.0}


def test_an_autoscaled_variant_keeps_its_instance_type(
    aws: "Aws", sm: "SageMakerClient", local: LocalSageMaker, clock: "HandClock", refusal: Refusal
):
    local.deploy("product-recommender", 24, instance_type="ml.m5.large")
    clock.move(3.1)
    local.set_autoscaled(ENDPOINT, "AllTraffic")
    scaling: Any = aws.client("application-autoscaling")
    found = scaling.describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[f"endpoint/{ENDPOINT}/variant/AllTraffic"]
    )
    assert len(found["ScalableTargets"]) == 1
    code, message = refusal(lambda: sm.update_endpoint(EndpointName=ENDPOINT, EndpointConfigName=LIVE))
    assert (code, message) == (
        "ValidationException",
        'The variant(s) "AllTraffic" must be deregistered as a scalable target with AWS Auto Scaling before they can '
        "be removed or have their instance type updated.",
    )
    local.set_autoscaled(ENDPOINT, "AllTraffic", most=0)
    sm.update_endpoint(EndpointName=ENDPOINT, EndpointConfigName=LIVE)


def test_a_defective_candidate_is_told_apart_only_once_it_serves(
    sm: "SageMakerClient", local: LocalSageMaker, clock: "HandClock"
):
    local.plays.arm("candidate_defective", "product-recommender-train", latency="4", errors="0.2")
    sm.start_pipeline_execution(PipelineName="product-recommender-train", ClientRequestToken="x" * 32)
    clock.move(30.0)
    package = sm.list_model_packages(ModelPackageGroupName="product-recommender")["ModelPackageSummaryList"][0]
    variant = sm.describe_endpoint_config(EndpointConfigName=LIVE)["ProductionVariants"][0]
    sm.create_model(ModelName="new", PrimaryContainer={"ModelPackageName": package["ModelPackageArn"]})
    sm.create_endpoint_config(EndpointConfigName="new", ProductionVariants=[{**variant, "ModelName": "new"}])
    sm.update_endpoint(EndpointName=ENDPOINT, EndpointConfigName="new")
    clock.move(3.1)
    view = local.endpoint(ENDPOINT)
    assert view is not None
    (share,) = view.traffic
    assert share.defect is not None
    assert (share.model, share.defect.latency, share.defect.errors) == ("new", 4.0, 0.2)
