"""Taking, ending and marking an incident; on SQLite and on PostgreSQL."""

import pytest

from incidents.approval import ApprovalState
from incidents.execution import ExecutionState
from incidents.incident import IncidentState
from incidents.message import MessageKind
from tests.incidents.builders import later
from tests.tools.incident_store.stage import LEASE, Stage, at_once

S = IncidentState


def test_whoever_takes_an_incident_is_shown_and_written_down(stage: Stage) -> None:
    id = stage.open()
    done = stage.writer.handling.ack(id, "UONCALL", later(minutes=1))
    assert (done.result, done.by) == ("acked", "UONCALL")
    incident = stage.incident(id)
    assert (incident.acked_by, incident.acked_at) == ("UONCALL", later(minutes=1))
    assert stage.told(id)[-1] == "acked"
    again = stage.writer.handling.ack(id, "UONCALL", later(minutes=2))
    assert (again.result, again.at) == ("acked_before", later(minutes=1))
    assert stage.writer.handling.ack(id, "USECOND", later(minutes=3)).result == "acked"
    assert stage.incident(id).acked_by == "USECOND"


def test_an_incident_that_is_over_cannot_be_taken(stage: Stage) -> None:
    id = stage.open()
    stage.writer.handling.close(id, "UONCALL", "", later(minutes=1))
    assert stage.writer.handling.ack(id, "UONCALL", later(minutes=2)).result == "over"


def test_closing_withdraws_what_waits_and_nothing_can_be_approved_any_more(stage: Stage) -> None:
    id = stage.awaiting()
    done = stage.writer.handling.close(id, "UONCALL", "mended by hand", later(minutes=1))
    assert (done.result, done.withdrawn) == ("closed", 1)
    assert stage.incident(id).state is S.CLOSED
    approval = stage.reader.proposal("p1").approval
    assert (approval.state, approval.decided_by) == (ApprovalState.WITHDRAWN, "UONCALL")
    assert "mended by hand" in approval.reason
    assert stage.told(id)[-2:] == ["withdrawn", "closed"]
    assert MessageKind.REPORT in stage.kinds(id)
    assert stage.approve(at=later(minutes=2)).result == "decided_before"
    assert stage.reader.file(id).executions == ()
    assert stage.writer.handling.close(id, "UONCALL", "", later(minutes=3)).result == "closed_before"


def test_closing_ends_what_is_queued_before_anybody_claims_it(stage: Stage) -> None:
    id = stage.awaiting()
    stage.approve()
    assert stage.writer.handling.close(id, "UONCALL", "", later(minutes=2)).result == "closed"
    (execution,) = stage.reader.file(id).executions
    assert execution.state is ExecutionState.STALE
    assert stage.writer.executions.claim("xp1", "bot-1", later(minutes=3), LEASE) is None
    assert stage.incident(id).state is S.CLOSED


def test_what_is_being_changed_cannot_be_closed(stage: Stage) -> None:
    id, execution, fence = stage.executing()
    done = stage.writer.handling.close(id, "UONCALL", "", later(minutes=3))
    assert done.result == "under_way" and "change is being made" in done.why
    assert stage.incident(id).state is S.EXECUTING
    stage.writer.executions.finish(
        execution, fence, ExecutionState.SUCCEEDED, text="done", now=later(minutes=4), verify_until=later(minutes=9)
    )
    done = stage.writer.handling.close(id, "UONCALL", "", later(minutes=5))
    assert done.result == "under_way" and "recovery" in done.why


def test_closing_and_claiming_at_once_never_leave_a_closed_incident_that_runs(stage: Stage) -> None:
    id = stage.awaiting()
    stage.approve()
    closed, fence = at_once(
        lambda: stage.writer.handling.close(id, "UONCALL", "", later(minutes=2)).result,
        lambda: stage.writer.executions.claim("xp1", "bot-1", later(minutes=2), LEASE),
    )
    assert (closed == "closed") == (fence is None)
    assert (stage.incident(id).state is S.CLOSED) == (closed == "closed")


def test_a_look_under_way_does_not_outlive_the_incident(stage: Stage) -> None:
    id = stage.open()
    stage.writer.handling.close(id, "UONCALL", "", later(minutes=1))
    assert [one.state for one in stage.reader.file(id).investigations] == ["failed"]
    assert stage.writer.investigations.due(later(minutes=2), LEASE) == []


def test_a_false_alarm_is_marked_and_taken_back_by_the_same_person_only(stage: Stage) -> None:
    id = stage.open()
    mark = stage.writer.handling.mark_false_alarm
    assert mark(id, "UVIEWER", later(minutes=1)).result == "false_alarm"
    assert stage.incident(id).false_alarm_by == "UVIEWER"
    other = mark(id, "UONCALL", later(minutes=2))
    assert (other.result, other.by, other.at) == ("false_alarm_before", "UVIEWER", later(minutes=1))
    assert mark(id, "UVIEWER", later(minutes=3)).result == "false_alarm_undone"
    assert stage.incident(id).false_alarm_by is None
    assert stage.told(id)[-2:] == ["false_alarm", "false_alarm_undone"]


def test_a_refusal_is_written_down(stage: Stage) -> None:
    id = stage.open()
    stage.writer.handling.refuse(id, "UGUEST", "Closing the incident", "Guests cannot decide.", later(minutes=1))
    last = stage.reader.timeline(id)[-1]
    assert (last.kind, last.actor) == ("refused", "UGUEST")
    assert "Guests cannot decide" in last.text


def test_an_incident_that_does_not_exist_cannot_be_handled(stage: Stage) -> None:
    handling = stage.writer.handling
    for attempt in (
        lambda: handling.ack("INC-404", "UONCALL", later()),
        lambda: handling.close("INC-404", "UONCALL", "", later()),
        lambda: handling.mark_false_alarm("INC-404", "UONCALL", later()),
        lambda: handling.refuse("INC-404", "UONCALL", "x", "y", later()),
    ):
        with pytest.raises(LookupError):
            attempt()
