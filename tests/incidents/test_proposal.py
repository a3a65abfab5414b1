import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.effect import ApiRequest
from incidents.proposal import Proposal, digest_of
from tests.incidents.builders import (
    endpoint_origin,
    later,
    needs,
    pipeline_origin,
    proposal,
    retraining,
    rollback,
)

values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
parameter_sets = st.dictionaries(st.text(min_size=1, max_size=5), values, min_size=1, max_size=4)


def digest(**parameters: object) -> str:
    request = ApiRequest(service="sagemaker", operation="UpdateEndpoint", parameters=parameters)
    return digest_of((request,), endpoint_origin().identity)


@given(parameter_sets, st.data())
def test_any_change_of_any_request_parameter_changes_the_digest(
    parameters: dict[str, object], data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(parameters)))
    other = data.draw(values.filter(lambda value: repr(value) != repr(parameters[name])))
    assert digest(**parameters) != digest(**parameters | {name: other})
    assert digest(**parameters) != digest(**{key: value for key, value in parameters.items() if key != name})


@given(parameter_sets)
def test_the_order_of_the_parameters_does_not_matter(parameters: dict[str, object]) -> None:
    assert digest(**parameters) == digest(**dict(reversed(parameters.items())))


@pytest.mark.parametrize(
    "changed",
    [{"arn": "arn:other"}, {"config_name": "product-recommender-v25"}, {"variant_names": ("AllTraffic", "Shadow")}],
    ids=lambda changed: next(iter(changed)),
)
def test_the_digest_follows_the_identity_of_the_endpoint(changed: dict[str, object]) -> None:
    assert proposal(origin=endpoint_origin(**changed)).digest != proposal().digest


@pytest.mark.parametrize("changed", [{"status": "Updating"}, {"last_modified": later(hours=3)}])
def test_the_digest_does_not_follow_what_merely_happens_to_the_endpoint(changed: dict[str, object]) -> None:
    assert proposal(origin=endpoint_origin(**changed)).digest == proposal().digest


@pytest.mark.parametrize("changed", [{"arn": "arn:other"}, {"version_id": 4}, {"last_modified": later(hours=3)}])
def test_the_digest_follows_the_identity_of_the_pipeline(changed: dict[str, object]) -> None:
    one = proposal(remediation=retraining())
    other = proposal(remediation=retraining(), origin=pipeline_origin(**changed))
    assert one.digest != other.digest


def test_the_digest_follows_what_is_rolled_back_to() -> None:
    assert proposal(remediation=rollback("product-recommender-v22")).digest != proposal().digest


def test_the_policys_word_is_beside_the_digest_and_not_in_it() -> None:
    assert proposal(decision=needs(2)).digest == proposal().digest


def test_two_requests_are_not_one() -> None:
    request = proposal().requests[0]
    assert digest_of((request,), {}) != digest_of((request, request), {})


def test_the_execution_is_named_after_the_proposal() -> None:
    one = proposal("p77")
    assert one.execution_id == "xp77"
    assert proposal("p78", remediation=retraining()).requests != proposal("p77", remediation=retraining()).requests


def test_the_card_shows_the_first_eight_characters() -> None:
    assert proposal().short_digest == proposal().digest[:8]
    assert len(proposal().digest) == 64


def test_a_proposal_survives_being_stored_with_its_digest() -> None:
    for one in (proposal(), proposal(remediation=retraining())):
        again = Proposal.model_validate_json(one.model_dump_json())
        assert again == one
        assert digest_of(again.requests, again.origin.identity) == one.digest
