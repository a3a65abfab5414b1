"""A local SageMaker on a clock that only moves when a test says so, and our clients of it."""

from collections.abc import Iterator

import pytest

from sandbox.sagemaker.fleet import SeedModel
from sandbox.sagemaker.server import LocalSageMaker
from tests.tools.sagemaker.running import clock, running
from tests.tools.sagemaker.world import CREDENTIALS, REGION, SEEDED, HandClock
from tools.sagemaker.operator import SageMakerOperator
from tools.sagemaker.reader import SageMakerReader

__all__ = ["clock", "running"]
"""Fixtures of the tests beside, made elsewhere."""


@pytest.fixture
def models() -> tuple[SeedModel, ...]:
    return (SEEDED,)


@pytest.fixture
def local(running: LocalSageMaker, clock: HandClock, models: tuple[SeedModel, ...]) -> LocalSageMaker:
    clock.now = HandClock.START
    running.reset(models)
    return running


@pytest.fixture
def reader(local: LocalSageMaker) -> Iterator[SageMakerReader]:
    made = SageMakerReader(region=REGION, endpoint_url=local.url, credentials=CREDENTIALS)
    yield made
    made.close()


@pytest.fixture
def operator(local: LocalSageMaker) -> Iterator[SageMakerOperator]:
    made = SageMakerOperator(
        region=REGION, endpoint_url=local.url, credentials=CREDENTIALS, external_id="agentops-external"
    )
    yield made
    made.close()
