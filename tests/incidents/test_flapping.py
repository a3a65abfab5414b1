from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from incidents.flapping import FlappingRule, changes_of, flaps, is_calm
from tests.incidents.builders import START, later

Episode = tuple[datetime, datetime | None]
RULE = FlappingRule()
MOMENTS = st.integers(-7200, 7200).map(lambda seconds: START + timedelta(seconds=seconds))
EPISODES = st.lists(st.tuples(MOMENTS, st.none() | MOMENTS), max_size=20)


def test_three_firings_within_the_hour_are_flapping_and_two_are_not() -> None:
    twice: list[Episode] = [(later(minutes=10 * n), later(minutes=10 * n + 5)) for n in range(2)]
    assert not flaps(RULE, changes_of(twice, later(minutes=-30), later(minutes=25)))
    thrice: list[Episode] = [*twice, (later(minutes=20), None)]
    assert flaps(RULE, changes_of(thrice, later(minutes=-30), later(minutes=25)))


def test_what_fires_once_and_stays_is_never_flapping() -> None:
    assert not flaps(RULE, changes_of([(START, None)], later(minutes=-60), later(minutes=1)))


@given(EPISODES, st.integers(0, 7200))
def test_a_longer_look_back_never_counts_less(episodes: list[Episode], seconds: int) -> None:
    since = START - timedelta(seconds=seconds)
    now = later(hours=2)
    assert changes_of(episodes, since, now) >= changes_of(episodes, START, now)
    assert changes_of(episodes, since, now) <= 2 * len(episodes)


@given(st.integers(0, 3600))
def test_it_is_calm_only_after_the_whole_span_without_a_change(seconds: int) -> None:
    assert is_calm(RULE, START, later(seconds=seconds)) == (timedelta(seconds=seconds) >= RULE.calm)
