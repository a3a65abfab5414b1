"""One clock for all replicas: leases are compared between machines, whose own clocks may be apart."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import select

from tools.incident_store.database import Database


class SharedClock:
    """The machine's clock, corrected by how far it is from the database's. Call it for the moment now.

    On SQLite there is one machine, and its clock is the one. On PostgreSQL `set` measures the difference, half of the
    round trip taken off; until then it is 0.
    """

    def __init__(self, database: Database, machine: Callable[[], datetime]) -> None:
        """`machine` tells the machine's time, aware."""
        self._database = database
        self._machine = machine
        self._ahead = timedelta(0)

    def __call__(self) -> datetime:
        """The moment now."""
        return self._machine() + self._ahead

    def set(self) -> timedelta:
        """Measure anew: how far the database is ahead of this machine. Raises `Unavailable`."""
        if not self._database.is_sqlite:
            with self._database.read() as session:
                session.connection()
                before = self._machine()
                there = session.exec(select(func.clock_timestamp())).one()
                after = self._machine()
            self._ahead = there - (before + (after - before) / 2)
        return self._ahead
