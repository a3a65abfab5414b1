"""A new look instead of an automatic change that went stale, once an incident."""

from datetime import datetime

from sqlmodel import Session, col, select

from incidents.execution import ExecutionState
from incidents.spec import SIDES
from tools.incident_store.tables import ExecutionRecord, IncidentRecord, InvestigationRecord
from tools.incident_store.writer.timeline import append


def look_again(session: Session, incident: IncidentRecord, record: ExecutionRecord, now: datetime) -> None:
    """A new look instead of an automatic change that was not sent; the second time in an incident people take over."""
    of = ExecutionRecord
    before = select(of.id).where(
        col(of.incident_id) == incident.id,
        col(of.automatic),
        col(of.state) == ExecutionState.STALE.value,
        col(of.kind).not_in(SIDES),
        col(of.id) != record.id,
    )
    if session.exec(before.limit(1)).first() is not None:
        return
    id = f"{record.id}-again"
    session.add(InvestigationRecord(id=id, incident_id=incident.id, state="queued", not_before=now, created_at=now))
    append(
        session,
        incident,
        at=now,
        actor="agentops",
        kind="looking_again",
        text="Looking again, since the change that was allowed was not sent; people decide on what is proposed now",
        details={"execution": record.id, "investigation": id},
    )
