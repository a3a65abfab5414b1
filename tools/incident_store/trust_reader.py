"""What became of proposals and incidents, in a few reads of plain columns: no proposal's body, no evidence."""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Executable
from sqlmodel import Session, col, func, select

from incidents.approval import ApprovalState
from incidents.execution import ExecutionState
from incidents.message import MessageKind
from incidents.proposal import Proposal
from incidents.remediation import KINDS, RemediationKind
from incidents.risk import risk_of
from incidents.taken_back import taken_back
from incidents.trust import Episode, Handled
from tools.incident_store.database import Database
from tools.incident_store.records import proposal_of
from tools.incident_store.slack_tables import MessageRecord
from tools.incident_store.tables import (
    AlertRecord,
    ExecutionRecord,
    IncidentRecord,
    InvestigationRecord,
    ProposalRecord,
    VerificationRecord,
)

AT_A_TIME = 1_000
"""Rows fetched together: one by one costs PostgreSQL's driver as much again as the rest."""
_KINDS: dict[str, RemediationKind] = {kind: kind for kind in KINDS}


class TrustReader:
    """Questions about the record. Nothing here changes a row."""

    def __init__(self, database: Database) -> None:
        """`database` is where the rows are."""
        self._database = database

    def record(self, since: datetime, model: str | None = None) -> tuple[list[Handled], list[Episode]]:
        """Proposals made and incidents opened since then, oldest first; of one model where it is given."""
        with self._database.snapshot() as session:
            return handled(session, since, model), _episodes(session, since, model)


def handled(session: Session, since: datetime, model: str | None) -> list[Handled]:
    """Proposals made since then, oldest first; of one model where it is given."""
    p, x, v, m = ProposalRecord, ExecutionRecord, VerificationRecord, MessageRecord
    where = [col(p.created_at) >= since, *([col(p.model) == model] if model is not None else [])]
    card = (
        (col(m.incident_id) == col(p.incident_id))
        & (col(m.kind) == MessageKind.PROPOSAL.value)
        & (col(m.subject) == col(p.id))
    )
    posted: Any = func.coalesce(m.ts, p.posted_ts)
    ones = (
        select(p.id, p.incident_id, p.model, p.kind)
        .add_columns(col(p.created_at), posted, col(p.state))
        .add_columns(col(p.decided_by), col(p.decided_at), col(p.reason))
        .add_columns(col(x.automatic), col(x.state), col(x.sent_at), col(v.state))
        .join(x, col(x.proposal_id) == col(p.id), isouter=True)
        .join(v, col(v.execution_id) == col(x.id), isouter=True)
        .join(m, card, isouter=True)
        .where(*where)
        .order_by(col(p.created_at), col(p.id))
    )
    undone = _undone(session, since, model)
    return [
        Handled(
            id=id,
            incident_id=incident_id,
            model=of_model,
            kind=_KINDS[kind],
            risk=risk_of(_KINDS[kind]),
            made_at=made_at,
            posted_at=_posted(ts),
            state=ApprovalState(state),
            automatic=bool(automatic) or decided_by == "policy",
            decided_at=decided_at,
            reason=reason,
            execution=None if execution is None else ExecutionState(execution),
            sent=sent_at is not None,
            verification=verification,
            undone=id in undone,
        )
        for (
            id,
            incident_id,
            of_model,
            kind,
            made_at,
            ts,
            state,
            decided_by,
            decided_at,
            reason,
            automatic,
            execution,
            sent_at,
            verification,
        ) in _rows(session.connection(), ones)
        if kind in _KINDS
    ]


def _posted(ts: str | None) -> datetime | None:
    """A message's ts is the moment at which Slack took it, and stays when it is updated."""
    try:
        return None if ts is None else datetime.fromtimestamp(float(ts), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _undone(session: Session, since: datetime, model: str | None) -> set[str]:
    """Proposals whose undo was done after them, in the same incident. Only few incidents have two done changes."""
    p, x = ProposalRecord, ExecutionRecord
    done = (
        (col(x.state) == ExecutionState.SUCCEEDED.value)
        & (col(x.created_at) >= since)
        & ((col(x.model) == model) if model is not None else col(x.model).is_not(None))
    )
    several = select(x.incident_id).where(done).group_by(col(x.incident_id)).having(func.count() > 1)
    records = session.exec(
        select(p)
        .join(x, col(x.proposal_id) == col(p.id))
        .where(done, col(x.incident_id).in_(several))
        .order_by(col(x.incident_id), col(x.created_at), col(x.id))
    ).all()
    found: set[str] = set()
    for _, group in groupby(records, key=lambda record: record.incident_id):
        found |= taken_back([one for record in group if (one := _whole(record)) is not None])
    return found


def _whole(record: ProposalRecord) -> Proposal | None:
    try:
        return proposal_of(record)
    except ValidationError:
        return None


def _episodes(session: Session, since: datetime, model: str | None) -> list[Episode]:
    i, a, v = IncidentRecord, AlertRecord, InvestigationRecord
    where = [col(i.opened_at) >= since, *([col(i.model) == model] if model is not None else [])]
    connection = session.connection()
    # All three are kept in the incident's row; of incidents of the versions before they have to be looked for.
    received: dict[str, datetime] = {
        incident_id: at
        for incident_id, at in _rows(
            connection,
            select(a.incident_id, func.min(a.received_at))
            .join(i, col(i.id) == col(a.incident_id))
            .where(col(i.first_alert_at).is_(None), *where)
            .group_by(col(a.incident_id)),
        )
    }
    looks = (
        select(v.incident_id, v.finished_at)
        .add_columns(col(v.findings)["diagnosis"]["onset"].as_string())
        .join(i, col(i.id) == col(v.incident_id))
        .where(col(v.state) == "done", col(i.diagnosed_at).is_(None), *where)
        .order_by(col(v.finished_at).desc())
    )
    diagnosed: dict[str, datetime] = {}
    onsets: dict[str, datetime] = {}
    for incident_id, finished_at, onset in _rows(connection, looks):  # newest first, so that the first of each stays
        diagnosed[incident_id] = finished_at
        if onset is not None:
            onsets[incident_id] = datetime.fromisoformat(onset)
    incidents = (
        select(i.id, i.model, i.opened_at, i.first_alert_at)
        .add_columns(col(i.diagnosed_at), col(i.onset))
        .add_columns(col(i.resolved_at), col(i.false_alarm_at).is_not(None))
        .where(*where)
        .order_by(col(i.opened_at), col(i.id))
    )
    return [
        Episode(
            incident_id=id,
            model=name,
            opened_at=opened_at,
            onset=onset or onsets.get(id),
            received_at=first_alert_at or received.get(id),
            diagnosed_at=diagnosed_at or diagnosed.get(id),
            recovered_at=resolved_at,
            false_alarm=false_alarm,
        )
        for id, name, opened_at, first_alert_at, diagnosed_at, onset, resolved_at, false_alarm in _rows(
            connection, incidents
        )
    ]


def _rows(connection: Connection, query: Executable) -> Iterable[Any]:
    """Of plain columns: a year has a hundred thousand, and objects of the session take longer than the reading."""
    return connection.execute(query).yield_per(AT_A_TIME)
