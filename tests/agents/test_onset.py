"""The onset of a series: robust, deterministic, and silent where there is none."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.onset import Shape, refined, shape_of
from agents.timing import Timing
from incidents.verification import Sample

START = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)
STEP = timedelta(seconds=90)


def series(*values: float) -> list[Sample]:
    return [Sample(at=START + i * STEP, value=value) for i, value in enumerate(values)]


def shape(values: list[float], unit: str = "s") -> Shape:
    return shape_of(series(*values), unit=unit, end=START + (len(values) - 1) * STEP, step=STEP)


def noisy(level: float, count: int) -> list[float]:
    return [level * (1 + 0.02 * (i % 3 - 1)) for i in range(count)]


def test_a_step_is_found_at_its_first_sample():
    found = shape(noisy(0.2, 100) + noisy(2.4, 40))
    assert found.onset == START + 100 * STEP
    assert found.before == pytest.approx(0.2, rel=0.05)
    assert found.verb == "rose"


def test_a_fall_is_a_fall():
    found = shape(noisy(1.0, 60) + noisy(0.4, 30), "ratio")
    assert (found.onset, found.verb) == (START + 60 * STEP, "fell")


@pytest.mark.parametrize("tail", [1, 2, 3])
def test_a_departure_that_has_just_begun_is_seen(tail: int):
    assert shape(noisy(0.2, 100) + noisy(2.4, tail)).onset == START + 100 * STEP


def test_a_level_that_stays_has_no_onset():
    found = shape(noisy(2.4, 120))
    assert not found.departed
    assert found.now is not None


def test_one_spike_is_no_departure():
    assert not shape(noisy(0.2, 60) + [5.0] + noisy(0.2, 60)).departed


def test_changes_too_small_to_matter_are_no_departure():
    assert not shape([0.001] * 60 + [0.005] * 60, "ratio").departed


@pytest.mark.parametrize("tail", [2, 6, 30])
def test_trouble_that_was_over_before_is_not_the_onset_of_what_lasts_now(tail: int):
    found = shape(noisy(0.4, 60) + noisy(2.5, 10) + noisy(0.4, 90) + noisy(4.0, tail))
    assert found.onset == START + 160 * STEP
    assert not found.back


def test_a_departure_that_is_over_is_told_as_over():
    found = shape(noisy(0.2, 80) + noisy(2.0, 60) + noisy(0.2, 20))
    assert found.departed
    assert found.back


def test_not_a_number_and_old_samples_say_nothing_about_now():
    found = shape_of(series(0.2, float("nan"), 0.2), unit="s", end=START + timedelta(hours=3), step=STEP)
    assert found.now is None


def test_no_samples_no_shape():
    found = shape_of([], unit="s", end=START, step=STEP)
    assert (found.now, found.before, found.onset) == (None, None, None)


def test_a_closer_look_moves_the_onset_between_the_coarse_samples():
    coarse = shape(noisy(0.2, 100) + noisy(2.4, 10))
    fine_start = START + 98 * STEP
    fine = [Sample(at=fine_start + i * timedelta(seconds=15), value=2.4 if i >= 9 else 0.2) for i in range(20)]
    assert refined(coarse, fine).onset == fine_start + timedelta(seconds=135)
    assert refined(coarse, []).onset == coarse.onset


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=60))
def test_no_series_breaks_it(values: list[float]):
    samples = series(*values)
    shape_of(samples, unit="ratio", end=START + len(values) * STEP, step=STEP)


@given(st.integers(8, 80), st.integers(4, 80), st.floats(0.01, 10), st.floats(2, 50))
def test_any_clear_step_is_found_where_it_is(before: int, after: int, level: float, factor: float):
    values = [level] * before + [level * factor + 1] * after
    assert shape(values).onset == START + before * STEP


def test_ranges_of_our_own_queries_follow_the_speed():
    assert Timing(speed=60).scaled("rate(x[5m])") == "rate(x[5000ms])"
    assert Timing().scaled("rate(x[5m])") == "rate(x[5m])"
    assert Timing(speed=3600).scaled("rate(x[5m])") == "rate(x[4000ms])"


def climb(level: float, to: float, usual: int, over: int, after: int) -> list[float]:
    ramp = [level + (to - level) * i / over for i in range(over)]
    return [value + 0.002 * (i % 3 - 1) for i, value in enumerate([level] * usual + ramp + [to] * after)]


@pytest.mark.parametrize(("usual", "over", "after"), [(40, 160, 40), (60, 160, 20), (120, 40, 80), (150, 90, 0)])
def test_a_ramp_begins_where_it_leaves_the_usual_level_not_in_its_middle(usual: int, over: int, after: int):
    found = shape(climb(0.03, 0.45, usual, over, after), "PSI")
    assert found.gradual
    assert found.onset is not None
    assert abs(found.onset - (START + usual * STEP)) <= 4 * STEP
    assert found.before == pytest.approx(0.03, abs=0.01)


def test_a_ramp_that_began_before_the_window_has_no_onset():
    assert shape(climb(0.03, 0.45, 0, 200, 40), "PSI").onset is None


def test_a_step_is_no_ramp_and_a_closer_look_leaves_a_ramp_alone():
    assert not shape(noisy(0.2, 100) + noisy(2.4, 40)).gradual
    ramp = shape(climb(0.03, 0.45, 60, 160, 20), "PSI")
    fine = [Sample(at=START + 90 * STEP + i * timedelta(seconds=15), value=0.4) for i in range(9)]
    assert refined(ramp, fine) == ramp
