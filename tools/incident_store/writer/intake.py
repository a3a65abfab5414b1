"""Storing alerts as they come; `grouping` gives them their place."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, assert_never

from sqlalchemy import JSON, Connection, Row, Table, Text, any_, bindparam, column, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from incidents.alert import Alert
from tools.incident_store.database import Database
from tools.incident_store.tables import AlertRecord
from tools.incident_store.unplaced import Finds, rank_of

Episode = tuple[str, datetime]
"""Fingerprint and beginning: the identity of an alert's row."""


@dataclass(frozen=True)
class Notification:
    """Alerts as Alertmanager tells them: each with the beginning of its episode, and whether that has ended.

    A re-sent alert changes nothing; a late ``firing`` of an episode already resolved is ignored. Of one fingerprint
    only one episode is open: Alertmanager does not tell the end of one that began again before it could, so a later
    beginning ends it, and so does the end of a later one.
    """

    alerts: tuple[Alert, ...]


@dataclass(frozen=True)
class Reading:
    """What a detector read: it says again and again what is so, and not when that began or ended.

    A figure past its bound begins an episode unless one is open, and makes the open one graver where it is; a figure
    inside its bound ends the open one.
    Readings older than what is known change nothing.
    """

    firing: tuple[Alert, ...]
    inside: tuple[Alert, ...]


Delivery = Notification | Reading


