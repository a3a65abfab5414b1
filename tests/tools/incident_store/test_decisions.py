import pytest

from incidents.approval import ApprovalState
from incidents.incident import IncidentState
from incidents.message import MessageKind
from incidents.policy import Decision
from tests.incidents.builders import (
    alert,
    allowed,
    forbidden,
    later,
    model,
    needs,
    pipeline_origin,
    proposal,
    retraining,
    rollback,
)
from tests.tools.incident_store.stage import Stage, at_once
from tools.incident_store.writer.decisions import Verdict

S = IncidentState


def executions(stage: Stage, incident_id: str) -> list[str]:
    return [one.id for one in stage.reader.file(incident_id).executions]


def test_an_approval_queues_one_execution_and_tells_so(stage: Stage) -> None:
    id = stage.awaiting()
    verdict = stage.approve()
    assert (verdict.result, verdict.by, verdict.votes) == ("approved", "UONCALL", 1)
    assert stage.incident(id).state is S.EXECUTING
    assert executions(stage, id) == ["xp1"]
    assert stage.told(id)[-2:] == ["approved", "execution_queued"]
    assert MessageKind.EXECUTION in stage.kinds(id)


def test_a_second_approval_of_the_same_proposal_names_the_first(stage: Stage) -> None:
    id = stage.awaiting()
    stage.approve(at=later(minutes=1))
    second = stage.approve(person="USECOND", at=later(minutes=2))
    assert (second.result, second.by, second.at) == ("decided_before", "UONCALL", later(minutes=1))
    assert executions(stage, id) == ["xp1"]


@pytest.mark.parametrize("round_", range(3))
def test_of_approvals_and_denials_at_once_exactly_one_decides(stage: Stage, round_: int) -> None:
    id = stage.awaiting()

    def click(n: int) -> Verdict:
        return stage.approve(person=f"U{n}") if n % 2 else stage.deny(person=f"U{n}")

    verdicts = at_once(*(lambda n=n: click(n) for n in range(6)))
    results = sorted(verdict.result for verdict in verdicts)
    assert results.count("decided_before") == 5
    (decided,) = {"approved", "denied"} & set(results)
    view = stage.reader.proposal("p1").approval
    assert view.state.value == decided
    assert {verdict.by for verdict in verdicts} == {view.decided_by}
    assert executions(stage, id) == (["xp1"] if decided == "approved" else [])
    assert stage.incident(id).state is (S.EXECUTING if decided == "approved" else S.MONITORING)
    assert [kind for kind in stage.told(id) if kind in {"approved", "denied"}] == [decided]


def test_a_quorum_counts_different_people(stage: Stage) -> None:
    id = stage.awaiting(decision=needs(2))
    first = stage.approve(policy_now=needs(2))
    assert (first.result, first.votes, first.needed) == ("voted", 1, 2)
    again = stage.approve(policy_now=needs(2))
    assert (again.result, again.votes) == ("voted_before", 1)
    assert executions(stage, id) == []
    assert stage.approve(person="USECOND", policy_now=needs(2)).result == "approved"
    assert executions(stage, id) == ["xp1"]
    assert [vote.person for vote in stage.reader.proposal("p1").approval.votes] == ["UONCALL", "USECOND"]


def test_the_first_post_is_told_anew_when_somebody_has_approved_or_denied(stage: Stage) -> None:
    """The channel alone says how many approvals are still wanted, and for what."""
    id = stage.awaiting(decision=needs(2))

    def revision() -> int:
        return next(revision for kind, _, revision in stage.messages(id) if kind is MessageKind.ROOT)

    before = revision()
    assert stage.approve(policy_now=needs(2)).result == "voted"
    voted = revision()
    assert voted > before
    assert stage.approve(policy_now=needs(2)).result == "voted_before"
    assert revision() == voted
    stage.deny()
    assert revision() > voted


def test_one_person_who_clicks_many_times_at_once_is_one_vote(stage: Stage) -> None:
    id = stage.awaiting(decision=needs(2))
    verdicts = at_once(*(lambda: stage.approve(policy_now=needs(2)) for _ in range(5)))
    assert sorted(verdict.result for verdict in verdicts) == ["voted", *["voted_before"] * 4]
    assert executions(stage, id) == []


def test_two_people_at_once_make_a_quorum_of_two_once(stage: Stage) -> None:
    id = stage.awaiting(decision=needs(2))
    verdicts = at_once(
        lambda: stage.approve(person="UA", policy_now=needs(2)), lambda: stage.approve(person="UB", policy_now=needs(2))
    )
    assert sorted(verdict.result for verdict in verdicts) == ["approved", "voted"]
    assert executions(stage, id) == ["xp1"]


def test_a_policy_that_is_stricter_at_the_click_asks_for_more_people(stage: Stage) -> None:
    stage.awaiting()
    verdict = stage.approve(policy_now=needs(2))
    assert (verdict.result, verdict.needed) == ("voted", 2)
    assert stage.reader.proposal("p1").approval.needed == 2


