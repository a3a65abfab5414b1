from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from incidents import remediation as spec
from incidents.policy import RemediationKind
from incidents.remediation import Remediation, RiskClass, RollbackEndpoint, StartRetraining
from tests.incidents.builders import endpoint_origin, model, pipeline_origin, retraining, rollback

MEMBERS = get_args(get_args(Remediation)[0])
PAIRS = ((rollback(), endpoint_origin()), (retraining(), pipeline_origin()))


def test_the_policy_knows_exactly_the_remediations_there_are() -> None:
    assert set(get_args(RemediationKind)) == {member.__name__ for member in MEMBERS}
    assert {type(one) for one, _ in PAIRS} == set(MEMBERS)


@pytest.mark.parametrize(("one", "origin"), PAIRS, ids=lambda value: type(value).__name__)
def test_every_remediation_is_specified_in_full(one: spec.RollbackEndpoint, origin: spec.EndpointOrigin) -> None:
    model_of_it = model()
    assert spec.risk_class(one) in RiskClass
    assert spec.title(one) and spec.target(one) and spec.undo(one, origin)
    assert spec.plan(one, origin) and spec.success_criteria(one)
    assert spec.estimate(one, model_of_it).minutes > 0
    assert spec.role_arn(one, model_of_it)
    assert isinstance(spec.valid_origin_statuses(one), frozenset)
    operations = {f"{request.service}:{request.operation}" for request in spec.requests(one, origin, "xp1")}
    assert operations < spec.iam_actions(one)
    assert spec.facts_for_policy(one) == {"remediation": one.kind, "risk": spec.risk_class(one).value}


@pytest.mark.parametrize(("one", "origin"), [(rollback(), pipeline_origin()), (retraining(), endpoint_origin())])
def test_a_remediation_does_not_start_from_the_origin_of_another(
    one: spec.RollbackEndpoint, origin: spec.EndpointOrigin
) -> None:
    for ask in (lambda: spec.requests(one, origin, "x"), lambda: spec.plan(one, origin)):
        with pytest.raises(ValueError, match="cannot start from"):
            ask()


def test_a_rollback_is_one_update_that_keeps_the_instance_counts() -> None:
    (request,) = spec.requests(rollback(), endpoint_origin(), "xp1")
    assert request.operation == "UpdateEndpoint"
    assert request.parameters == {
        "EndpointName": "product-recommender-prod",
        "EndpointConfigName": "product-recommender-v23",
        "RetainAllVariantProperties": True,
    }


def test_a_retraining_is_one_start_with_its_window_and_token() -> None:
    (request,) = spec.requests(retraining(), pipeline_origin(version_id=7), "xp1")
    assert request.operation == "StartPipelineExecution"
    assert request.parameters["PipelineParameters"] == [
        {"Name": "TrainingWindowStart", "Value": "2026-10-23T12:00:00Z"},
        {"Name": "TrainingWindowEnd", "Value": "2026-11-20T12:00:00Z"},
    ]
    assert request.parameters["PipelineVersionId"] == 7
    assert request.parameters["ClientRequestToken"] == spec.client_request_token("xp1")


def test_a_pipeline_without_a_version_names_none() -> None:
    (request,) = spec.requests(retraining(), pipeline_origin(), "xp1")
    assert "PipelineVersionId" not in request.parameters


@given(st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=300))
def test_the_token_is_what_aws_takes_and_the_same_each_time(execution_id: str) -> None:
    token = spec.client_request_token(execution_id)
    assert 32 <= len(token) <= 128
    assert token == spec.client_request_token(execution_id)
    (request,) = spec.requests(retraining(), pipeline_origin(), execution_id)
    assert len(request.parameters["PipelineExecutionDisplayName"]) <= 82


@given(st.from_regex(r"x[0-9a-z]{1,40}", fullmatch=True), st.from_regex(r"x[0-9a-z]{1,40}", fullmatch=True))
def test_two_executions_have_two_tokens(one: str, other: str) -> None:
    assert (spec.client_request_token(one) == spec.client_request_token(other)) == (one == other)


def test_a_rollback_may_break_production_and_a_retraining_may_not() -> None:
    assert spec.risk_class(rollback()) is RiskClass.HIGH
    assert spec.risk_class(retraining()) is RiskClass.LOW


def test_each_remediation_runs_under_its_own_role() -> None:
    assert (spec.role_arn(rollback(), model()) or "").endswith("agentops-roller")
    assert (spec.role_arn(retraining(), model()) or "").endswith("agentops-retrainer")


def test_one_endpoint_and_one_pipeline_are_each_one_target() -> None:
    assert spec.target(rollback()) == spec.target(rollback("product-recommender-v22"))
    assert spec.target(rollback()) != spec.target(retraining())


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
