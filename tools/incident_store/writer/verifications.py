"""The rows of verifications: watched until the world has provably recovered, or has not in time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from sqlmodel import Session, col, select

from incidents.incident import IncidentState
from incidents.message import MessageKind
from incidents.verification import SignalCheck
from tools.incident_store.database import Database
from tools.incident_store.tables import VerificationRecord
from tools.incident_store.writer.messages import want
from tools.incident_store.writer.states import clear, fires, move
from tools.incident_store.writer.timeline import append, locked_incident

Ending = Literal["recovered", "failed", "inconclusive", "candidate_ready", "candidate_refused"]

AFTER: dict[Ending, IncidentState] = {
    "recovered": IncidentState.RESOLVED,
    "failed": IncidentState.ESCALATED,
    "inconclusive": IncidentState.ESCALATED,
    "candidate_ready": IncidentState.AWAITING_DECISION,
    "candidate_refused": IncidentState.ESCALATED,
}
"""Where each ending leads. A candidate that passed its gate waits for a person to promote it."""


class VerificationWriter:
    """Each method is one transaction."""

    def __init__(self, database: Database) -> None:
        """`database` is where the rows are."""
        self._database = database

    def due(self, now: datetime) -> list[tuple[str, str]]:
        """Verifications that have a step due: the execution's id and the name of the step, the same everywhere."""
        with self._database.read() as session:
            records = session.exec(
                select(VerificationRecord)
                .where(col(VerificationRecord.state) == "watching", col(VerificationRecord.next_step_at) <= now)
                .limit(50)
            ).all()
            return [
                (one.execution_id, f"{one.execution_id}:{one.next_step_at.timestamp() if one.next_step_at else 0:.3f}")
                for one in records
            ]

    def note(
        self, execution_id: str, checks: Sequence[SignalCheck], note: str, *, now: datetime, next_step_at: datetime
    ) -> None:
        """Show what the signals say so far."""
        with self._database.write() as session:
            record = self._watching(session, execution_id)
            if record is None:
                return
            before = (record.checks.get("note"), [c["outcome"] for c in record.checks.get("checks", [])])
            record.checks = {"checks": [check.model_dump(mode="json") for check in checks], "note": note}
            record.next_step_at = next_step_at
            session.add(record)
            if before != (note, [check.outcome.value for check in checks]):
                incident = locked_incident(session, record.incident_id)
                incident.changed_at = now
                want(session, incident, MessageKind.VERIFICATION, execution_id)

    def finish(
        self, execution_id: str, ending: Ending, checks: Sequence[SignalCheck], text: str, now: datetime
    ) -> bool:
        """End it; False when it has ended before."""
        with self._database.write() as session:
            record = self._watching(session, execution_id)
            if record is None:
                return False
            incident = locked_incident(session, record.incident_id)
            record.state, record.finished_at, record.next_step_at = ending, now, None
            record.checks = {"checks": [check.model_dump(mode="json") for check in checks], "note": text}
            session.add(record)
            kind = {"recovered": "verified", "candidate_ready": "candidate_registered"}.get(
                ending, f"verification_{ending}"
            )
            append(
                session, incident, at=now, actor="agentops", kind=kind, text=text, details={"execution": execution_id}
            )
            incident.changed_at = now
            move(session, incident, AFTER[ending], now)
            want(session, incident, MessageKind.VERIFICATION, execution_id)
            if ending == "recovered":
                want(session, incident, MessageKind.REPORT)
            else:
                want(session, incident, MessageKind.ESCALATION, execution_id, urgent=True)
                if not fires(session, incident.id):
                    clear(session, incident, now)
            return True

    def _watching(self, session: Session, execution_id: str) -> VerificationRecord | None:
        record = session.exec(
            select(VerificationRecord).where(col(VerificationRecord.execution_id) == execution_id).with_for_update()
        ).one_or_none()
        return record if record is not None and record.state == "watching" else None
