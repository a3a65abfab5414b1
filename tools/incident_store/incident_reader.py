"""Reading incidents: one, many, and everything about one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from incidents.alert import Alert, Severity
from incidents.audit import Chain
from incidents.incident import LIVE_STATES, Incident, IncidentState
from incidents.ledger import IncidentFile, InvestigationView
from incidents.message import MessageKind
from incidents.thread import ThreadRef
from incidents.timeline import TimelineEntry
from tools.incident_store.chain_reader import chain_of
from tools.incident_store.reading import Reading
from tools.incident_store.records import alert_of, entry_of, execution_of, incident_of
from tools.incident_store.slack_tables import MessageRecord
from tools.incident_store.tables import (
    AlertRecord,
    ExecutionRecord,
    IncidentRecord,
    InvestigationRecord,
    ProposalRecord,
    TimelineRecord,
    VerificationRecord,
)
from tools.incident_store.views import investigation_view, proposal_view, verification_view

LIVE = sorted(LIVE_STATES)


@dataclass(frozen=True)
class OpenIncident:
    """What a line about a model tells of its open incident."""

    id: str
    model: str
    environment: str
    state: IncidentState
    severity: Severity
    flapping: bool = False


@dataclass(frozen=True)
class Sought:
    """Which incidents are looked for; each empty where it does not matter, `states` None for any.

    `model` is a name, or a pattern with ``*``.
    """

    states: frozenset[IncidentState] | None = LIVE_STATES
    model: str = ""
    severity: str = ""
    environment: str = ""

    def conditions(self) -> list[ColumnElement[bool]]:
        """As conditions on the incident's row."""
        of = IncidentRecord
        asked: list[ColumnElement[bool]] = []
        if self.states is not None:
            asked.append(col(of.state).in_(sorted(self.states)))
        if "*" in self.model:
            escaped = self.model.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
            asked.append(col(of.model).like(escaped.replace("*", "%"), escape="\\"))
        elif self.model:
            asked.append(col(of.model) == self.model)
        if self.severity:
            asked.append(col(of.severity) == self.severity)
        if self.environment:
            asked.append(col(of.environment) == self.environment)
        return asked


