import json
import threading
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from botocore.exceptions import BotoCoreError, ClientError

from sandbox.sagemaker.changelog import ChangingCall
from sandbox.sagemaker.control import install
from sandbox.sagemaker.faults import Faults
from sandbox.sagemaker.plays import Plays
from sandbox.sagemaker.server import LocalSageMaker

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sts import STSClient

    from tests.sandbox.sagemaker.conftest import Aws, HandClock

ENDPOINT, BEFORE = "product-recommender-prod", "product-recommender-v22"
ROLLER = "arn:aws:iam::123456789012:role/agentops-roller"
BUCKET = "agentops-product-recommender"
Refusal = Callable[[Callable[[], object]], tuple[str, str]]


def roll_back(sm: "SageMakerClient") -> None:
    sm.update_endpoint(EndpointName=ENDPOINT, EndpointConfigName=BEFORE)


def test_throttled_call_says_rate_exceeded_and_the_next_one_passes(
    sm: "SageMakerClient", local: LocalSageMaker, refusal: Refusal
):
    local.faults.add("throttle", count=1, match="UpdateEndpoint")
    sm.describe_endpoint(EndpointName=ENDPOINT)
    assert refusal(lambda: roll_back(sm)) == ("ThrottlingException", "Rate exceeded")
    roll_back(sm)
    assert [call.error for call in local.changes] == ["ThrottlingException", None]


def test_busy_hits_endpoint_changes_only(sm: "SageMakerClient", local: LocalSageMaker, refusal: Refusal):
    local.faults.add("busy", seconds=30)
    sm.describe_endpoint(EndpointName=ENDPOINT)
    code, message = refusal(lambda: roll_back(sm))
    assert code == "ValidationException"
    assert message.startswith('Cannot update in-progress endpoint "arn:')
    assert message.endswith(f'endpoint/{ENDPOINT}".')


def test_fault_ends_after_its_seconds(
    sm: "SageMakerClient", local: LocalSageMaker, clock: "HandClock", refusal: Refusal
):
    local.faults.add("denied", seconds=30, match="Update*")
    code, message = refusal(lambda: roll_back(sm))
    assert (code, "not authorized to perform: sagemaker:UpdateEndpoint" in message) == ("AccessDeniedException", True)
    clock.move(31)
    roll_back(sm)


def test_quota_fault_hits_what_needs_instances(sm: "SageMakerClient", local: LocalSageMaker, refusal: Refusal):
    local.faults.add("quota")
    assert refusal(lambda: roll_back(sm))[0] == "ResourceLimitExceeded"
    local.faults.clear()
    roll_back(sm)


def test_service_that_is_down_answers_nothing_and_did_nothing(sm: "SageMakerClient", local: LocalSageMaker):
    local.faults.add("down", count=1)
    with pytest.raises(BotoCoreError) as caught:
        roll_back(sm)
    assert not isinstance(caught.value, ClientError)
    assert local.changes == []
    assert sm.describe_endpoint(EndpointName=ENDPOINT)["EndpointStatus"] == "InService"


def test_lost_reply_leaves_the_effect(sm: "SageMakerClient", local: LocalSageMaker):
    local.faults.add("lost_reply", count=1, match="sagemaker:UpdateEndpoint")
    with pytest.raises(BotoCoreError):
        roll_back(sm)
    assert sm.describe_endpoint(EndpointName=ENDPOINT)["EndpointStatus"] == "Updating"
    assert [call.outcome for call in local.changes] == ["ok"]


def test_faults_reach_s3_and_sts_in_their_own_words(
    s3: "S3Client", sts: "STSClient", local: LocalSageMaker, refusal: Refusal
):
    local.faults.add("denied", match="s3:PutObject")
    assert refusal(lambda: s3.put_object(Bucket=BUCKET, Key="x", Body=b"y"))[0] == "AccessDenied"
    s3.list_objects_v2(Bucket=BUCKET)
    local.faults.add("throttle", match="s3:List*")
    assert refusal(lambda: s3.list_objects_v2(Bucket=BUCKET))[0] == "SlowDown"
    local.faults.add("denied", match="sts:*")
    code, message = refusal(lambda: sts.assume_role(RoleArn=ROLLER, RoleSessionName="execution-7"))
    assert (code, "sts:AssumeRole" in message) == ("AccessDenied", True)


@pytest.mark.parametrize("wrong", [{"kind": "tornado"}, {"kind": "down", "count": 0}, {"kind": "down", "seconds": -1}])
def test_faults_that_make_no_sense_are_refused(wrong: dict[str, Any]):
    with pytest.raises(ValueError):
        Faults(lambda: 0.0).add(**wrong)


