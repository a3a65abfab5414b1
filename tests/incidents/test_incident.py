import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from incidents.alert import Severity
from incidents.errors import IllegalTransition
from incidents.incident import LIVE_STATES, TRANSITIONS, IncidentState, key_of, transition, worst_severity
from tests.incidents.builders import alert

S = IncidentState


class Life(RuleBasedStateMachine):
    """An incident that is pushed towards every state, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.state = S.NEW
        self.ended = False

    @rule(after=st.sampled_from(S))
    def push(self, after: IncidentState) -> None:
        before = self.state
        try:
            self.state = transition(before, after)
        except IllegalTransition as error:
            assert (error.before, error.after) == (before.value, after.value)
            assert self.state is before
        else:
            assert self.state is after is not before
            assert not (before not in LIVE_STATES and after in LIVE_STATES)

    @invariant()
    def an_ended_incident_never_lives_again(self) -> None:
        self.ended = self.ended or self.state not in LIVE_STATES
        assert not self.ended or self.state in {S.RESOLVED, S.CLOSED}

    @invariant()
    def a_live_one_can_be_resolved_at_once(self) -> None:
        if self.state in LIVE_STATES:
            assert transition(self.state, S.RESOLVED) is S.RESOLVED


TestLife = Life.TestCase


def test_no_path_leaves_closed() -> None:
    assert TRANSITIONS[S.CLOSED] == frozenset()


def test_resolved_leads_only_to_closed() -> None:
    assert TRANSITIONS[S.RESOLVED] == {S.CLOSED}


def test_every_state_is_in_the_table_and_reached_from_new() -> None:
    assert set(TRANSITIONS) == set(S)
    reached, edge = {S.NEW}, {S.NEW}
    while edge:
        edge = {after for before in edge for after in TRANSITIONS[before]} - reached
        reached |= edge
    assert reached == set(S)


def test_only_a_decision_leads_to_executing_and_only_an_execution_to_verifying() -> None:
    assert {before for before in S if S.EXECUTING in TRANSITIONS[before]} == {S.AWAITING_DECISION}
    assert {before for before in S if S.VERIFYING in TRANSITIONS[before]} == {S.EXECUTING}


def test_nothing_is_executed_without_an_investigation_first() -> None:
    with pytest.raises(IllegalTransition, match="from new to executing"):
        transition(S.NEW, S.EXECUTING)


def test_the_live_states_are_all_but_resolved_and_closed() -> None:
    assert frozenset(S) - LIVE_STATES == {S.RESOLVED, S.CLOSED}


def test_the_worst_severity_of_no_alerts_is_info() -> None:
    assert worst_severity([]) is Severity.INFO


def test_the_worst_severity_does_not_depend_on_order() -> None:
    mild = alert(labels={"severity": "info"})
    middle = alert(labels={})
    worst = alert(labels={"severity": "CRITICAL"})
    assert worst_severity([mild, middle, worst]) is worst_severity([worst, middle, mild]) is Severity.CRITICAL
    assert worst_severity([mild, middle]) is Severity.WARNING


def test_models_of_two_environments_have_two_keys() -> None:
    assert key_of("m", "prod") == "prod/m" != key_of("m", "staging")
