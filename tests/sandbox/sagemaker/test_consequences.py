"""Alarms follow the world's metrics; features are filled again by the data pipeline, from the right moment only."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.consequences import Consequences
from sandbox.sagemaker.candidates import QUARANTINE_TAG
from sandbox.sagemaker.catalogue import default_models
from sandbox.sagemaker.server import LocalSageMaker
from sandbox.sagemaker_part import SageMakerServing
from sandbox.world.datasets import ModelData
from sandbox.world.model_state import Defect
from sandbox.world.profiles import CHURN_PREDICTOR, PROFILES
from sandbox.world.world import World

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient

    from tests.sandbox.sagemaker.conftest import HandClock

Live = Callable[[int], None]


@pytest.fixture
def world(local: LocalSageMaker) -> Iterator[World]:
    local.reset(default_models(PROFILES))
    made = World(SageMakerServing(local), speed=60)
    local.set_training_world(made)
    yield made
    local.set_training_world(None)


@pytest.fixture
def live(local: LocalSageMaker, world: World, clock: "HandClock") -> Live:
    """Let seconds pass."""
    consequences = Consequences(world, local)

    def run(seconds: int) -> None:
        for _ in range(seconds):
            clock.move(1.0)
            world.tick(clock.now)
            consequences.follow()

    return run


def rerun(sm: "SageMakerClient", since: float) -> None:
    begin = datetime.fromtimestamp(since, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    sm.start_pipeline_execution(
        PipelineName="subscriber-features",
        ClientRequestToken="t" * 32,
        PipelineParameters=[{"Name": "WindowStart", "Value": begin}],
    )


def test_a_rerun_from_the_onset_fills_the_features_again_when_it_has_ended(
    sm: "SageMakerClient", world: World, live: Live, clock: "HandClock"
):
    live(3)
    world.shift("churn-predictor", "last_login_days", nulls=0.38)
    live(5)
    rerun(sm, clock.now - 5)
    live(6)
    assert world.nulls_since("churn-predictor") is not None, "it has not ended"
    live(4)
    assert world.nulls_since("churn-predictor") is None


def test_a_rerun_of_a_later_window_leaves_the_hole(sm: "SageMakerClient", world: World, live: Live, clock: "HandClock"):
    live(3)
    world.shift("churn-predictor", "last_login_days", nulls=0.38)
    live(20)
    rerun(sm, clock.now - 10)
    live(15)
    assert world.nulls_since("churn-predictor") is not None


def test_a_run_from_before_the_break_repairs_nothing(
    sm: "SageMakerClient", world: World, live: Live, clock: "HandClock"
):
    live(3)
    rerun(sm, clock.now - 60)
    live(2)
    world.shift("churn-predictor", "last_login_days", nulls=0.38)
    live(15)
    assert world.nulls_since("churn-predictor") is not None


def test_a_failed_rerun_repairs_nothing(
    sm: "SageMakerClient", local: LocalSageMaker, world: World, live: Live, clock: "HandClock"
):
    local.plays.arm("step_failed", "subscriber-features", step="ValidateSchema")
    live(3)
    world.shift("churn-predictor", "last_login_days", nulls=0.38)
    live(2)
    rerun(sm, clock.now - 30)
    live(15)
    assert world.nulls_since("churn-predictor") is not None


def test_a_canary_of_a_bad_version_is_taken_back_by_its_alarms(
    sm: "SageMakerClient", local: LocalSageMaker, world: World, live: Live
):
    live(5)
    local.deploy("product-recommender", 24)
    live(4)
    sm.update_endpoint(EndpointName="product-recommender-prod", EndpointConfigName="product-recommender-v23")
    live(5)
    world.break_config("product-recommender", "product-recommender-v24", Defect(7.5, 0.068))
    sm.update_endpoint(
        EndpointName="product-recommender-prod",
        EndpointConfigName="product-recommender-v24",
        DeploymentConfig={
            "BlueGreenUpdatePolicy": {
                "TrafficRoutingConfiguration": {
                    "Type": "CANARY",
                    "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 10},
                    "WaitIntervalInSeconds": 300,
                },
                "TerminationWaitInSeconds": 300,
            },
            "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "product-recommender-errors"}]},
        },
    )
    live(12)
    view = local.endpoint("product-recommender-prod")
    assert view is not None
    assert (view.status, view.config_name, view.failure_reason) == ("InService", "product-recommender-v23", None)
    live(8)
    assert {alarm["state"] for alarm in local.alarms} == {"OK"}


def test_a_candidate_and_the_live_model_are_compared_on_todays_data(
    sm: "SageMakerClient", local: LocalSageMaker, world: World, live: Live
):
    live(3)
    world.shift("fraud-detector", "amount", scale=2.3)
    live(5)
    sm.start_pipeline_execution(PipelineName="fraud-detector-train", ClientRequestToken="d" * 32)
    live(13)
    report = local.objects.get_json("agentops-fraud-detector", "evaluation/42.json")
    assert report["f1"] > 0.88 > 0.86 > report["champion"]["f1"]


def test_training_on_quarantined_data_makes_a_candidate_that_fails(
    sm: "SageMakerClient", s3: "S3Client", local: LocalSageMaker, world: World, live: Live, clock: "HandClock"
):
    live(3)
    data = ModelData(CHURN_PREDICTOR, 1)
    data.write_capture(local.objects, {}, clock.now, clock.now + 1)
    (key,) = local.objects.keys("agentops-churn-predictor", "capture/")
    s3.put_object_tagging(
        Bucket="agentops-churn-predictor", Key=key, Tagging={"TagSet": [{"Key": QUARANTINE_TAG, "Value": "x1"}]}
    )
    assert local.changes[-1].request["Tagging"] == {"TagSet": [{"Key": QUARANTINE_TAG, "Value": "x1"}]}
    window: Any = [
        {"Name": "TrainingWindowStart", "Value": "2027-01-01T00:00:00Z"},
        {"Name": "TrainingWindowEnd", "Value": "2027-02-01T00:00:00Z"},
    ]
    sm.start_pipeline_execution(
        PipelineName="churn-predictor-train", ClientRequestToken="q" * 32, PipelineParameters=window
    )
    live(12)
    report = local.objects.get_json("agentops-churn-predictor", "evaluation/18.json")
    assert report["f1"] < report["champion"]["f1"] - 0.01
