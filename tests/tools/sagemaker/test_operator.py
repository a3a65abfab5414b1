import json
import re
import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from incidents.effect import ApiRequest
from incidents.origin import EndpointOrigin, PipelineOrigin, VariantWeight
from incidents.remediation import PromoteModel, RollbackEndpoint, ShiftTraffic, StartRetraining
from incidents.spec import spec_of
from sandbox.sagemaker.server import LocalSageMaker
from tests.tools.sagemaker.world import ACCOUNT, CREDENTIALS, REGION, SPEC, HandClock
from tools.errors import (
    AccessDenied,
    AlreadyExists,
    Busy,
    InvalidRequest,
    NotFound,
    QuotaExceeded,
    Throttled,
    Unavailable,
    UpstreamError,
)
from tools.sagemaker.operator import SageMakerOperator
from tools.sagemaker.reader import SageMakerReader
from tools.sagemaker.roles import session_name
from tools.sagemaker.session_policy import Role, session_policy

NOW = datetime(2026, 11, 20, 18, tzinfo=UTC)
ENDPOINT = "product-recommender-prod"
PACKAGE = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/product-recommender/22"
ROLLBACK = RollbackEndpoint(endpoint=ENDPOINT, to_config="product-recommender-v22")
RETRAIN = StartRetraining(pipeline="product-recommender-train", window_start=NOW - timedelta(days=14), window_end=NOW)
ENDPOINT_ORIGIN = EndpointOrigin(
    arn="arn",
    config_name="product-recommender-v23",
    variant_names=("AllTraffic",),
    status="InService",
    last_modified=NOW,
)
PIPELINE_ORIGIN = PipelineOrigin(arn="arn", last_modified=NOW)
ROLLER = SPEC.roles.roller or ""
RETRAINER = SPEC.roles.retrainer or ""
(ROLLBACK_REQUEST,) = spec_of(ROLLBACK).requests(ENDPOINT_ORIGIN, "xp1")
(RETRAIN_REQUEST,) = spec_of(RETRAIN).requests(PIPELINE_ORIGIN, "xp1")


async def test_a_rollback_is_sent_exactly_as_its_spec_made_it(
    operator: SageMakerOperator, local: LocalSageMaker
) -> None:
    sent = await operator.send(ROLLBACK_REQUEST, role_arn=ROLLER, execution_id="xp1")
    assert sent == {"EndpointArn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/{ENDPOINT}"}
    (call,) = local.changes
    assert (call.operation, call.request, call.outcome) == ("UpdateEndpoint", ROLLBACK_REQUEST.parameters, "ok")
    assert (call.role_arn, call.role_session_name) == (ROLLER, "xp1")


async def test_a_retraining_sent_twice_is_one_run(operator: SageMakerOperator, local: LocalSageMaker) -> None:
    first = await operator.send(RETRAIN_REQUEST, role_arn=RETRAINER, execution_id="xp1")
    again = await operator.send(RETRAIN_REQUEST, role_arn=RETRAINER, execution_id="xp1")
    assert first == again
    assert set(first) == {"PipelineExecutionArn"}
    assert [call.request for call in local.changes] == [RETRAIN_REQUEST.parameters] * 2


async def test_without_roles_the_process_sends_with_its_own_credentials(local: LocalSageMaker) -> None:
    operator = SageMakerOperator(region=REGION, endpoint_url=local.url, credentials=CREDENTIALS, use_roles=False)
    await operator.send(ROLLBACK_REQUEST, role_arn=None, execution_id="xp1")
    (call,) = local.changes
    assert call.role_arn is None


async def test_what_no_spec_declares_is_not_sent(operator: SageMakerOperator, local: LocalSageMaker) -> None:
    for operation in ("DeleteEndpoint", "DeleteModel", "PutObject", "update_endpoint", "close", ""):
        request = ApiRequest(service="sagemaker", operation=operation, parameters={"EndpointName": ENDPOINT})
        with pytest.raises(InvalidRequest, match="nothing was sent"):
            await operator.send(request, role_arn=ROLLER, execution_id="xp1")
    assert local.changes == []


