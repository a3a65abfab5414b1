"""The outbox: what is wanted of each Slack message, and what was sent."""

from datetime import datetime

from sqlalchemy import case, func, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from incidents.message import MessageKind, OutboxMessage
from tools.incident_store.database import Database
from tools.incident_store.tables import IncidentRecord, MessageRecord


def want(
    session: Session, incident: IncidentRecord, kind: MessageKind, subject: str = "", *, urgent: bool = False
) -> None:
    """Want a message, or a newer rendering of it where it is wanted already. Part of the caller's transaction."""
    found = session.exec(
        select(MessageRecord).where(
            col(MessageRecord.incident_id) == incident.id,
            col(MessageRecord.kind) == kind.value,
            col(MessageRecord.subject) == subject,
        )
    ).one_or_none()
    if found is not None:
        # Counted by the database, since progress is counted without the incident's lock.
        session.exec(
            update(MessageRecord)
            .where(col(MessageRecord.id) == found.id)
            .values(wanted_revision=col(MessageRecord.wanted_revision) + 1, urgent=col(MessageRecord.urgent) | urgent)
        )
        return
    root = session.exec(
        select(MessageRecord.id).where(
            col(MessageRecord.incident_id) == incident.id, col(MessageRecord.kind) == MessageKind.ROOT.value
        )
    ).one_or_none()
    session.add(
        MessageRecord(
            incident_id=incident.id,
            channel=incident.channel,
            kind=kind.value,
            subject=subject,
            root_id=root,
            urgent=urgent,
            created_at=incident.changed_at,
        )
    )


class MessageWriter:
    """The outbox's side of the table."""

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

    def due(self, now: datetime, limit: int) -> list[OutboxMessage]:
        """What should be sent now: urgent threads first, in order within a thread, first posts before updates.

        A reply is due only once its thread's first message has been posted.
        """
        root = aliased(MessageRecord)
        posted = col(MessageRecord.ts).is_not(None)
        # Of the thread and not of the message: a row that is urgent must not overtake its own thread.
        thread = func.coalesce(MessageRecord.root_id, MessageRecord.id)
        urgent = func.max(case((col(MessageRecord.urgent), 1), else_=0)).over(partition_by=[posted, thread])
        query = (
            select(MessageRecord, col(root.ts), col(root.posted_channel))
            .join(root, col(MessageRecord.root_id) == col(root.id), isouter=True)
            .where(
                col(MessageRecord.wanted_revision) > col(MessageRecord.sent_revision),
                col(MessageRecord.given_up).is_(False),
                (col(MessageRecord.not_before).is_(None)) | (col(MessageRecord.not_before) <= now),
                (col(MessageRecord.root_id).is_(None)) | (col(root.ts).is_not(None)),
            )
            .order_by(posted, urgent.desc(), col(MessageRecord.id))
            .limit(limit)
        )
        with self._database.read() as session:
            return [
                OutboxMessage(
                    id=record.id or 0,
                    channel=record.posted_channel or root_channel or record.channel,
                    kind=MessageKind(record.kind),
                    incident_id=record.incident_id,
                    subject=record.subject,
                    urgent=record.urgent,
                    root_id=record.root_id,
                    root_ts=root_ts,
                    ts=record.ts,
                    wanted_revision=record.wanted_revision,
                    sent_revision=record.sent_revision,
                    attempts=record.attempts,
                )
                for record, root_ts, root_channel in session.exec(query)
            ]

    def sent(self, id: int, revision: int, ts: str, at: datetime, channel: str | None = None) -> None:
        """`revision` of the message stands in Slack as `ts`. `channel` is the id Slack answered with."""
        values: dict[str, object] = {
            "sent_revision": revision,
            "ts": ts,
            "sent_at": at,
            "attempts": 0,
            "error": "",
            "not_before": None,
        }
        if channel is not None:
            values["posted_channel"] = channel
        with self._database.write() as session:
            session.exec(
                update(MessageRecord)
                .where(col(MessageRecord.id) == id, col(MessageRecord.sent_revision) < revision)
                .values(**values)
            )

    def failed(self, id: int, error: str, retry_at: datetime) -> None:
        """It could not be sent; try again at `retry_at`."""
        with self._database.write() as session:
            session.exec(
                update(MessageRecord)
                .where(col(MessageRecord.id) == id)
                .values(error=error, not_before=retry_at, attempts=col(MessageRecord.attempts) + 1)
            )

    def given_up(self, id: int, error: str) -> None:
        """It can never be sent as it is; `error` says why."""
        with self._database.write() as session:
            session.exec(update(MessageRecord).where(col(MessageRecord.id) == id).values(error=error, given_up=True))
