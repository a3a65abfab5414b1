"""What is wanted of each Slack message."""

from datetime import datetime

from sqlalchemy import case, update
from sqlmodel import Session, col, select

from incidents.alert import Severity
from incidents.message import COURSE, MessageKind, Priority
from tools.incident_store.database import Database
from tools.incident_store.slack_tables import MessageRecord
from tools.incident_store.tables import IncidentRecord

NO_THREAD = "the first post of its thread was given up"


def want(
    session: Session, incident: IncidentRecord, kind: MessageKind, subject: str = "", *, urgent: bool = False
) -> None:
    """Want a message, or a newer rendering of it where it is wanted already. Part of the caller's transaction."""
    priority = priority_of(incident, kind, urgent=urgent)
    of = MessageRecord
    found = session.exec(
        select(of.id, of.priority).where(
            col(of.incident_id) == incident.id, col(of.kind) == kind.value, col(of.subject) == subject
        )
    ).one_or_none()
    if found is None:
        root = session.exec(
            select(of.id, of.given_up, of.ts).where(
                col(of.incident_id) == incident.id, col(of.kind) == MessageKind.ROOT.value
            )
        ).one_or_none()
        never = root is not None and root[1] and root[2] is None
        session.add(
            MessageRecord(
                incident_id=incident.id,
                channel=incident.channel,
                kind=kind.value,
                subject=subject,
                root_id=root[0] if root is not None else None,
                urgent=urgent,
                priority=priority.value,
                held=incident.held,
                given_up=never,
                error=NO_THREAD if never else "",
                created_at=incident.changed_at,
            )
        )
    else:
        # Counted by the database, since progress is counted without the incident's lock.
        session.exec(
            update(of)
            .where(col(of.id) == found[0])
            .values(
                wanted_revision=col(of.wanted_revision) + 1,
                urgent=col(of.urgent) | urgent,
                priority=case((col(of.priority) > priority.value, priority.value), else_=col(of.priority)),
            )
        )
    if priority is not Priority.USUAL and kind is not MessageKind.ROOT and (found is None or found[1] > priority):
        _hurry_what_stands_before(session, incident.id, priority, before=found[0] if found else None)


def want_the_end(session: Session, incident: IncidentRecord) -> None:
    """Want the closing report, and below it the picture of the incident's course. Part of the caller's transaction."""
    want(session, incident, MessageKind.REPORT)
    want(session, incident, MessageKind.CHART, COURSE)


def priority_of(incident: IncidentRecord, kind: MessageKind, *, urgent: bool) -> Priority:
    """How soon a message of the incident is posted."""
    if not urgent:
        return Priority.USUAL
    if incident.severity == Severity.CRITICAL.value and incident.tier == 1:
        return Priority.FIRST
    return Priority.URGENT_THREAD if kind is MessageKind.ROOT else Priority.URGENT


def _hurry_what_stands_before(session: Session, incident_id: str, priority: Priority, before: int | None) -> None:
    """A thread is told in order, so what is not posted yet must go as soon as the urgent message behind it."""
    of = MessageRecord
    earlier = [] if before is None else [col(of.id) < before]
    session.exec(
        update(of)
        .where(col(of.incident_id) == incident_id, col(of.ts).is_(None), col(of.priority) > priority.value, *earlier)
        .values(priority=priority.value)
    )


class MessageWriter:
    """Messages that are wanted by themselves and not with a change of something else."""

    def __init__(self, database: Database) -> None:
        """`database` is where the rows are."""
        self._database = database

    def notice(self, incident_id: str, subject: str, now: datetime) -> None:
        """Want the notice of an execution; wanted already, it stays as it is."""
        with self._database.write() as session:
            incident = session.exec(
                select(IncidentRecord).where(col(IncidentRecord.id) == incident_id).with_for_update()
            ).one()
            of = MessageRecord
            found = session.exec(
                select(of.id).where(
                    col(of.incident_id) == incident_id,
                    col(of.kind) == MessageKind.NOTICE.value,
                    col(of.subject) == subject,
                )
            ).first()
            if found is None:
                incident.changed_at = now
                session.add(incident)
                want(session, incident, MessageKind.NOTICE, subject, urgent=True)
