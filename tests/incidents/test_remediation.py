from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from incidents.effect import RiskClass
from incidents.origin import AnyOrigin
from incidents.remediation import (
    KINDS,
    AnyRemediation,
    PromoteModel,
    QuarantineData,
    Remediation,
    RollbackEndpoint,
    ShiftTraffic,
    StartRetraining,
)
from incidents.spec import SIDES, spec_of
from incidents.specs.base import client_request_token
from incidents.specs.quarantine_data import MOST_OBJECTS, TAG
from tests.incidents.builders import (
    data_object,
    data_origin,
    endpoint_origin,
    every_remediation,
    model,
    pipeline_origin,
    promotion,
    promotion_origin,
    quarantine,
    retraining,
    rollback,
    shift,
    traffic_origin,
)

PAIRS = every_remediation()


def test_the_union_and_its_kinds_are_the_same_and_each_is_tested_here() -> None:
    members = get_args(AnyRemediation)
    assert {member.__name__ for member in members} == set(KINDS)
    assert {type(one) for one, _ in PAIRS} == set(members)


@pytest.mark.parametrize(("one", "origin"), PAIRS, ids=lambda value: type(value).__name__)
def test_every_remediation_is_specified_in_full(one: AnyRemediation, origin: AnyOrigin) -> None:
    spec = spec_of(one)
    assert spec.risk in RiskClass
    assert spec.title and spec.target and spec.undo(origin).words
    assert spec.plan(origin) and spec.success_criteria
    assert spec.estimate(model()).minutes > 0
    assert (spec.role is None) == (spec.risk is RiskClass.NONE)
    called = {f"{r.service}:{r.operation}" for r in spec.requests(origin, "xp1") if r.service in {"sagemaker", "s3"}}
    assert called <= spec.iam_actions


@pytest.mark.parametrize(("one", "origin"), PAIRS, ids=lambda value: type(value).__name__)
def test_a_remediation_does_not_start_from_the_origin_of_another(one: AnyRemediation, origin: AnyOrigin) -> None:
    spec = spec_of(one)
    for other in {type(o): o for _, o in PAIRS if type(o) is not type(origin)}.values():
        for ask in (lambda o=other: spec.requests(o, "x"), lambda o=other: spec.plan(o), lambda o=other: spec.undo(o)):
            with pytest.raises(ValueError, match="cannot start from"):
                ask()


@pytest.mark.parametrize(("one", "origin"), PAIRS, ids=lambda value: type(value).__name__)
def test_the_same_execution_makes_the_same_calls_and_another_is_told_apart(
    one: AnyRemediation, origin: AnyOrigin
) -> None:
    assert spec_of(one).requests(origin, "xp1") == spec_of(one).requests(origin, "xp1")


def test_a_rollback_is_one_update_that_keeps_the_instance_counts() -> None:
    (request,) = spec_of(rollback()).requests(endpoint_origin(), "xp1")
    assert request.operation == "UpdateEndpoint"
    assert request.parameters == {
        "EndpointName": "product-recommender-prod",
        "EndpointConfigName": "product-recommender-v23",
        "RetainAllVariantProperties": True,
    }


def test_the_undo_of_a_rollback_is_the_rollback_to_where_it_was() -> None:
    undo = spec_of(rollback()).undo(endpoint_origin()).remediation
    assert undo == rollback("product-recommender-v24")


def test_a_shift_of_traffic_names_every_variants_absolute_weight_and_its_undo_those_of_before() -> None:
    (request,) = spec_of(shift()).requests(traffic_origin(), "xp1")
    assert request.operation == "UpdateEndpointWeightsAndCapacities"
    assert request.parameters["DesiredWeightsAndCapacities"] == [
        {"VariantName": "v23", "DesiredWeight": 1.0},
        {"VariantName": "v24", "DesiredWeight": 0.0},
    ]
    undo = spec_of(shift()).undo(traffic_origin()).remediation
    assert isinstance(undo, ShiftTraffic) and undo.weights == traffic_origin().weights


def test_a_retraining_is_one_start_with_its_window_and_token() -> None:
    (request,) = spec_of(retraining()).requests(pipeline_origin(version_id=7), "xp1")
    assert request.operation == "StartPipelineExecution"
    assert request.parameters["PipelineParameters"] == [
        {"Name": "TrainingWindowStart", "Value": "2026-10-23T12:00:00Z"},
        {"Name": "TrainingWindowEnd", "Value": "2026-11-20T12:00:00Z"},
    ]
    assert request.parameters["PipelineVersionId"] == 7
    assert request.parameters["ClientRequestToken"] == client_request_token("xp1")


def test_a_pipeline_without_a_version_names_none() -> None:
    (request,) = spec_of(retraining()).requests(pipeline_origin(), "xp1")
    assert "PipelineVersionId" not in request.parameters


