"""One local SageMaker for the tests of a worker, on a clock that only moves when a test says so."""

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox.sagemaker.arns import REGION
from sandbox.sagemaker.fleet import SeedModel
from sandbox.sagemaker.server import LocalSageMaker

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sts import STSClient

MODEL = SeedModel(
    name="product-recommender",
    endpoint="product-recommender-prod",
    live_version=23,
    package_group="product-recommender",
    pipeline="product-recommender-train",
    bucket="agentops-product-recommender",
    metrics={"accuracy": 0.873, "f1": 0.812, "precision": 0.826, "recall": 0.799, "auc": 0.904},
    instance_type="ml.c5.2xlarge",
    instance_count=4,
    slices=("basket_value<20", "session_length>600"),
    data_pipeline="session-features",
)
START = 1_800_000_000.0


class HandClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


_CONFIG = Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 1})


class Aws:
    """boto3 clients of the local SageMaker."""

    def __init__(self, url: str) -> None:
        self._url = url

    def client(self, service: str, **credentials: str) -> Any:
        keys = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "secret"} | credentials
        make = cast(Any, boto3.session.Session()).client
        return make(service, endpoint_url=self._url, region_name=REGION, config=_CONFIG, **keys)


@pytest.fixture(scope="session")
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(scope="session")
def running(clock: HandClock) -> Iterator[LocalSageMaker]:
    sagemaker = LocalSageMaker(speed=60, clock=clock)
    sagemaker.start()
    sagemaker.seed([MODEL])
    yield sagemaker
    sagemaker.stop()


@pytest.fixture(scope="session")
def clients(running: LocalSageMaker) -> dict[str, Any]:
    aws = Aws(running.url)
    return {name: aws.client(name) for name in ("sagemaker", "s3", "sts")}


@pytest.fixture
def local(running: LocalSageMaker, clock: HandClock) -> LocalSageMaker:
    """The local SageMaker as new."""
    clock.now = START
    running.reset([MODEL])
    return running


@pytest.fixture
def aws(local: LocalSageMaker) -> Aws:
    return Aws(local.url)


@pytest.fixture
def sm(local: LocalSageMaker, clients: dict[str, Any]) -> "SageMakerClient":
    return clients["sagemaker"]


@pytest.fixture
def s3(local: LocalSageMaker, clients: dict[str, Any]) -> "S3Client":
    return clients["s3"]


@pytest.fixture
def sts(local: LocalSageMaker, clients: dict[str, Any]) -> "STSClient":
    return clients["sts"]


Refusal = Callable[[Callable[[], object]], tuple[str, str]]


@pytest.fixture
def refusal() -> Refusal:
    """Run a call that is refused; answers the error's code and message."""

    def run(call: Callable[[], object]) -> tuple[str, str]:
        with pytest.raises(ClientError) as caught:
            call()
        error = cast(dict[str, Any], caught.value.response)["Error"]
        return str(error["Code"]), str(error["Message"])

    return run


@pytest.fixture
def read_json(s3: "S3Client") -> Callable[[str], dict[str, Any]]:
    """Read a JSON document from its `s3://` address."""

    def read(uri: str) -> dict[str, Any]:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    return read
