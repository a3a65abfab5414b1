"""New stores for tests: copies of ones that were migrated once in this process, which takes half a second each."""

import shutil
import tempfile
from functools import cache
from pathlib import Path

from dbos import DBOS

from tools.incident_store.database import Database
from tools.incident_store.migrate import migrate


def store_at(path: Path) -> Database:
    """The store in a file; an empty one with its tables, where there is no file yet. The caller closes it."""
    if not path.exists():
        shutil.copy(_migrated_store(), path)
    return Database(f"sqlite:///{path}")


def engine_url_at(path: Path) -> str:
    """The address of the durable engine's file; an empty one with its tables, where there is no file yet."""
    if not path.exists():
        shutil.copy(_migrated_engine(), path)
    return f"sqlite:///{path}"


@cache
def _folder() -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory(prefix="stores-")


@cache
def _migrated_store() -> Path:
    path = Path(_folder().name) / "store.sqlite"
    database = Database(f"sqlite:///{path}")
    migrate(database)
    database.close()
    return path


@cache
def _migrated_engine() -> Path:
    path = Path(_folder().name) / "engine.sqlite"
    DBOS.migrate(f"sqlite:///{path}")
    return path
