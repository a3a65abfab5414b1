"""Storing alerts as they come; `grouping` gives them their place."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from incidents.alert import Alert
from tools.incident_store.database import Database
from tools.incident_store.tables import AlertRecord


class IntakeWriter:
    """Alerts in. Each method is one transaction."""

    def __init__(self, database: Database) -> None:
        """`database` is where the rows are."""
        self._database = database

    def store(self, alerts: Sequence[Alert], now: datetime) -> int:
        """Keep what is new in `alerts`; returns how many rows changed.

        A re-sent alert changes nothing; a late ``firing`` of an episode already resolved is ignored.
        """
        # In one order, so that two deliveries of the same alerts do not wait for each other.
        ordered = sorted(alerts, key=lambda alert: (alert.fingerprint, alert.starts_at))
        return self._database.write_anew(lambda session: sum(_store_one(session, alert, now) for alert in ordered))

    def store_readings(self, firing: Sequence[Alert], inside: Sequence[Alert], now: datetime) -> int:
        """Keep what a detector read: it says again and again what is so, and not when that began or ended.

        A figure past its bound begins an episode unless one is open; a figure inside its bound ends the open one.
        Readings older than what is known change nothing. Returns how many rows changed.
        """
        ordered = sorted((*firing, *inside), key=lambda alert: alert.fingerprint)
        return self._database.write_anew(lambda session: sum(_read_one(session, alert, now) for alert in ordered))


def _read_one(session: Session, alert: Alert, now: datetime) -> int:
    last = session.exec(
        select(AlertRecord)
        .where(col(AlertRecord.fingerprint) == alert.fingerprint)
        .order_by(col(AlertRecord.starts_at).desc())
        .limit(1)
        .with_for_update()
    ).first()
    is_open = last is not None and last.status == "firing"
    if alert.status == "firing":
        known_until = last.ends_at if last is not None else None
        late = known_until is not None and alert.starts_at <= known_until
        return 0 if is_open or late else _store_one(session, alert, now)
    if last is None or not is_open or alert.starts_at <= last.starts_at:
        return 0
    last.status, last.ends_at = "resolved", alert.ends_at
    last.revision += 1
    session.add(last)
    return 1


def _store_one(session: Session, alert: Alert, now: datetime) -> int:
    found = session.exec(
        select(AlertRecord)
        .where(col(AlertRecord.fingerprint) == alert.fingerprint, col(AlertRecord.starts_at) == alert.starts_at)
        .with_for_update()
    ).one_or_none()
    if found is None:
        session.add(
            AlertRecord(
                fingerprint=alert.fingerprint,
                starts_at=alert.starts_at,
                status=alert.status,
                ends_at=alert.ends_at,
                labels=alert.labels,
                annotations=alert.annotations,
                generator_url=alert.generator_url,
                received_at=now,
            )
        )
        session.flush()
        return 1
    if found.status == "resolved" or found.status == alert.status:
        return 0
    found.status = alert.status
    found.ends_at = alert.ends_at
    found.revision += 1
    session.add(found)
    return 1
