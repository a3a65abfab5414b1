"""People's hands on an incident: they take it, end it, or say that it was a false alarm."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import update
from sqlmodel import Session, col, select

from incidents.approval import ApprovalState
from incidents.execution import ExecutionState
from incidents.incident import LIVE_STATES, IncidentState
from incidents.message import MessageKind
from tools.incident_store.database import Database
from tools.incident_store.tables import (
    ExecutionRecord,
    IncidentRecord,
    InvestigationRecord,
    ProposalRecord,
    VerificationRecord,
)
from tools.incident_store.writer.messages import want, want_the_end
from tools.incident_store.writer.states import move
from tools.incident_store.writer.storms import show
from tools.incident_store.writer.timeline import append, locked_incident

HandlingResult = Literal[
    "acked",
    "acked_before",
    "closed",
    "closed_before",
    "under_way",
    "false_alarm",
    "false_alarm_undone",
    "false_alarm_before",
    "over",
]


@dataclass(frozen=True)
class Handled:
    """What became of it. `by` and `at` name who was first where somebody was."""

    result: HandlingResult
    incident_id: str
    model: str
    by: str | None = None
    at: datetime | None = None
    why: str = ""
    withdrawn: int = 0


class HandlingWriter:
    """Each method is one transaction. Each raises `LookupError` when there is no such incident."""

    def __init__(self, database: Database) -> None:
        """`database` is where the rows are."""
        self._database = database

    def ack(self, incident_id: str, person: str, now: datetime) -> Handled:
        """`person` takes it; whoever had it before is relieved."""
        with self._database.write() as session:
            incident = _incident(session, incident_id)
            if IncidentState(incident.state) not in LIVE_STATES:
                return _of(incident, "over")
            if incident.acked_by == person:
                return _of(incident, "acked_before", by=person, at=incident.acked_at)
            before = incident.acked_by
            incident.acked_by, incident.acked_at, incident.changed_at = person, now, now
            show(session, incident, now)
            append(
                session,
                incident,
                at=now,
                actor=person,
                kind="acked",
                text="Takes the incident" if before is None else "Takes the incident over",
                details={"before": before},
            )
            want(session, incident, MessageKind.ROOT)
            return _of(incident, "acked", by=person, at=now)

    def close(self, incident_id: str, person: str, reason: str, now: datetime) -> Handled:
        """End it: what waits for a decision is withdrawn, what is queued never runs, no new look begins.

        Not while something is being changed or its recovery is watched: then the change has to end first.
        """
        # Begun anew after a deadlock: those who follow an execution lock it before its incident.
        return self._database.write_anew(lambda session: _close(session, incident_id, person, reason, now))

    def mark_false_alarm(self, incident_id: str, person: str, now: datetime) -> Handled:
        """Mark it; the same person once more takes the mark off, another's stands."""
        with self._database.write() as session:
            incident = _incident(session, incident_id)
            if incident.false_alarm_by not in {None, person}:
                return _of(incident, "false_alarm_before", by=incident.false_alarm_by, at=incident.false_alarm_at)
            undo = incident.false_alarm_by == person
            incident.false_alarm_by, incident.false_alarm_at = (None, None) if undo else (person, now)
            append(
                session,
                incident,
                at=now,
                actor=person,
                kind="false_alarm_undone" if undo else "false_alarm",
                text="Not a false alarm after all" if undo else "Marked as a false alarm",
            )
            want(session, incident, MessageKind.ROOT)
            # Of a pruned incident the report's message is gone: wanted again it would be posted a second time.
            if IncidentState(incident.state) not in LIVE_STATES and incident.pruned_at is None:
                want(session, incident, MessageKind.REPORT)
            return _of(incident, "false_alarm_undone" if undo else "false_alarm", by=person, at=now)

    def refuse(self, incident_id: str, person: str, what: str, why: str, now: datetime) -> None:
        """Write down that somebody tried who may not; nothing else changes."""
        with self._database.write() as session:
            incident = _incident(session, incident_id)
            append(session, incident, at=now, actor=person, kind="refused", text=f"{what} was refused: {why}")


