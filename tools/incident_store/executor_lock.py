"""One living process for each executor id: two with the same would both carry on what the other has begun.

The lock is the system's own and ends with the process, however it ends, so that a restart waits for nothing. On
PostgreSQL it is an advisory lock of a session that is kept open (so a pooler must not share sessions between
transactions); on SQLite it is `flock` on a file beside the database.
"""

import fcntl
import os
from pathlib import Path
from typing import IO

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from tools.errors import Unavailable
from tools.incident_store.database import Database

LOCK_CLASS = 7_204_114
"""Any fixed number: the first key of the advisory locks; the second is a hash of the executor's id."""


class ExecutorLock:
    """Taken once at the start, looked after for as long as the process lives."""

    def __init__(self, database: Database, executor: str) -> None:
        """Nothing is taken yet."""
        self._database = database
        self._executor = executor
        self._session: Connection | None = None
        self._file: IO[str] | None = None

    @property
    def alone_on_the_database(self) -> bool:
        """Does it keep every other process away, whatever its executor id? So on SQLite."""
        return self._database.is_sqlite

    def take(self) -> bool:
        """Take it, or see that it is held still; False when another process has it. Raises `Unavailable`."""
        return self._take_file() if self._database.is_sqlite else self._take_session()

    def release(self) -> None:
        """Give it back. Safe to call twice."""
        if self._session is not None:
            self._session.close()
            self._session = None
        if self._file is not None:
            self._file.close()
            self._file = None

    def _take_session(self) -> bool:
        try:
            if self._session is not None:
                self._session.execute(text("SELECT 1"))
                return True
            self._session = self._database.own_connection()
            taken = self._session.execute(
                text("SELECT pg_try_advisory_lock(:class, hashtext(:executor))"),
                {"class": LOCK_CLASS, "executor": self._executor},
            ).scalar_one()
        except DBAPIError as error:
            # The session is lost, and with it the lock: the next call takes it anew.
            self._drop()
            raise Unavailable("Database", "lock", type(error.orig).__name__) from error
        if not taken:
            self.release()
        return bool(taken)

    def _drop(self) -> None:
        try:
            self.release()
        except SQLAlchemyError:
            self._session = None

    def _take_file(self) -> bool:
        if self._file is not None:
            return True
        path = Path(f"{self._database.url.database}.lock")
        try:
            file = path.open("a+", encoding="utf-8")
        except OSError as error:
            raise Unavailable("Database", "lock", f"{path}: {error.strerror}") from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return False
        file.seek(0)
        file.truncate()
        file.write(f"process {os.getpid()}\n")
        file.flush()
        self._file = file
        return True
