"""The counts of trust: every proposal ends in exactly one of them."""

import random
from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.approval import ApprovalState
from incidents.autonomy_advice import QUIET, still_possible, suggestion
from incidents.clock import Moment
from incidents.effect import RiskClass
from incidents.execution import ExecutionState
from incidents.remediation import KINDS, RemediationKind
from incidents.trust import Counts, Episode, Handled, Outcome, count, month_of, outcome_of, times, trust
from tests.incidents.builders import START, later

A, X = ApprovalState, ExecutionState
VERIFICATIONS = (None, "watching", "recovered", "failed", "inconclusive", "refired", "step_done", "a word of tomorrow")


def handled(
    id: str = "p1",
    *,
    incident: str = "INC-1",
    model: str = "m",
    kind: RemediationKind = "RollbackEndpoint",
    risk: RiskClass = RiskClass.HIGH,
    made_at: Moment = START,
    state: ApprovalState = A.APPROVED,
    execution: ExecutionState | None = None,
    verification: str | None = None,
    automatic: bool = False,
    sent: bool = False,
    undone: bool = False,
    reason: str = "",
    posted_at: Moment | None = None,
    decided_at: Moment | None = None,
) -> Handled:
    return Handled(
        id=id,
        incident_id=incident,
        model=model,
        kind=kind,
        risk=risk,
        made_at=made_at,
        state=state,
        execution=execution,
        verification=verification,
        automatic=automatic,
        sent=sent,
        undone=undone,
        reason=reason,
        posted_at=posted_at,
        decided_at=decided_at,
    )


def recovered(number: int, risk: RiskClass = RiskClass.LOW, kind: RemediationKind = "StartRetraining") -> Handled:
    return handled(
        f"p{number}",
        incident=f"INC-{number}",
        kind=kind,
        risk=risk,
        execution=X.SUCCEEDED,
        sent=True,
        verification="recovered",
    )


anything = st.builds(
    handled,
    id=st.uuids().map(str),
    incident=st.sampled_from(["INC-1", "INC-2", "INC-3"]),
    model=st.sampled_from(["m", "n"]),
    kind=st.sampled_from(KINDS),
    risk=st.sampled_from(RiskClass),
    made_at=st.integers(-400, 400).map(lambda days: later(days=days)),
    state=st.sampled_from(A),
    execution=st.none() | st.sampled_from(X),
    verification=st.sampled_from(VERIFICATIONS),
    automatic=st.booleans(),
    sent=st.booleans(),
    undone=st.booleans(),
    posted_at=st.none() | st.integers(-9, 9).map(lambda m: later(minutes=m)),
    decided_at=st.none() | st.integers(-9, 9).map(lambda m: later(minutes=m)),
)
some = st.lists(anything, max_size=30, unique_by=lambda one: one.id)


def balanced(counts: Counts) -> bool:
    may_run = counts.approved + counts.automatic
    not_run = counts.waiting + counts.denied + counts.expired + counts.superseded + counts.withdrawn
    ended = counts.verified + counts.failed + counts.reverted + counts.unproven
    return (
        counts.proposed == not_run + may_run
        and may_run == ended + counts.stopped + counts.under_way
        and ended <= counts.executed <= ended + counts.stopped + counts.under_way
    )


@given(some)
def test_the_outcomes_sum_up_to_what_was_proposed(ones: list[Handled]) -> None:
    counts = count(ones)
    assert counts.proposed == len(ones) and balanced(counts)
    assert sum(getattr(counts, outcome.value) for outcome in Outcome) == counts.proposed


@given(some, st.lists(st.booleans(), min_size=3, max_size=3))
def test_lines_and_months_sum_up_to_the_whole(ones: list[Handled], false: list[bool]) -> None:
    episodes = [
        Episode(incident_id=f"INC-{n}", model="m", opened_at=later(days=40 * n), false_alarm=alarm)
        for n, alarm in enumerate(false, start=1)
    ]
    table = trust(ones, episodes, since=later(days=-365), as_of=later(days=30), suggest=suggestion)
    for field in Counts.model_fields:
        whole = getattr(count(ones), field)
        assert sum(getattr(line.counts, field) for line in table.lines) == whole
        assert sum(getattr(month.counts, field) for month in table.months) == whole
        assert all(
            sum(getattr(m.counts, field) for m in line.months) == getattr(line.counts, field) for line in table.lines
        )
    assert all(balanced(line.counts) for line in table.lines)
    assert sum(month.false_alarms for month in table.months) == sum(false)
    assert sum(model.false_alarms for model in table.models) == sum(false)
    assert [month.month for month in table.months] == sorted({month.month for month in table.months})
    assert all(line.suggestion for line in table.lines)


@given(some, st.randoms())
def test_the_order_of_the_rows_changes_nothing(ones: list[Handled], chance: random.Random) -> None:
    shuffled = list(ones)
    chance.shuffle(shuffled)
    tables = [trust(rows, [], since=START, as_of=START, suggest=suggestion) for rows in (ones, shuffled)]
    assert [line.counts for line in tables[0].lines] == [line.counts for line in tables[1].lines]
    assert [line.times for line in tables[0].lines] == [line.times for line in tables[1].lines]


