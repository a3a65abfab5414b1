"""The rows of replicas: who lives, who has ended, and who took whose work over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from incidents.execution import ExecutionState
from tools.incident_store.database import Database
from tools.incident_store.replica_tables import LeaseRecord, ReplicaRecord
from tools.incident_store.slack_tables import ClickRecord
from tools.incident_store.tables import ExecutionRecord, InvestigationRecord

LIVING = ("running", "stopping")
KEPT = timedelta(days=7)
"""How long the row of a process that has ended is kept, to be looked at."""


@dataclass(frozen=True)
class Replica:
    """One process of the bot. `executor` is its stable name, `instance` this one life of it."""

    instance: str
    executor: str
    host: str
    pid: int
    folder: str | None
    """Where its runbook index lies, where that is embedded: the folder's own id."""


@dataclass(frozen=True)
class Given:
    """How much an executor gave back, so that others may take it at once."""

    executions: int
    investigations: int
    leases: int


class ReplicaWriter:
    """Each method is one transaction."""

    def __init__(self, database: Database) -> None:
        """`database` is where the rows are."""
        self._database = database

    def begin(self, replica: Replica, version: str, now: datetime) -> Given:
        """A process begins; the caller holds its `ExecutorLock`, so every earlier life of the executor has ended.

        What an earlier life still held is given back: nobody has to wait for the leases of somebody who is gone.
        """
        with self._database.write() as session:
            session.exec(
                update(ReplicaRecord)
                .where(col(ReplicaRecord.executor) == replica.executor, col(ReplicaRecord.state) != "ended")
                .values(state="ended", ended_at=now, taken_over_by=replica.executor)
            )
            session.exec(
                delete(ReplicaRecord).where(
                    col(ReplicaRecord.state) == "ended", col(ReplicaRecord.seen_at) < now - KEPT
                )
            )
            given = _give_back(session, replica.executor, now)
            session.add(
                ReplicaRecord(
                    instance=replica.instance,
                    executor=replica.executor,
                    host=replica.host,
                    pid=replica.pid,
                    version=version,
                    folder=replica.folder,
                    state="running",
                    started_at=now,
                    seen_at=now,
                )
            )
            return given

    def seen(self, instance: str, now: datetime) -> bool:
        """A sign of life; False when others had counted it as dead: it counts as living again."""
        with self._database.write() as session:
            record = session.get_one(ReplicaRecord, instance, with_for_update=True)
            as_known = record.state in LIVING
            record.seen_at = now
            if not as_known:
                record.state, record.ended_at, record.taken_over_by = "running", None, None
            session.add(record)
            return as_known

    def stopping(self, instance: str, now: datetime) -> None:
        """It takes nothing new any more."""
        with self._database.write() as session:
            session.exec(
                update(ReplicaRecord)
                .where(col(ReplicaRecord.instance) == instance)
                .values(state="stopping", seen_at=now)
            )

    def stopped(self, instance: str, executor: str, now: datetime) -> Given:
        """It ends by itself: what it holds still is given back, and others need not wait until it counts as dead."""
        with self._database.write() as session:
            session.exec(
                update(ReplicaRecord)
                .where(col(ReplicaRecord.instance) == instance)
                .values(state="stopped", seen_at=now, ended_at=now)
            )
            return _give_back(session, executor, now)

    def gone(self, now: datetime, silent: timedelta) -> list[tuple[str, str]]:
        """Processes whose work nobody has taken over yet: instance and executor.

        They said that they stopped, or have given no sign of life for `silent`. Executors of which another life runs by
        now are left out: that one carries on itself.
        """
        with self._database.read() as session:
            fresh = set(
                session.exec(
                    select(ReplicaRecord.executor).where(
                        col(ReplicaRecord.state).in_(LIVING), col(ReplicaRecord.seen_at) > now - silent
                    )
                ).all()
            )
            records = session.exec(
                select(ReplicaRecord.instance, ReplicaRecord.executor).where(
                    (col(ReplicaRecord.state) == "stopped")
                    | (col(ReplicaRecord.state).in_(LIVING) & (col(ReplicaRecord.seen_at) <= now - silent))
                )
            ).all()
            return [(instance, executor) for instance, executor in records if executor not in fresh]

    def taken_over(self, instance: str, by: str, now: datetime, silent: timedelta) -> bool:
        """Its work has been taken over; False when it has given a sign of life meanwhile, or another was first."""
        with self._database.write() as session:
            changed = session.exec(
                update(ReplicaRecord)
                .where(
                    col(ReplicaRecord.instance) == instance,
                    (col(ReplicaRecord.state) == "stopped")
                    | (col(ReplicaRecord.state).in_(LIVING) & (col(ReplicaRecord.seen_at) <= now - silent)),
                )
                .values(state="ended", ended_at=now, taken_over_by=by)
            )
            return changed.rowcount == 1

    def living(self, now: datetime, silent: timedelta) -> Sequence[ReplicaRecord]:
        """Those that have given a sign of life lately, by executor."""
        with self._database.read() as session:
            return session.exec(
                select(ReplicaRecord)
                .where(col(ReplicaRecord.state).in_(LIVING), col(ReplicaRecord.seen_at) > now - silent)
                .order_by(col(ReplicaRecord.executor))
            ).all()


def _give_back(session: Session, executor: str, now: datetime) -> Given:
    """End every lease that an executor holds. The fences stay: whoever comes next gets a higher one."""
    executions = session.exec(
        update(ExecutionRecord)
        .where(
            col(ExecutionRecord.owner) == executor,
            col(ExecutionRecord.state) == ExecutionState.EXECUTING.value,
            col(ExecutionRecord.lease_until) > now,
        )
        .values(lease_until=now)
    ).rowcount
    investigations = session.exec(
        update(InvestigationRecord)
        .where(
            col(InvestigationRecord.owner) == executor,
            col(InvestigationRecord.state) == "running",
            col(InvestigationRecord.lease_until) > now,
        )
        .values(lease_until=now)
    ).rowcount
    leases = session.exec(
        update(LeaseRecord).where(col(LeaseRecord.owner) == executor, col(LeaseRecord.until) > now).values(until=now)
    ).rowcount
    session.exec(
        update(ClickRecord)
        .where(
            col(ClickRecord.owner) == executor,
            col(ClickRecord.handled_at).is_(None),
            col(ClickRecord.lease_until) > now,
        )
        .values(lease_until=now)
    )
    return Given(executions, investigations, leases)
