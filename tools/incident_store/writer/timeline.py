"""Appending to an incident's timeline, inside the transaction of what it tells of."""

from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from incidents.timeline import GENESIS, TimelineEntry, chained
from tools.incident_store.tables import IncidentRecord, TimelineRecord


def locked_incident(session: Session, incident_id: str) -> IncidentRecord:
    """The incident's row as it is now, locked against other writers until the transaction ends.

    Lock it before its proposals and investigations: every writer does, so that no two wait for each other. Raises
    when there is none.
    """
    query = select(IncidentRecord).where(col(IncidentRecord.id) == incident_id).with_for_update()
    return session.exec(query.execution_options(populate_existing=True)).one()


def append(
    session: Session,
    incident: IncidentRecord,
    *,
    at: datetime,
    actor: str,
    kind: str,
    text: str,
    details: dict[str, Any] | None = None,
) -> TimelineEntry:
    """Add one entry behind the last. `incident` must come from `locked_incident`."""
    entry = chained(
        incident_id=incident.id,
        number=incident.chain_length + 1,
        at=at,
        actor=actor,
        kind=kind,
        text=text,
        details=details or {},
        previous=incident.chain_head or GENESIS,
    )
    session.add(TimelineRecord(**entry.model_dump()))
    incident.chain_length = entry.number
    incident.chain_head = entry.hash
    session.add(incident)
    return entry
