"""The Slack side as a whole: clients, Bolt's app with its listeners, the socket, the outbox."""

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

import aiohttp
import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.blocks.links import Links
from bot.slack.clients import asking_client, called, open_session, outbox_client
from bot.slack.failures import meaning
from bot.slack.listeners.actions import approve, ask_again, false_alarm, paging, reasons
from bot.slack.listeners.commands import agentops
from bot.slack.listeners.events import home, mention
from bot.slack.listeners.ports import Ports
from bot.slack.listeners.views import reason_forms
from bot.slack.outbox import Outbox
from bot.slack.people import People
from bot.slack.ports import Desk, OutboxStore, Shelf
from bot.slack.renderer import Renderer

log = structlog.get_logger(__name__)

PING_SECONDS = 5.0
LONGEST_WAIT = 30.0

D = TypeVar("D", bound=Desk)


@dataclass(frozen=True)
class SlackConfig:
    """How Slack is reached. `app_token` for Socket Mode; without it requests come in over signed HTTP.

    `installation` tells this database's messages from another's in the same channels: a random id kept in it.
    `replica` is the stable name of this process among those that share the database, `instance` of this life of it.
    """

    bot_token: str
    app_token: str | None
    signing_secret: str | None
    api_url: str
    links: Links
    installation: str = "agentops"
    replica: str = "embedded"
    instance: str = field(default_factory=lambda: secrets.token_hex(6))


class SlackSide(Generic[D]):
    """Everything of the bot that speaks to Slack. Constructed inside the running event loop; nothing is called yet.

    Attributes:
        people: who is who.
        desk: what `make_desk` made.
        outbox: the sender; its `run` is a task of its own.
        app: Bolt's app; `AsyncSlackRequestHandler(app)` serves it over signed HTTP.
    """

    def __init__(
        self,
        config: SlackConfig,
        *,
        store: OutboxStore,
        shelf: Shelf,
        make_desk: Callable[[People, Callable[[], str]], D],
        clock: Callable[[], datetime],
    ) -> None:
        """`make_desk` is given the people and the workspace's id (empty until connected)."""
        self._config = config
        self._links = config.links
        self._team = ""
        self._session = open_session()
        self._asking = asking_client(config.bot_token, config.api_url, self._session)
        self.people = People(self._asking, self.home_team)
        self.desk = make_desk(self.people, self.home_team)
        self.outbox = Outbox(
            client=outbox_client(config.bot_token, config.api_url, self._session),
            store=store,
            render=Renderer(shelf, self.people, self.links, clock),
            owner=config.replica,
            instance=config.instance,
            installation=config.installation,
            clock=clock,
        )
        ports = Ports(self.desk, self.people, self._asking, self.links, self.home_team)
        self.app = build_app(self._asking, ports, signing_secret=config.signing_secret)
        self._connected = asyncio.Event()
        self._reachable = False

    def home_team(self) -> str:
        """The bot's own workspace; empty until Slack has said which, and then nobody is at home."""
        return self._team

    def links(self) -> Links:
        """Which addresses may be linked, the workspace's own threads included once they are known."""
        return self._links

    async def connected(self) -> None:
        """Wait until people can reach the bot for the first time."""
        await self._connected.wait()

    def reachable(self) -> bool:
        """Can people reach the bot? Looked at anew every few seconds."""
        return self._reachable

    async def run(self) -> None:
        """Find out who we are, then listen until cancelled. Slack may be down at the start, or go down at any time."""
        await self._introduce()
        if self._config.app_token is None:
            self._connected.set()
            self._reachable = True
            await asyncio.Event().wait()
        else:
            await self._listen(self._config.app_token)

    async def close(self) -> None:
        """End the connections; after the outbox has ended, which sends over them too."""
        await self._session.close()

    async def _introduce(self) -> None:
        wait = 1.0
        while True:
            try:
                answer = await called(self._asking, "auth.test", body={})
            except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
                log.warning("slack.not_reached", error=str(meaning(error)), retry_in=wait)
                await asyncio.sleep(wait)
                wait = min(LONGEST_WAIT, wait * 2)
                continue
            self._links = replace(self._links, team_url=str(answer.get("url") or ""))
            self._team = str(answer.get("team_id") or "")
            log.info("slack.known", team=self._team, user=answer.get("user_id"))
            return

    async def _listen(self, app_token: str) -> None:
        handler = AsyncSocketModeHandler(
            self.app, app_token, logger=_quiet_logger(), web_client=self._asking, ping_interval=PING_SECONDS
        )
        try:
            connecting = asyncio.create_task(_awaited(handler.connect_async()))
            while True:
                # The SDK connects again by itself, but with the address it has, and each works only once: without one
                # it asks for a new one.
                await asyncio.sleep(0.05 if not self._connected.is_set() else PING_SECONDS)
                if await handler.client.is_connected():
                    self._connected.set()
                    self._reachable = True
                    continue
                self._reachable = False
                if connecting.done():
                    handler.client.wss_uri = None  # pyright: ignore[reportAttributeAccessIssue] its own code sets None too
        finally:
            with contextlib.suppress(aiohttp.ClientError, OSError):
                await handler.close_async()


def build_app(client: AsyncWebClient, ports: Ports, *, signing_secret: str | None) -> AsyncApp:
    """Bolt's app with every listener registered. Requests over HTTP are authenticated by `signing_secret`."""
    app = AsyncApp(
        client=client,
        signing_secret=signing_secret or "",
        request_verification_enabled=bool(signing_secret),
        logger=_quiet_logger(),
    )
    for feature in (agentops, approve, ask_again, false_alarm, paging, reasons, reason_forms, home, mention):
        feature.register(app, ports)

    async def failed(error: Exception, body: dict[str, Any]) -> None:
        log.error("slack.listener_failed", type=body.get("type"), exc_info=error)

    app.error(failed)
    return app


async def _awaited(work: Awaitable[Any]) -> None:
    await work


def _quiet_logger() -> logging.Logger:
    """The SDK's own log; it speaks of every reconnect at INFO."""
    logger = logging.getLogger("slack")
    logger.setLevel(logging.WARNING)
    return logger
