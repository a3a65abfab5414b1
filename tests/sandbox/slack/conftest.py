"""A running workspace, the SDK's client, an app of Bolt's over sockets, and a hand for what a person does."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.delivery import Timing
from sandbox.slack.server import SlackServer
from sandbox.slack.workspace import Workspace
from tests.waiting import eventually

SUBSCRIPTIONS = frozenset({"app_mention", "app_home_opened", "message.channels", "message.im"})
SCOPES = (
    "chat:write",
    "commands",
    "app_mentions:read",
    "usergroups:read",
    "users:read",
    "files:write",
    "channels:history",
    "channels:read",
    "reactions:write",
)


class Hand:
    """The control API, as a page or a test uses it."""

    def __init__(self, session: aiohttp.ClientSession, server: SlackServer):
        self._session = session
        self._server = server

    async def get(self, path: str, **query: str) -> dict[str, Any]:
        return await self._send("GET", path, params=query)

    async def post(self, path: str, **body: Any) -> dict[str, Any]:
        return await self._send("POST", path, json=body)

    async def delete(self, path: str) -> dict[str, Any]:
        return await self._send("DELETE", path)

    async def _send(self, method: str, path: str, **kwargs: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._server.token}"}
        url = f"{self._server.url}/_sandbox/{path}"
        async with self._session.request(method, url, headers=headers, **kwargs) as response:
            return await response.json()

    async def messages(self, channel: str = "CINCIDENTS", **query: str) -> list[dict[str, Any]]:
        return (await self.get("slack/messages", channel=channel, **query))["messages"]

    async def views(self, persona: str = "UONCALL") -> list[dict[str, Any]]:
        return (await self.get("slack/views", persona=persona))["views"]

    async def eventually(self, look: Callable[[], Awaitable[Any]], seconds: float = 5.0) -> Any:
        """What `look` gives once it is true; fails after `seconds`."""
        return await eventually(look, look.__name__, within=seconds)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def workspace() -> Workspace:
    timing = Timing(ack_seconds=0.4, retry_delays=(0.0, 0.05, 0.1))
    return Workspace.standard(scopes=SCOPES, subscriptions=SUBSCRIPTIONS, timing=timing)


@pytest.fixture
async def server(workspace: Workspace) -> AsyncIterator[SlackServer]:
    server = SlackServer(workspace)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def client(server: SlackServer) -> AsyncWebClient:
    return AsyncWebClient(token=server.workspace.credentials.bot_token, base_url=server.slack_api_url)


@pytest.fixture
def hand(session: aiohttp.ClientSession, server: SlackServer) -> Hand:
    return Hand(session, server)


@pytest.fixture
def app(client: Any) -> AsyncApp:
    return AsyncApp(client=client, logger=logging.getLogger("bolt"), raise_error_for_unhandled_request=False)


Connect = Callable[[AsyncApp], Awaitable[AsyncSocketModeHandler]]


@pytest.fixture
async def connect(server: SlackServer) -> AsyncIterator[Connect]:
    """Connects an app over Socket Mode; several times for several connections."""
    async with AsyncExitStack() as stack:

        async def connected(app: Any) -> AsyncSocketModeHandler:
            before = len(server.workspace.sockets)
            handler = AsyncSocketModeHandler(app, server.workspace.credentials.app_token, ping_interval=0.2)
            await handler.connect_async()
            stack.push_async_callback(handler.close_async)

            async def one_more() -> bool:
                return len(server.workspace.sockets) > before

            await eventually(one_more, "the connection", within=5)
            return handler

        yield connected
