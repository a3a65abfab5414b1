"""Appending to an incident's timeline, inside the transaction of what it tells of."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from sqlmodel import Session, col, select

from incidents.alert import Alert
from incidents.joining import CROWDED, many, told
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
    """Add one entry behind the last, and before it what was gathered. `incident` must come from `locked_incident`."""
    tell_gathered(session, incident)
    return _append(session, incident, at=at, actor=actor, kind=kind, text=text, details=details)


Side = Literal["joined", "cleared"]
_KINDS: dict[Side, str] = {"joined": "alert_joined", "cleared": "alert_cleared"}


def alerts_changed(
    session: Session, incident: IncidentRecord, alerts: Sequence[Alert], side: Side, now: datetime, *, begins: bool
) -> None:
    """Tell of alerts that joined or cleared: one entry for all of them; gathered, where the timeline is crowded.

    What `begins` the incident is told at once.
    """
    if incident.chain_length >= CROWDED and not begins:
        gathered = [*incident.untold.get(side, []), *(told(alert) for alert in alerts)]
        incident.untold = {**incident.untold, side: gathered}
        incident.untold_since = incident.untold_since or now
        session.add(incident)
        return
    kind = "alert_fired" if begins else _KINDS[side]
    if len(alerts) > 1:
        _append_many(session, incident, [told(alert) for alert in alerts], side, now, kind=kind)
        return
    (alert,) = alerts
    if side == "joined":
        text = f"{alert.name} fires ({alert.severity.value})"
        details = {
            "fingerprint": alert.fingerprint,
            "starts_at": alert.starts_at.isoformat(),
            "labels": alert.labels,
        }
    else:
        text, details = f"{alert.name} cleared", {"fingerprint": alert.fingerprint}
    append(session, incident, at=now, actor="alertmanager", kind=kind, text=text, details=details)


def tell_gathered(session: Session, incident: IncidentRecord) -> None:
    """Add the entries of what was gathered, where something was."""
    gathered, since = incident.untold, incident.untold_since
    if since is None:
        return
    incident.untold, incident.untold_since = {}, None
    for side, kind in _KINDS.items():
        if gathered.get(side):
            _append_many(session, incident, gathered[side], side, since, kind=kind)


def _append_many(
    session: Session, incident: IncidentRecord, alerts: list[dict[str, Any]], side: Side, at: datetime, *, kind: str
) -> None:
    verb = "fire" if kind == "alert_fired" else side
    text, details = many(alerts, verb), {"alerts": alerts}
    _append(session, incident, at=at, actor="alertmanager", kind=kind, text=text, details=details)


def _append(
    session: Session,
    incident: IncidentRecord,
    *,
    at: datetime,
    actor: str,
    kind: str,
    text: str,
    details: dict[str, Any] | None = None,
) -> TimelineEntry:
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
