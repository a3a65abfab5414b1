"""A served application over a database file with our tables."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bot.web.site import Site, served
from tools.incident_store.database import Database
from tools.incident_store.migrate import migrate


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A database file with our tables."""
    path = tmp_path_factory.mktemp("migrated") / "one.sqlite"
    database = Database(f"sqlite:///{path}")
    migrate(database)
    database.close()
    return path.read_bytes()


@pytest.fixture
async def site(tmp_path: Path, empty: bytes) -> AsyncIterator[Site]:
    (tmp_path / "agentops.sqlite").write_bytes(empty)
    database = Database(f"sqlite:///{tmp_path / 'agentops.sqlite'}")
    async with served(database) as one:
        yield one
    database.close()
