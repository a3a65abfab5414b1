from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from incidents.alert import Severity
from incidents.budget import Candidate, InvestigationBudget, WaitsFor, next_in_turn, place
from incidents.precedence import AGING, TIERS
from tests.incidents.builders import START

IDS = st.uuids().map(str)
CANDIDATES = st.lists(
    st.builds(
        Candidate,
        id=IDS,
        severity=st.sampled_from(Severity),
        tier=st.integers(1, 4),
        queued_at=st.integers(-7200, 0).map(lambda seconds: START + timedelta(seconds=seconds)),
        asked=st.booleans(),
    ),
    max_size=30,
    unique_by=lambda one: one.id,
)
BUDGETS = st.builds(InvestigationBudget, at_once=st.integers(1, 10), per_hour=st.integers(1, 50))


def candidate(id: str, severity: Severity = Severity.WARNING, tier: int = 2, **waited: float) -> Candidate:
    return Candidate(id, severity, tier, START - timedelta(**waited), asked=False)


@given(BUDGETS, CANDIDATES, st.integers(0, 12), st.integers(0, 60))
def test_nobody_is_forgotten_and_no_budget_is_exceeded(
    budget: InvestigationBudget, candidates: list[Candidate], running: int, begun: int
) -> None:
    turn = next_in_turn(budget, candidates, running=running, begun=begun)
    assert sorted([*turn.begin, *(id for id, _ in turn.waiting)]) == sorted(one.id for one in candidates)
    assert len(turn.begin) <= max(0, budget.at_once - running)
    asked = {one.id for one in candidates if one.asked}
    assert len([id for id in turn.begin if id not in asked]) <= max(0, budget.per_hour - begun)
    assert all(why is not WaitsFor.NOTHING for _, why in turn.waiting)


@given(CANDIDATES)
def test_what_a_person_asked_for_goes_first_and_is_not_held_back_by_the_hour(candidates: list[Candidate]) -> None:
    turn = next_in_turn(InvestigationBudget(at_once=99), candidates, running=0, begun=1_000)
    assert set(turn.begin) == {one.id for one in candidates if one.asked}


@given(st.sampled_from(Severity), st.integers(1, 4))
def test_nothing_starves_whatever_comes_later(severity: Severity, tier: int) -> None:
    old = Candidate("old", severity, tier, START, asked=False)
    longest = (len(Severity) * TIERS - 1) * AGING + timedelta(seconds=1)
    fresh = Candidate("fresh", Severity.CRITICAL, 1, START + longest, asked=False)
    assert place(old) < place(fresh)
    assert longest < timedelta(hours=2)


def test_severity_decides_then_tier_then_age() -> None:
    given_order = [
        candidate("grave", Severity.CRITICAL, 1),
        candidate("grave, tier 2", Severity.CRITICAL, 2),
        candidate("old", minutes=5),
        candidate("new"),
        candidate("info", Severity.INFO, 1),
    ]
    budget = InvestigationBudget(at_once=2)
    turn = next_in_turn(budget, reversed(given_order), running=0, begun=0)
    assert turn.begin == ("grave", "grave, tier 2")
    assert [id for id, _ in turn.waiting] == ["old", "new", "info"]


def test_the_reason_is_the_hour_once_that_is_used_up() -> None:
    turn = next_in_turn(InvestigationBudget(), [candidate("one")], running=0, begun=120)
    assert turn.waiting == (("one", WaitsFor.HOURLY),)