@pytest.mark.parametrize("looser", [needs(1), allowed()], ids=["fewer people", "nobody"])
def test_a_policy_that_is_looser_at_the_click_does_not_lower_what_the_card_asks(stage: Stage, looser: Decision) -> None:
    stage.awaiting(decision=needs(2))
    assert stage.approve(policy_now=looser).result == "voted"


def test_a_policy_that_forbids_at_the_click_stops_it_and_leaves_the_card(stage: Stage) -> None:
    id = stage.awaiting()
    verdict = stage.approve(policy_now=forbidden("changes are paused"))
    assert (verdict.result, verdict.why) == ("forbidden", "changes are paused")
    assert stage.reader.proposal("p1").approval.state == "pending"
    assert executions(stage, id) == []
    assert stage.told(id)[-1] == "refused"


@pytest.mark.parametrize("click", ["approve", "deny"])
def test_a_click_after_the_time_expires_the_proposal(stage: Stage, click: str) -> None:
    id = stage.awaiting()
    verdict = getattr(stage, click)(at=later(minutes=5))
    assert verdict.result == "expired"
    assert stage.reader.proposal("p1").approval.state == "expired"
    assert stage.incident(id).state is S.ESCALATED
    assert executions(stage, id) == []
    assert MessageKind.ESCALATION in stage.kinds(id)


def test_nobody_deciding_in_time_escalates_once(stage: Stage) -> None:
    id = stage.awaiting()
    assert stage.writer.decisions.expire(later(minutes=4, seconds=59)) == []
    assert stage.writer.decisions.expire(later(minutes=5)) == [id]
    assert stage.writer.decisions.expire(later(minutes=6)) == []
    assert stage.incident(id).state is S.ESCALATED
    assert stage.told(id).count("expired") == 1


def test_sweeps_of_two_replicas_at_once_expire_a_proposal_once(stage: Stage) -> None:
    id = stage.awaiting()
    expired = at_once(*(lambda: stage.writer.decisions.expire(later(minutes=6)) for _ in range(3)))
    assert sorted(expired) == [[], [], [id]]
    assert stage.told(id).count("expired") == 1


def test_expiry_is_no_denial_and_a_person_can_ask_again(stage: Stage) -> None:
    id = stage.awaiting()
    stage.writer.decisions.expire(later(minutes=6))
    found = stage.writer.grouping.ask(model(), "again?", "UONCALL", "look-2", later(minutes=7))
    assert found == id
    stage.propose(id, proposal("p2", id, created_at=later(minutes=8)), at=later(minutes=8))
    assert stage.incident(id).state is S.AWAITING_DECISION
    assert stage.approve("p2", at=later(minutes=9)).result == "approved"


def test_a_denial_keeps_its_reason_and_leads_to_monitoring(stage: Stage) -> None:
    id = stage.awaiting()
    verdict = stage.deny()
    assert verdict.result == "denied"
    view = stage.reader.proposal("p1").approval
    assert (view.state, view.reason, view.decided_by) == ("denied", "no", "UONCALL")
    assert stage.incident(id).state is S.MONITORING
    assert stage.approve().result == "decided_before"


def test_denying_one_of_two_leaves_the_other_to_decide(stage: Stage) -> None:
    id = stage.open()
    stage.propose(id, proposal("p1", id), proposal("p2", id))
    stage.deny("p1")
    assert stage.incident(id).state is S.AWAITING_DECISION
    stage.deny("p2")
    assert stage.incident(id).state is S.MONITORING


def test_approving_one_of_two_takes_the_other_back(stage: Stage) -> None:
    id = stage.open()
    other = proposal("p2", id, remediation=retraining(), origin=pipeline_origin())
    stage.propose(id, proposal("p1", id), other)
    stage.approve("p1")
    view = stage.reader.proposal("p2").approval
    assert (view.state, view.reason) == ("superseded", "another proposal of this incident was approved")
    assert stage.approve("p2").result == "decided_before"
    assert executions(stage, id) == ["xp1"]


def test_two_proposals_approved_at_once_start_one_execution(stage: Stage) -> None:
    id = stage.open()
    stage.propose(id, proposal("p1", id), proposal("p2", id))
    verdicts = at_once(lambda: stage.approve("p1", "UA"), lambda: stage.approve("p2", "UB"))
    assert sorted(verdict.result for verdict in verdicts) == ["approved", "decided_before"]
    assert len(executions(stage, id)) == 1


def test_a_newer_diagnosis_takes_older_proposals_back(stage: Stage) -> None:
    id = stage.awaiting()
    stage.writer.grouping.ask(model(), "", "UONCALL", "look-2", later(minutes=1))
    other = proposal("p2", id, remediation=rollback("product-recommender-v22"), created_at=later(minutes=2))
    stage.propose(id, other, at=later(minutes=2))
    assert stage.reader.proposal("p1").approval.state == "superseded"
    assert [view.proposal.id for view in stage.reader.pending_proposals()] == ["p2"]


