"""Bringing the schema up to date; safe to call from every process at its start."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text
from sqlmodel import select

from tools.incident_store.database import Database
from tools.incident_store.replica_tables import InstallationRecord

if TYPE_CHECKING:
    from alembic.config import Config

NEWEST = "0005"
"""The newest migration's revision: a schema that has it needs nothing, not even Alembic's import. A test compares."""

LOCK_KEY = 7_204_113
"""Any fixed number: the PostgreSQL advisory lock that lets one process migrate at a time."""


def migrate(database: Database) -> None:
    """Apply every migration that is missing, once, under a lock."""
    with database.engine.connect() as connection, connection.begin():
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
        if _version(connection) != NEWEST:
            from alembic import command

            command.upgrade(config_for(connection), "head")


def is_current(database: Database) -> bool:
    """Does the schema have every migration? Changes nothing."""
    with database.read() as session:
        return _version(session.connection()) == NEWEST


def is_empty(database: Database) -> bool:
    """Was no migration ever applied? So it is before the bot first ran on it. Changes nothing."""
    with database.read() as session:
        return _version(session.connection()) is None


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def installation_id(database: Database, made_up: str) -> str:
    """The database's own id; `made_up` becomes it where there is none yet."""
    with database.write() as session:
        if not database.is_sqlite:
            session.connection().execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
        found = session.exec(select(InstallationRecord.id)).first()
        if found is None:
            session.add(InstallationRecord(id=made_up))
        return found or made_up


def config_for(connection: Connection) -> "Config":
    """Alembic's configuration with the connection it must use."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config
