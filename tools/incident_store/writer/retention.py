"""Retention: what closed incidents need no longer is pruned, in batches so small that nobody waits for one.

Pruned are alerts, messages but the first of each thread, and how investigations progressed. Incidents, timelines (the
audit's chain), findings, proposals, votes, executions, verifications, policies and issues stay. Two moments that the
record of trust counts with are kept on the rows that stay: when the first alert came, and when a card was posted.

An alert that still fires stays although its incident was closed: without its row Alertmanager's next repeat of the same
episode would open the incident again.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, update
from sqlmodel import Session, col, select

from incidents.incident import IncidentState
from incidents.message import MessageKind
from tools.incident_store.database import Database
from tools.incident_store.replica_tables import ReplicaRecord
from tools.incident_store.slack_tables import ClickRecord, MessageRecord
from tools.incident_store.tables import AlertRecord, IncidentRecord, InvestigationRecord, ProposalRecord

Pruned = dict[str, int]
"""Rows by table."""

INCIDENTS_AT_ONCE = 20
"""Some ten alerts and messages each: a few hundred rows in one transaction."""
ROWS_AT_ONCE = 500
"""In one transaction; an incident that has more is pruned in several."""


class RetentionWriter:
    """Each method is one short transaction; call it again until it answers that nothing was left."""

    def __init__(self, database: Database) -> None:
        """`database` is where the rows are."""
        self._database = database

    def prune_incidents(self, before: datetime, now: datetime, limit: int = INCIDENTS_AT_ONCE) -> Pruned:
        """Prune what belongs to incidents that are closed and have not changed since `before`."""
        of = IncidentRecord
        # Spelled as in the partial index, which SQLite uses only then.
        due = (
            select(of)
            .where(
                col(of.state) == IncidentState.CLOSED.value, col(of.pruned_at).is_(None), col(of.changed_at) < before
            )
            .order_by(col(of.changed_at))
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        with self._database.write() as session:
            incidents = session.exec(due).all()
            if not incidents:
                return {}
            return _pruned_of(session, incidents, now)

    def prune_clicks(self, before: datetime, limit: int = ROWS_AT_ONCE) -> Pruned:
        """Deliveries from Slack that were dealt with before."""
        of = ClickRecord
        return self._prune("click", of, of.id, limit, col(of.handled_at) < before)

    def prune_strays(self, before: datetime, limit: int = ROWS_AT_ONCE) -> Pruned:
        """Alerts that resolved without ever having an incident."""
        of = AlertRecord
        return self._prune(
            "alert",
            of,
            of.id,
            limit,
            col(of.incident_id).is_(None),
            col(of.received_at) < before,
            col(of.status) == "resolved",
            col(of.revision) <= col(of.handled_revision),
        )

    def prune_digests(self, before: datetime, limit: int = ROWS_AT_ONCE) -> Pruned:
        """Messages of no incident, as a storm's digest: those that stand in Slack, or never will."""
        of = MessageRecord
        settled = (col(of.wanted_revision) <= col(of.sent_revision)) | col(of.given_up)
        return self._prune(
            "message", of, of.id, limit, col(of.incident_id).is_(None), col(of.created_at) < before, settled
        )

    def prune_replicas(self, before: datetime, limit: int = ROWS_AT_ONCE) -> Pruned:
        """Processes that ended before."""
        of = ReplicaRecord
        ended = col(of.state).in_(["stopped", "ended"])
        return self._prune("replica", of, of.instance, limit, ended, col(of.seen_at) < before)

    def _prune(self, table: str, of: type[Any], key: Any, limit: int, *where: Any) -> Pruned:
        with self._database.write() as session:
            keys = session.exec(select(key).where(*where).limit(limit)).all()
            if not keys:
                return {}
            done = session.exec(delete(of).where(col(key).in_(keys)))
            return {table: done.rowcount}


def _pruned_of(session: Session, incidents: Sequence[IncidentRecord], now: datetime) -> dict[str, int]:
    pruned = {"alert": 0, "message": 0, "investigation": 0}
    room = ROWS_AT_ONCE
    for incident in incidents:
        _keep_moments(session, incident)
        alerts = _first_ids(session, AlertRecord.id, room, col(AlertRecord.status) == "resolved", incident=incident)
        messages = _first_ids(
            session, MessageRecord.id, room, col(MessageRecord.kind) != MessageKind.ROOT.value, incident=incident
        )
        pruned["alert"] += session.exec(delete(AlertRecord).where(col(AlertRecord.id).in_(alerts))).rowcount
        pruned["message"] += session.exec(delete(MessageRecord).where(col(MessageRecord.id).in_(messages))).rowcount
        room -= len(alerts) + len(messages)
        if room <= 0:
            break  # the rest of this incident comes with the next batch
        of = InvestigationRecord
        forgotten = update(of).where(col(of.incident_id) == incident.id).values(progress={})
        pruned["investigation"] += session.exec(forgotten).rowcount
        incident.pruned_at = now
        session.add(incident)
    return pruned


def _first_ids(session: Session, id: Any, limit: int, where: Any, *, incident: IncidentRecord) -> list[int]:
    of: Any = id.class_
    return list(session.exec(select(id).where(col(of.incident_id) == incident.id, where).order_by(id).limit(limit)))


def _keep_moments(session: Session, incident: IncidentRecord) -> None:
    """What the record of trust reads from alerts and messages, put where it stays."""
    if incident.first_alert_at is None:
        of = AlertRecord
        incident.first_alert_at = session.exec(
            select(func.min(of.received_at)).where(col(of.incident_id) == incident.id)
        ).one()
    m, p = MessageRecord, ProposalRecord
    cards = session.exec(
        select(m.subject, m.ts).where(
            col(m.incident_id) == incident.id, col(m.kind) == MessageKind.PROPOSAL.value, col(m.ts).is_not(None)
        )
    ).all()
    for proposal_id, ts in cards:
        session.exec(update(p).where(col(p.id) == proposal_id, col(p.posted_ts).is_(None)).values(posted_ts=ts))
