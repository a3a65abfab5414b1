"""Fixtures: a local SageMaker on a clock that only moves when a test says so."""

from collections.abc import Iterator

import pytest

from sandbox.sagemaker.server import LocalSageMaker
from tests.tools.sagemaker.world import HandClock


@pytest.fixture(scope="module")
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(scope="module")
def running(clock: HandClock) -> Iterator[LocalSageMaker]:
    local = LocalSageMaker(speed=1, clock=clock)
    local.start()
    yield local
    local.stop()
