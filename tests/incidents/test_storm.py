from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from incidents.alert import Severity
from incidents.incident import IncidentState
from incidents.storm import (
    CHANGING,
    NEEDS_PEOPLE,
    Standing,
    StormRule,
    is_over,
    is_storm,
    is_worth_a_thread,
    must_show,
    rank,
    room,
)
from tests.incidents.builders import START

RULES = st.integers(1, 50).map(lambda incidents: StormRule(incidents=incidents))
STANDINGS = st.builds(
    Standing,
    severity=st.sampled_from(Severity),
    tier=st.integers(1, 4),
    state=st.sampled_from(IncidentState),
    opened_at=st.integers(0, 3600).map(lambda seconds: START + timedelta(seconds=seconds)),
    number=st.integers(1, 1000),
)


@given(RULES, st.integers(0, 500))
def test_what_begins_in_a_window_is_bounded_by_twice_the_rule(rule: StormRule, begun: int) -> None:
    more = room(rule, begun, in_storm=True)
    assert begun + more <= max(begun, 2 * rule.incidents)
    assert room(rule, begun, in_storm=False) <= more


@given(RULES, st.integers(0, 500))
def test_a_storm_that_is_over_does_not_begin_again_by_the_same_count(rule: StormRule, opened: int) -> None:
    assert not (is_over(rule, opened) and is_storm(rule, opened))


@given(STANDINGS)
def test_what_changes_something_or_needs_people_is_worth_a_thread(one: Standing) -> None:
    assert is_worth_a_thread(one) or one.state not in NEEDS_PEOPLE | CHANGING
    assert must_show(one) == (one.state in CHANGING)


@given(STANDINGS, STANDINGS)
def test_the_worse_severity_ranks_first_then_the_more_important_tier(one: Standing, other: Standing) -> None:
    if (one.severity.rank, one.tier) < (other.severity.rank, other.tier):
        assert rank(one) < rank(other)
