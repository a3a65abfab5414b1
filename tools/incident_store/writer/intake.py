"""Storing alerts as they come; `grouping` gives them their place."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never

from sqlalchemy import Connection, bindparam, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from incidents.alert import Alert
from tools.incident_store.database import Database
from tools.incident_store.tables import AlertRecord

Episode = tuple[str, datetime]
"""Fingerprint and beginning: the identity of an alert's row."""


@dataclass(frozen=True)
class Notification:
    """Alerts as Alertmanager tells them: each with the beginning of its episode, and whether that has ended.

    A re-sent alert changes nothing; a late ``firing`` of an episode already resolved is ignored.
    """

    alerts: tuple[Alert, ...]


@dataclass(frozen=True)
class Reading:
    """What a detector read: it says again and again what is so, and not when that began or ended.

    A figure past its bound begins an episode unless one is open; a figure inside its bound ends the open one.
    Readings older than what is known change nothing.
    """

    firing: tuple[Alert, ...]
    inside: tuple[Alert, ...]


Delivery = Notification | Reading


class IntakeWriter:
    """Alerts in. Each method is one transaction, and goes before those of others that wait."""

    def __init__(self, database: Database) -> None:
        """`database` is where the rows are."""
        self._database = database
        alert = AlertRecord.metadata.tables["alert"].c
        insert = sqlite.insert if database.is_sqlite else postgresql.insert
        episode = (alert.fingerprint, alert.starts_at)
        self._new = insert(alert.id.table).on_conflict_do_nothing(index_elements=list(episode)).returning(*episode)
        self._last = (
            select(alert.id, alert.starts_at, alert.status, alert.ends_at)
            .where(alert.fingerprint == bindparam("fingerprint"))
            .order_by(alert.starts_at.desc())
            .limit(1)
            .with_for_update()
        )
        self._open = (
            select(alert.id, *episode)
            .where(alert.status == "firing", tuple_(*episode).in_(bindparam("episodes", expanding=True)))
            .order_by(alert.id)
            .with_for_update()
        )
        self._end = (
            update(alert.id.table)
            .where(alert.id == bindparam("row"))
            .values(status="resolved", ends_at=bindparam("end"), revision=alert.revision + 1)
        )

    def store_all(self, deliveries: Sequence[Delivery], now: datetime) -> list[int]:
        """Keep what is new in `deliveries`, as if they had come one after the other; how many rows each changed."""
        return self._database.write_first(lambda connection: self._store_all(connection, deliveries, now))

    def store(self, alerts: Sequence[Alert], now: datetime) -> int:
        """Keep what is new in one notification; returns how many rows changed."""
        return self.store_all([Notification(tuple(alerts))], now)[0]

    def _store_all(self, connection: Connection, deliveries: Sequence[Delivery], now: datetime) -> list[int]:
        changed: list[int] = []
        together: list[Notification] = []
        for delivery in deliveries:
            match delivery:
                case Notification():
                    together.append(delivery)
                case Reading(firing, inside):
                    changed += self._notified(connection, together, now)
                    together = []
                    ordered = sorted((*firing, *inside), key=lambda alert: alert.fingerprint)
                    changed.append(sum(self._read(connection, alert, now) for alert in ordered))
                case _:
                    assert_never(delivery)
        return changed + self._notified(connection, together, now)

    def _notified(self, connection: Connection, notifications: Sequence[Notification], now: datetime) -> list[int]:
        changed = [0] * len(notifications)
        first: dict[Episode, tuple[int, Alert]] = {}
        ended: dict[Episode, tuple[int, Alert]] = {}
        for number, notification in enumerate(notifications):
            for alert in notification.alerts:
                episode = (alert.fingerprint, alert.starts_at)
                first.setdefault(episode, (number, alert))
                if alert.status == "resolved":
                    ended.setdefault(episode, (number, alert))
        for episode in self._inserted(connection, first, now):
            number, alert = first[episode]
            changed[number] += 1
            if alert.status == "resolved":
                del ended[episode]
        for episode in self._ended(connection, ended):
            changed[ended[episode][0]] += 1
        return changed

    def _inserted(
        self, connection: Connection, first: dict[Episode, tuple[int, Alert]], now: datetime
    ) -> list[Episode]:
        # In one order, so that two replicas with the same alerts do not wait for each other.
        rows = [_row(first[episode][1], now) for episode in sorted(first)]
        if not rows:
            return []
        return [(one.fingerprint, one.starts_at) for one in connection.execute(self._new, rows)]

    def _ended(self, connection: Connection, ended: dict[Episode, tuple[int, Alert]]) -> list[Episode]:
        if not ended:
            return []
        found = connection.execute(self._open, {"episodes": sorted(ended)}).all()
        if not found:
            return []
        rows = [{"row": one.id, "end": ended[(one.fingerprint, one.starts_at)][1].ends_at} for one in found]
        connection.execute(self._end, rows)
        return [(one.fingerprint, one.starts_at) for one in found]

    def _read(self, connection: Connection, alert: Alert, now: datetime) -> int:
        last = connection.execute(self._last, {"fingerprint": alert.fingerprint}).first()
        is_open = last is not None and last.status == "firing"
        if alert.status == "firing":
            late = last is not None and last.ends_at is not None and alert.starts_at <= last.ends_at
            return 0 if is_open or late else self._notified(connection, [Notification((alert,))], now)[0]
        if last is None or not is_open or alert.starts_at <= last.starts_at:
            return 0
        connection.execute(self._end, {"row": last.id, "end": alert.ends_at})
        return 1


def _row(alert: Alert, now: datetime) -> dict[str, Any]:
    return {
        "fingerprint": alert.fingerprint,
        "starts_at": alert.starts_at,
        "status": alert.status,
        "ends_at": alert.ends_at,
        "labels": alert.labels,
        "annotations": alert.annotations,
        "generator_url": alert.generator_url,
        "rank": alert.severity.rank,
        "revision": 1,
        "handled_revision": 0,
        "received_at": now,
    }
