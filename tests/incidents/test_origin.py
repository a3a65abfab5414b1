import pytest

from incidents.origin import AnyOrigin, stands
from tests.incidents.builders import data_object, data_origin, endpoint_origin, every_remediation

ONE, OTHER = data_object("capture/a.jsonl", team="risk"), data_object("capture/b.jsonl")


@pytest.mark.parametrize("origin", [origin for _, origin in every_remediation()], ids=lambda one: one.kind)
def test_an_unchanged_world_stands(origin: AnyOrigin) -> None:
    assert stands(origin, origin.model_copy())


def test_data_that_arrives_meanwhile_does_not_undo_an_approval() -> None:
    assert stands(data_origin(ONE), data_origin(ONE, OTHER))


@pytest.mark.parametrize(
    "now",
    [
        data_origin(OTHER),
        data_origin(ONE.model_copy(update={"etag": "rewritten"}), OTHER),
        data_origin(ONE.model_copy(update={"tags": {"team": "risk", "hold": "legal"}}), OTHER),
        data_origin(ONE, OTHER).model_copy(update={"bucket": "another"}),
        endpoint_origin(),
    ],
)
def test_data_that_was_approved_and_is_gone_rewritten_or_tagged_by_others_does_not_stand(now: AnyOrigin) -> None:
    assert not stands(data_origin(ONE), now)


def test_an_endpoint_on_another_config_does_not_stand() -> None:
    assert not stands(endpoint_origin(), endpoint_origin(config_name="product-recommender-v25"))
