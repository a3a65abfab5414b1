"""The database of a fleet, read beside the bots."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from sqlalchemy import func, inspect
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select

from incidents.audit import verify
from incidents.execution import FINAL_EXECUTION_STATES
from incidents.incident import LIVE_STATES
from tools.errors import UpstreamError
from tools.incident_store.audit_reader import AuditReader
from tools.incident_store.database import Database
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

T = TypeVar("T")


@dataclass(frozen=True)
class StoredAlert:
    """One row of `alert`."""

    fingerprint: str
    starts_at: datetime
    status: str
    incident_id: str | None
    instance: str
    """The label by which one alert of a model is told from another."""


class Rows:
    """Questions of a test. Each is one snapshot, read in a thread."""

    def __init__(self, database: Database) -> None:
        """`database` is the bots' own; nothing is written to it here."""
        self.database = database

    async def ask(self, question: Callable[[Session], T]) -> T:
        """Whatever can be asked."""

        def asked() -> T:
            with self.database.snapshot() as session:
                return question(session)

        return await asyncio.to_thread(asked)

    async def alerts(self) -> list[StoredAlert]:
        """Every stored episode."""
        return await self.ask(
            lambda session: [
                StoredAlert(one.fingerprint, one.starts_at, one.status, one.incident_id, one.labels.get("instance", ""))
                for one in session.exec(select(AlertRecord))
            ]
        )

    async def incidents(self) -> list[IncidentRecord]:
        """Every incident, oldest first."""
        return await self.ask(
            lambda session: list(session.exec(select(IncidentRecord).order_by(col(IncidentRecord.number))))
        )

    async def executions(self) -> list[ExecutionRecord]:
        """Every execution."""
        return await self.ask(lambda session: list(session.exec(select(ExecutionRecord))))

    async def messages(self) -> list[MessageRecord]:
        """Every message that was ever wanted, in order."""
        return await self.ask(lambda session: list(session.exec(select(MessageRecord).order_by(col(MessageRecord.id)))))

    async def investigations(self) -> Counter[str]:
        """How many, by state."""
        return await self.ask(lambda session: Counter(session.exec(select(InvestigationRecord.state))))

    async def verifications(self) -> Counter[str]:
        """How many, by state."""
        return await self.ask(lambda session: Counter(session.exec(select(VerificationRecord.state))))

    async def timeline(self, *kinds: str) -> list[TimelineRecord]:
        """Every entry of these kinds."""
        return await self.ask(
            lambda session: list(session.exec(select(TimelineRecord).where(col(TimelineRecord.kind).in_(kinds))))
        )

    async def broken_chains(self) -> list[str]:
        """Incidents whose audit chain does not verify, each with why."""

        def look() -> list[str]:
            reader = AuditReader(self.database)
            found = [verify(reader.chain(id)) for id in reader.incident_ids()]
            return [f"{one.incident_id}: {one.broken}" for one in found if not one.intact]

        return await asyncio.to_thread(look)

    async def cards_waiting(self) -> list[tuple[str, str, str]]:
        """Channel, thread and ts of every card in Slack whose proposal is pending."""

        def look(session: Session) -> list[tuple[str, str, str]]:
            root = select(MessageRecord).where(col(MessageRecord.root_id).is_(None)).subquery()
            rows = session.exec(
                select(MessageRecord.posted_channel, root.c.ts, MessageRecord.ts)
                .join(ProposalRecord, col(ProposalRecord.id) == col(MessageRecord.subject))
                .join(root, root.c.id == col(MessageRecord.root_id))
                .where(
                    col(MessageRecord.kind) == "proposal",
                    col(ProposalRecord.state) == "pending",
                    col(MessageRecord.ts).is_not(None),
                )
            )
            return [(channel or "", root_ts or "", ts or "") for channel, root_ts, ts in rows]

        return await self._when_there(look, [])

    async def in_flight(self) -> list[ExecutionRecord]:
        """Executions that are claimed and not over."""
        query = select(ExecutionRecord).where(col(ExecutionRecord.state) == "executing")
        return await self._when_there(lambda session: list(session.exec(query)), [])

    async def left_to_do(self, *, decisions: bool = False) -> str:
        """What is still to be done, in words; empty when nothing is. With `decisions`, pending proposals count."""

        def count(session: Session) -> str:
            asked = {
                "alerts to group": select(func.count())
                .select_from(AlertRecord)
                .where(col(AlertRecord.revision) > col(AlertRecord.handled_revision)),
                "investigations": select(func.count())
                .select_from(InvestigationRecord)
                .where(col(InvestigationRecord.state).in_(("queued", "running"))),
                "executions": select(func.count())
                .select_from(ExecutionRecord)
                .where(col(ExecutionRecord.state).not_in(FINAL_EXECUTION_STATES)),
                "verifications": select(func.count())
                .select_from(VerificationRecord)
                .where(col(VerificationRecord.state) == "watching"),
                "messages": select(func.count())
                .select_from(MessageRecord)
                .where(
                    col(MessageRecord.wanted_revision) > col(MessageRecord.sent_revision),
                    ~col(MessageRecord.given_up),
                    ~col(MessageRecord.held),
                ),
            }
            if decisions:
                asked["decisions"] = (
                    select(func.count()).select_from(ProposalRecord).where(col(ProposalRecord.state) == "pending")
                )
            counted = {what: session.exec(query).one() for what, query in asked.items()}
            return ", ".join(f"{number} {what}" for what, number in counted.items() if number)

        return await self._when_there(count, "the database is not there yet")

    async def live(self) -> int:
        """Incidents that are not over."""
        return await self.ask(
            lambda session: session.exec(
                select(func.count()).select_from(IncidentRecord).where(col(IncidentRecord.state).in_(LIVE_STATES))
            ).one()
        )

    async def is_there(self) -> bool:
        """Whether the making of the tables has begun."""

        def look(session: Session) -> bool:
            return bool(inspect(session.connection()).get_table_names())

        return await self._when_there(look, False)

    async def _when_there(self, question: Callable[[Session], T], otherwise: T) -> T:
        """The answer, or the other one before the tables are made."""

        def asked() -> T:
            if self.database.is_sqlite and not Path(self.database.url.database or "").exists():
                return otherwise  # opening it would make it
            with self.database.snapshot() as session:
                return question(session)

        try:
            return await asyncio.to_thread(asked)
        except (UpstreamError, SQLAlchemyError):
            return otherwise


def held_by(name: str, session: Session) -> tuple[list[str], list[str]]:
    """Investigations and executions in the hands of a replica."""
    looks = select(InvestigationRecord.id).where(
        col(InvestigationRecord.owner) == name, col(InvestigationRecord.state) == "running"
    )
    changes = select(ExecutionRecord.id).where(
        col(ExecutionRecord.owner) == name, col(ExecutionRecord.state) == "executing"
    )
    return list(session.exec(looks)), list(session.exec(changes))
