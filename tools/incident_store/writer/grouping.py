"""Grouping stored alerts into incidents."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlmodel import Session, col, select

from incidents.alert import Alert, Severity
from incidents.catalogue import Catalogue, ModelSpec, Unlisted
from incidents.incident import LIVE_STATES, IncidentState, key_of
from incidents.message import MessageKind
from tools.incident_store.database import Database
from tools.incident_store.records import alert_of
from tools.incident_store.tables import AlertRecord, IncidentRecord, InvestigationRecord
from tools.incident_store.writer.messages import want
from tools.incident_store.writer.states import VERIFICATION_DECIDES, clear, fires
from tools.incident_store.writer.timeline import append, locked_incident


class GroupingWriter:
    """Alerts and questions to incidents. Each method is one transaction."""

    def __init__(
        self, database: Database, catalogue: Catalogue, *, settle: timedelta, new_id: Callable[[], str]
    ) -> None:
        """`settle`: how long the first investigation waits for alerts of the same outage; `new_id`: unique ids."""
        self._database = database
        self._catalogue = catalogue
        self._settle = settle
        self._new_id = new_id

    def group(self, now: datetime, limit: int = 200) -> list[str]:
        """Give every alert that changed its place in an incident; returns the ids of the incidents touched."""
        return self._database.write_anew(lambda session: self._group(session, now, limit))

    def _group(self, session: Session, now: datetime, limit: int) -> list[str]:
        touched: list[str] = []
        records = session.exec(
            select(AlertRecord)
            .where(col(AlertRecord.revision) > col(AlertRecord.handled_revision))
            .order_by(col(AlertRecord.id))
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()
        for record in records:
            incident_id = self._place(session, record, now)
            if incident_id is not None and incident_id not in touched:
                touched.append(incident_id)
            session.exec(
                update(AlertRecord)
                .where(col(AlertRecord.id) == record.id)
                .values(handled_revision=record.revision, incident_id=incident_id)
            )
        return touched

    def ask(self, model: ModelSpec, question: str, person: str, investigation_id: str, now: datetime) -> str | None:
        """A person asks for a look at a model: in its live incident, or in a new one without an alert.

        Returns the incident's id; None while a change is under way, when a new look could only confuse.
        """
        key = key_of(model.name, model.environment)

        def asked(session: Session) -> str | None:
            incident = session.exec(
                select(IncidentRecord)
                .where(col(IncidentRecord.key) == key, col(IncidentRecord.state).in_(LIVE_STATES))
                .with_for_update()
            ).one_or_none()
            if incident is not None and IncidentState(incident.state) in VERIFICATION_DECIDES:
                return None
            if incident is None:
                incident = self._add_incident(session, model, key, Severity.INFO, now, now)
            incident.changed_at = now
            session.add(
                InvestigationRecord(
                    id=investigation_id,
                    incident_id=incident.id,
                    state="queued",
                    question=question,
                    asked_by=person,
                    not_before=now,
                    created_at=now,
                )
            )
            append(
                session,
                incident,
                at=now,
                actor=person,
                kind="asked",
                text="A person asked for an investigation",
                details={"question": question},
            )
            want(session, incident, MessageKind.ROOT)
            return incident.id

        return self._database.write_anew(asked)

    def _place(self, session: Session, record: AlertRecord, now: datetime) -> str | None:
        alert = alert_of(record)
        if alert.status == "resolved":
            return self._resolve(session, record, alert, now)
        entry = self._catalogue.find(alert.labels)
        key = key_of(entry.name, entry.environment)
        live = session.exec(
            select(IncidentRecord)
            .where(col(IncidentRecord.key) == key, col(IncidentRecord.state).in_(LIVE_STATES))
            .with_for_update()
        ).one_or_none()
        incident = live if live is not None else self._open(session, alert, entry, key, now)
        incident.started_at = min(incident.started_at, alert.starts_at)
        incident.severity = min(Severity(incident.severity), alert.severity, key=lambda s: s.rank).value
        incident.changed_at = now
        append(
            session,
            incident,
            at=now,
            actor="alertmanager",
            kind="alert_fired" if live is None else "alert_joined",
            text=f"{alert.name} fires ({alert.severity.value})",
            details={
                "fingerprint": alert.fingerprint,
                "starts_at": alert.starts_at.isoformat(),
                "labels": alert.labels,
            },
        )
        want(session, incident, MessageKind.ROOT, urgent=alert.severity is Severity.CRITICAL)
        return incident.id

    def _open(
        self, session: Session, alert: Alert, entry: ModelSpec | Unlisted, key: str, now: datetime
    ) -> IncidentRecord:
        incident = self._add_incident(session, entry, key, alert.severity, alert.starts_at, now)
        session.add(
            InvestigationRecord(
                id=self._new_id(),
                incident_id=incident.id,
                state="queued",
                not_before=now + self._settle,
                created_at=now,
            )
        )
        return incident

    def _add_incident(
        self,
        session: Session,
        entry: ModelSpec | Unlisted,
        key: str,
        severity: Severity,
        started_at: datetime,
        now: datetime,
    ) -> IncidentRecord:
        previous = session.exec(
            select(IncidentRecord.id)
            .where(col(IncidentRecord.key) == key)
            .order_by(col(IncidentRecord.opened_at).desc())
            .limit(1)
        ).first()
        listed = isinstance(entry, ModelSpec)
        incident = IncidentRecord(
            id=f"new-{self._new_id()}",
            key=key,
            model=entry.name,
            environment=entry.environment,
            tier=entry.tier if isinstance(entry, ModelSpec) else 3,
            listed=listed,
            unlisted_reason="" if isinstance(entry, ModelSpec) else entry.reason,
            channel=entry.channel if isinstance(entry, ModelSpec) else self._catalogue.defaults.channel,
            state=IncidentState.NEW.value,
            severity=severity.value,
            started_at=started_at,
            opened_at=now,
            changed_at=now,
            previous=previous,
        )
        session.add(incident)
        session.flush()
        incident.id = f"INC-{incident.number}"
        session.flush()
        return incident

    def _resolve(self, session: Session, record: AlertRecord, alert: Alert, now: datetime) -> str | None:
        if record.incident_id is None:
            return None
        incident = locked_incident(session, record.incident_id)
        append(
            session,
            incident,
            at=now,
            actor="alertmanager",
            kind="alert_cleared",
            text=f"{alert.name} cleared",
            details={"fingerprint": alert.fingerprint},
        )
        incident.changed_at = now
        if not fires(session, incident.id, besides=record.id):
            clear(session, incident, now)
        want(session, incident, MessageKind.ROOT)
        return incident.id