def _incident(session: Session, incident_id: str) -> IncidentRecord:
    found = session.exec(select(IncidentRecord.id).where(col(IncidentRecord.id) == incident_id)).one_or_none()
    if found is None:
        raise LookupError(incident_id)
    return locked_incident(session, incident_id)


def _of(
    incident: IncidentRecord,
    result: HandlingResult,
    *,
    by: str | None = None,
    at: datetime | None = None,
    withdrawn: int = 0,
) -> Handled:
    return Handled(result, incident.id, incident.model, by, at, withdrawn=withdrawn)


def _close(session: Session, incident_id: str, person: str, reason: str, now: datetime) -> Handled:
    incident = _incident(session, incident_id)
    if IncidentState(incident.state) is IncidentState.CLOSED:
        return _of(incident, "closed_before")
    # Locked: nobody claims one of them between this look and the end of the transaction.
    open_ones = session.exec(
        select(ExecutionRecord)
        .where(
            col(ExecutionRecord.incident_id) == incident.id,
            col(ExecutionRecord.state).in_([ExecutionState.QUEUED.value, ExecutionState.EXECUTING.value]),
        )
        .with_for_update()
    ).all()
    busy = _under_way(session, incident, open_ones)
    if busy:
        return Handled("under_way", incident_id, incident.model, why=busy)
    withdrawn = _withdraw(session, incident, person, reason, now)
    for execution in open_ones:
        _never_run(session, incident, execution, person, now)
    session.exec(
        update(InvestigationRecord)
        .where(
            col(InvestigationRecord.incident_id) == incident.id,
            col(InvestigationRecord.state).in_(["queued", "running"]),
        )
        .values(state="failed", finished_at=now)
    )
    if IncidentState(incident.state) in LIVE_STATES:
        move(session, incident, IncidentState.RESOLVED, now)
    move(session, incident, IncidentState.CLOSED, now)
    text = f"Closed: {reason}" if reason else "Closed"
    append(session, incident, at=now, actor=person, kind="closed", text=text, details={"reason": reason})
    want(session, incident, MessageKind.ROOT)
    want_the_end(session, incident)
    return _of(incident, "closed", by=person, at=now, withdrawn=withdrawn)


def _under_way(session: Session, incident: IncidentRecord, open_ones: Sequence[ExecutionRecord]) -> str:
    """What is being changed or watched, in words; empty when nothing is."""
    if any(one.state == ExecutionState.EXECUTING.value for one in open_ones):
        return "a change is being made"
    watching = session.exec(
        select(VerificationRecord.execution_id).where(
            col(VerificationRecord.incident_id) == incident.id, col(VerificationRecord.finished_at).is_(None)
        )
    ).first()
    return "the recovery from a change is being checked" if watching is not None else ""


def _never_run(
    session: Session, incident: IncidentRecord, execution: ExecutionRecord, person: str, now: datetime
) -> None:
    """End what nobody has claimed yet."""
    execution.state, execution.progress = ExecutionState.STALE.value, "The incident was closed before it was sent"
    execution.finished_at, execution.next_step_at = now, None
    session.add(execution)
    append(
        session,
        incident,
        at=now,
        actor=person,
        kind="execution_stale",
        text="Not sent: the incident was closed first",
        details={"execution": execution.id},
    )
    want(session, incident, MessageKind.EXECUTION, execution.id)


def _withdraw(session: Session, incident: IncidentRecord, person: str, reason: str, now: datetime) -> int:
    pending = session.exec(
        select(ProposalRecord)
        .where(col(ProposalRecord.incident_id) == incident.id, col(ProposalRecord.state) == ApprovalState.PENDING.value)
        .order_by(col(ProposalRecord.rank))
    ).all()
    for record in pending:
        record.state, record.decided_by, record.decided_at = ApprovalState.WITHDRAWN.value, person, now
        record.reason = f"the incident was closed{f': {reason}' if reason else ''}"
        session.add(record)
        append(
            session,
            incident,
            at=now,
            actor=person,
            kind="withdrawn",
            text=f"Proposal withdrawn: {record.reason}",
            details={"proposal": record.id, "digest": record.digest},
        )
        want(session, incident, MessageKind.PROPOSAL, record.id)
    return len(pending)
