"""The onset of a series: robust, deterministic, and silent where there is none."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.onset import Shape, refined, shape_of, since_last_well
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


def rough(level: float, count: int, share: float, seed: int = 1) -> list[float]:
    """Normal noise of that share of the level."""
    drawn = random.Random(seed)
    return [level * (1 + drawn.gauss(0, share)) for _ in range(count)]


@pytest.mark.parametrize("seed", range(8))
def test_a_small_step_in_much_noise_is_dated_by_its_level_not_by_its_first_outlier(seed: int):
    found = shape(rough(0.5, 130, 0.08, seed) + rough(0.75, 60, 0.08, seed + 100))
    assert found.onset is not None
    assert abs(found.onset - (START + 130 * STEP)) <= 2 * STEP


@pytest.mark.parametrize("seed", range(8))
def test_a_spike_that_passed_is_not_the_onset_of_the_step_after_it(seed: int):
    values = rough(0.2, 150, 0.05, seed) + rough(1.2, 40, 0.05, seed + 100)
    values[60:62] = [4.0, 3.0]
    assert shape(values).onset == START + 150 * STEP


def test_of_two_troubles_the_one_that_lasts_counts_though_the_first_was_longer():
    found = shape(rough(0.2, 60, 0.05) + rough(1.5, 50, 0.05) + rough(0.2, 60, 0.05) + rough(1.6, 12, 0.05))
    assert found.onset == START + 170 * STEP
    assert found.before == pytest.approx(0.2, rel=0.1)


def test_a_gap_without_samples_or_with_none_that_are_numbers_hides_no_step():
    values = rough(0.2, 100, 0.05) + rough(1.2, 60, 0.05)
    values[80:95] = [float("nan")] * 15
    assert shape(values).onset == START + 100 * STEP
    left_out = [sample for at, sample in enumerate(series(*values)) if not 80 <= at < 95]
    found = shape_of(left_out, unit="s", end=START + 159 * STEP, step=STEP)
    assert found.onset == START + 100 * STEP


def test_a_step_within_a_gap_is_dated_by_the_first_sample_after_it():
    values = rough(0.2, 100, 0.05) + rough(1.2, 60, 0.05)
    values[90:104] = [float("nan")] * 14
    assert shape(values).onset == START + 104 * STEP


@pytest.mark.parametrize("level", [0.0, 0.2, -3.0, 1e9])
def test_a_constant_series_has_no_onset(level: float):
    assert not shape([level] * 240).departed


@pytest.mark.parametrize("count", range(5))
def test_too_few_samples_say_what_is_now_and_no_onset(count: int):
    values = [0.2, 0.2, 9.0, 9.0, 9.0][:count]
    found = shape(values) if values else shape_of([], unit="s", end=START, step=STEP)
    assert not found.departed
    assert found.now == (values[-1] if values else None)


def test_a_series_of_eight_samples_shows_its_step():
    assert shape([0.2, 0.21, 0.2, 0.19, 1.2, 1.2, 1.21, 1.19]).onset == START + 4 * STEP


def test_values_that_hang_together_are_no_departure():
    """A rate over some minutes: each value is mostly the one before it."""
    drawn, value, values = random.Random(3), 0.0, list[float]()
    for _ in range(240):
        value = 0.8 * value + drawn.gauss(0, 0.05)
        values.append(0.2 * (1 + value))
    assert not shape(values).departed


def test_a_window_with_more_trouble_than_peace_is_dated_by_the_limit():
    values = noisy(0.2, 20) + noisy(2.4, 100) + noisy(0.2, 20) + noisy(2.4, 90)
    found = since_last_well(shape(values), series(*values), lambda value: value > 1.0, unit="s")
    assert found.onset == START + 140 * STEP
