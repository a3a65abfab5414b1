"""Opening the database: SQLite in a file by default, PostgreSQL for replicas."""

import math
import sqlite3
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeVar

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool
from sqlmodel import Session

from tools.errors import Busy, Unavailable, UpstreamError
from tools.incident_store.turns import Turns

T = TypeVar("T")

BUSY_TIMEOUT_MS = 30_000
"""How long SQLite waits for another writer before it gives up."""

READ_CACHE_KB = 512
"""Pages a reading connection keeps; the system has the file in memory anyway. SQLite's own default is 2 MB."""

OVERTAKEN = frozenset({"40001", "40P01"})
"""PostgreSQL's codes for a transaction that lost to another: it failed to serialise, or was in a deadlock."""

SESSION_OPTIONS = " ".join(
    f"-c {name}={value}"
    for name, value in {
        "idle_in_transaction_session_timeout": "20s",
        "tcp_keepalives_idle": "10",
        "tcp_keepalives_interval": "5",
        "tcp_keepalives_count": "3",
    }.items()
)
"""What PostgreSQL is asked for each session: the locks of a process that is frozen, or whose machine is gone, end after
20 to 25 s, so that another may take its work over within a minute."""

ATTEMPTS = 5
"""How often a transaction that lost is begun anew."""

POURING_S = 0.02
"""Alerts pour in while the last ones were stored less than this ago: 50 deliveries a second."""
INTAKES_PART = 3
"""Times as long as a transaction took that intake then has before the next one: a quarter is left for what can wait."""
LONGEST_GAP_S = 0.06
"""So that what can wait goes on in any case, at least ten times a second."""


class Database:
    """One database: an engine to read with and one to write with.

    On SQLite a write transaction takes the write lock at its beginning (BEGIN IMMEDIATE), so that a reader that turns
    writer never fails half-way, and writers of this process take turns; on PostgreSQL both engines are the same.
    """

    def __init__(self, url: str) -> None:
        """`url` is a SQLAlchemy URL; ``postgresql://`` means psycopg 3."""
        parsed = make_url(url)
        if parsed.get_backend_name() == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        self.url = parsed
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self._turns = Turns()
        self._stored_at = self._gap_at = -math.inf
        if self.is_sqlite:
            self._reading = _sqlite_engine(parsed.render_as_string(hide_password=False), immediate=False, size=8)
            self._writing = _sqlite_engine(parsed.render_as_string(hide_password=False), immediate=True, size=1)
        else:
            self._reading = self._writing = create_engine(
                with_session_options(parsed), pool_size=8, max_overflow=8, pool_pre_ping=True
            )

    @property
    def engine(self) -> Engine:
        """The engine for writing; migrations and the durable engine's checks use it."""
        return self._writing

    @contextmanager
    def read(self) -> Generator[Session]:
        """A session for reading; raises `Unavailable` when the database cannot be reached."""
        with _mapped("read"), Session(self._reading) as session:
            yield session

    @contextmanager
    def snapshot(self) -> Generator[Session]:
        """A session whose every read sees the same moment, however much is written meanwhile."""
        with self.read() as session:
            if not self.is_sqlite:  # there each reading transaction is a snapshot
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield session

    @contextmanager
    def write(self) -> Generator[Session]:
        """One transaction: committed when the block ends, rolled back when it raises."""
        with (
            _mapped("write"),
            self._turn(urgent=False),
            Session(self._writing, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    def write_anew(self, work: Callable[[Session], T]) -> T:
        """What `work` answers in one transaction, begun anew when another writer was first: a key taken, a deadlock.

        `work` may run several times; what it did in a transaction that lost is rolled back.
        """

        def attempt() -> T:
            with self.write() as session:
                return work(session)

        return _anew(attempt)

    def write_first(self, work: Callable[[Connection], T]) -> T:
        """As `write_anew`, ahead of all writers that wait, and without the session's objects: for intake only."""

        def attempt() -> T:
            with _mapped("write"), self._turn(urgent=True), self._writing.begin() as connection:
                return work(connection)

        try:
            return _anew(attempt)
        finally:
            self._stored_at = time.monotonic()

    def write_in_gaps(self, work: Callable[[Session], T]) -> T:
        """As `write_anew`, for one short transaction of many that can wait: while alerts pour in, intake goes first.

        Each is followed by a pause in which intake has the process, and on SQLite the file, for itself.
        """
        while (moment := time.monotonic()) < self._gap_at and moment - self._stored_at < POURING_S:
            time.sleep(min(self._gap_at - moment, POURING_S / 4))
        begun = time.monotonic()
        try:
            return self.write_anew(work)
        finally:
            ended = time.monotonic()
            self._gap_at = ended + min(INTAKES_PART * (ended - begun), LONGEST_GAP_S)

    def _turn(self, *, urgent: bool) -> AbstractContextManager[None]:
        if not self.is_sqlite:
            return nullcontext()
        return self._turns.take(urgent=urgent, timeout_s=BUSY_TIMEOUT_MS / 1000)

    def own_connection(self) -> Connection:
        """A connection outside the pool, each statement committed by itself; the caller closes it."""
        connection = self._writing.connect().execution_options(isolation_level="AUTOCOMMIT")
        connection.detach()
        return connection

    def close(self) -> None:
        """Give the connections back."""
        self._reading.dispose()
        self._writing.dispose()


def with_session_options(url: URL) -> URL:
    """The URL with `SESSION_OPTIONS`, before what it asks for itself."""
    given = url.query.get("options", "")
    asked = given if isinstance(given, str) else " ".join(given)
    return url.update_query_dict({"options": f"{SESSION_OPTIONS} {asked}".rstrip()})


def _anew(attempt: Callable[[], T]) -> T:
    for _ in range(ATTEMPTS - 1):
        try:
            return attempt()
        except (IntegrityError, Busy):
            continue
    return attempt()


@contextmanager
def _mapped(operation: str) -> Generator[None]:
    try:
        yield
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) in OVERTAKEN:
            raise Busy("Database", operation, type(error.orig).__name__) from error
        raise Unavailable("Database", operation, type(error.orig).__name__) from error
    except DBAPIError as error:
        # SQLite's own base class, exactly: a file that is no database, or a damaged one.
        if error.connection_invalidated or type(error.orig) is sqlite3.DatabaseError:
            raise Unavailable("Database", operation, type(error.orig).__name__) from error
        raise
    except (PoolTimeout, TimeoutError) as error:
        raise Unavailable("Database", operation, "no connection was free") from error


def _sqlite_engine(url: str, *, immediate: bool, size: int) -> Engine:
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=size,
        max_overflow=0,
        connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False, "isolation_level": None},
    )

    def on_connect(connection: sqlite3.Connection, _record: Any) -> None:
        pragmas = ["journal_mode=WAL", "synchronous=FULL", f"busy_timeout={BUSY_TIMEOUT_MS}", "foreign_keys=ON"]
        if not immediate:
            pragmas.append(f"cache_size=-{READ_CACHE_KB}")
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}").close()

    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)
    return engine


def reachable(database: Database) -> bool:
    """Does the database answer?"""
    try:
        with database.read() as session:
            session.connection().exec_driver_sql("SELECT 1")
    except UpstreamError:
        return False
    return True