class IntakeWriter:
    """Alerts in. Each method is one transaction, and goes before those of others that wait."""

    def __init__(self, database: Database, find: Finds) -> None:
        """`database` is where the rows are; `find`: the catalogue's entry of labels, for what is placed first."""
        self._database = database
        self._find = find
        alert = AlertRecord.metadata.tables["alert"].c
        episode = (alert.fingerprint, alert.starts_at)
        insert = sqlite.insert(alert.id.table) if database.is_sqlite else _insert_from_json(alert.id.table)
        self._new = insert.on_conflict_do_nothing(index_elements=list(episode)).returning(*episode)
        self._last = (
            select(alert.id, alert.starts_at, alert.status, alert.ends_at, alert.labels)
            .where(alert.fingerprint == bindparam("fingerprint"))
            .order_by(alert.starts_at.desc())
            .limit(1)
            .with_for_update()
        )
        told = (
            alert.fingerprint.in_(bindparam("fingerprints", expanding=True))
            if database.is_sqlite
            else alert.fingerprint == any_(bindparam("fingerprints", type_=postgresql.ARRAY(Text)))
        )
        self._open = (
            select(alert.id, *episode).where(told, alert.status == "firing").order_by(alert.id).with_for_update()
        )
        self._end = (
            update(alert.id.table)
            .where(alert.id == bindparam("row"))
            .values(
                status="resolved", ends_at=bindparam("end"), revision=alert.revision + 1, rank=bindparam("turn_rank")
            )
        )

        self._worsen = (
            update(alert.id.table)
            .where(alert.id == bindparam("row"))
            .values(
                labels=bindparam("said"),
                annotations=bindparam("notes"),
                revision=alert.revision + 1,
                rank=bindparam("turn_rank"),
            )
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
        for told in _rounds(notifications):
            for number in self._round(connection, told, now):
                changed[number] += 1
        return changed

    def _round(self, connection: Connection, told: "_Round", now: datetime) -> list[int]:
        """For each row that changed the number of the notification that changed it."""
        inserted = self._inserted(connection, told.first, now)
        begun = {episode for episode in inserted if told.first[episode][1].status == "firing"}
        return [told.first[episode][0] for episode in inserted] + self._ended(connection, told, begun, now)

    def _inserted(
        self, connection: Connection, first: dict[Episode, tuple[int, Alert]], now: datetime
    ) -> list[Episode]:
        # In one order, so that two replicas with the same alerts do not wait for each other.
        rows = [self._row(first[episode][1], now) for episode in sorted(first)]
        if not rows:
            return []
        given = rows if self._database.is_sqlite else {_ROWS: [_in_json(row) for row in rows]}
        return [(one.fingerprint, one.starts_at) for one in connection.execute(self._new, given)]

    def _ended(self, connection: Connection, told: "_Round", begun: Set[Episode], now: datetime) -> list[int]:
        """End what has ended, or has begun again since: which fingerprints those are is known, not which episodes."""
        fingerprints = {fingerprint for fingerprint, _ in (*begun, *told.ended)}
        if not fingerprints:
            return []
        rows: list[dict[str, Any]] = []
        numbers: list[int] = []
        for one in connection.execute(self._open, {"fingerprints": sorted(fingerprints)}):
            ending = told.ending((one.fingerprint, one.starts_at), begun)
            if ending is not None:
                number, end = ending
                _, alert = told.first[(one.fingerprint, told.episode[one.fingerprint])]
                rows.append({"row": one.id, "end": end, "turn_rank": self._rank(alert, now)})
                numbers.append(number)
        if rows:
            connection.execute(self._end, rows)
        return numbers

    def _read(self, connection: Connection, alert: Alert, now: datetime) -> int:
        last = connection.execute(self._last, {"fingerprint": alert.fingerprint}).first()
        is_open = last is not None and last.status == "firing"
        if alert.status == "firing":
            if last is not None and is_open:
                return self._worse(connection, last, alert, now)
            late = last is not None and last.ends_at is not None and alert.starts_at <= last.ends_at
            return 0 if late else self._notified(connection, [Notification((alert,))], now)[0]
        if last is None or not is_open or alert.starts_at <= last.starts_at:
            return 0
        connection.execute(self._end, {"row": last.id, "end": alert.ends_at, "turn_rank": self._rank(alert, now)})
        return 1

    def _worse(self, connection: Connection, last: Row[*tuple[Any, ...]], alert: Alert, now: datetime) -> int:
        """An open episode becomes as grave as its gravest figure, and stays so until a figure inside ends it."""
        known = alert.model_copy(update={"labels": last.labels})
        if alert.starts_at < last.starts_at or alert.severity.rank >= known.severity.rank:
            return 0
        rank = self._rank(alert, now)
        said = {"row": last.id, "said": alert.labels, "notes": alert.annotations, "turn_rank": rank}
        connection.execute(self._worsen, said)
        return 1

    def _rank(self, alert: Alert, now: datetime) -> int:
        return rank_of(alert, self._find(alert.labels), now)

    def _row(self, alert: Alert, now: datetime) -> dict[str, Any]:
        return {
            "fingerprint": alert.fingerprint,
            "starts_at": alert.starts_at,
            "status": alert.status,
            "ends_at": alert.ends_at,
            "labels": alert.labels,
            "annotations": alert.annotations,
            "generator_url": alert.generator_url,
            "rank": self._rank(alert, now),
            "revision": 1,
            "handled_revision": 0,
            "received_at": now,
        }


@dataclass
class _Round:
    """Alerts of which no two are episodes of one fingerprint, each with the number of its notification."""

    first: dict[Episode, tuple[int, Alert]] = field(default_factory=dict[Episode, tuple[int, Alert]])
    ended: dict[Episode, tuple[int, Alert]] = field(default_factory=dict[Episode, tuple[int, Alert]])
    episode: dict[str, datetime] = field(default_factory=dict[str, datetime])

    def ending(self, row: Episode, begun: Set[Episode]) -> tuple[int, datetime] | None:
        """Which notification ends an open episode, and when: by a later beginning before that one's own end."""
        fingerprint, starts_at = row
        episode = (fingerprint, self.episode[fingerprint])
        if episode in begun and starts_at < episode[1]:
            return self.first[episode][0], episode[1]
        if episode not in self.ended:
            return None
        number, alert = self.ended[episode]
        end = alert.ends_at or episode[1]
        return (number, end) if row == episode or starts_at < end else None


def _rounds(notifications: Sequence[Notification]) -> Iterator[_Round]:
    """As few as can be, in order; one unless an alert began again between two deliveries."""
    told = _Round()
    for number, notification in enumerate(notifications):
        for alert in notification.alerts:
            episode = (alert.fingerprint, alert.starts_at)
            if told.episode.setdefault(*episode) != alert.starts_at:
                yield told
                told = _Round()
                told.episode[alert.fingerprint] = alert.starts_at
            told.first.setdefault(episode, (number, alert))
            if alert.status == "resolved":
                told.ended.setdefault(episode, (number, alert))
    yield told


_ROWS = "rows"
_WRITTEN = (
    "fingerprint",
    "starts_at",
    "status",
    "ends_at",
    "labels",
    "annotations",
    "generator_url",
    "rank",
    "revision",
    "handled_revision",
    "received_at",
)
"""The columns of a row as it is inserted."""


def _insert_from_json(alert: Table) -> postgresql.Insert:
    """Insert the rows of one parameter: to take in thousands of them costs the driver more than the insert itself."""
    columns = (column(name, alert.c[name].type) for name in _WRITTEN)
    rows = func.json_to_recordset(bindparam(_ROWS, type_=JSON)).table_valued(*columns).render_derived(with_types=True)
    return postgresql.insert(alert).from_select(_WRITTEN, select(*rows.c))


def _in_json(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}
