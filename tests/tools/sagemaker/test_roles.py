"""The role under which everything is read: assumed once, before it ends again, and never left aside."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.sagemaker.server import LocalSageMaker
from tests.tools.sagemaker.world import ACCOUNT, CREDENTIALS, REGION, SEEDED
from tools.datasets.reader import DatasetReader
from tools.errors import AccessDenied, InvalidRequest, Unavailable
from tools.sagemaker import roles
from tools.sagemaker.connection import AwsConnection
from tools.sagemaker.reader import SageMakerReader
from tools.sagemaker.roles import Assumed, ReaderRole, can_assume

READER = f"arn:aws:iam::{ACCOUNT}:role/agentops-reader"


@pytest.fixture
def own(local: LocalSageMaker) -> AwsConnection:
    """The process's own credentials."""
    return AwsConnection(region=REGION, endpoint_url=local.url, credentials=CREDENTIALS)


@pytest.fixture
def role(own: AwsConnection) -> ReaderRole:
    return ReaderRole(READER, connection=own, external_id="agentops-external")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What STS was asked, in order."""
    seen: list[dict[str, Any]] = []
    assume = roles.assume

    def spy(connection: AwsConnection, role: Any, **given: Any) -> Assumed:
        seen.append({"arn": role.arn, **given})
        return assume(connection, role, **given)

    monkeypatch.setattr(roles, "assume", spy)
    return seen


@pytest.fixture
def readers(local: LocalSageMaker, role: ReaderRole) -> Iterator[tuple[SageMakerReader, DatasetReader]]:
    sagemaker = SageMakerReader(region=REGION, endpoint_url=local.url, role=role)
    datasets = DatasetReader(region=REGION, endpoint_url=local.url, role=role)
    yield sagemaker, datasets
    sagemaker.close()
    datasets.close()


async def test_all_readers_share_one_session_of_the_reader_role(
    readers: tuple[SageMakerReader, DatasetReader], local: LocalSageMaker, asked: list[dict[str, Any]]
) -> None:
    sagemaker, datasets = readers
    local.objects.put(SEEDED.bucket, "capture/one.jsonl", b"{}")
    await sagemaker.endpoint(SEEDED.endpoint)
    await sagemaker.rollback_preflight(SEEDED.endpoint, "product-recommender-v22")
    await datasets.tags(SEEDED.bucket, "capture/one.jsonl")
    (one,) = asked
    assert (one["arn"], one["session"], one["external_id"]) == (READER, "agentops-reader", "agentops-external")


async def test_the_session_is_renewed_before_it_ends(
    readers: tuple[SageMakerReader, DatasetReader], asked: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    spied = roles.assume

    def ending(*args: Any, **given: Any) -> Assumed:
        return Assumed(spied(*args, **given).credentials, datetime.now(UTC) + timedelta(minutes=9))

    monkeypatch.setattr(roles, "assume", ending)
    sagemaker, _ = readers
    await sagemaker.endpoint(SEEDED.endpoint)
    monkeypatch.setattr(roles, "assume", spied)
    await sagemaker.endpoint(SEEDED.endpoint)
    count = len(asked)
    await sagemaker.endpoint(SEEDED.endpoint)
    assert count == len(asked) >= 2


async def test_a_reader_role_that_cannot_be_assumed_reads_nothing(
    readers: tuple[SageMakerReader, DatasetReader], local: LocalSageMaker
) -> None:
    armed = local.faults.add("denied", match="sts:AssumeRole")
    for reader in (readers[0].endpoint(SEEDED.endpoint), readers[1].tags(SEEDED.bucket, "k")):
        with pytest.raises(AccessDenied, match=f"the role {READER} for reading could not be assumed"):
            await reader
    assert armed.hits


async def test_an_sts_that_is_down_is_unavailable(
    readers: tuple[SageMakerReader, DatasetReader], local: LocalSageMaker
) -> None:
    local.faults.add("down", match="sts:AssumeRole")
    with pytest.raises(Unavailable):
        await readers[0].endpoint(SEEDED.endpoint)


def test_what_is_no_role_is_refused_at_once(own: AwsConnection) -> None:
    with pytest.raises(InvalidRequest):
        ReaderRole("agentops-reader", connection=own)
    with pytest.raises(InvalidRequest):
        can_assume(own, "agentops-reader", None)


def test_a_role_is_tried_with_a_session_that_may_do_nothing(
    own: AwsConnection, local: LocalSageMaker, asked: list[dict[str, Any]]
) -> None:
    can_assume(own, READER, "agentops-external")
    assert asked[0]["policy"]["Statement"] == [{"Effect": "Deny", "Action": "*", "Resource": "*"}]
    local.faults.add("denied", match="sts:AssumeRole")
    with pytest.raises(AccessDenied):
        can_assume(own, READER, None)
