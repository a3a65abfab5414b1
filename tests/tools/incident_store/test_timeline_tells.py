"""What the timeline must not leave out: what was refused, skipped, stopped or overtaken, and why."""

from incidents.policy import Decision
from tests.incidents.builders import alert, forbidden, later, needs, proposal
from tests.tools.incident_store.stage import Stage


def last(stage: Stage, incident_id: str, kind: str) -> str:
    """The words of the last entry of a kind; the chain must hold."""
    assert kind in stage.told(incident_id)
    return next(e.text for e in reversed(stage.reader.timeline(incident_id)) if e.kind == kind)


def test_an_investigation_that_an_end_overtook_is_skipped(stage: Stage) -> None:
    id = stage.open()
    stage.take(alert(status="resolved"), at=later(minutes=1))
    assert last(stage, id, "skipped") == "Investigation not begun: every alert cleared first"


def test_what_the_policy_forbids_is_told_with_its_reason(stage: Stage) -> None:
    id = stage.open()
    stage.propose(id, proposal("p1", id, decision=forbidden("not on a Friday")))
    assert "not on a Friday" in last(stage, id, "forbidden")
    assert last(stage, id, "nothing_proposed")


def test_a_click_that_the_policy_of_now_forbids_is_refused_with_its_reason(stage: Stage) -> None:
    id = stage.awaiting()
    stricter: Decision = forbidden("everything is paused")
    assert stage.approve(policy_now=stricter).result == "forbidden"
    assert "everything is paused" in last(stage, id, "refused")


def test_denied_expired_and_superseded_are_told(stage: Stage) -> None:
    id = stage.open()
    stage.propose(
        id, proposal("p1", id), proposal("p2", id), proposal("p3", id, expires_at=later(hours=1), decision=needs(2))
    )
    assert stage.deny("p1").result == "denied"
    assert stage.writer.decisions.expire(later(minutes=10)) == [id]
    stage.take(alert(status="resolved"), at=later(minutes=12))
    assert last(stage, id, "denied") and last(stage, id, "expired")
    assert "cleared by itself" in last(stage, id, "superseded")


def test_a_decision_that_came_too_late_is_told_with_who_tried(stage: Stage) -> None:
    id = stage.awaiting()
    assert stage.approve().result == "approved"
    assert stage.approve(person="ULATE").result == "decided_before"
    assert "too late, this is approved already" in last(stage, id, "refused")
    assert stage.deny(person="UDENIER").result == "decided_before"
    refused = [entry for entry in stage.reader.timeline(id) if entry.kind == "refused"]
    assert [entry.actor for entry in refused] == ["ULATE", "UDENIER"]