@pytest.mark.parametrize("role", [None, "", "agentops-roller", "arn:aws:iam::123:role/x", "arn:aws:s3:::bucket"])
async def test_without_a_proper_role_nothing_is_sent(
    operator: SageMakerOperator, local: LocalSageMaker, role: str | None
) -> None:
    with pytest.raises(AccessDenied):
        await operator.send(ROLLBACK_REQUEST, role_arn=role, execution_id="xp1")
    assert local.changes == []


async def test_a_role_that_cannot_be_assumed_is_told_in_plain_words(
    operator: SageMakerOperator, local: LocalSageMaker
) -> None:
    local.faults.add("denied", match="sts:AssumeRole")
    with pytest.raises(AccessDenied, match=f"the role {ROLLER} could not be assumed .*; nothing was sent"):
        await operator.send(ROLLBACK_REQUEST, role_arn=ROLLER, execution_id="xp1")
    assert local.changes == []


async def test_an_sts_that_is_down_is_unavailable_and_nothing_is_sent(
    operator: SageMakerOperator, local: LocalSageMaker
) -> None:
    local.faults.add("down", match="sts:AssumeRole")
    with pytest.raises(Unavailable):
        await operator.send(ROLLBACK_REQUEST, role_arn=ROLLER, execution_id="xp1")
    assert local.changes == []


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("throttle", Throttled),
        ("busy", Busy),
        ("denied", AccessDenied),
        ("quota", QuotaExceeded),
        ("down", Unavailable),
    ],
)
async def test_each_trouble_is_its_own_error_and_tried_once(
    operator: SageMakerOperator, local: LocalSageMaker, fault: str, kind: type[UpstreamError]
) -> None:
    armed = local.faults.add(fault, match="sagemaker:UpdateEndpoint")
    with pytest.raises(UpstreamError) as caught:
        await operator.send(ROLLBACK_REQUEST, role_arn=ROLLER, execution_id="xp1")
    assert type(caught.value) is kind
    assert armed.hits == 1


async def test_a_lost_reply_is_unavailable_though_the_call_took_effect(
    operator: SageMakerOperator, local: LocalSageMaker
) -> None:
    local.faults.add("lost_reply", match="sagemaker:UpdateEndpoint")
    with pytest.raises(Unavailable):
        await operator.send(ROLLBACK_REQUEST, role_arn=ROLLER, execution_id="xp1")
    assert [call.operation for call in local.changes] == ["UpdateEndpoint"]
    endpoint = local.endpoint(ENDPOINT)
    assert endpoint
    assert endpoint.pending_config == "product-recommender-v22"


async def test_a_config_that_is_gone_is_not_found(operator: SageMakerOperator) -> None:
    (request,) = spec_of(RollbackEndpoint(endpoint=ENDPOINT, to_config="gone")).requests(ENDPOINT_ORIGIN, "xp1")
    with pytest.raises(NotFound):
        await operator.send(request, role_arn=ROLLER, execution_id="xp1")


async def test_parameters_that_boto_refuses_are_an_invalid_request(local: LocalSageMaker) -> None:
    operator = SageMakerOperator(region=REGION, endpoint_url=local.url, credentials=CREDENTIALS, use_roles=False)
    request = ApiRequest(service="sagemaker", operation="UpdateEndpoint", parameters={"Nonsense": 1})
    with pytest.raises(InvalidRequest):
        await operator.send(request, role_arn=None, execution_id="xp1")


async def test_nobody_listening_is_unavailable() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        operator = SageMakerOperator(region=REGION, endpoint_url=url, credentials=CREDENTIALS, use_roles=False)
        with pytest.raises(Unavailable):
            await operator.send(ROLLBACK_REQUEST, role_arn=None, execution_id="xp1")


