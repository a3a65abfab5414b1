"""The bot's process as it is deployed, in the two ways that the demo does not take: signed HTTP, and PostgreSQL."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.processes import free_port
from bot.settings import inherited
from sandbox.slack.server import SlackServer
from sandbox.slack.signed_http import SignedSender
from sandbox.slack.workspace import Workspace
from tests.thoroughness import thorough
from tests.waiting import eventually

Json = dict[str, Any]
TOKEN = "a-token-of-a-test"
NOBODY = "http://127.0.0.1:9"
START_S, ANSWER_S = 40.0, 15.0
SERVE = (sys.executable, "-m", "bot", "serve")


@asynccontextmanager
async def serving(
    slack: SlackServer, folder: Path, settings: Mapping[str, str], command: Sequence[str] = SERVE
) -> AsyncGenerator[str]:
    """A bot process; its address. Every partner but Slack is out of reach."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    environment = {
        **inherited(),
        "SLACK_BOT_TOKEN": slack.workspace.credentials.bot_token,
        "SLACK_API_URL": slack.slack_api_url,
        "AGENTOPS_SANDBOX": "true",
        "AGENTOPS_PORT": str(port),
        "AGENTOPS_DATA_DIR": str(folder),
        "AGENTOPS_WEBHOOK_TOKENS": TOKEN,
        "AGENTOPS_SETTLE_SECONDS": "0.1",
        "AGENTOPS_PROMETHEUS_URL": NOBODY,
        "AGENTOPS_AWS_ENDPOINT_URL": NOBODY,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "ANTHROPIC_API_KEY": "",
        **settings,
    }
    with (folder / "bot.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=log, stderr=log)
    try:

        async def ready() -> bool:
            assert process.returncode is None, (folder / "bot.log").read_text()[-2000:]
            try:
                async with aiohttp.ClientSession() as http, http.get(f"{url}/readyz") as answer:
                    return answer.status == 200
            except aiohttp.ClientConnectionError:
                return False

        await eventually(ready, "the bot", within=START_S)
        yield url
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@pytest.fixture
async def slack() -> AsyncGenerator[SlackServer]:
    server = SlackServer(Workspace.standard())
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def hand(slack: SlackServer) -> AsyncGenerator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {slack.token}"}) as session:
        yield session


async def messages(slack: SlackServer, hand: aiohttp.ClientSession, persona: str = "") -> list[Json]:
    query = f"channel=CINCIDENTS&persona={persona}"
    async with hand.get(f"{slack.url}/_sandbox/slack/messages?{query}") as answer:
        return (await answer.json())["messages"]


async def test_slack_over_signed_http_is_answered_and_forged_or_stale_requests_are_not(
    slack: SlackServer, hand: aiohttp.ClientSession, tmp_path: Path
) -> None:
    secret = slack.workspace.credentials.signing_secret
    async with serving(slack, tmp_path, {"SLACK_SIGNING_SECRET": secret, "SLACK_APP_TOKEN": ""}) as url:
        slack.workspace.use_request_url(hand, f"{url}/slack/events")
        body = {"persona": "UVIEWER", "channel": "CINCIDENTS", "text": "/agentops help"}
        async with hand.post(f"{slack.url}/_sandbox/slack/commands", json=body) as answer:
            acked = await answer.json()
            assert acked["ok"] is True, acked

        async def told() -> list[Json]:
            return [m for m in await messages(slack, hand, "UVIEWER") if m["ephemeral"] and "status" in str(m)]

        await eventually(told, "the answer", within=ANSWER_S)
        sender = SignedSender(hand, f"{url}/slack/events", secret)
        payload = {"command": "/agentops", "text": "help", "user_id": "UVIEWER", "team_id": "TSANDBOX"}
        forged = await sender.send("slash_commands", payload, bad_signature=True)
        stale = await sender.send("slash_commands", payload, age_seconds=301)
        assert (forged.status, stale.status) == (401, 401)


@thorough
async def test_on_postgresql_an_alert_becomes_one_thread_across_a_restart(
    slack: SlackServer, hand: aiohttp.ClientSession, tmp_path: Path, new_postgresql: Callable[[str], str]
) -> None:
    settings = {
        "SLACK_APP_TOKEN": slack.workspace.credentials.app_token,
        "AGENTOPS_DATABASE_URL": new_postgresql("template1"),
        "AGENTOPS_EXECUTOR_ID": "agentops-0",
    }
    payload = {
        "version": "4",
        "receiver": "agentops",
        "groupKey": "{}:{}",
        "status": "firing",
        "alerts": [
            {
                "status": "firing",
                "labels": {"alertname": "ModelAccuracyLow", "model": "churn-predictor", "severity": "critical"},
                "startsAt": "2026-11-20T17:55:05.663Z",
                "endsAt": "0001-01-01T00:00:00Z",
                "fingerprint": "17e241f7a1b8f623",
            }
        ],
    }

    async def in_thread() -> list[Json]:
        return [m for m in await messages(slack, hand) if "churn-predictor" in m["text"] and m["reply_count"] >= 2]

    for received in ({"received": 1, "stored": 1}, {"received": 1, "stored": 0}):
        async with serving(slack, tmp_path, settings) as url:
            async with hand.post(
                f"{url}/webhooks/alertmanager", json=payload, headers={"Authorization": f"Bearer {TOKEN}"}
            ) as answer:
                assert (answer.status, await answer.json()) == (200, received)
            await eventually(in_thread, "the thread", within=START_S)
    assert len(await messages(slack, hand)) == 1


@thorough
async def test_the_daily_note_is_posted_and_says_that_nothing_is_known_where_prometheus_is_away(
    slack: SlackServer, hand: aiohttp.ClientSession, tmp_path: Path
) -> None:
    settings = {
        "SLACK_APP_TOKEN": slack.workspace.credentials.app_token,
        "AGENTOPS_DAILY_NOTE_AT": datetime.now(UTC).strftime("%H:%M"),
        "AGENTOPS_WATCH": "true",
    }

    async def told() -> list[Json]:
        return [m for m in await messages(slack, hand) if m["text"].startswith("Nothing needed on 0 of 3 models")]

    async with serving(slack, tmp_path, settings):
        (message,) = await eventually(told, "the note", within=30)
    assert "nothing is known of them" in str(message)
