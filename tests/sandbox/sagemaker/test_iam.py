"""Who may do what: roles, session policies, the bot's own credentials, and the words of a refusal."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.sagemaker.iam import ADMIN_ACCESS_KEY, BOT_ACCESS_KEY, EXTERNAL_ID, Iam, PolicyError, statements_of
from sandbox.sagemaker.server import LocalSageMaker
from tests.sandbox.sagemaker.conftest import MODEL, START, Aws, HandClock

MANIFESTS = Path(__file__).parents[3] / "manifests" / "iam"
ENDPOINT, LIVE, BEFORE = "product-recommender-prod", "product-recommender-v23", "product-recommender-v22"
BUCKET = "agentops-product-recommender"
ACCOUNT = "arn:aws:sagemaker:eu-west-1:123456789012"
Refusal = Callable[[Callable[[], object]], tuple[str, str]]
Act = Callable[..., Any]


@pytest.fixture(scope="module")
def guarded() -> Iterator[LocalSageMaker]:
    clock = HandClock()
    made = LocalSageMaker(speed=60, clock=clock, iam=Iam.read(MANIFESTS))
    made.start()
    made.seed([MODEL])
    yield made
    made.stop()


@pytest.fixture
def local(guarded: LocalSageMaker) -> LocalSageMaker:
    guarded.reset([MODEL])
    assert guarded.clock.now() == START
    return guarded


@pytest.fixture
def act(local: LocalSageMaker) -> Act:
    """A client of a service under a role, with a session policy when one is given."""
    aws = Aws(local.url)

    def client(role: str, service: str, allow: dict[str, list[str]] | None = None) -> Any:
        statement = [{"Effect": "Allow", "Action": action, "Resource": on} for action, on in (allow or {}).items()]
        policy = {"Policy": json.dumps({"Version": "2012-10-17", "Statement": statement})} if allow is not None else {}
        got = aws.client("sts", aws_access_key_id=BOT_ACCESS_KEY).assume_role(
            RoleArn=f"arn:aws:iam::123456789012:role/agentops-{role}",
            RoleSessionName="xp1",
            ExternalId=EXTERNAL_ID,
            **policy,
        )["Credentials"]
        return aws.client(
            service,
            aws_access_key_id=got["AccessKeyId"],
            aws_secret_access_key=got["SecretAccessKey"],
            aws_session_token=got["SessionToken"],
        )

    return client


def test_the_reader_may_read_the_logs_of_the_catalogues_endpoints_and_no_others(act: Act, refusal: Refusal):
    logs = act("reader", "logs")
    assert logs.filter_log_events(logGroupName=f"/aws/sagemaker/Endpoints/{ENDPOINT}")["events"] == []
    code, message = refusal(lambda: logs.filter_log_events(logGroupName="/aws/sagemaker/Endpoints/salaries-prod"))
    assert code == "AccessDeniedException"
    assert "logs:FilterLogEvents on resource: arn:aws:logs:eu-west-1:123456789012:log-group:" in message


@pytest.mark.parametrize("role", ["roller", "retrainer", "promoter"])
def test_a_role_that_changes_reads_no_logs(act: Act, refusal: Refusal, role: str):
    logs = act(role, "logs")
    code, _ = refusal(lambda: logs.filter_log_events(logGroupName=f"/aws/sagemaker/Endpoints/{ENDPOINT}"))
    assert code == "AccessDeniedException"


def test_the_roller_may_put_a_config_live_on_a_tagged_endpoint(act: Act, local: LocalSageMaker):
    act("roller", "sagemaker").update_endpoint(EndpointName=ENDPOINT, EndpointConfigName=BEFORE)
    assert [call.outcome for call in local.changes] == ["ok"]


def test_the_roller_may_not_touch_an_endpoint_without_the_tag(act: Act, local: LocalSageMaker, refusal: Refusal):
    admin = Aws(local.url).client("sagemaker", aws_access_key_id=ADMIN_ACCESS_KEY)
    admin.delete_tags(ResourceArn=f"{ACCOUNT}:endpoint/{ENDPOINT}", TagKeys=["agentops:model"])
    roller = act("roller", "sagemaker")
    code, message = refusal(lambda: roller.update_endpoint(EndpointName=ENDPOINT, EndpointConfigName=BEFORE))
    assert (code, message) == (
        "AccessDeniedException",
        "User: arn:aws:sts::123456789012:assumed-role/agentops-roller/xp1 is not authorized to perform: "
        f"sagemaker:UpdateEndpoint on resource: {ACCOUNT}:endpoint/{ENDPOINT} because no identity-based policy allows "
        "the sagemaker:UpdateEndpoint action",
    )
    assert [(call.operation, call.outcome) for call in local.changes][-1] == ("UpdateEndpoint", "denied")


@pytest.mark.parametrize("role", ["roller", "retrainer", "reader"])
def test_nobody_but_the_promoter_may_approve_or_create(act: Act, refusal: Refusal, role: str):
    client = act(role, "sagemaker")
    package = f"{ACCOUNT}:model-package/product-recommender/23"
    for call in (
        lambda: client.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Rejected"),
        lambda: client.create_model(ModelName="product-recommender-v99", PrimaryContainer={"Image": "image"}),
        lambda: client.delete_endpoint(EndpointName=ENDPOINT),
    ):
        assert refusal(call)[0] == "AccessDeniedException"


def test_a_session_policy_narrows_the_role(act: Act, local: LocalSageMaker, refusal: Refusal):
    narrow = {"sagemaker:UpdateEndpoint": [f"{ACCOUNT}:endpoint/{ENDPOINT}", f"{ACCOUNT}:endpoint-config/{BEFORE}"]}
    roller = act("roller", "sagemaker", narrow)
    code, message = refusal(lambda: roller.update_endpoint(EndpointName=ENDPOINT, EndpointConfigName=LIVE))
    assert (code, message.endswith("no session policy allows the sagemaker:UpdateEndpoint action")) == (
        "AccessDeniedException",
        True,
    )
    roller.update_endpoint(EndpointName=ENDPOINT, EndpointConfigName=BEFORE)
    assert [call.outcome for call in local.changes] == ["denied", "ok"]


def test_a_session_policy_never_widens_the_role(act: Act, refusal: Refusal):
    retrainer = act("retrainer", "sagemaker", {"sagemaker:*": ["*"]})
    code, message = refusal(lambda: retrainer.update_endpoint(EndpointName=ENDPOINT, EndpointConfigName=BEFORE))
    assert (code, "no identity-based policy" in message) == ("AccessDeniedException", True)


def test_the_bots_own_credentials_change_nothing_and_assume_what_they_should(local: LocalSageMaker, refusal: Refusal):
    aws = Aws(local.url)
    own = aws.client("sagemaker", aws_access_key_id=BOT_ACCESS_KEY)
    code, message = refusal(lambda: own.update_endpoint(EndpointName=ENDPOINT, EndpointConfigName=BEFORE))
    assert (code, "assumed-role/agentops-executor/" in message) == ("AccessDeniedException", True)
    sts = aws.client("sts", aws_access_key_id=BOT_ACCESS_KEY)
    for wrong in (
        {"RoleArn": "arn:aws:iam::123456789012:role/somebody-else", "ExternalId": EXTERNAL_ID},
        {"RoleArn": "arn:aws:iam::123456789012:role/agentops-executor", "ExternalId": EXTERNAL_ID},
        {"RoleArn": "arn:aws:iam::123456789012:role/agentops-roller", "ExternalId": "guessed"},
        {"RoleArn": "arn:aws:iam::123456789012:role/agentops-roller"},
    ):
        code, message = refusal(lambda given=wrong: sts.assume_role(RoleSessionName="xp1", **given))
        assert (code, "sts:AssumeRole" in message) == ("AccessDenied", True)


def test_a_reset_world_knows_the_roles_that_were_assumed_before(act: Act, local: LocalSageMaker):
    reader = act("reader", "sagemaker")
    local.reset([MODEL])
    assert reader.describe_endpoint(EndpointName=ENDPOINT)["EndpointStatus"] == "InService"


def test_unknown_credentials_are_nobodys(local: LocalSageMaker, refusal: Refusal):
    stranger = {"aws_access_key_id": "AKIASTRANGER"}
    aws = Aws(local.url)
    assert refusal(lambda: aws.client("sagemaker", **stranger).list_endpoints())[0] == "UnrecognizedClientException"
    assert refusal(lambda: aws.client("s3", **stranger).list_objects_v2(Bucket=BUCKET))[0] == "InvalidAccessKeyId"


def test_s3_is_guarded_by_prefix_and_by_action(act: Act, local: LocalSageMaker, refusal: Refusal):
    local.objects.put(BUCKET, f"capture/{ENDPOINT}/AllTraffic/2026/11/20/10/00-00.jsonl", b"{}")
    key = f"capture/{ENDPOINT}/AllTraffic/2026/11/20/10/00-00.jsonl"
    retrainer, reader = act("retrainer", "s3"), act("reader", "s3")
    tags: Any = {"TagSet": [{"Key": "agentops:quarantine", "Value": "xp1"}]}
    retrainer.put_object_tagging(Bucket=BUCKET, Key=key, Tagging=tags)
    retrainer.put_object(Bucket=BUCKET, Key="quarantine/xp1.json", Body=b"{}")
    assert reader.get_object_tagging(Bucket=BUCKET, Key=key)["TagSet"] == tags["TagSet"]
    assert reader.list_objects_v2(Bucket=BUCKET, Prefix="capture/")["KeyCount"] == 1
    assert reader.get_object(Bucket=BUCKET, Key=key)["Body"].read() == b"{}"
    for call in (
        lambda: retrainer.put_object(Bucket=BUCKET, Key=key, Body=b"overwritten"),
        lambda: retrainer.delete_object(Bucket=BUCKET, Key=key),
        lambda: reader.get_object(Bucket=BUCKET, Key="quarantine/xp1.json"),
        lambda: reader.put_object_tagging(Bucket=BUCKET, Key=key, Tagging=tags),
    ):
        assert refusal(call)[0] == "AccessDenied"
    assert [call.outcome for call in local.changes] == ["ok", "ok", "denied", "denied", "denied"]


def test_the_promoter_passes_the_execution_role_and_no_other(act: Act, refusal: Refusal):
    promoter = act("promoter", "sagemaker")
    package = f"{ACCOUNT}:model-package/product-recommender/23"
    container = {"ModelPackageName": package}
    code, message = refusal(
        lambda: promoter.create_model(
            ModelName="product-recommender-v24-a",
            ExecutionRoleArn="arn:aws:iam::123456789012:role/administrator",
            PrimaryContainer=container,
        )
    )
    assert (code, "iam:PassRole" in message) == ("AccessDeniedException", True)
    promoter.create_model(
        ModelName="product-recommender-v24-a",
        ExecutionRoleArn="arn:aws:iam::123456789012:role/sagemaker-execution",
        PrimaryContainer=container,
    )


def test_what_the_reader_asks_of_other_services_is_allowed(act: Act, refusal: Refusal):
    assert act("reader", "cloudwatch").describe_alarms(AlarmNames=["product-recommender-errors"])["MetricAlarms"]
    act("reader", "application-autoscaling").describe_scalable_targets(ServiceNamespace="sagemaker")
    act("reader", "ecr").describe_images(repositoryName="product-recommender")
    act("reader", "service-quotas").list_service_quotas(ServiceCode="sagemaker")
    assert refusal(lambda: act("roller", "cloudwatch").describe_alarms())[0] == "AccessDenied"


def test_the_sandboxs_own_deployer_asks_nobody(local: LocalSageMaker):
    assert local.deploy("product-recommender", 24) == "product-recommender-v24"


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Deny", "Action": "s3:*", "Resource": "*"},
        {"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"},
        {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}},
    ],
)
def test_policies_that_are_not_understood_are_refused(statement: dict[str, Any]):
    with pytest.raises(PolicyError, match="here"):
        statements_of({"Statement": [statement]}, "here")
