"""Whether the database answers."""

import asyncio

from sqlalchemy.exc import SQLAlchemyError

from bot.check.finding import Finding
from bot.settings import Settings
from tools.incident_store.database import Database, reachable


async def examine_database(settings: Settings) -> Finding:
    """The data folder, and the database wherever it is."""
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return Finding("wrong", "data folder", f"{settings.data_dir}: {error.strerror}; set AGENTOPS_DATA_DIR")
    database = Database(settings.database)
    try:
        if await asyncio.to_thread(reachable, database):
            return Finding("right", "database", database.url.render_as_string(hide_password=True))
        return Finding("wrong", "database", "it does not answer; look at AGENTOPS_DATABASE_URL and at the server")
    except SQLAlchemyError:
        shown = database.url.render_as_string(hide_password=True)
        return Finding("wrong", "database", f"{shown} answers, but not like a database of ours")
    finally:
        database.close()
