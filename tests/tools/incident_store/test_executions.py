import pytest
from sqlmodel import col, select

from incidents.execution import ExecutionState
from incidents.incident import IncidentState
from incidents.ledger import Provenance
from incidents.message import MessageKind
from incidents.timeline import first_break
from tests.incidents.builders import START, alert, forbidden, later, model, proposal
from tests.tools.incident_store.stage import LEASE, Stage, at_once
from tools.incident_store.tables import ExecutionRecord

S, X = IncidentState, ExecutionState
THREADS, ROWS = 4, 50


def row(stage: Stage, id: str = "xp1") -> ExecutionRecord:
    return stage.reader.execution_record(id)


def sent(stage: Stage, fence: int, *, minutes: float = 3) -> None:
    stage.writer.executions.sent(
        "xp1",
        fence,
        0,
        result={"EndpointArn": "arn:e"},
        progress="UpdateEndpoint sent",
        text="UpdateEndpoint sent",
        details={},
        now=later(minutes=minutes),
        next_step_at=later(minutes=minutes, seconds=15),
    )


def finish(stage: Stage, fence: int, state: ExecutionState, *, minutes: float = 4) -> bool:
    until = later(minutes=30)
    return stage.writer.executions.finish(
        "xp1", fence, state, text="done", now=later(minutes=minutes), verify_until=until
    )


def test_each_execution_is_claimed_by_exactly_one_of_many_threads(stage: Stage) -> None:
    with stage.database.write() as session:
        for n in range(ROWS):
            session.add(
                ExecutionRecord(
                    id=f"x{n}",
                    proposal_id=f"p{n}",
                    incident_id="INC-1",
                    model="m",
                    kind="RollbackEndpoint",
                    target=f"endpoint/{n}",
                    state="queued",
                    created_at=START,
                    next_step_at=START,
                )
            )

    def claim_all(owner: str) -> dict[str, int]:
        fences = {f"x{n}": stage.writer.executions.claim(f"x{n}", owner, START, LEASE) for n in range(ROWS)}
        return {id: fence for id, fence in fences.items() if fence is not None}

    won = at_once(*(lambda n=n: claim_all(f"bot-{n}") for n in range(THREADS)))
    assert sorted(id for one in won for id in one) == sorted(f"x{n}" for n in range(ROWS))
    assert {fence for one in won for fence in one.values()} == {1}
    with stage.database.read() as session:
        owners = dict(session.exec(select(ExecutionRecord.id, col(ExecutionRecord.owner))).all())
    assert owners == {id: f"bot-{n}" for n, one in enumerate(won) for id in one}


def test_fences_increase_with_every_holder(stage: Stage) -> None:
    _, _, first = stage.executing()
    fences = [first]
    for n in range(1, 4):
        fence = stage.writer.executions.claim("xp1", f"bot-{n}", later(minutes=2 + n), LEASE)
        assert fence is not None
        fences.append(fence)
    assert fences == [1, 2, 3, 4]


def test_a_lease_keeps_others_away_until_it_is_over(stage: Stage) -> None:
    stage.executing()
    assert stage.writer.executions.claim("xp1", "bot-2", later(minutes=2, seconds=44), LEASE) is None
    assert stage.writer.executions.due(later(minutes=2, seconds=44)) == []
    assert stage.writer.executions.due(later(minutes=2, seconds=46)) == [("xp1", "xp1:1")]
    assert stage.writer.executions.claim("xp1", "bot-2", later(minutes=2, seconds=46), LEASE) == 2
    assert row(stage).owner == "bot-2"


def test_a_clock_that_jumps_gives_nobody_a_second_hold(stage: Stage) -> None:
    stage.awaiting()
    stage.approve(at=later(minutes=1))
    claim, intend = stage.writer.executions.claim, stage.writer.executions.intend
    first = claim("xp1", "bot-1", later(minutes=2), LEASE)
    assert first == 1
    assert claim("xp1", "bot-2", later(minutes=-60), LEASE) is None, "back: the lease is not over"
    second = claim("xp1", "bot-2", later(days=1), LEASE)
    assert second == 2, "ahead: it is over, and the fence moves"
    assert not intend("xp1", first, 0, later(minutes=2)), "whoever held it before sends nothing"


