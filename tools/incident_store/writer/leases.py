"""Named leases: what only one replica may do at a time, by a compare-and-set on one row for each name.

A lease is held by an owner (the executor's id) until a moment. Its fence goes up with every new holder, never down:
whoever acts under an old fence can be told from whoever holds the lease now. The moments are compared with each other,
so every replica has to use the same clock: `bot.workflows.ports.Deps.clock`, which on PostgreSQL is the database's.
"""

from datetime import datetime, timedelta

from sqlalchemy import case, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, select

from tools.incident_store.database import Database
from tools.incident_store.replica_tables import LeaseRecord


class LeaseWriter:
    """Each method is one transaction."""

    def __init__(self, database: Database) -> None:
        """`database` is where the rows are."""
        self._database = database

    def take(self, name: str, owner: str, now: datetime, lease: timedelta) -> int | None:
        """Take it, or keep it, until `now + lease`: the fence, or None while another holds it.

        The fence stays while one owner keeps the lease without a gap, and is a new one after every gap.
        """
        insert = sqlite.insert if self._database.is_sqlite else postgresql.insert
        kept = (col(LeaseRecord.owner) == owner) & (col(LeaseRecord.until) > now)
        fence = col(LeaseRecord.fence)
        statement = insert(LeaseRecord).values(name=name, owner=owner, fence=1, until=now + lease, taken_at=now)
        statement = statement.on_conflict_do_update(
            index_elements=["name"],
            set_={
                "owner": owner,
                "fence": case((kept, fence), else_=fence + 1),
                "taken_at": case((kept, col(LeaseRecord.taken_at)), else_=statement.excluded.taken_at),
                "until": statement.excluded.until,
            },
            where=kept | (col(LeaseRecord.until) <= now),
        ).returning(fence)
        with self._database.write() as session:
            found = session.connection().execute(statement).first()
            return None if found is None else int(found[0])

    def holds(self, name: str, owner: str, fence: int, now: datetime) -> bool:
        """Is it still held by `owner` under this fence? Changes nothing."""
        with self._database.read() as session:
            found = session.exec(
                select(LeaseRecord.name).where(
                    col(LeaseRecord.name) == name,
                    col(LeaseRecord.owner) == owner,
                    col(LeaseRecord.fence) == fence,
                    col(LeaseRecord.until) > now,
                )
            ).first()
            return found is not None

    def release(self, name: str, owner: str, fence: int, now: datetime) -> bool:
        """Give it back, so that another may take it at once; False when it was another's already."""
        with self._database.write() as session:
            changed = session.exec(
                update(LeaseRecord)
                .where(
                    col(LeaseRecord.name) == name,
                    col(LeaseRecord.owner) == owner,
                    col(LeaseRecord.fence) == fence,
                    col(LeaseRecord.until) > now,
                )
                .values(until=now)
            )
            return changed.rowcount == 1
