"""The store, opened by commands that only read it."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from bot.settings import Settings
from tools.errors import BadAnswer, NotFound
from tools.incident_store.database import Database
from tools.incident_store.migrate import is_current, is_empty


@contextmanager
def stored(settings: Settings) -> Generator[Database]:
    """The database of the settings, closed at the end; nothing is created or changed in it.

    Raises `UpstreamError` where it cannot be reached, does not exist yet, or is of another version.
    """
    database = Database(settings.database)
    try:
        file = database.url.database if database.is_sqlite else None
        if file is not None and not Path(file).is_file():
            raise NotFound("Database", "open", f"there is no file {file}; agentops serve makes it")
        if is_empty(database):
            raise NotFound("Database", "open", "it holds no tables yet; agentops serve makes them")
        if not is_current(database):
            raise BadAnswer("Database", "open", "its tables are of another version; start agentops serve once")
        yield database
    finally:
        database.close()