def test_who_lost_the_lease_may_not_intend(stage: Stage) -> None:
    _, _, fence = stage.executing()
    assert stage.writer.executions.intend("xp1", fence, 0, later(minutes=2, seconds=10))
    assert not stage.writer.executions.intend("xp1", fence, 0, later(minutes=3))
    assert stage.writer.executions.claim("xp1", "bot-2", later(minutes=3), LEASE) == 2
    assert not stage.writer.executions.intend("xp1", fence, 0, later(minutes=3))


def test_a_late_answer_under_an_old_fence_is_written_as_late_and_moves_nothing(stage: Stage) -> None:
    id, _, old = stage.executing()
    new = stage.writer.executions.claim("xp1", "bot-2", later(minutes=3), LEASE)
    assert new == 2
    before = row(stage)
    sent(stage, old, minutes=3.1)
    after = row(stage)
    assert stage.told(id)[-1] == "call_late"
    assert (after.state, after.fence, after.owner, after.lease_until, after.next_step_at) == (
        before.state,
        before.fence,
        before.owner,
        before.lease_until,
        before.next_step_at,
    )
    assert after.sent_at == later(minutes=3.1) and after.result == {"EndpointArn": "arn:e"}
    assert not finish(stage, old, X.SUCCEEDED)
    assert stage.incident(id).state is S.EXECUTING


def test_a_late_answer_after_the_end_calls_a_person(stage: Stage) -> None:
    id, _, old = stage.executing()
    new = stage.writer.executions.claim("xp1", "bot-2", later(minutes=3), LEASE)
    assert new is not None and finish(stage, new, X.STALE)
    escalations = [m for m in stage.messages(id) if m[0] is MessageKind.ESCALATION]
    sent(stage, old, minutes=9)
    assert row(stage).state == "stale" and row(stage).progress == "done"
    assert stage.incident(id).state is S.ESCALATED
    again = [m for m in stage.messages(id) if m[0] is MessageKind.ESCALATION]
    assert again[0][2] == escalations[0][2] + 1
    assert stage.writer.executions.due(later(hours=1)) == []


def test_an_answer_gives_the_lease_back_until_the_next_look(stage: Stage) -> None:
    id, _, fence = stage.executing()
    sent(stage, fence)
    assert stage.told(id)[-1] == "call_sent"
    assert stage.writer.executions.due(later(minutes=3)) == []
    assert stage.writer.executions.due(later(minutes=3, seconds=15)) == [("xp1", "xp1:1")]


def test_a_refused_call_leaves_no_intent(stage: Stage) -> None:
    _, _, fence = stage.executing()
    stage.writer.executions.intend("xp1", fence, 0, later(minutes=2))
    stage.writer.executions.withdraw(
        "xp1", fence, "busy", error="slow down", now=later(minutes=2), next_step_at=later(minutes=3)
    )
    assert (row(stage).intent_at, row(stage).progress, row(stage).lease_until) == (None, "busy", None)
    stage.writer.executions.withdraw(
        "xp1", fence + 1, "x", error="", now=later(minutes=2), next_step_at=later(minutes=9)
    )
    assert row(stage).next_step_at == later(minutes=3)
    refused = [entry for entry in stage.reader.timeline("INC-1") if entry.kind == "call_refused"]
    assert [entry.details["error"] for entry in refused] == ["slow down"]


def test_success_begins_the_verification(stage: Stage) -> None:
    id, _, fence = stage.executing()
    assert finish(stage, fence, X.SUCCEEDED)
    assert stage.incident(id).state is S.VERIFYING
    assert stage.reader.verification("xp1").state == "watching"
    assert [due for due, _ in stage.writer.verifications.due(later(minutes=4))] == ["xp1"]
    assert not finish(stage, fence, X.FAILED)


@pytest.mark.parametrize("state", [X.FAILED, X.STALE, X.NEEDS_VERIFICATION])
def test_every_other_end_calls_a_person(stage: Stage, state: ExecutionState) -> None:
    id, _, fence = stage.executing()
    assert finish(stage, fence, state)
    assert stage.incident(id).state is S.ESCALATED
    assert stage.told(id)[-1] == f"execution_{state.value}"
    assert MessageKind.ESCALATION in stage.kinds(id)
    with pytest.raises(LookupError):
        stage.reader.verification("xp1")


