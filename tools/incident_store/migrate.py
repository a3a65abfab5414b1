"""Bringing the schema up to date; safe to call from every process at its start."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlmodel import select

from tools.incident_store.database import Database
from tools.incident_store.tables import InstallationRecord

LOCK_KEY = 7_204_113
"""Any fixed number: the PostgreSQL advisory lock that lets one process migrate at a time."""


def migrate(database: Database) -> None:
    """Apply every migration that is missing, once, under a lock."""
    with database.engine.connect() as connection, connection.begin():
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
        command.upgrade(config_for(connection), "head")


def installation_id(database: Database, made_up: str) -> str:
    """The database's own id; `made_up` becomes it where there is none yet."""
    with database.write() as session:
        if not database.is_sqlite:
            session.connection().execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
        found = session.exec(select(InstallationRecord.id)).first()
        if found is None:
            session.add(InstallationRecord(id=made_up))
        return found or made_up


def config_for(connection: Connection) -> Config:
    """Alembic's configuration with the connection it must use."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config
