"""The HTTP mode: a real Bolt app behind a real HTTP server, with good, bad and stale signatures."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest

from sandbox.slack.server import SlackServer
from sandbox.slack.signed_http import SignedSender

Json = dict[str, Any]


@pytest.fixture
def app(client: Any, server: SlackServer) -> AsyncApp:
    return AsyncApp(client=client, signing_secret=server.workspace.credentials.signing_secret)


@pytest.fixture
async def request_url(app: Any) -> AsyncIterator[str]:
    """Where the app listens."""

    async def events(request: web.Request) -> web.Response:
        headers: dict[str, str | Sequence[str]] = {name.lower(): value for name, value in request.headers.items()}
        bolt_request = AsyncBoltRequest(body=await request.text(), headers=headers)
        answer = await app.async_dispatch(bolt_request)
        content_type = answer.headers.get("content-type", ["text/plain"])[0].partition(";")[0]
        return web.Response(status=answer.status, text=answer.body, content_type=content_type)

    server = web.Application()
    server.router.add_post("/slack/events", events)
    runner = web.AppRunner(server)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    await runner.cleanup()


@pytest.fixture
def sender(session: aiohttp.ClientSession, server: SlackServer, request_url: str) -> SignedSender:
    return SignedSender(session, request_url, server.workspace.credentials.signing_secret)


COMMAND: Json = {"command": "/agentops", "text": "status", "user_id": "UONCALL", "team_id": "TSANDBOX"}


async def test_a_signed_command_is_accepted(app: Any, sender: SignedSender) -> None:
    @app.command("/agentops")
    async def command(ack: Any) -> None:
        await ack("fine")

    answer = await sender.send("slash_commands", COMMAND)
    assert (answer.status, answer.payload) == (200, {"text": "fine"})


async def test_a_bad_signature_and_a_stale_timestamp_are_refused(app: Any, sender: SignedSender) -> None:
    heard: list[Json] = []

    @app.command("/agentops")
    async def command(ack: Any, body: Json) -> None:
        heard.append(body)
        await ack()

    assert (await sender.send("slash_commands", COMMAND, bad_signature=True)).status == 401
    assert (await sender.send("slash_commands", COMMAND, age_seconds=301)).status == 401
    assert heard == []


async def test_clicks_and_events_come_over_http_when_a_request_url_is_set(
    app: Any,
    client: Any,
    server: SlackServer,
    session: aiohttp.ClientSession,
    request_url: str,
    hand: Any,
) -> None:
    heard: list[str] = []

    @app.action("go")
    async def clicked(ack: Any, body: Json) -> None:
        await ack()
        heard.append(body["actions"][0]["action_id"])

    @app.event("app_mention")
    async def mentioned(event: Json) -> None:
        heard.append(event["text"])

    @app.event("message")
    async def said(event: Json) -> None:
        pass

    server.workspace.use_request_url(session, request_url)
    button = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}
    posted = await client.chat_postMessage(
        channel="CINCIDENTS", text="card", blocks=[{"type": "actions", "elements": [button]}]
    )
    container = {"channel": "CINCIDENTS", "ts": posted["ts"]}
    clicked_answer = await hand.post("slack/actions", persona="UONCALL", container=container, action_id="go")
    assert clicked_answer["ok"] is True
    await hand.post("slack/messages", persona="UONCALL", channel="CINCIDENTS", text="@agentops hi")
    await server.workspace.courier.settle()

    async def both() -> bool:
        return heard == ["go", "<@UAGENTOPS> hi"]

    await hand.eventually(both)
    assert (await hand.get("state"))["mode"] == "http"


async def test_events_refused_over_http_are_sent_again_with_retry_headers(
    server: SlackServer, session: aiohttp.ClientSession, hand: Any
) -> None:
    retries: list[tuple[str | None, str | None, str]] = []

    async def refuse_twice(request: web.Request) -> web.Response:
        body = json.loads(await request.text())
        headers = request.headers
        retries.append((headers.get("X-Slack-Retry-Num"), headers.get("X-Slack-Retry-Reason"), body["event_id"]))
        return web.Response(status=500 if len(retries) < 3 else 200)

    receiver = web.Application()
    receiver.router.add_post("/", refuse_twice)
    runner = web.AppRunner(receiver)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.workspace.use_request_url(session, f"http://127.0.0.1:{runner.addresses[0][1]}/")
    await hand.post("slack/messages", persona="UONCALL", channel="CPLATFORM", text="hello")
    async with asyncio.timeout(5):
        await server.workspace.courier.settle()
    await runner.cleanup()
    assert [number for number, _, _ in retries] == [None, "1", "2"]
    assert len({event_id for _, _, event_id in retries}) == 1


async def test_a_request_url_nobody_listens_on_fails_visibly(
    server: SlackServer, session: aiohttp.ClientSession, hand: Any
) -> None:
    server.workspace.use_request_url(session, "http://127.0.0.1:9/")
    answer = await hand.post("slack/commands", persona="UVIEWER", channel="CINCIDENTS", text="/agentops status")
    assert answer["error"] == "dispatch_failed"