def test_an_end_that_is_none_is_refused(stage: Stage) -> None:
    _, _, fence = stage.executing()
    with pytest.raises(ValueError, match="not a final state"):
        finish(stage, fence, X.QUEUED)


def test_an_alert_that_cleared_while_a_change_failed_ends_the_incident(stage: Stage) -> None:
    id, _, fence = stage.executing()
    stage.take(alert(status="resolved"), at=later(minutes=3))
    finish(stage, fence, X.FAILED)
    assert stage.incident(id).state is S.RESOLVED


def test_the_cooldown_counts_from_what_was_sent_and_not_from_what_was_stopped(stage: Stage) -> None:
    _, _, fence = stage.executing()
    finish(stage, fence, X.STALE)
    assert stage.reader.last_change("product-recommender") is None


def test_a_call_that_was_refused_is_no_change_to_cool_down_from(stage: Stage) -> None:
    _, _, fence = stage.executing()
    assert stage.writer.executions.intend("xp1", fence, 0, later(minutes=2, seconds=10))
    finish(stage, fence, X.FAILED)
    assert stage.reader.last_change("product-recommender") is None


@pytest.mark.parametrize("state", [X.SUCCEEDED, X.FAILED])
def test_the_cooldown_counts_from_the_end_of_a_change(stage: Stage, state: ExecutionState) -> None:
    _, _, fence = stage.executing()
    sent(stage, fence)
    finish(stage, fence, state, minutes=9)
    last = stage.reader.last_change("product-recommender")
    assert last is not None and last.finished_at == later(minutes=9)
    assert stage.reader.last_change("churn-predictor") is None


def test_the_cooldown_counts_from_a_change_that_nobody_is_sure_of(stage: Stage) -> None:
    _, _, fence = stage.executing()
    finish(stage, fence, X.NEEDS_VERIFICATION)
    assert stage.reader.last_change("product-recommender") is not None


@pytest.mark.parametrize(
    ("ending", "state", "kind"),
    [
        ("recovered", S.RESOLVED, "verified"),
        ("failed", S.ESCALATED, "verification_failed"),
        ("inconclusive", S.ESCALATED, "verification_inconclusive"),
        ("candidate_ready", S.ESCALATED, "candidate_registered"),
        ("candidate_refused", S.ESCALATED, "verification_candidate_refused"),
        ("step_done", S.ESCALATED, "step_verified"),
        ("overtaken", S.ESCALATED, "verification_overtaken"),
    ],
)
def test_a_verification_ends_once_and_moves_the_incident_where_nothing_follows(
    stage: Stage, ending: str, state: IncidentState, kind: str
) -> None:
    id, _, fence = stage.executing()
    finish(stage, fence, X.SUCCEEDED)

    def end() -> bool:
        return stage.writer.verifications.finish("xp1", ending, (), "so it is", later(minutes=9))  # pyright: ignore[reportArgumentType] one of the endings

    assert sorted(at_once(end, end, end)) == [False, False, True]
    assert stage.incident(id).state is state
    assert stage.told(id)[-1] == kind
    report_or_call = MessageKind.REPORT if ending == "recovered" else MessageKind.ESCALATION
    assert report_or_call in stage.kinds(id)


@pytest.mark.parametrize("ending", ["candidate_ready", "failed", "refired", "step_done"])
def test_a_verification_with_something_that_follows_waits_for_its_decision(stage: Stage, ending: str) -> None:
    id, _, fence = stage.executing()
    finish(stage, fence, X.SUCCEEDED)
    following = (proposal("p2", id, created_at=later(minutes=9)), Provenance())
    assert stage.writer.verifications.finish(
        "xp1",
        ending,  # pyright: ignore[reportArgumentType] one of the endings
        (),
        "so it is",
        later(minutes=9),
        proposals=[following],
        look_again="look-2" if ending == "refired" else None,
    )
    assert stage.incident(id).state is S.AWAITING_DECISION
    assert [view.proposal.id for view in stage.reader.pending_proposals()] == ["p2"]
    looks = [one.state for one in stage.reader.file(id).investigations]
    assert looks.count("queued") == (1 if ending == "refired" else 0)


