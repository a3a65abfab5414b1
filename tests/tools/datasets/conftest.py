from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.sagemaker.fleet import SeedModel
from sandbox.sagemaker.server import LocalSageMaker
from tools.datasets.reader import DatasetReader
from tools.sagemaker.connection import AwsCredentials

BUCKET = "agentops-churn-predictor"


@pytest.fixture(scope="session")
def stats() -> Any:
    """SciPy's, which takes half a second to load: too long for every process that merely collects the tests."""
    from scipy import stats

    return stats


@pytest.fixture(scope="module")
def running() -> Iterator[LocalSageMaker]:
    local = LocalSageMaker(speed=1)
    local.start()
    yield local
    local.stop()


@pytest.fixture
def local(running: LocalSageMaker) -> LocalSageMaker:
    """S3 with one empty bucket."""
    models: tuple[SeedModel, ...] = ()
    running.reset(models)
    running.objects.create_bucket(BUCKET)
    return running


@pytest.fixture
def datasets(local: LocalSageMaker) -> Iterator[DatasetReader]:
    credentials = AwsCredentials("AKIAIOSFODNN7EXAMPLE", "secret")
    made = DatasetReader(region="eu-west-1", endpoint_url=local.url, credentials=credentials)
    yield made
    made.close()
