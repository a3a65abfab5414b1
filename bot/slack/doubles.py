"""Doubles: messages that stand in Slack twice, found and taken away.

One comes about when a process is paused between its last look at its turn and the call, wakes up after another has
posted the message, and posts it again; or when the answer to a post was lost and Slack, asked too early, did not show
it yet. The paused process finds it out by itself, from the row, when it writes down what it sent, and removes its own.
Should it not live so long, whoever sends looks for doubles of every message that might have left twice, a minute and
ten minutes later. Where the app may not look, they stay.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from bot.slack.counts import Counts
from bot.slack.failures import Limited, NotSent, Refused
from bot.slack.pacing import Pacing
from bot.slack.ports import OutboxStore
from bot.slack.searching import DELETE, Searcher, Standing, method_for
from bot.slack.workers import Workers
from incidents.message import OutboxMessage

log = structlog.get_logger(__name__)

FIRST_LOOK = timedelta(minutes=1)
LAST_LOOK = timedelta(minutes=10)
AT_ONCE = 5
LOOK_EVERY = 2.0
"""Seconds between two questions to the rows."""
TRY_AGAIN = timedelta(seconds=30)


class Doubles:
    """Searches for doubles when their time has come. Nothing of ours waits for it."""

    def __init__(
        self,
        searcher: Searcher,
        store: OutboxStore,
        workers: Workers,
        pacing: Pacing,
        counts: Counts,
        clock: Callable[[], datetime],
    ) -> None:
        """Nothing is searched for yet."""
        self._searcher, self._store, self._workers = searcher, store, workers
        self._pacing, self._counts, self._clock = pacing, counts, clock
        self._next = float("-inf")
        self._task: asyncio.Task[None] | None = None

    def tend(self, monotonic: float) -> None:
        """Go on searching, in a task of its own, if it is time."""
        if monotonic >= self._next and (self._task is None or self._task.done()):
            self._next = monotonic + LOOK_EVERY
            self._task = asyncio.create_task(self._search(), name="doubles")

    def stop(self) -> None:
        """Leave the rest to whoever sends next."""
        if self._task is not None:
            self._task.cancel()

    async def take_back(self, message: OutboxMessage, channel: str, ts: str) -> None:
        """What was just sent turned out to be a double: remove it, now or later."""
        if not await self._remove(message, channel, ts):
            await self._workers.run(self._store.looked, message.id, self._clock() + TRY_AGAIN, show_again=False)

    async def _search(self) -> None:
        try:
            for message in await self._workers.run(self._store.to_look_for, self._clock(), AT_ONCE):
                await self._look(message)
        except Exception:
            # The edge of the process: what was not looked for now is looked for later.
            log.exception("outbox.doubles_not_searched")

    async def _look(self, message: OutboxMessage) -> None:
        now = self._clock()
        posted_at = datetime.fromtimestamp(float(message.ts or 0), now.tzinfo)
        again = now + LAST_LOOK if now - posted_at < LAST_LOOK / 2 else None
        method = method_for(message)
        if max(self._pacing.wait_to_call(method), self._pacing.wait_to_call(DELETE)) > 0:
            return
        self._pacing.calling(method)
        copies: list[Standing] = []
        try:
            copies = await self._searcher.standing(message, message.channel, posted_at - LAST_LOOK)
        except Refused:
            again = None  # there is no looking; what was sent twice blindly has been counted
        except NotSent as error:
            self._wait(error, message.channel)
            await self._workers.run(self._store.looked, message.id, now + TRY_AGAIN, show_again=False)
            return
        for copy in copies:
            if copy.ts != message.ts and not await self._remove(
                message, message.channel, copy.ts, answered=copy.answered
            ):
                again = now + TRY_AGAIN
        # An update that left late may have shown what no longer holds.
        await self._workers.run(self._store.looked, message.id, again, show_again=True)

    async def _remove(self, message: OutboxMessage, channel: str, ts: str, *, answered: bool = False) -> bool:
        """Take one copy away and count it. False: it could not be done now."""
        try:
            if answered:
                raise Refused("people wrote below it")
            self._pacing.calling(DELETE)
            await self._searcher.remove(channel, ts)
        except Refused as refused:
            self._counts.doubled_left += 1
            log.error("outbox.double_left", message=message.id, channel=channel, ts=ts, why=str(refused))
        except NotSent as error:
            self._wait(error, channel)
            return False
        else:
            self._counts.doubled_removed += 1
            log.warning("outbox.double_removed", message=message.id, kind=message.kind, channel=channel, ts=ts)
        return True

    def _wait(self, error: NotSent, channel: str) -> None:
        if isinstance(error, Limited):
            self._counts.limited += 1
            self._pacing.limited(error.method, channel, error.seconds)
