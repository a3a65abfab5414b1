from typing import TYPE_CHECKING

import pytest

from sandbox.sagemaker.server import LocalSageMaker
from sandbox.sagemaker.serving import SageMakerServing
from sandbox.world.serving import LiveEndpoint, Serving

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

    from tests.sandbox.sagemaker.conftest import HandClock

ENDPOINT = "product-recommender-prod"


@pytest.fixture
def serving(local: LocalSageMaker) -> Serving:
    return SageMakerServing(local, {ENDPOINT: "product-recommender"})


def live(serving: Serving) -> LiveEndpoint:
    found = serving.live(ENDPOINT)
    assert found is not None
    return found


def test_world_sees_a_deployment_once_it_is_in_service(serving: Serving, clock: "HandClock"):
    serving.deploy(ENDPOINT, "product-recommender-v24")
    assert (live(serving).config, live(serving).status) == ("product-recommender-v23", "Updating")
    clock.move(3.1)
    assert (live(serving).config, live(serving).status) == ("product-recommender-v24", "InService")


def test_world_sees_instances_follow_a_scaling(serving: Serving, sm: "SageMakerClient", clock: "HandClock"):
    sm.update_endpoint_weights_and_capacities(
        EndpointName=ENDPOINT,
        DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 9}],
    )
    clock.move(1.1)
    assert live(serving).instances == 9


def test_world_sees_nothing_behind_an_endpoint_that_failed_or_never_was(
    serving: Serving, sm: "SageMakerClient", local: LocalSageMaker, clock: "HandClock"
):
    assert serving.live("nowhere") is None
    local.plays.arm("update_failed", ENDPOINT)
    sm.update_endpoint(EndpointName=ENDPOINT, EndpointConfigName="product-recommender-v22")
    clock.move(3.1)
    assert serving.live(ENDPOINT) is None