class IncidentReader(Reading):
    """Questions about incidents and their threads."""

    def incident(self, id: str) -> Incident:
        """One incident with its alerts. Raises `LookupError`."""
        with self._database.read() as session:
            return _incidents(session, [_incident(session, id)])[0]

    def incidents(self, *, live: bool, limit: int = 20, offset: int = 0, model: str | None = None) -> list[Incident]:
        """Incidents, newest first; only live ones where `live` is set."""
        query = select(IncidentRecord).order_by(col(IncidentRecord.opened_at).desc()).limit(limit).offset(offset)
        if live:
            query = query.where(col(IncidentRecord.state).in_(LIVE_STATES))
        if model is not None:
            query = query.where(col(IncidentRecord.model) == model)
        with self._database.read() as session:
            return _incidents(session, session.exec(query).all())

    def open_incidents(self, model: str | None = None) -> list[OpenIncident]:
        """Every open incident without its alerts, oldest first; of one model where it is given."""
        of = IncidentRecord
        query = select(of.id, of.model, of.environment).add_columns(
            col(of.state), col(of.severity), col(of.flapping_since).is_not(None)
        )
        query = query.where(col(of.state).in_(LIVE)).order_by(col(of.opened_at), col(of.number))
        if model is not None:
            query = query.where(col(of.model) == model)
        with self._database.read() as session:
            rows: Iterable[Any] = session.connection().execute(query)
            return [
                OpenIncident(id, name, environment, IncidentState(state), Severity(severity), bool(flapping))
                for id, name, environment, state, severity, flapping in rows
            ]

    def find(self, sought: Sought, *, limit: int, offset: int = 0) -> list[Incident]:
        """A page of the incidents that are sought, with their alerts, newest first."""
        query = select(IncidentRecord).where(*sought.conditions()).order_by(col(IncidentRecord.opened_at).desc())
        with self._database.read() as session:
            return _incidents(session, session.exec(query.limit(limit).offset(offset)).all())

    def count(self, sought: Sought, most: int) -> int:
        """How many are sought, counted up to `most`."""
        found = select(IncidentRecord.state).where(*sought.conditions()).limit(most).subquery()
        with self._database.read() as session:
            return session.exec(select(func.count()).select_from(found)).one()

    def count_incidents(self, *, live: bool) -> int:
        """How many there are."""
        query = select(func.count()).select_from(IncidentRecord)
        if live:
            query = query.where(col(IncidentRecord.state).in_(LIVE_STATES))
        with self._database.read() as session:
            return session.exec(query).one()

    def file(self, incident_id: str) -> IncidentFile:
        """Everything about one incident. Raises `LookupError`."""
        with self._database.read() as session:
            incident = _incidents(session, [_incident(session, incident_id)])[0]
            of = InvestigationRecord
            investigations = session.exec(
                select(of).where(col(of.incident_id) == incident_id).order_by(col(of.created_at).desc())
            ).all()
            proposals = session.exec(
                select(ProposalRecord)
                .where(col(ProposalRecord.incident_id) == incident_id)
                .order_by(col(ProposalRecord.created_at), col(ProposalRecord.rank))
            ).all()
            executions = session.exec(
                select(ExecutionRecord)
                .where(col(ExecutionRecord.incident_id) == incident_id)
                .order_by(col(ExecutionRecord.created_at))
            ).all()
            verifications = session.exec(
                select(VerificationRecord).where(col(VerificationRecord.incident_id) == incident_id)
            ).all()
            return IncidentFile(
                incident=incident,
                investigations=tuple(investigation_view(record) for record in investigations),
                proposals=tuple(proposal_view(session, record) for record in proposals),
                executions=tuple(execution_of(record) for record in executions),
                verifications=tuple(verification_view(record) for record in verifications),
                timeline=tuple(_timeline(session, incident_id)),
                thread=_threads(session, [incident_id]).get(incident_id),
            )

    def investigation(self, id: str) -> InvestigationView:
        """One investigation. Raises `LookupError`."""
        with self._database.read() as session:
            record = session.get(InvestigationRecord, id)
            if record is None:
                raise LookupError(id)
            return investigation_view(record)

    def timeline(self, incident_id: str) -> list[TimelineEntry]:
        """All entries of an incident, in order."""
        with self._database.read() as session:
            return _timeline(session, incident_id)

    def chain(self, incident_id: str) -> Chain:
        """The timeline as it stands in the rows, for an audit. Raises `LookupError`."""
        with self._database.snapshot() as session:
            return chain_of(session, incident_id)

    def threads(self, incident_ids: Sequence[str]) -> dict[str, ThreadRef]:
        """Where the incidents' threads stand; incidents not yet posted are missing."""
        with self._database.read() as session:
            return _threads(session, incident_ids)

    def incident_of_thread(self, channel: str, ts: str) -> str | None:
        """The incident whose thread begins with this message."""
        with self._database.read() as session:
            return session.exec(
                select(MessageRecord.incident_id).where(
                    col(MessageRecord.ts) == ts,
                    col(MessageRecord.kind) == MessageKind.ROOT.value,
                    (col(MessageRecord.posted_channel) == channel) | (col(MessageRecord.channel) == channel),
                )
            ).first()


def _incident(session: Session, id: str) -> IncidentRecord:
    record = session.exec(select(IncidentRecord).where(col(IncidentRecord.id) == id)).one_or_none()
    if record is None:
        raise LookupError(id)
    return record


def _incidents(session: Session, records: Sequence[IncidentRecord]) -> list[Incident]:
    alerts: dict[str, list[Alert]] = {record.id: [] for record in records}
    for alert in session.exec(
        select(AlertRecord).where(col(AlertRecord.incident_id).in_(list(alerts))).order_by(col(AlertRecord.id))
    ):
        alerts[alert.incident_id or ""].append(alert_of(alert))
    return [incident_of(record, tuple(alerts[record.id])) for record in records]


def _timeline(session: Session, incident_id: str) -> list[TimelineEntry]:
    of = TimelineRecord
    return [
        entry_of(record)
        for record in session.exec(select(of).where(col(of.incident_id) == incident_id).order_by(col(of.number)))
    ]


def _threads(session: Session, incident_ids: Sequence[str]) -> dict[str, ThreadRef]:
    of = MessageRecord
    records = session.exec(
        select(of).where(
            col(of.incident_id).in_(list(incident_ids)), col(of.kind) == MessageKind.ROOT.value, col(of.ts).is_not(None)
        )
    ).all()
    return {
        record.incident_id or "": ThreadRef(channel=record.posted_channel or record.channel, ts=record.ts or "")
        for record in records
    }
