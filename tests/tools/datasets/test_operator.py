"""A quarantine, sent: each call exact, once, under a session that may touch one object."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from incidents.effect import ApiRequest
from incidents.origin import DataOrigin
from incidents.remediation import QuarantineData
from incidents.spec import spec_of
from sandbox.sagemaker.server import LocalSageMaker
from tests.tools.datasets.conftest import BUCKET
from tools.datasets.operator import DatasetOperator
from tools.datasets.reader import DatasetReader
from tools.errors import AccessDenied, InvalidRequest, NotFound, Throttled, Unavailable, UpstreamError
from tools.sagemaker.connection import AwsCredentials

ROLE = "arn:aws:iam::123456789012:role/agentops-retrainer"
START = datetime(2026, 11, 20, 14, tzinfo=UTC)
END = START + timedelta(hours=2)
KEYS = [f"capture/churn-predictor-prod/AllTraffic/2026/11/20/{hour}/a.jsonl" for hour in (14, 15)]


@pytest.fixture
def operator(local: LocalSageMaker) -> Iterator[DatasetOperator]:
    made = DatasetOperator(
        region="eu-west-1",
        endpoint_url=local.url,
        credentials=AwsCredentials("AKIAIOSFODNN7EXAMPLE", "secret"),
        external_id="agentops-external",
    )
    yield made
    made.close()


async def requests(datasets: DatasetReader, mode: str = "quarantine", execution: str = "xp1") -> tuple[ApiRequest, ...]:
    remediation = QuarantineData.model_validate(
        {"mode": mode, "bucket": BUCKET, "prefix": "capture/", "window_start": START, "window_end": END}
    )
    found = await datasets.window(BUCKET, "capture/", START, END)
    return spec_of(remediation).requests(DataOrigin(bucket=BUCKET, objects=found), execution)


async def test_a_window_is_marked_with_a_manifest_and_released_again_with_its_other_tags_kept(
    operator: DatasetOperator, datasets: DatasetReader, local: LocalSageMaker
) -> None:
    for key in KEYS:
        local.objects.put(BUCKET, key, b"{}")
    own = {"Bucket": BUCKET, "Key": KEYS[0], "Tagging": {"TagSet": [{"Key": "team", "Value": "growth-ml"}]}}
    await operator.send(
        ApiRequest(service="s3", operation="PutObjectTagging", parameters=own), role_arn=ROLE, execution_id="xp0"
    )
    before = await datasets.window(BUCKET, "capture/", START, END)
    manifest, *tags = await requests(datasets)
    assert "ETag" in await operator.send(manifest, role_arn=ROLE, execution_id="xp1")
    for request in tags * 2:
        await operator.send(request, role_arn=ROLE, execution_id="xp1")
    assert await datasets.tags(BUCKET, KEYS[0]) == {"team": "growth-ml", "agentops:quarantine": "xp1"}
    assert await datasets.tags(BUCKET, KEYS[1]) == {"agentops:quarantine": "xp1"}
    assert local.objects.get_json(BUCKET, "quarantine/xp1.json")["objects"] == [
        {"key": one.key, "etag": one.etag} for one in before
    ]
    for request in await requests(datasets, "release", "xp2"):
        await operator.send(request, role_arn=ROLE, execution_id="xp2")
    assert await datasets.window(BUCKET, "capture/", START, END) == before
    assert [local.objects.get(BUCKET, key) for key in KEYS] == [b"{}", b"{}"]
    assert {call.operation for call in local.changes} == {"PutObject", "PutObjectTagging"}


async def test_each_call_may_touch_one_object(
    operator: DatasetOperator, datasets: DatasetReader, local: LocalSageMaker
) -> None:
    for key in KEYS:
        local.objects.put(BUCKET, key, b"{}")
    for request in await requests(datasets):
        await operator.send(request, role_arn=ROLE, execution_id="xp1")
    told = [(call.role_arn, call.role_session_name) for call in local.changes]
    assert told == [(ROLE, "xp1")] * 3
    policies = [json.loads(call.session_policy or "")["Statement"] for call in local.changes]
    wanted = [("s3:PutObject", "quarantine/xp1.json"), *(("s3:PutObjectTagging", key) for key in KEYS)]
    assert policies == [
        [{"Effect": "Allow", "Action": action, "Resource": [f"arn:aws:s3:::{BUCKET}/{key}"]}] for action, key in wanted
    ]


@pytest.mark.parametrize("operation", ["DeleteObject", "PutBucketPolicy", "UpdateEndpoint", "put_object", "close"])
async def test_what_no_spec_declares_is_not_sent(
    operator: DatasetOperator, local: LocalSageMaker, operation: str
) -> None:
    request = ApiRequest(service="s3", operation=operation, parameters={"Bucket": BUCKET, "Key": "k"})
    with pytest.raises(InvalidRequest, match="nothing was sent"):
        await operator.send(request, role_arn=ROLE, execution_id="xp1")
    assert local.changes == []


@pytest.mark.parametrize(("fault", "kind"), [("throttle", Throttled), ("denied", AccessDenied), ("down", Unavailable)])
async def test_each_trouble_is_its_own_error_and_tried_once(
    operator: DatasetOperator, local: LocalSageMaker, fault: str, kind: type[UpstreamError]
) -> None:
    armed = local.faults.add(fault, match="s3:PutObject")
    request = ApiRequest(
        service="s3", operation="PutObject", parameters={"Bucket": BUCKET, "Key": "quarantine/x.json", "Body": "{}"}
    )
    with pytest.raises(UpstreamError) as caught:
        await operator.send(request, role_arn=ROLE, execution_id="xp1")
    assert type(caught.value) is kind
    assert armed.hits == 1


async def test_an_object_that_is_gone_is_not_found(operator: DatasetOperator) -> None:
    given: dict[str, Any] = {"Bucket": BUCKET, "Key": KEYS[0], "Tagging": {"TagSet": []}}
    request = ApiRequest(service="s3", operation="PutObjectTagging", parameters=given)
    with pytest.raises(NotFound):
        await operator.send(request, role_arn=ROLE, execution_id="xp1")


@pytest.mark.parametrize("role", [None, "agentops-retrainer"])
async def test_without_a_proper_role_nothing_is_sent(
    operator: DatasetOperator, local: LocalSageMaker, role: str | None
) -> None:
    given = {"Bucket": BUCKET, "Key": "quarantine/x.json", "Body": "{}"}
    request = ApiRequest(service="s3", operation="PutObject", parameters=given)
    with pytest.raises(AccessDenied):
        await operator.send(request, role_arn=role, execution_id="xp1")
    local.faults.add("denied", match="sts:AssumeRole")
    with pytest.raises(AccessDenied, match="could not be assumed .*; nothing was sent"):
        await operator.send(request, role_arn=ROLE, execution_id="xp1")
    assert local.changes == []
