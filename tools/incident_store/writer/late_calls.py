"""Calls sent late: by a process that was frozen between its last check and the send, and taken over meanwhile.

That window cannot be closed, since SageMaker knows nothing of our fences. So a late call is a fact to be told: in the
timeline, to a person in the thread, and what it did to the world is watched from that moment on.
"""

from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from incidents.execution import FINAL_EXECUTION_STATES, ExecutionState
from incidents.message import MessageKind
from incidents.spec import SIDES
from tools.incident_store.database import Database
from tools.incident_store.tables import ExecutionRecord, IncidentRecord, VerificationRecord
from tools.incident_store.writer.messages import want
from tools.incident_store.writer.timeline import append, locked_incident


def tell_late(
    session: Session, incident: IncidentRecord, record: ExecutionRecord, now: datetime, verify_until: datetime | None
) -> None:
    """Call a person, and watch the world anew where nobody follows the execution any more.

    While another holds the execution it follows what it finds, the late call's effect too, and a verification comes
    after that. Once it has ended, the verification begins (again) here and is to be decided by `verify_until`; the
    incident stays as it is, whatever comes out.
    """
    want(session, incident, MessageKind.EXECUTION, record.id)
    want(session, incident, MessageKind.ESCALATION, record.id, urgent=True)
    if ExecutionState(record.state) not in FINAL_EXECUTION_STATES or verify_until is None or record.kind in SIDES:
        return
    watch = session.exec(
        select(VerificationRecord).where(col(VerificationRecord.execution_id) == record.id).with_for_update()
    ).one_or_none()
    if watch is None:
        watch = VerificationRecord(
            execution_id=record.id, incident_id=incident.id, state="watching", began_at=now, deadline=verify_until
        )
    watch.state, watch.finished_at = "watching", None
    watch.began_at, watch.deadline, watch.next_step_at = now, verify_until, now
    session.add(watch)
    want(session, incident, MessageKind.VERIFICATION, record.id)


class LateCallWriter:
    """Each method is one transaction."""

    def __init__(self, database: Database) -> None:
        """`database` is where the rows are."""
        self._database = database

    def unanswered(
        self,
        id: str,
        fence: int,
        step: int,
        *,
        operation: str,
        error: str,
        refused: bool,
        details: dict[str, Any],
        now: datetime,
        verify_until: datetime,
    ) -> bool:
        """Call `step` came back with an error; False, and nothing is written, while the fence is the holder's.

        `refused` says that it changed nothing; otherwise it may have taken effect. `error` is the partner's own word,
        untrusted.
        """
        with self._database.write() as session:
            record = session.exec(select(ExecutionRecord).where(col(ExecutionRecord.id) == id).with_for_update()).one()
            if record.fence == fence and record.state == ExecutionState.EXECUTING.value:
                return False
            incident = locked_incident(session, record.incident_id)
            came = "was refused and changed nothing" if refused else "had no answer: check what it did"
            append(
                session,
                incident,
                at=now,
                actor="agentops",
                kind="call_late_refused" if refused else "call_late",
                text=f"{operation} was sent after another holder took over. It {came}",
                details={"execution": id, "fence": fence, "call": step + 1, "error": error, **details},
            )
            incident.changed_at = now
            if refused:
                want(session, incident, MessageKind.EXECUTION, id)
            else:
                tell_late(session, incident, record, now, verify_until)
            return True
