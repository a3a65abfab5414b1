import math
from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.verification import Outcome, Sample, SignalCheck, Threshold, judge, window_length
from tests.incidents.builders import START

STEP = timedelta(seconds=10)
COUNT = 30
WINDOW = (START, START + STEP * COUNT)
P99 = Threshold(alert="EndpointLatencyP99High", expression="p99", comparison=">", bound=1.0)
VOLUME = Threshold(alert="InputVolumeAbnormal", expression="volume", comparison="<", bound=0.5)


def series(*values: float | None) -> list[Sample]:
    """One sample a step; None leaves one out."""
    return [Sample(at=START + STEP * n, value=value) for n, value in enumerate(values) if value is not None]


def full(value: float = 0.2) -> list[float | None]:
    return [value] * (COUNT + 1)


def verdict(*all_series: Sequence[Sample], threshold: Threshold = P99) -> SignalCheck:
    return judge(threshold, all_series, window=WINDOW, step=STEP)


def test_every_sample_inside_the_threshold_is_a_recovery() -> None:
    check = verdict(series(*full(0.2)))
    assert check.outcome is Outcome.RECOVERED
    assert (check.worst, check.samples) == (0.2, COUNT + 1)


def test_one_sample_past_the_threshold_is_none() -> None:
    values = full()
    values[17] = 1.01
    check = verdict(series(*values))
    assert check.outcome is Outcome.STILL_BREACHED
    assert check.worst == 1.01
    assert check.why == "1 of 31 samples are past the threshold"


def test_one_breaching_series_among_good_ones_is_none() -> None:
    assert verdict(series(*full()), series(*full(3.0))).outcome is Outcome.STILL_BREACHED


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_no_number_is_inconclusive(value: float) -> None:
    values = full()
    values[3] = value
    assert verdict(series(*values)).outcome is Outcome.INCONCLUSIVE


def test_a_breach_beside_a_value_that_is_no_number_is_a_breach() -> None:
    assert verdict(series(math.nan, 2.0)).outcome is Outcome.STILL_BREACHED


def test_no_series_at_all_is_inconclusive() -> None:
    check = verdict()
    assert (check.outcome, check.worst, check.samples) == (Outcome.INCONCLUSIVE, None, 0)


def test_a_series_without_a_sample_in_the_window_is_inconclusive_beside_a_good_one() -> None:
    gone = [Sample(at=START - timedelta(hours=1), value=0.1)]
    assert verdict(series(*full()), gone).outcome is Outcome.INCONCLUSIVE
    assert verdict(series(*full()), []).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    "gap", [slice(0, 4), slice(10, 14), slice(COUNT - 3, COUNT + 1)], ids=["start", "middle", "end"]
)
def test_a_gap_longer_than_three_steps_is_inconclusive(gap: slice) -> None:
    values = full()
    values[gap] = [None] * len(values[gap])
    check = verdict(series(*values))
    assert check.outcome is Outcome.INCONCLUSIVE
    assert check.why == "samples are missing in the window"


def test_a_scrape_that_was_missed_is_no_gap() -> None:
    values = full()
    values[10] = values[11] = None
    assert verdict(series(*values)).outcome is Outcome.RECOVERED


def test_what_was_before_and_after_the_window_does_not_count() -> None:
    outside = [Sample(at=START - STEP, value=9.0), *series(*full()), Sample(at=WINDOW[1] + STEP, value=9.0)]
    assert verdict(outside).outcome is Outcome.RECOVERED


def test_a_bound_from_below_is_breached_from_below() -> None:
    assert verdict(series(*full(0.6)), threshold=VOLUME).outcome is Outcome.RECOVERED
    check = verdict(series(*full(0.6)[:-1], 0.4), threshold=VOLUME)
    assert (check.outcome, check.worst) == (Outcome.STILL_BREACHED, 0.4)


@pytest.mark.parametrize(("comparison", "at_the_bound"), [(">", False), (">=", True), ("<", False), ("<=", True)])
def test_the_bound_itself_belongs_to_the_breach_as_the_rule_says(comparison: str, at_the_bound: bool) -> None:
    threshold = P99.model_copy(update={"comparison": comparison})
    assert threshold.breached(1.0) is at_the_bound


@given(st.lists(st.floats() | st.none(), min_size=COUNT + 1, max_size=COUNT + 1))
def test_recovered_means_present_finite_and_inside_at_every_sample(values: list[float | None]) -> None:
    check = verdict(series(*values))
    given_values = [value for value in values if value is not None]
    if check.outcome is Outcome.RECOVERED:
        assert given_values and all(math.isfinite(value) and value <= 1.0 for value in given_values)
        assert check.worst == max(given_values)
    breached = any(math.isfinite(value) and value > 1.0 for value in given_values)
    assert (check.outcome is Outcome.STILL_BREACHED) == breached


@given(
    st.lists(st.floats(0, 0.9), min_size=COUNT + 1, max_size=COUNT + 1),
    st.integers(0, COUNT),
    st.sampled_from([math.nan, math.inf, 1.5]),
)
def test_nothing_bad_in_the_window_is_ever_overlooked(values: list[float], at: int, bad: float) -> None:
    assert verdict(series(*values)).outcome is Outcome.RECOVERED
    assert verdict(series(*values[:at], bad, *values[at + 1 :])).outcome is not Outcome.RECOVERED


def test_the_window_is_the_rate_range_the_hold_and_the_group_interval() -> None:
    assert window_length(
        rate_range=timedelta(minutes=5), hold=timedelta(minutes=2), group_interval=timedelta(minutes=5)
    ) == timedelta(minutes=12)
