from datetime import timedelta

import pytest

from incidents.remediation import StartRetraining
from incidents.sameness import WINDOW_MOVED, says_the_same
from tests.incidents.builders import pipeline_origin, proposal, retraining, rollback

STEP = timedelta(seconds=1)


def moved(start: timedelta = timedelta(0), end: timedelta = timedelta(0)) -> StartRetraining:
    one = retraining()
    return one.model_copy(update={"window_start": one.window_start + start, "window_end": one.window_end + end})


def test_the_names_and_tokens_of_its_own_calls_make_no_other_proposal() -> None:
    one, other = proposal("p1", remediation=retraining()), proposal("p2", remediation=retraining())
    assert one.digest != other.digest, "the token of a call is the execution's own"
    assert says_the_same(one, other)


@pytest.mark.parametrize("by", [WINDOW_MOVED, -WINDOW_MOVED])
def test_a_training_window_that_moved_by_little_is_the_same(by: timedelta) -> None:
    assert says_the_same(proposal(remediation=retraining()), proposal("p2", remediation=moved(by, by)))


@pytest.mark.parametrize(
    "other",
    [moved(end=WINDOW_MOVED + STEP), moved(start=-WINDOW_MOVED - STEP), rollback()],
    ids=["its end moved", "its begin moved", "another kind"],
)
def test_another_window_or_another_change_is_another_proposal(other: StartRetraining) -> None:
    assert not says_the_same(proposal(remediation=retraining()), proposal("p2", remediation=other))


def test_the_same_change_of_another_world_is_another_proposal() -> None:
    elsewhere = pipeline_origin().model_copy(update={"version_id": 7})
    one = proposal(remediation=retraining())
    assert not says_the_same(one, proposal("p2", remediation=retraining(), origin=elsewhere))


def test_a_rollback_to_another_config_is_another_proposal() -> None:
    assert not says_the_same(proposal(), proposal("p2", remediation=rollback("product-recommender-v22")))