def test_plays_that_make_no_sense_are_refused():
    for kind, count in (("encore", 1), ("gate_failed", 0)):
        with pytest.raises(ValueError):
            Plays().arm(kind, "any", count)


def test_log_names_the_assumed_role_and_its_session(aws: "Aws", sts: "STSClient", local: LocalSageMaker):
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    credentials = sts.assume_role(
        RoleArn=ROLLER, RoleSessionName="execution-7", SourceIdentity="incident-3", Policy=policy
    )["Credentials"]
    roller = aws.client(
        "sagemaker",
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )
    roll_back(roller)
    (call,) = local.changes
    assert (call.role_arn, call.role_session_name, call.source_identity) == (ROLLER, "execution-7", "incident-3")
    assert call.session_policy == policy
    assert call.request == {"EndpointName": ENDPOINT, "EndpointConfigName": BEFORE}


def test_denied_fault_names_the_session(aws: "Aws", sts: "STSClient", local: LocalSageMaker, refusal: Refusal):
    credentials = sts.assume_role(RoleArn=ROLLER, RoleSessionName="execution-8")["Credentials"]
    roller = aws.client("sagemaker", aws_access_key_id=credentials["AccessKeyId"])
    local.faults.add("denied", match="UpdateEndpoint")
    assert "assumed-role/agentops-roller/execution-8" in refusal(lambda: roll_back(roller))[1]


