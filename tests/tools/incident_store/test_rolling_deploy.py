"""While a deploy rolls, processes of the version before work on the migrated schema: it only ever adds to theirs."""

from pathlib import Path

from alembic import command
from sqlalchemy import MetaData, Table

from tools.incident_store.database import Database
from tools.incident_store.migrate import config_for, migrate

BEFORE = "0002"
"""The newest migration of the version before."""


def reflected(database: Database) -> dict[str, Table]:
    known = MetaData()
    with database.engine.connect() as connection:
        known.reflect(connection)
    return {name: table for name, table in known.tables.items() if name != "alembic_version"}


def test_what_the_version_before_knows_is_there_and_what_it_does_not_know_may_be_left_out(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'agentops.sqlite'}")
    with database.engine.connect() as connection, connection.begin():
        command.upgrade(config_for(connection), BEFORE)
    before = reflected(database)
    migrate(database)
    after = reflected(database)
    database.close()
    for name, table in before.items():
        added = [column for column in after[name].c if column.name not in table.c]
        assert {column.name for column in table.c} <= {column.name for column in after[name].c}
        needed = [f"{name}.{one.name}" for one in added if not one.nullable and one.server_default is None]
        assert needed == []
