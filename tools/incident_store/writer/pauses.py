"""Pausing and resuming: one row a scope, told in the timeline of every incident it touches."""

from datetime import datetime

from sqlmodel import Session, col, select

from incidents.incident import LIVE_STATES
from incidents.pause import EVERYTHING, Pause
from tools.incident_store.database import Database
from tools.incident_store.tables import IncidentRecord, PauseRecord
from tools.incident_store.writer.timeline import append, locked_incident


class PauseWriter:
    """Each method is one transaction."""

    def __init__(self, database: Database) -> None:
        """`database` is where the rows are."""
        self._database = database

    def pause(self, scope: str, person: str, now: datetime) -> Pause:
        """Stop it; where it is stopped already, the pause that stands."""

        def work(session: Session) -> Pause:
            found = session.get(PauseRecord, scope, with_for_update=True)
            if found is None:
                found = PauseRecord(scope=scope, by=person, at=now)
                session.add(found)
                _tell(session, scope, person, "paused", "Changes are paused", now)
            return Pause(scope=scope, by=found.by, at=found.at)

        return self._database.write_anew(work)

    def resume(self, scope: str, person: str, now: datetime) -> Pause | None:
        """Let it go on; the pause that stood, or None."""

        def work(session: Session) -> Pause | None:
            found = session.get(PauseRecord, scope, with_for_update=True)
            if found is None:
                return None
            session.delete(found)
            _tell(session, scope, person, "resumed", "Changes may go on", now)
            return Pause(scope=scope, by=found.by, at=found.at)

        return self._database.write_anew(work)


def _tell(session: Session, scope: str, person: str, kind: str, text: str, now: datetime) -> None:
    query = select(IncidentRecord.id).where(col(IncidentRecord.state).in_(LIVE_STATES)).order_by(col(IncidentRecord.id))
    if scope != EVERYTHING:
        query = query.where(col(IncidentRecord.model) == scope)
    for incident_id in session.exec(query).all():
        incident = locked_incident(session, incident_id)
        append(session, incident, at=now, actor=person, kind=kind, text=text, details={"scope": scope})
