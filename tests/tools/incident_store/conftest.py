"""Every test of the store runs on SQLite in a file and on a real PostgreSQL."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.tools.incident_store.stage import Stage
from tools.incident_store.database import Database
from tools.incident_store.migrate import migrate


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database with our tables, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "migrated.sqlite"
    database = Database(f"sqlite:///{path}")
    migrate(database)
    database.close()
    return path


@pytest.fixture(scope="session")
def migrated_postgresql(new_postgresql: Callable[[str], str]) -> str:
    """The name of an empty database with our tables, to be copied."""
    url = new_postgresql("template1")
    database = Database(url)
    migrate(database)
    name = str(database.url.database)
    database.close()
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        copied = tmp_path / "agentops.sqlite"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), copied)
        return f"sqlite:///{copied}"
    make: Callable[[str], str] = request.getfixturevalue("new_postgresql")
    return make(request.getfixturevalue("migrated_postgresql"))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    one = Database(database_url)
    yield one
    one.close()


@pytest.fixture
def stage(database: Database) -> Stage:
    return Stage(database)
