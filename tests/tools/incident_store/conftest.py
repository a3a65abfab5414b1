"""Every test of the store runs on SQLite in a file and on a real PostgreSQL."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.stores import store_at
from tests.thoroughness import DATABASES
from tests.tools.incident_store.stage import Stage
from tools.incident_store.database import Database
from tools.incident_store.migrate import migrate
from tools.incident_store.tables import Table


@pytest.fixture(scope="session")
def migrated_postgresql(new_postgresql: Callable[[str], str]) -> str:
    """A database with our tables, to be emptied: that is ten times as fast as a new one for each test."""
    url = new_postgresql("template1")
    database = Database(url)
    migrate(database)
    database.close()
    return url


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        path = tmp_path / "agentops.sqlite"
        store_at(path).close()
        return f"sqlite:///{path}"
    url: str = request.getfixturevalue("migrated_postgresql")
    emptied = Database(url)
    names = ", ".join(f'"{table.name}"' for table in Table.metadata.sorted_tables)
    with emptied.write() as session:
        session.connection().exec_driver_sql(f"TRUNCATE {names} RESTART IDENTITY")
    emptied.close()
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    one = Database(database_url)
    yield one
    one.close()


@pytest.fixture
def stage(database: Database) -> Stage:
    return Stage(database)
