"""Who lives on the database, and where the runbook index is kept."""

import asyncio
from collections.abc import AsyncIterator

from sqlalchemy.exc import SQLAlchemyError

from bot.check.address import shown
from bot.check.finding import Finding
from bot.partners import open_runbooks
from bot.settings import Settings
from bot.workflows.pace import Pace
from incidents.clock import now
from tools.errors import UpstreamError
from tools.incident_store.clock import SharedClock
from tools.incident_store.database import Database
from tools.incident_store.migrate import is_current
from tools.incident_store.writer.replicas import ReplicaWriter


async def examine_replicas(settings: Settings) -> AsyncIterator[Finding]:
    """Nothing on SQLite without a Chroma server: there is one process, with everything in its folder."""
    if settings.database.startswith("postgres"):
        yield await asyncio.to_thread(_living, settings)
    if settings.chroma_url is not None:
        yield await asyncio.to_thread(_chroma, settings)
    elif settings.database.startswith("postgres"):
        yield Finding(
            "note",
            "runbook index",
            "in the data folder, so each replica needs one of its own; or AGENTOPS_CHROMA_URL",
        )


def _living(settings: Settings) -> Finding:
    own = settings.executor_id or ""
    database = Database(settings.database)
    try:
        if not is_current(database):
            return Finding("note", "replicas", f"this one is {own}; the tables are made or migrated at its start")
        clock = SharedClock(database, now)
        clock.set()
        living = ReplicaWriter(database).living(clock(), Pace.of(settings).alive)
    except (UpstreamError, SQLAlchemyError):
        return Finding("note", "replicas", "the database does not tell which of them live")
    finally:
        database.close()
    same = next((one for one in living if one.executor == own), None)
    if same is not None:
        text = f"process {same.pid} on {same.host} runs as {own}; another of that name would be refused"
        return Finding("note", "replicas", text)
    others = ", ".join(one.executor for one in living) or "no other"
    return Finding("right", "replicas", f"this one is {own}; {others} runs now")


def _chroma(settings: Settings) -> Finding:
    place = shown(settings.chroma_url or "")
    try:
        open_runbooks(settings).close()
    except UpstreamError:
        return Finding("wrong", "runbook index", f"no Chroma server answers at {place}; look at AGENTOPS_CHROMA_URL")
    return Finding("right", "runbook index", f"on the Chroma server at {place}")
