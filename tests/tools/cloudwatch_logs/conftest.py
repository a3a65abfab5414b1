"""The local SageMaker with its logs, on a clock that stands still."""

from collections.abc import Iterator

import pytest

from sandbox.sagemaker.server import LocalSageMaker
from tests.tools.sagemaker.running import clock, running
from tests.tools.sagemaker.world import CREDENTIALS, REGION, SEEDED, HandClock
from tools.cloudwatch_logs.reader import LogReader

__all__ = ["clock", "running"]
"""Fixtures of the tests beside, made elsewhere."""


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
