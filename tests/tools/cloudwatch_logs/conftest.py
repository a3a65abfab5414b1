"""The local SageMaker with its logs, on a clock that stands still."""

from collections.abc import Iterator

import pytest

from sandbox.sagemaker.server import LocalSageMaker
from tests.tools.sagemaker.world import CREDENTIALS, REGION, SEEDED, HandClock
from tools.cloudwatch_logs.reader import LogReader


@pytest.fixture(scope="module")
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(scope="module")
def running(clock: HandClock) -> Iterator[LocalSageMaker]:
    local = LocalSageMaker(speed=1, clock=clock)
    local.start()
    yield local
    local.stop()


@pytest.fixture
def local(running: LocalSageMaker, clock: HandClock) -> LocalSageMaker:
    clock.now = HandClock.START
    running.reset((SEEDED,))
    return running


@pytest.fixture
def reader(local: LocalSageMaker) -> Iterator[LogReader]:
    made = LogReader(region=REGION, endpoint_url=local.url, credentials=CREDENTIALS)
    yield made
    made.close()