def test_the_session_may_do_this_one_thing_to_these_very_things() -> None:
    base = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
    assert session_policy(ROLLBACK_REQUEST, Role.parse(ROLLER), REGION)["Statement"] == [
        {
            "Effect": "Allow",
            "Action": "sagemaker:UpdateEndpoint",
            "Resource": [f"{base}:endpoint/{ENDPOINT}", f"{base}:endpoint-config/product-recommender-v22"],
        }
    ]
    assert session_policy(RETRAIN_REQUEST, Role.parse(RETRAINER), REGION)["Statement"] == [
        {
            "Effect": "Allow",
            "Action": "sagemaker:StartPipelineExecution",
            "Resource": [f"{base}:pipeline/product-recommender-train"],
        }
    ]


def test_the_session_policy_names_both_spellings_of_a_name_and_the_roles_partition() -> None:
    request = ApiRequest(
        service="sagemaker", operation="StartPipelineExecution", parameters={"PipelineName": "Fraud-Train"}
    )
    policy: dict[str, Any] = session_policy(
        request, Role.parse("arn:aws-cn:iam::123456789012:role/path/retrainer"), "cn-north-1"
    )
    assert policy["Statement"][0]["Resource"] == [
        f"arn:aws-cn:sagemaker:cn-north-1:123456789012:pipeline/{name}" for name in ("Fraud-Train", "fraud-train")
    ]