def test_what_follows_and_is_forbidden_calls_a_person(stage: Stage) -> None:
    id, _, fence = stage.executing()
    finish(stage, fence, X.SUCCEEDED)
    following = (proposal("p2", id, decision=forbidden("a freeze"), created_at=later(minutes=9)), Provenance())
    assert stage.writer.verifications.finish("xp1", "failed", (), "no", later(minutes=9), proposals=[following])
    assert stage.incident(id).state is S.ESCALATED and "forbidden" in stage.told(id)


def test_an_unclear_verification_of_an_alert_that_cleared_ends_the_incident(stage: Stage) -> None:
    id, _, fence = stage.executing()
    finish(stage, fence, X.SUCCEEDED)
    stage.take(alert(status="resolved"), at=later(minutes=5))
    assert stage.incident(id).state is S.VERIFYING
    stage.writer.verifications.finish("xp1", "inconclusive", (), "no samples", later(minutes=9))
    assert stage.incident(id).state is S.RESOLVED


def test_the_chain_holds_after_many_writers_at_once(stage: Stage) -> None:
    id = stage.awaiting()
    calls = [
        *(lambda n=n: stage.writer.decisions.refuse("p1", f"U{n}", "no", later(minutes=1)) for n in range(6)),
        *(lambda n=n: stage.take(alert("EndpointErrorRateHigh", fingerprint=f"e{n}")) for n in range(6)),
        lambda: stage.writer.grouping.ask(model(), "why?", "UVIEWER", "look-2", later(minutes=1)),
        lambda: stage.approve(),
        lambda: stage.deny(person="USECOND"),
        lambda: stage.writer.decisions.expire(later(minutes=1)),
    ]
    at_once(*calls)
    stage.writer.grouping.group(later(minutes=2))
    assert stage.fired(id) == ["a1", *(f"e{n}" for n in range(6))]
    entries = stage.reader.timeline(id)
    assert first_break(entries) is None
    kinds = [entry.kind for entry in entries]
    assert kinds.count("refused") == 7, "the six, and whoever decided second"
    assert len([kind for kind in kinds if kind in {"approved", "denied"}]) == 1


def test_configs_seen_are_kept_with_their_first_and_last_time(stage: Stage) -> None:
    seen = stage.writer.observations.seen
    seen("e", "v1", START, later(minutes=1))
    seen("e", "v2", later(minutes=2), later(minutes=2))
    seen("e", "v1", later(minutes=3), later(minutes=3))
    assert stage.reader.configs_seen("e") == [("v1", later(minutes=3)), ("v2", later(minutes=2))]
    assert stage.reader.configs_seen("other") == []


def test_an_investigation_that_hangs_is_due_again_under_another_name(stage: Stage) -> None:
    id = stage.open()
    (view,) = stage.reader.file(id).investigations
    stale = later(minutes=20) - START
    (first,) = stage.writer.investigations.due(START, stale)
    assert stage.writer.investigations.begin(view.id, START)
    assert stage.writer.investigations.due(later(minutes=19), stale) == []
    (again,) = stage.writer.investigations.due(later(minutes=21), stale)
    assert again[0] == first[0] == view.id and again[1] != first[1]


def test_a_failed_investigation_is_told_and_does_not_hang_the_incident(stage: Stage) -> None:
    id = stage.open()
    (view,) = stage.reader.file(id).investigations
    stage.writer.investigations.begin(view.id, START)
    stage.writer.investigations.fail(view.id, later(minutes=1))
    assert stage.incident(id).state is S.MONITORING
    assert MessageKind.FAILURE in stage.kinds(id)
    assert not stage.writer.investigations.begin(view.id, later(minutes=2))


def test_an_investigation_of_an_incident_that_is_over_does_not_begin(stage: Stage) -> None:
    id = stage.open()
    (view,) = stage.reader.file(id).investigations
    stage.take(alert(status="resolved"), at=later(minutes=1))
    assert not stage.writer.investigations.begin(view.id, later(minutes=2))
    assert stage.reader.investigation(view.id).state == "failed"