def test_an_endpoint_that_moved_voids_its_proposals_and_begins_a_new_look(stage: Stage) -> None:
    id = stage.awaiting()
    target = "endpoint/product-recommender-prod"
    same = stage.writer.decisions.supersede_changed(target, lambda _: None, "s", later(minutes=1))
    assert same == []
    moved = "the endpoint is on product-recommender-v25 now"
    touched = stage.writer.decisions.supersede_changed(target, lambda _: moved, "s", later(minutes=1))
    assert touched == [id]
    view = stage.reader.proposal("p1").approval
    assert view.state == "superseded" and "product-recommender-v25" in view.reason
    assert [one.state for one in stage.reader.file(id).investigations].count("queued") == 1
    assert stage.approve().result == "decided_before"


def test_a_proposal_the_policy_forbids_is_told_and_has_no_card(stage: Stage) -> None:
    id = stage.open()
    stage.propose(id, proposal("p1", id, decision=forbidden("paused")))
    with pytest.raises(LookupError):
        stage.reader.proposal("p1")
    assert stage.incident(id).state is S.MONITORING
    assert {"forbidden", "nothing_proposed"} <= set(stage.told(id))
    assert MessageKind.PROPOSAL not in stage.kinds(id) and MessageKind.ADVICE in stage.kinds(id)


def test_a_proposal_the_policy_allows_runs_after_its_diagnosis_without_a_person(stage: Stage) -> None:
    id = stage.open()
    stage.propose(id, proposal("p1", id, decision=allowed()), proposal("p2", id))
    assert stage.incident(id).state is S.EXECUTING
    view = stage.reader.proposal("p1").approval
    assert (view.state, view.decided_by) == ("approved", "policy")
    assert stage.reader.proposal("p2").approval.state == "superseded"
    told = stage.told(id)
    assert told.index("diagnosed") < told.index("allowed") < told.index("execution_queued")
    assert stage.writer.decisions.expire(later(hours=1)) == []


def test_one_target_has_one_remediation_in_flight(stage: Stage) -> None:
    """Two incidents may mean one endpoint, where a second model is served by it."""
    first = stage.awaiting()
    stage.approve("p1")
    second = stage.open(alert("ModelF1Low", fingerprint="c1", labels={"model": "churn-predictor"}))
    stage.propose(second, proposal("p2", second))
    verdict = stage.approve("p2")
    assert verdict.result == "busy"
    assert (executions(stage, first), executions(stage, second)) == (["xp1"], [])
    assert stage.reader.proposal("p2").approval.state == "pending"


def test_a_refusal_is_written_down_and_changes_nothing(stage: Stage) -> None:
    id = stage.awaiting()
    stage.writer.decisions.refuse("p1", "UVIEWER", "not an approver", later(minutes=1))
    assert stage.told(id)[-1] == "refused"
    assert stage.reader.timeline(id)[-1].actor == "UVIEWER"
    assert stage.reader.proposal("p1").approval.state == "pending"


def test_a_proposal_that_does_not_exist_cannot_be_decided(stage: Stage) -> None:
    for click in (stage.approve, stage.deny):
        with pytest.raises(LookupError):
            click("nobody")


def test_a_denial_of_something_a_person_asked_for_ends_an_incident_without_alerts(stage: Stage) -> None:
    id = stage.writer.grouping.ask(model(), "why so slow?", "UONCALL", "look-1", later())
    assert id is not None
    stage.propose(id, proposal("p1", id))
    stage.deny()
    assert stage.incident(id).state is S.RESOLVED


def test_a_click_after_the_clock_went_back_runs_nothing_and_the_incident_escalates(stage: Stage) -> None:
    id = stage.awaiting()
    verdict = stage.approve(at=later(minutes=-2))
    assert verdict.result == "expired"
    view = stage.reader.proposal("p1")
    assert view.approval.state is ApprovalState.EXPIRED and "clock went back" in view.approval.reason
    assert stage.incident(id).state is IncidentState.ESCALATED
    assert stage.reader.timeline(id)[-1].kind == "expired" and "clock went back" in stage.reader.timeline(id)[-1].text
    assert stage.reader.executions_under_way() == []


def test_the_sweep_does_not_leave_a_proposal_open_that_comes_from_the_future(stage: Stage) -> None:
    id = stage.awaiting()
    assert stage.writer.decisions.expire(later(seconds=-30)) == [], "two replicas' clocks may be as far apart"
    assert stage.writer.decisions.expire(later(hours=-1)) == [id]


def test_a_click_after_the_clock_jumped_ahead_comes_too_late(stage: Stage) -> None:
    stage.awaiting()
    assert stage.approve(at=later(days=1)).result == "expired"
    assert stage.reader.executions_under_way() == []
