"""Deliveries from Slack, kept before they are acked and handled once."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from tools.incident_store.database import Database
from tools.incident_store.slack_tables import ClickRecord


class ClickWriter:
    """Each method is one transaction."""

    def __init__(self, database: Database) -> None:
        """`database` is where the rows are."""
        self._database = database

    def record(self, id: str, kind: str, payload: dict[str, Any], now: datetime) -> bool:
        """Keep it; False when Slack delivered it before."""
        try:
            with self._database.write() as session:
                session.add(ClickRecord(id=id, kind=kind, payload=payload, received_at=now))
        except IntegrityError:
            return False
        return True

    def handled(self, id: str, now: datetime) -> None:
        """It has been decided."""
        with self._database.write() as session:
            session.exec(update(ClickRecord).where(col(ClickRecord.id) == id).values(handled_at=now))

    def left_over(
        self, now: datetime, older_than: timedelta, owner: str, lease: timedelta, limit: int = 50
    ) -> list[tuple[str, str, dict[str, Any]]]:
        """Deliveries that a crash left undecided, for `owner` to decide within `lease`: (id, kind, payload)."""
        free = (
            col(ClickRecord.handled_at).is_(None),
            col(ClickRecord.received_at) < now - older_than,
            col(ClickRecord.lease_until).is_(None) | (col(ClickRecord.lease_until) <= now),
        )
        with self._database.read() as session:
            if session.exec(select(ClickRecord.id).where(*free).limit(1)).first() is None:
                return []
        with self._database.write() as session:
            records = session.exec(
                select(ClickRecord)
                .where(*free)
                .order_by(col(ClickRecord.received_at))
                .limit(limit)
                .with_for_update(skip_locked=True)
            ).all()
            for record in records:
                record.owner, record.lease_until = owner, now + lease
                session.add(record)
            return [(record.id, record.kind, record.payload) for record in records]
