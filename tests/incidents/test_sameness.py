from datetime import timedelta

import pytest

from incidents.remediation import QuarantineData, StartRetraining
from incidents.sameness import ONSET_MOVED, WINDOW_MOVED, moved_on, says_the_same
from tests.incidents.builders import (
    data_object,
    data_origin,
    pipeline_origin,
    proposal,
    quarantine,
    rerun,
    retraining,
    rollback,
)

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


@pytest.mark.parametrize(
    ("by", "same"),
    [(ONSET_MOVED, True), (-ONSET_MOVED, True), (ONSET_MOVED + STEP, False), (-ONSET_MOVED - STEP, False)],
)
def test_a_run_from_an_onset_that_is_sampled_anew_is_the_same(by: timedelta, same: bool) -> None:
    newer = rerun().model_copy(update={"window_start": rerun().window_start + by})
    assert says_the_same(proposal(remediation=rerun()), proposal("p2", remediation=newer)) is same


def test_a_run_of_another_pipeline_is_another_proposal() -> None:
    newer = rerun().model_copy(update={"pipeline": "another"})
    assert not says_the_same(proposal(remediation=rerun()), proposal("p2", remediation=newer))


def quarantined(start: timedelta = timedelta(0), end: timedelta = timedelta(0), **other: str) -> QuarantineData:
    one = quarantine()
    return one.model_copy(
        update={"window_start": one.window_start + start, "window_end": one.window_end + end, **other}
    )


@pytest.mark.parametrize("newer", [quarantined(), quarantined(end=WINDOW_MOVED), quarantined(-STEP), quarantined(STEP)])
def test_a_quarantine_may_move_on_with_the_clock(newer: QuarantineData) -> None:
    assert moved_on(quarantine(), newer)


@pytest.mark.parametrize(
    "newer",
    [
        quarantined(end=-STEP),
        quarantined(end=WINDOW_MOVED + STEP),
        quarantined(-WINDOW_MOVED - STEP),
        quarantined(prefix="other/"),
        quarantined(bucket="another"),
        quarantined(mode="release"),
    ],
    ids=["it ends earlier", "it ends long after", "it begins long before", "prefix", "bucket", "a release"],
)
def test_another_quarantine_has_not_moved_on(newer: QuarantineData) -> None:
    assert not moved_on(quarantine(), newer)


def test_a_quarantine_says_the_same_only_of_the_same_window() -> None:
    """What lies in two windows is read by the workflow; a later end alone is no reason to keep a card."""
    origin = data_origin(data_object("capture/a.jsonl"))
    one = proposal(remediation=quarantine(), origin=origin)
    assert says_the_same(one, proposal("p2", remediation=quarantine(), origin=origin))
    assert not says_the_same(one, proposal("p2", remediation=quarantined(end=STEP), origin=origin))
