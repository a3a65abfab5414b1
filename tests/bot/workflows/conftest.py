"""A process of the bot for each test, with a real DBOS."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bot.workflows.rig import Rig, build
from tests.stores import engine_url_at, store_at
from tools.incident_store.database import Database
from tools.incident_store.migrate import migrate


@pytest.fixture
def make_rig(tmp_path: Path) -> Iterator[Callable[..., Rig]]:
    """Makes a process, on SQLite unless URLs are given."""
    databases: list[Database] = []
    running: list[Rig] = []

    def make(url: str | None = None, engine_url: str | None = None, **given: Any) -> Rig:
        database = Database(url) if url else store_at(tmp_path / "agentops.sqlite")
        databases.append(database)
        migrate(database)
        running.append(build(database, engine_url or engine_url_at(tmp_path / "engine.sqlite"), **given))
        return running[-1]

    yield make
    while running:
        running.pop().engine.destroy()
    for database in databases:
        database.close()


@pytest.fixture
def rig(make_rig: Callable[..., Rig]) -> Rig:
    return make_rig()
