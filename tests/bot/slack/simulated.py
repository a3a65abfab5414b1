"""An outbox and a Slack that share a clock which only the test moves."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from bot.slack.clients import open_session, outbox_client
from bot.slack.outbox import Outbox
from incidents.clock import now
from incidents.message import OutboxMessage
from sandbox.slack.rate_limits import RateLimits
from sandbox.slack.server import SlackServer
from tests.bot.slack.message_rows import INSTALLATION, MessageRows, render_by_name
from tools.incident_store.writer.outbox import OutboxWriter


class SimulatedTime:
    """Seconds since the beginning; Slack's limits go by them, too."""

    def __init__(self) -> None:
        self._began = now()
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def clock(self) -> datetime:
        return self._began + timedelta(seconds=self.seconds)


class CountedStore(OutboxWriter):
    """The real rows; tells how often it was asked what is due."""

    looks = 0

    def due(self, now: datetime, limit: int) -> list[OutboxMessage]:
        rows = super().due(now, limit)
        self.looks += 1
        return rows


class Simulation:
    """Runs an outbox against Slack, step by step."""

    def __init__(self, slack: SlackServer, rows: MessageRows, time: SimulatedTime) -> None:
        self.time = time
        self._slack, self._rows = slack, rows
        slack.workspace.rate_limits = RateLimits(clock=time.monotonic)
        self.outbox: Outbox | None = None

    @asynccontextmanager
    async def sending(self, owner: str = "a") -> AsyncGenerator[Outbox]:
        """An outbox at work; at the end it is stopped in order."""
        session = open_session()
        self._store = CountedStore(self._rows.database)
        client = outbox_client(self._slack.workspace.credentials.bot_token, self._slack.slack_api_url, session)
        self.outbox = Outbox(
            client,
            self._store,
            render_by_name,
            owner,
            f"{owner} alive",
            installation=INSTALLATION,
            clock=self.time.clock,
            monotonic=self.time.monotonic,
        )
        task = asyncio.create_task(self.outbox.run())
        try:
            await self._quiet(0)
            yield self.outbox
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            await session.close()

    async def step(self, seconds: float) -> None:
        """Let so many seconds pass at once, then let everything happen that may."""
        assert self.outbox is not None
        self.time.seconds += seconds
        looks = self._store.looks
        self.outbox.wake()
        await self._quiet(looks)

    async def until(self, done: Callable[[], bool], *, step: float, within: float) -> float:
        """The seconds that pass until it is done."""
        began = self.time.seconds
        while not done():
            assert self.time.seconds - began <= within, f"waited {within} simulated seconds"
            await self.step(step)
        return self.time.seconds - began

    async def _quiet(self, looks: int) -> None:
        """Wait until a look began after the time passed, and nothing it began is under way."""
        async with asyncio.timeout(30):
            while True:
                await asyncio.sleep(0.001)
                under_way = any(task.get_name().startswith("message ") for task in asyncio.all_tasks())
                if under_way:
                    looks = self._store.looks  # its end calls for another look
                elif self._store.looks > looks:
                    return