async def test_sts_is_asked_with_external_id_session_name_and_policy(
    local: LocalSageMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sandbox.sagemaker.sessions import Sessions

    seen: list[bytes] = []
    learn = Sessions.learn

    def spy(self: Sessions, request_body: bytes, answer_body: bytes) -> None:
        seen.append(request_body)
        learn(self, request_body, answer_body)

    monkeypatch.setattr(Sessions, "learn", spy)
    operator = SageMakerOperator(
        region=REGION, endpoint_url=local.url, credentials=CREDENTIALS, external_id="agentops-external"
    )
    await operator.send(ROLLBACK_REQUEST, role_arn=ROLLER, execution_id="xp1")
    from urllib.parse import parse_qs

    form = {key: texts[0] for key, texts in parse_qs(seen[0].decode()).items()}
    assert (form["RoleArn"], form["RoleSessionName"]) == (ROLLER, "xp1")
    assert (form["ExternalId"], form["DurationSeconds"]) == ("agentops-external", "900")
    assert json.loads(form["Policy"]) == session_policy(ROLLBACK_REQUEST, Role.parse(ROLLER), REGION)


@pytest.mark.parametrize("bad", ["", "x", "a b", "é" * 5, "x" * 65, "x/y", "x\n"])
def test_an_id_that_cannot_name_a_session_is_refused(bad: str) -> None:
    with pytest.raises(InvalidRequest):
        session_name(bad)


async def test_a_promotion_is_four_calls_each_under_a_session_of_its_own(
    operator: SageMakerOperator, reader: SageMakerReader, local: LocalSageMaker, clock: HandClock
) -> None:
    requests = await promotion(reader)
    for request in requests:
        await operator.send(request, role_arn=SPEC.roles.promoter, execution_id="xp1")
    operations = ["UpdateModelPackage", "CreateModel", "CreateEndpointConfig", "UpdateEndpoint"]
    assert [call.operation for call in local.changes] == operations
    assert [call.request for call in local.changes] == [request.parameters for request in requests]
    assert {(call.role_arn, call.role_session_name) for call in local.changes} == {(SPEC.roles.promoter, "xp1")}
    for call, request in zip(local.changes, requests, strict=True):
        given = session_policy(request, Role.parse(SPEC.roles.promoter or ""), REGION)
        assert json.loads(call.session_policy or "") == given
    package = await reader.model_package(PACKAGE)
    assert (package.approval_status, package.approval_description) == ("Approved", "AgentOps execution xp1")
    clock.move(minutes=4)
    pending = (await reader.endpoint(ENDPOINT)).pending
    assert pending
    name = pending.config_name
    (variant,) = pending.variants
    assert variant.statuses
    assert {one.status for one in variant.statuses} <= {"Creating", "ActivatingTraffic", "Baking"}
    clock.move(minutes=60)
    endpoint = await reader.endpoint(ENDPOINT)
    assert (endpoint.status, endpoint.config_name, endpoint.pending) == ("InService", name, None)


async def test_a_name_that_is_taken_is_told_as_such(
    operator: SageMakerOperator, reader: SageMakerReader, local: LocalSageMaker
) -> None:
    _, model, config, _ = await promotion(reader)
    for request in (model, config):
        await operator.send(request, role_arn=SPEC.roles.promoter, execution_id="xp1")
        with pytest.raises(AlreadyExists):
            await operator.send(request, role_arn=SPEC.roles.promoter, execution_id="xp1")


async def test_a_shift_of_traffic_is_sent_with_absolute_weights(
    operator: SageMakerOperator, reader: SageMakerReader, local: LocalSageMaker, clock: HandClock
) -> None:
    weights = (VariantWeight(variant="AllTraffic", weight=1), VariantWeight(variant="Other", weight=0))
    shift = ShiftTraffic(endpoint=ENDPOINT, weights=weights)
    (request,) = spec_of(shift).requests(await reader.traffic(ENDPOINT), "xp1")
    with pytest.raises(InvalidRequest):
        await operator.send(request, role_arn=ROLLER, execution_id="xp1")
    (call,) = local.changes
    assert (call.operation, call.request) == ("UpdateEndpointWeightsAndCapacities", request.parameters)


def test_the_session_that_creates_a_model_may_pass_this_one_role_to_sagemaker_alone() -> None:
    given = {
        "ModelName": "m",
        "ExecutionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/sagemaker-execution",
        "PrimaryContainer": {"ModelPackageName": PACKAGE},
    }
    request = ApiRequest(service="sagemaker", operation="CreateModel", parameters=given)
    create, pass_role = session_policy(request, Role.parse(ROLLER), REGION)["Statement"]
    assert create["Resource"] == [f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model/m", PACKAGE]
    assert pass_role == {
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": f"arn:aws:iam::{ACCOUNT}:role/sagemaker-execution",
        "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
    }


@pytest.mark.parametrize("name", ["*", "fraud-*", "f?", "${aws:username}"])
def test_a_name_cannot_widen_the_session_that_is_asked_for(name: str) -> None:
    request = ApiRequest(service="sagemaker", operation="StartPipelineExecution", parameters={"PipelineName": name})
    (statement,) = session_policy(request, Role.parse(RETRAINER), REGION)["Statement"]
    for resource in statement["Resource"]:
        literal = re.sub(r"\$\{[*?$]\}", "", resource)
        assert not set(literal) & set("*?$")


@pytest.mark.parametrize("parameters", [{}, {"EndpointName": "e"}, {"EndpointName": None, "EndpointConfigName": 3}])
async def test_a_request_that_names_nothing_is_not_sent(
    operator: SageMakerOperator, local: LocalSageMaker, parameters: dict[str, Any]
) -> None:
    request = ApiRequest(service="sagemaker", operation="UpdateEndpoint", parameters=parameters)
    with pytest.raises(InvalidRequest, match="nothing was sent"):
        await operator.send(request, role_arn=ROLLER, execution_id="xp1")
    assert local.changes == []


async def promotion(reader: SageMakerReader) -> tuple[ApiRequest, ...]:
    """The calls that put version 22 live."""
    alarms = ("product-recommender-errors", "product-recommender-latency")
    promote = PromoteModel(
        model="product-recommender", endpoint=ENDPOINT, model_package=PACKAGE, version=22, alarms=alarms
    )
    return spec_of(promote).requests(await reader.promotion(ENDPOINT, "AllTraffic", PACKAGE), "xp1")
