"""The rows of verifications: watched until the world has provably recovered, or has not in time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from sqlmodel import Session, col, select

from incidents.comparison import Comparison
from incidents.incident import IncidentState
from incidents.ledger import Provenance
from incidents.message import MessageKind
from incidents.proposal import Proposal
from incidents.verification import SignalCheck
from tools.incident_store.database import Database
from tools.incident_store.tables import IncidentRecord, InvestigationRecord, VerificationRecord
from tools.incident_store.writer.messages import want, want_the_end
from tools.incident_store.writer.proposals import add_proposal, let_run
from tools.incident_store.writer.states import clear, fires, move
from tools.incident_store.writer.timeline import append, locked_incident

Ending = Literal[
    "recovered",
    "failed",
    "inconclusive",
    "candidate_ready",
    "candidate_refused",
    "step_done",
    "refired",
    "overtaken",
]

KIND: dict[Ending, str] = {
    "recovered": "verified",
    "candidate_ready": "candidate_registered",
    "step_done": "step_verified",
    "refired": "refired",
}
"""The timeline's word for an ending; ``verification_`` and the ending for the others."""


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
            record.checks = _kept(checks, note, None)
            record.next_step_at = next_step_at
            session.add(record)
            if before != (note, [check.outcome.value for check in checks]):
                incident = locked_incident(session, record.incident_id)
                incident.changed_at = now
                want(session, incident, MessageKind.VERIFICATION, execution_id)

    def finish(
        self,
        execution_id: str,
        ending: Ending,
        checks: Sequence[SignalCheck],
        text: str,
        now: datetime,
        *,
        proposals: Sequence[tuple[Proposal, Provenance]] = (),
        comparison: Comparison | None = None,
        look_again: str | None = None,
    ) -> bool:
        """End it; False when it has ended before.

        Recovered resolves the incident. Otherwise it waits for the decision on `proposals`, where the policy lets one
        be made, or a person is called. `look_again` is the id of a new investigation.
        """
        with self._database.write() as session:
            record = self._watching(session, execution_id)
            if record is None:
                return False
            incident = locked_incident(session, record.incident_id)
            record.state, record.finished_at, record.next_step_at = ending, now, None
            record.checks = _kept(checks, text, comparison)
            session.add(record)
            kind = KIND.get(ending, f"verification_{ending}")
            append(
                session, incident, at=now, actor="agentops", kind=kind, text=text, details={"execution": execution_id}
            )
            incident.changed_at = now
            want(session, incident, MessageKind.VERIFICATION, execution_id)
            if IncidentState(incident.state) is not IncidentState.VERIFYING:
                # People ended the incident meanwhile: it stays ended.
                return True
            if ending == "recovered":
                move(session, incident, IncidentState.RESOLVED, now)
                want_the_end(session, incident)
                return True
            self._go_on(session, incident, execution_id, proposals, now)
            if look_again is not None:
                session.add(
                    InvestigationRecord(
                        id=look_again, incident_id=incident.id, state="queued", not_before=now, created_at=now
                    )
                )
            elif IncidentState(incident.state) is IncidentState.ESCALATED and not fires(session, incident.id):
                clear(session, incident, now)
            return True

    def _go_on(
        self,
        session: Session,
        incident: IncidentRecord,
        execution_id: str,
        proposals: Sequence[tuple[Proposal, Provenance]],
        now: datetime,
    ) -> None:
        added = [one for one, whence in proposals if add_proposal(session, incident, one, whence, now)]
        if not added:
            move(session, incident, IncidentState.ESCALATED, now)
            want(session, incident, MessageKind.ESCALATION, execution_id, urgent=True)
            return
        move(session, incident, IncidentState.AWAITING_DECISION, now)
        for one in added:
            let_run(session, incident, one, now)

    def _watching(self, session: Session, execution_id: str) -> VerificationRecord | None:
        record = session.exec(
            select(VerificationRecord).where(col(VerificationRecord.execution_id) == execution_id).with_for_update()
        ).one_or_none()
        return record if record is not None and record.state == "watching" else None


def _kept(checks: Sequence[SignalCheck], note: str, comparison: Comparison | None) -> dict[str, Any]:
    kept: dict[str, Any] = {"checks": [check.model_dump(mode="json") for check in checks], "note": note}
    if comparison is not None:
        kept["comparison"] = comparison.model_dump(mode="json")
    return kept
