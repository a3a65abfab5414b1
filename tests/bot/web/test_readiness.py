"""Ready, or away: what a probe and Alertmanager are told."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from tests.bot.web.site import (
    ALERT,
    PAYLOAD,
    Site,
    changed,
    served,
)
from tests.thoroughness import thorough
from tools.incident_store.database import Database
from tools.incident_store.migrate import migrate


async def test_a_bot_without_slack_is_ready_for_alerts_and_says_that_nobody_can_reach_it(site: Site) -> None:
    reached = [False]
    async with served(site.database, people_can_reach=lambda: reached[0]) as other:
        ready = await other.get("/readyz")
        assert (ready.status, ready.json) == (200, {"status": "ready", "slack": "not connected"})
        reached[0] = True
        assert (await other.get("/readyz")).json["slack"] == "connected"


async def test_a_database_that_cannot_be_opened_means_503_until_it_is_back(tmp_path: Path, empty: bytes) -> None:
    away = tmp_path / "not" / "there"
    database = Database(f"sqlite:///{away / 'agentops.sqlite'}")
    async with served(database) as site:
        answer = await site.post(PAYLOAD)
        assert (answer.status, answer.headers["retry-after"], site.woken) == (503, "5", [])
        assert await site.counted(503) == 1
        ready = await site.get("/readyz")
        assert (ready.status, ready.json["detail"]) == (503, "the database does not answer")
        assert (await site.get("/healthz")).status == 200
        away.mkdir(parents=True)
        (away / "agentops.sqlite").write_bytes(empty)
        assert (await site.get("/readyz")).status == 200
        assert (await site.post(PAYLOAD)).status == 200
    database.close()


@thorough
async def test_a_postgresql_that_goes_away_means_503_until_it_is_back(new_postgresql: Callable[[str], str]) -> None:
    database = Database(new_postgresql("template1"))
    await asyncio.to_thread(migrate, database)
    name = str(database.url.database)
    admin = create_engine(
        make_url(database.url).set(database="postgres"), isolation_level="AUTOCOMMIT", pool_pre_ping=True
    )

    def gate(*, is_open: bool) -> None:
        with admin.connect() as connection:
            connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {str(is_open).lower()}"))
            if not is_open:
                ending = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
                connection.execute(text(ending), {"name": name})

    async with served(database) as site:
        assert (await site.post(PAYLOAD)).status == 200
        await asyncio.to_thread(gate, is_open=False)
        assert (await site.post(changed(alerts=[{**ALERT, "fingerprint": "b2"}]))).status == 503
        assert (await site.get("/readyz")).status == 503
        await asyncio.to_thread(gate, is_open=True)
        assert (await site.post(changed(alerts=[{**ALERT, "fingerprint": "b2"}]))).status == 200
        assert (await site.get("/readyz")).status == 200
        assert site.rows() == 2
    admin.dispose()
    database.close()
