"""One dialect of SQLAlchemy for all databases of a test process, so that a statement is compiled once, not once a test.

What SQLAlchemy compiles it keeps by engine and by dialect. A bot opens its databases once, but a test opens new ones:
compiling the same statements anew was a third of the processor time of what tests do with a store. Half of the rest of
the time went by waiting for the disk.
"""

import sqlite3
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.util import LRUCache

STATEMENTS = 2_000
"""How many are kept: more than the two stores and the durable engine have."""

_compiled: LRUCache[Any, Any] = LRUCache(STATEMENTS)
_made: dict[tuple[type, frozenset[tuple[str, Any]]], Any] = {}


def use_one_dialect() -> None:
    """From now on every new engine of this process has the dialect of those before it, and what was compiled for it."""
    registry.register("sqlite", __name__, OneSqlite.__name__)
    registry.register("postgresql.psycopg", __name__, OnePsycopg.__name__)


class _MadeOnce(type):
    """A class whose call answers what the same call answered before."""

    def __call__(cls, **options: Any) -> Any:
        key = cls, frozenset(options.items())
        if key not in _made:
            _made[key] = super().__call__(**options)
        return _made[key]


class _Compiling(Dialect):
    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        engine.update_execution_options(compiled_cache=_compiled)


class OneSqlite(_Compiling, SQLiteDialect_pysqlite, metaclass=_MadeOnce):
    """SQLite as it is, except that no commit waits for the disk: no test looks at what survives a power cut."""

    supports_statement_cache = True

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        super().engine_created(engine)
        event.listen(engine, "checkout", _hurry)


def _hurry(connection: sqlite3.Connection, record: ConnectionPoolEntry, _proxy: object) -> None:
    # Not when it is opened: the store asks for its own way then.
    if not record.info.get("hurries"):
        connection.execute("PRAGMA synchronous=OFF").close()
        record.info["hurries"] = True


class OnePsycopg(_Compiling, PGDialect_psycopg, metaclass=_MadeOnce):
    """PostgreSQL as it is."""

    supports_statement_cache = True
