"""Whose turn it is to send: a lease that one process keeps and the others wait for.

Slack counts by channel, whoever calls, so that two senders would be refused what one may do. A process that dies is
followed once its lease is over; one that was paused finds, before it sends, that its time has passed or its fence is
old. Between that look and the call stands nothing that waits, but a pause can still fall there: a message sent then is
found as a double (see `doubles`).
"""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from bot.slack.ports import OutboxStore
from bot.slack.workers import Workers
from incidents.message import SendingTurn

log = structlog.get_logger(__name__)

LEASE_SECONDS = 10.0
"""How long after the last sign of life another may send: a died process is followed within this and `TRY`."""
RENEW = 0.25
"""Of the lease, after which it is renewed."""
TRY = 0.1
"""Of the lease, between two tries to get another's turn."""
MARGIN = 0.1
"""Of the lease, by which our own count of it ends before the database's: two machines' clocks may differ a little."""


class Turn:
    """The lease as one process sees it.

    Args:
        store: where the lease is.
        owner: the executor's stable id; what its earlier life held is given back at its start.
        instance: the process: no two lives have the same.
        clock: the wall clock that all replicas share; monotonic: seconds, which go on while the process is paused.
    """

    def __init__(
        self,
        store: OutboxStore,
        workers: Workers,
        *,
        owner: str,
        instance: str,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        """Nothing is taken yet."""
        self._lease = lease_seconds
        self._store, self._workers = store, workers
        self._owner, self.instance = owner, instance
        self._clock, self._monotonic = clock, monotonic
        self._fence = 0
        self._until = float("-inf")
        self._next = float("-inf")
        self._asking: asyncio.Task[None] | None = None

    def now(self) -> SendingTurn | None:
        """The turn, if it is ours and not over, by our own count."""
        if self._monotonic() >= self._until:
            return None
        return SendingTurn(self._owner, self._fence, self.instance)

    async def keep(self) -> SendingTurn | None:
        """The turn, taken or renewed where it is time. While it is ours, renewing it makes nobody wait.

        Raises what the store raises.
        """
        if self._asking is None and self._monotonic() >= self._next:
            self._asking = asyncio.create_task(self._ask(), name="outbox turn")
        asking = self._asking
        if asking is not None and (asking.done() or self.now() is None):
            self._asking = None
            await asking
        return self.now()

    def lost(self) -> None:
        """The database says that the turn is over."""
        self._until = self._next = float("-inf")

    async def give_back(self) -> None:
        """Let another send at once."""
        if self._asking is not None:
            with contextlib.suppress(Exception):  # whatever it was, it is over
                await self._asking
        turn, self._until = self.now(), float("-inf")
        if turn is not None:
            await self._workers.run(self._store.end_turn, turn.owner, turn.fence, self._clock())

    async def _ask(self) -> None:
        began = self._monotonic()
        self._next = began + TRY * self._lease
        lease = timedelta(seconds=self._lease)
        fence = await self._workers.run_first(self._store.take_turn, self._owner, self._clock(), lease)
        if fence is None:
            self._until = float("-inf")
            return
        if fence != self._fence:
            log.info("outbox.turn_taken", owner=self._owner, fence=fence)
        self._fence = fence
        self._until = began + (1 - MARGIN) * self._lease
        self._next = began + RENEW * self._lease