@pytest.mark.parametrize(
    ("execution", "sent", "verification", "undone", "outcome"),
    [
        (None, False, None, False, Outcome.STOPPED),
        (X.QUEUED, False, None, False, Outcome.UNDER_WAY),
        (X.EXECUTING, True, None, False, Outcome.UNDER_WAY),
        (X.STALE, False, None, False, Outcome.STOPPED),
        (X.STALE, True, None, False, Outcome.FAILED),
        (X.FAILED, False, None, False, Outcome.STOPPED),
        (X.FAILED, True, None, False, Outcome.FAILED),
        (X.NEEDS_VERIFICATION, False, None, False, Outcome.FAILED),
        (X.SUCCEEDED, True, "watching", False, Outcome.UNDER_WAY),
        (X.SUCCEEDED, True, "recovered", False, Outcome.VERIFIED),
        (X.SUCCEEDED, True, "candidate_ready", False, Outcome.VERIFIED),
        (X.SUCCEEDED, True, "candidate_refused", False, Outcome.FAILED),
        (X.SUCCEEDED, True, "refired", False, Outcome.FAILED),
        (X.SUCCEEDED, True, "inconclusive", False, Outcome.UNPROVEN),
        (X.SUCCEEDED, True, None, False, Outcome.UNPROVEN),
        (X.SUCCEEDED, True, "recovered", True, Outcome.REVERTED),
        (X.SUCCEEDED, True, "failed", True, Outcome.REVERTED),
    ],
)
def test_what_was_decided_to_run_ends_so(
    execution: ExecutionState | None, sent: bool, verification: str | None, undone: bool, outcome: Outcome
) -> None:
    one = handled(execution=execution, sent=sent, verification=verification, undone=undone)
    assert outcome_of(one) is outcome


def test_what_nobody_let_run_never_counts_as_run() -> None:
    for state, execution in product(set(A) - {A.APPROVED}, X):
        counts = count([handled(state=state, execution=execution, sent=True, verification="recovered")])
        assert (counts.approved, counts.automatic, counts.executed, counts.verified) == (0, 0, 0, 0)


# Times.


def test_times_are_medians_of_what_was_measured() -> None:
    episodes = [
        Episode(
            incident_id=f"INC-{n}",
            model="m",
            opened_at=START,
            onset=START,
            received_at=later(minutes=n),
            diagnosed_at=later(minutes=n, seconds=30),
            recovered_at=later(minutes=n + 10),
        )
        for n in (1, 2, 9)
    ]
    decided = [
        handled("p1", posted_at=START, decided_at=later(seconds=40)),
        handled("p2", posted_at=START, decided_at=later(seconds=60), state=A.DENIED),
        handled("p3", posted_at=START, decided_at=later(hours=1), automatic=True),
        handled("p4", posted_at=START, decided_at=later(hours=1), state=A.EXPIRED),
        handled("p5", decided_at=later(hours=1)),
    ]
    found = times(decided, episodes)
    assert (found.detect, found.diagnose) == (timedelta(minutes=2), timedelta(seconds=30))
    assert (found.decide, found.recover) == (timedelta(seconds=50), timedelta(minutes=10))


def test_what_a_clock_that_jumped_made_negative_is_left_out_and_nothing_is_none() -> None:
    backwards = Episode(incident_id="INC-1", model="m", opened_at=START, onset=later(hours=1), received_at=START)
    assert times([], [backwards]) == times([], [])
    assert times([], []).detect is None


# Months.


def test_months_have_no_gaps() -> None:
    table = trust([], [], since=later(days=-70), as_of=START, suggest=suggestion)
    assert [month.month for month in table.months] == ["2026-09", "2026-10", "2026-11"]
    assert month_of(START) == "2026-11"


# What is suggested.


def advice(ones: list[Handled], false_alarms: int = 0) -> str:
    return suggestion(ones[0].risk, ones, false_alarms, later(days=1))


def test_a_level_is_only_suggested_after_enough_proven_recoveries() -> None:
    nine = [recovered(n) for n in range(9)]
    assert advice(nine) == "people decide: 9 of the 10 proven recoveries that are needed"
    assert advice([*nine, recovered(9)]).startswith("may be considered for execute_low: 10 proven recoveries")
    high = [recovered(n, RiskClass.HIGH, "RollbackEndpoint") for n in range(30)]
    assert "execute_high" in advice(high) and "30 proven recoveries that are needed" in advice(high[:29])


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (handled("x", execution=X.SUCCEEDED, sent=True, verification="recovered", undone=True), "1 undone"),
        (handled("x", execution=X.FAILED, sent=True), "1 failed"),
        (handled("x", state=A.DENIED, decided_at=START), "1 denied in the last 90 days"),
    ],
)
def test_one_bad_end_stands_against_it(more: Handled, said: str) -> None:
    assert said in advice([*(recovered(n) for n in range(20)), more])


def test_a_denial_long_ago_and_what_never_ran_stand_against_nothing() -> None:
    old = handled("x", state=A.DENIED, decided_at=later(days=1) - QUIET)
    expired = handled("y", state=A.EXPIRED)
    assert "may be considered" in advice([*(recovered(n) for n in range(10)), old, expired])


def test_a_false_alarm_stands_against_it() -> None:
    assert "proposed in 1 false alarm" in advice([recovered(n) for n in range(10)], false_alarms=1)


def test_what_changes_nothing_needs_no_level() -> None:
    assert "needs no level" in advice([recovered(1, RiskClass.NONE, "NotifyOwners")])


@given(st.lists(anything, min_size=1, max_size=20), st.integers(0, 3))
def test_nothing_is_suggested_with_a_failure_or_an_undo(ones: list[Handled], false_alarms: int) -> None:
    counts = count(ones)
    if counts.failed or counts.reverted or false_alarms or counts.verified < 10:
        assert "may be considered" not in suggestion(RiskClass.LOW, ones, false_alarms, START)


def test_the_bound_is_that_of_the_binomial() -> None:
    assert still_possible(0) == 1.0
    assert round(still_possible(10), 3) == 0.259 and round(still_possible(30), 3) == 0.095
    assert (1 - still_possible(10)) ** 10 == pytest.approx(0.05)
