"""A process with nothing but an outbox, which can be stopped or killed at a point that its plan names.

`python -m tests.bot.slack.sending_process '{"database": ..., "api": ..., "token": ..., "owner": ..., "plan": [...]}'`.
Each entry of the plan is [point, how many times it is passed, "stop" or "kill"]. It ends at SIGTERM and prints its
counts.
"""

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from threading import Lock, get_ident
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.clients import open_session, outbox_client
from bot.slack.outbox import Outbox
from incidents.message import OutboxMessage, SendingTurn
from tests.bot.slack.message_rows import INSTALLATION, render_by_name
from tools.incident_store.database import Database
from tools.incident_store.writer.outbox import OutboxWriter

LEASE_SECONDS = 1.5
POINTS = ("rows read", "before begin", "begun", "posted", "written down")
"""In the order in which a message passes them."""

_SIGNALS = {"stop": signal.SIGSTOP, "kill": signal.SIGKILL}


class Plan:
    """What happens where."""

    def __init__(self, entries: Sequence[tuple[str, int, str]]) -> None:
        self._entries = entries
        self._passed = Counter[str]()
        self.writing = Lock()
        """Held while a row is written: a process that is stopped in the middle would keep the database locked."""

    def passes(self, point: str) -> None:
        """The process is at this point."""
        self._passed[point] += 1
        for name, times, what in self._entries:
            if (name, times) == (point, self._passed[point]):
                with self.writing:
                    # To this thread: sent to the process, another may take it, and this one goes on for a moment.
                    signal.pthread_kill(get_ident(), _SIGNALS[what])


class PlannedStore(OutboxWriter):
    """The real rows, with points."""

    plan: Plan

    def due(self, now: datetime, limit: int) -> list[OutboxMessage]:
        rows = super().due(now, limit)
        if rows:
            self.plan.passes("rows read")
        return rows

    def begin(self, message: OutboxMessage, turn: SendingTurn, now: datetime, look_at: datetime | None) -> bool:
        self.plan.passes("before begin")
        with self.plan.writing:
            return super().begin(message, turn, now, look_at)

    def take_turn(self, owner: str, now: datetime, lease: timedelta) -> int | None:
        with self.plan.writing:
            return super().take_turn(owner, now, lease)

    def sent(self, id: int, revision: int, ts: str, at: datetime, channel: str | None = None) -> str:
        with self.plan.writing:
            stands = super().sent(id, revision, ts, at, channel)
        self.plan.passes("written down")
        return stands


def planned(client: AsyncWebClient, plan: Plan) -> AsyncWebClient:
    """The real client, with points right before and after a post: what the last look allowed, and what Slack took."""
    calls = client.api_call  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] the SDK types its arguments as bare dicts

    async def call(method: str, **arguments: Any) -> Any:
        if method == "chat.postMessage":
            plan.passes("begun")
        answer = await calls(method, **arguments)
        if method == "chat.postMessage":
            plan.passes("posted")
        return answer

    client.api_call = call  # pyright: ignore[reportAttributeAccessIssue] the same call, seen
    return client


async def send(given: dict[str, Any]) -> None:
    """Send until SIGTERM."""
    plan = Plan([(point, times, what) for point, times, what in given["plan"]])
    database = Database(given["database"])
    store = PlannedStore(database)
    store.plan = plan
    session = open_session()
    outbox = Outbox(
        planned(outbox_client(given["token"], given["api"], session), plan),
        store,
        render_by_name,
        given["owner"],
        f"{given['owner']} {os.getpid()}",
        installation=INSTALLATION,
        lease_seconds=LEASE_SECONDS,
    )
    task = asyncio.create_task(outbox.run())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await asyncio.wait([task])
    await session.close()
    database.close()
    print(json.dumps(asdict(outbox.counts)))  # noqa: T201 read by the test


if __name__ == "__main__":
    asyncio.run(send(json.loads(sys.argv[1])))