def test_a_promotion_approves_creates_and_then_updates_by_a_canary_with_alarms() -> None:
    made = spec_of(promotion()).requests(promotion_origin(), "xp12345678")
    operations = [one.operation for one in made]
    assert operations == ["UpdateModelPackage", "CreateModel", "CreateEndpointConfig", "UpdateEndpoint"]
    name = made[1].parameters["ModelName"]
    assert name == made[2].parameters["EndpointConfigName"] == made[3].parameters["EndpointConfigName"]
    (variant,) = made[2].parameters["ProductionVariants"]
    assert (variant["VariantName"], variant["InstanceType"], variant["InitialInstanceCount"]) == (
        "AllTraffic",
        "ml.m5.xlarge",
        2,
    )
    deployment = made[3].parameters["DeploymentConfig"]
    routing = deployment["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    assert routing["Type"] == "CANARY" and routing["CanarySize"]["Value"] == 10
    assert routing["WaitIntervalInSeconds"] == deployment["BlueGreenUpdatePolicy"]["TerminationWaitInSeconds"] == 300
    assert deployment["AutoRollbackConfiguration"]["Alarms"] == [{"AlarmName": "fraud-detector-errors"}]


def test_a_promotion_without_an_alarm_is_refused() -> None:
    with pytest.raises(ValidationError, match="alarms"):
        PromoteModel.model_validate(promotion().model_dump() | {"alarms": []})


def test_a_quarantine_keeps_other_tags_and_its_release_takes_only_its_own_off() -> None:
    origin = data_origin(data_object("capture/a.jsonl", team="risk"), data_object("capture/b.jsonl"))
    manifest, first, second = spec_of(quarantine()).requests(origin, "xp1")
    assert manifest.operation == "PutObject" and manifest.parameters["Key"] == "quarantine/xp1.json"
    assert first.parameters["Tagging"]["TagSet"] == [
        {"Key": TAG, "Value": "xp1"},
        {"Key": "team", "Value": "risk"},
    ]
    assert second.parameters["Tagging"]["TagSet"] == [{"Key": TAG, "Value": "xp1"}]
    release = spec_of(quarantine()).undo(origin).remediation
    assert isinstance(release, QuarantineData) and release.mode == "release"
    tagged = data_origin(data_object("capture/a.jsonl", team="risk", **{TAG: "xp1"}))
    _, back = spec_of(release).requests(tagged, "xp2")
    assert back.parameters["Tagging"]["TagSet"] == [{"Key": "team", "Value": "risk"}]


@pytest.mark.parametrize("count", [0, MOST_OBJECTS + 1])
def test_a_window_without_objects_or_with_too_many_is_refused(count: int) -> None:
    origin = data_origin(*(data_object(f"capture/{number}.jsonl") for number in range(count)))
    with pytest.raises(ValueError, match=f"holds {count} objects"):
        spec_of(quarantine()).requests(origin, "xp1")


@given(st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=300))
def test_the_token_is_what_aws_takes_and_the_same_each_time(execution_id: str) -> None:
    token = client_request_token(execution_id)
    assert 32 <= len(token) <= 128
    assert token == client_request_token(execution_id)
    (request,) = spec_of(retraining()).requests(pipeline_origin(), execution_id)
    assert len(request.parameters["PipelineExecutionDisplayName"]) <= 82


@given(st.from_regex(r"x[0-9a-z]{1,40}", fullmatch=True), st.from_regex(r"x[0-9a-z]{1,40}", fullmatch=True))
def test_two_executions_have_two_tokens(one: str, other: str) -> None:
    assert (client_request_token(one) == client_request_token(other)) == (one == other)


def test_a_rollback_may_break_production_and_a_retraining_may_not() -> None:
    assert spec_of(rollback()).risk is RiskClass.HIGH
    assert spec_of(retraining()).risk is RiskClass.LOW


def test_each_remediation_runs_under_its_own_role() -> None:
    assert (spec_of(rollback()).role_arn(model()) or "").endswith("agentops-roller")
    assert (spec_of(retraining()).role_arn(model()) or "").endswith("agentops-retrainer")


def test_one_endpoint_and_one_pipeline_are_each_one_target() -> None:
    assert spec_of(rollback()).target == spec_of(rollback("product-recommender-v22")).target == spec_of(shift()).target
    assert spec_of(rollback()).target != spec_of(retraining()).target


@pytest.mark.parametrize("name", ["a b", "../v1", "", "v" * 64, "v1;drop", "v_1"])
def test_a_name_that_sagemaker_would_not_take_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        RollbackEndpoint(endpoint="product-recommender-prod", to_config=name)


def test_a_kind_that_nobody_specified_is_refused() -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Remediation).validate_python({"kind": "DeleteEndpoint", "endpoint": "e"})


def test_parameters_of_ones_own_are_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        StartRetraining.model_validate(retraining().model_dump() | {"instance_count": 400})


def test_the_sides_are_the_kinds_that_can_break_nothing() -> None:
    harmless = {one.kind for one, _ in every_remediation() if spec_of(one).risk is RiskClass.NONE}
    assert harmless == SIDES