def test_log_holds_s3_writes_from_outside_and_no_reads(s3: "S3Client", local: LocalSageMaker):
    s3.put_object(Bucket=BUCKET, Key="quarantine/manifest.json", Body=b"{}")
    s3.get_object(Bucket=BUCKET, Key="quarantine/manifest.json")
    s3.copy_object(Bucket=BUCKET, Key="copy.json", CopySource={"Bucket": BUCKET, "Key": "quarantine/manifest.json"})
    s3.put_object_tagging(Bucket=BUCKET, Key="copy.json", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    s3.delete_object(Bucket=BUCKET, Key="copy.json")
    local.objects.put(BUCKET, "inside.json", b"{}")
    assert [(call.service, call.operation, call.request["Key"]) for call in local.changes] == [
        ("s3", "PutObject", "quarantine/manifest.json"),
        ("s3", "CopyObject", "copy.json"),
        ("s3", "PutObjectTagging", "copy.json"),
        ("s3", "DeleteObject", "copy.json"),
    ]


def test_failed_s3_write_is_logged_as_an_error(s3: "S3Client", local: LocalSageMaker, refusal: Refusal):
    assert refusal(lambda: s3.put_object(Bucket="no-such-bucket", Key="x", Body=b""))[0] == "NoSuchBucket"
    assert [call.outcome for call in local.changes] == ["error"]


def test_deployer_is_kept_apart_and_told_to_listeners(sm: "SageMakerClient", local: LocalSageMaker, clock: "HandClock"):
    heard: list[ChangingCall] = []
    forget = local.on_change(heard.append)
    local.deploy("product-recommender")
    clock.move(3.1)
    roll_back(sm)
    forget()
    clock.move(3.1)
    sm.delete_endpoint(EndpointName=ENDPOINT)
    assert [(call.source, call.operation) for call in heard] == [
        ("deployer", "UpdateEndpoint"),
        ("outside", "UpdateEndpoint"),
    ]
    assert [call.operation for call in local.changes] == ["UpdateEndpoint", "DeleteEndpoint"]
    assert [call.request["EndpointConfigName"] for call in local.deployments] == ["product-recommender-v24"]


def test_reading_and_seeding_leave_no_trace(sm: "SageMakerClient", local: LocalSageMaker):
    sm.list_endpoints()
    sm.describe_pipeline(PipelineName="product-recommender-train")
    assert local.changes == []


def test_reset_undoes_everything(sm: "SageMakerClient", s3: "S3Client", local: LocalSageMaker, clock: "HandClock"):
    local.deploy("product-recommender")
    clock.move(3.1)
    s3.put_object(Bucket=BUCKET, Key="x", Body=b"y")
    local.faults.add("down", match="CreateModel")
    local.plays.arm("gate_failed", "product-recommender-train")
    local.reset()
    view = local.endpoint(ENDPOINT)
    assert view is not None
    assert view.config_name == "product-recommender-v23"
    assert (local.changes, local.faults.active(), local.plays.armed()) == ([], [], [])
    assert "x" not in local.objects.keys(BUCKET)


def test_other_operations_of_sagemaker_are_motos(sm: "SageMakerClient", local: LocalSageMaker):
    sm.create_experiment(ExperimentName="drift")
    assert [one.get("ExperimentName") for one in sm.list_experiments()["ExperimentSummaries"]] == ["drift"]
    assert [call.operation for call in local.changes] == ["CreateExperiment"]


def test_unsigned_calls_are_refused(local: LocalSageMaker):
    for path in ("/moto-api/data.json", "/agentops-product-recommender"):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(local.url + path, timeout=5)
        assert caught.value.code == 403
        caught.value.close()


def test_stopped_server_refuses_connections_and_warns_of_nothing(local: LocalSageMaker, aws: "Aws"):
    """A server of its own would reset moto under the shared one, so the shared one is stopped and started."""
    port = int(local.url.rsplit(":", 1)[1])
    client = aws.client("sagemaker")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        local.stop()
        local.stop()
    with pytest.raises(BotoCoreError):
        client.list_endpoints()
    with pytest.raises(RuntimeError):
        _ = local.url
    assert "local-sagemaker" not in [thread.name for thread in threading.enumerate()]
    assert local.start(port) == f"http://127.0.0.1:{port}"
    local.reset()
    assert len(client.list_endpoints()["Endpoints"]) == 1


async def test_control_api_shows_changes_and_endpoints_and_arms_plays(
    sm: "SageMakerClient", local: LocalSageMaker, clock: "HandClock"
):
    roll_back(sm)
    app = web.Application()
    install(app, local)
    async with TestClient(TestServer(app)) as client:
        changes = await (await client.get("/_sandbox/aws/changes")).json()
        assert [(call["operation"], call["outcome"]) for call in changes["changes"]] == [("UpdateEndpoint", "ok")]
        endpoints = await (await client.get("/_sandbox/aws/endpoints")).json()
        assert [(view["name"], view["status"]) for view in endpoints["endpoints"]] == [(ENDPOINT, "Updating")]
        body = {"kind": "step_failed", "target": "product-recommender-train", "options": {"step": "Train"}}
        answer = await client.post("/_sandbox/aws/plays", json=body)
        assert (await answer.json())["ok"] is True
        for wrong in ({"kind": "encore", "target": "x"}, {"kind": "gate_failed"}, ["nothing"]):
            answer = await client.post("/_sandbox/aws/plays", data=json.dumps(wrong))
            assert answer.status == 400
    assert [play["kind"] for play in local.plays.armed()] == ["step_failed"]


async def test_control_api_plays_the_traps_of_others(
    sm: "SageMakerClient", local: LocalSageMaker, clock: "HandClock", refusal: Refusal
):
    app = web.Application()
    install(app, local)
    async with TestClient(TestServer(app)) as client:

        async def post(path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
            answer = await client.post(f"/_sandbox/aws/{path}", json=body)
            return answer.status, await answer.json()

        other_type = {"model": "product-recommender", "version": 24, "instance_type": "ml.m5.large"}
        assert (await post("deploy", other_type))[1] == {"ok": True, "config": "product-recommender-v24"}
        status, answer = await post("deploy", other_type)
        assert (status, "in-progress" in answer["error"]) == (400, True)
        clock.move(3.1)
        await post("autoscaling", {"endpoint": ENDPOINT})
        assert "must be deregistered" in refusal(lambda: roll_back(sm))[1]
        await post("autoscaling", {"endpoint": ENDPOINT, "most": 0})
        await post("quotas", {"instance_type": "ml.c5.2xlarge", "instances": 1})
        assert refusal(lambda: roll_back(sm))[0] == "ResourceLimitExceeded"
        await post("quotas", {"instance_type": "ml.c5.2xlarge", "instances": None})
        assert (await client.delete(f"/_sandbox/aws/configs/{BEFORE}")).status == 200
        assert (await client.delete(f"/_sandbox/aws/configs/{BEFORE}")).status == 400
        assert "Could not find endpoint configuration" in refusal(lambda: roll_back(sm))[1]
        await post("alarms", {"name": "product-recommender-errors", "state": "ALARM"})
        listed = (await (await client.get("/_sandbox/aws/alarms")).json())["alarms"]
        assert [(alarm["state"], alarm["pinned"]) for alarm in listed] == [("ALARM", True), ("OK", False)]
        assert (await post("alarms", {}))[1]["alarms"][0]["pinned"] is False
        for path, wrong in (
            ("deploy", {"model": "nobody"}),
            ("deploy", {"model": "product-recommender", "share": 2}),
            ("alarms", {"name": "nothing", "state": "ALARM"}),
            ("alarms", {"name": "product-recommender-errors", "state": "LOUD"}),
            ("quotas", {"instances": 1}),
        ):
            status, answer = await post(path, wrong)
            assert (status, answer["ok"]) == (400, False)
