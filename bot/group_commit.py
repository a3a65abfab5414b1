"""Group commit: what waits is written together, and each is answered when its own part is on disk.

While one batch is written the next one gathers, so that a slow disk makes larger batches and not longer queues. What
waits is bounded; beyond that the answer is `Full`, at once.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

import structlog

from incidents.errors import AgentOpsError
from tools.errors import UpstreamError

log = structlog.get_logger(__name__)

T = TypeVar("T")

BATCH_ALERTS = 500
"""Of one transaction, so that it stays short (about 20 ms); a larger delivery has one of its own."""

GATHER_S = 0.001
"""How long those who were answered just now may take to come again before what waits is written without them."""

RETRY_AFTER_S = 1
"""When to come again: what waits is written in less than that, unless the database stands still."""

STOPPED_AFTER_S = 5
"""When to come again to a process that is about to stop: by then another has its place."""


class Full(AgentOpsError):
    """Too much waits already, or we are about to stop: nothing was taken."""

    def __init__(self, why: str, reason: Literal["full", "stopping"]) -> None:
        """`why` is fit to show to the caller; `reason` is the word it is counted under."""
        super().__init__(why)
        self.reason = reason
        self.retry_after_s = RETRY_AFTER_S if reason == "full" else STOPPED_AFTER_S


@dataclass(frozen=True)
class Bounds:
    """How much may wait, what is being written included."""

    deliveries: int = 1_000
    alerts: int = 20_000
    """Two seconds' worth at the speed that is promised (10,000 a second)."""
    bytes: int = 32_000_000
    """As they came over the wire: four of the largest deliveries; their objects need about five times as much."""


@dataclass
class _Waiting(Generic[T]):
    item: T
    alerts: int
    bytes: int
    answer: "asyncio.Future[int]"


class GroupCommit(Generic[T]):
    """Collects what waits; one thread writes a batch at a time.

    Belongs to one event loop: call it only there. `write` gets the items in the order in which they came and returns
    how many rows each changed; it is one transaction, called in the thread.
    """

    def __init__(self, write: Callable[[Sequence[T]], Sequence[int]], bounds: Bounds | None = None) -> None:
        """`bounds`: the usual ones when not given."""
        self._write = write
        self._bounds = bounds or Bounds()
        self._waiting: deque[_Waiting[T]] = deque()
        self._deliveries = self._alerts = self._bytes = 0
        self._closed = False
        self._thread = ThreadPoolExecutor(1, "group-commit")
        self._writing: asyncio.Task[None] | None = None
        self._expected = 0
        self._gathered: asyncio.Event = asyncio.Event()

    @property
    def waiting(self) -> int:
        """Deliveries that are not answered yet."""
        return self._deliveries

    def check(self, bytes: int = 0) -> None:
        """Raise `Full` when a delivery of that size would be refused now: before its body is even read."""
        if self._closed:
            raise Full("about to stop; send again", "stopping")
        over = self._deliveries >= self._bounds.deliveries or self._alerts >= self._bounds.alerts
        # One that is large is taken while nothing else waits.
        if over or (self._deliveries and self._bytes + bytes > self._bounds.bytes):
            raise Full("too many alerts wait to be stored; send again", "full")

    async def store(self, item: T, *, alerts: int, bytes: int) -> int:
        """How many rows `item` changed, once that is on disk.

        Raises:
            Full: nothing was taken.
            UpstreamError: the database is away; nothing was stored.
        """
        self.check(bytes)
        one = _Waiting(item, alerts, bytes, asyncio.get_running_loop().create_future())
        self._waiting.append(one)
        self._count(one, 1)
        if len(self._waiting) >= self._expected:
            self._gathered.set()
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all(), name="group-commit")
        # A caller who hangs up takes back nothing: the batch may hold it already.
        return await one.answer

    def refuse(self) -> None:
        """Take nothing from now on; what was taken is still written and answered."""
        self._closed = True
        self._gathered.set()

    async def close(self) -> None:
        """Refuse what comes from now on; return when all that was taken is written and answered."""
        self.refuse()
        while self._writing is not None:
            await asyncio.shield(self._writing)
        self._thread.shutdown(wait=False)

    async def _write_all(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                batch = self._next_batch()
                results = await loop.run_in_executor(self._thread, self._written, [one.item for one in batch])
                for one, result in zip(batch, results, strict=True):
                    self._answer(one, result)
                await self._gather(len(batch))
        finally:
            self._writing = None

    async def _gather(self, answered: int) -> None:
        """Where many call on and on, let those just answered share the next commit; it costs as much as two calls."""
        if not self._waiting or self._closed:
            return
        self._expected = min(len(self._waiting) + answered, BATCH_ALERTS)
        self._gathered.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GATHER_S):
                await self._gathered.wait()
        self._expected = 0

    def _next_batch(self) -> list[_Waiting[T]]:
        batch = [self._waiting.popleft()]
        alerts = batch[0].alerts
        while self._waiting and alerts + self._waiting[0].alerts <= BATCH_ALERTS:
            alerts += self._waiting[0].alerts
            batch.append(self._waiting.popleft())
        return batch

    def _written(self, items: list[T]) -> list[int | Exception]:
        try:
            return [changed for _, changed in zip(items, self._write(items), strict=True)]
        except UpstreamError as error:
            return [error] * len(items)
        except Exception as error:
            # One of them breaks the transaction. Alone each gets the answer that it deserves.
            log.exception("group_commit.broken", items=len(items))
            if len(items) == 1:
                return [error]
        results: list[int | Exception] = []
        for item in items:
            if results and isinstance(results[-1], UpstreamError):
                results.append(results[-1])
            else:
                results += self._written([item])
        return results

    def _answer(self, one: _Waiting[T], result: int | Exception) -> None:
        self._count(one, -1)
        if one.answer.done():
            return
        if isinstance(result, Exception):
            one.answer.set_exception(result)
        else:
            one.answer.set_result(result)

    def _count(self, one: _Waiting[T], sign: int) -> None:
        self._deliveries += sign
        self._alerts += sign * one.alerts
        self._bytes += sign * one.bytes
