"""Gets payloads to the app: over a socket or over signed HTTP, with the 3 s ack, and with retries of events."""

import asyncio
import secrets
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from sandbox.slack.faults import Faults
from sandbox.slack.records import Delivery, Records
from sandbox.slack.signed_http import PayloadKind, SignedSender
from sandbox.slack.sockets import ConnectionLost, Sockets

ACK_SECONDS = 3.0
RETRY_DELAYS = (0.0, 60.0, 300.0)
"""Slack sends an event again at once, after a minute and after five."""


@dataclass(frozen=True)
class Timing:
    """How patient the workspace is. Tests may shorten it."""

    ack_seconds: float = ACK_SECONDS
    retry_delays: tuple[float, ...] = RETRY_DELAYS


@dataclass(frozen=True)
class Ack:
    """What became of one payload: `error` is None when the app acked it."""

    payload: dict[str, Any] | None = None
    acked_ms: int | None = None
    error: str | None = None


@dataclass
class Courier:
    """Delivers payloads, and remembers each delivery in `records`."""

    sockets: Sockets
    faults: Faults
    records: Records
    timing: Timing
    sender: SignedSender | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set["asyncio.Task[None]"])

    async def interact(self, kind: PayloadKind, payload: dict[str, Any], what: str) -> Ack:
        """Deliver a click, a submission or a command, once, and wait for the ack."""
        ack = await self._attempt(kind, payload, what)
        if self.faults.take("duplicate_delivery", what) is not None:
            await self._attempt(kind, payload, what)
        return ack

    def tell(self, payload: dict[str, Any]) -> None:
        """Deliver an event in the background, again and again as Slack does until it is acked."""
        self.spawn(self._deliver_event(payload))

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something in the background until `close`."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settle(self) -> None:
        """Wait until no delivery is under way (scheduled retries count)."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def close(self) -> None:
        """Give up on whatever is still to be delivered."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _deliver_event(self, payload: dict[str, Any]) -> None:
        what = str(payload["event"]["type"])
        ack = await self._attempt("events_api", payload, what)
        attempt = 0
        for delay in self.timing.retry_delays:
            if ack.error is None:
                break
            attempt += 1
            await asyncio.sleep(delay)
            ack = await self._attempt("events_api", payload, what, attempt)
        if ack.error is None and self.faults.take("duplicate_delivery", what) is not None:
            await self._attempt("events_api", payload, what, attempt + 1)

    async def _attempt(self, kind: PayloadKind, payload: dict[str, Any], what: str, attempt: int = 0) -> Ack:
        record = Delivery(kind, what, time.time(), payload.get("event_id"), None, attempt)
        self.records.deliveries.append(record)
        started = time.monotonic()
        if self.sender is not None:
            ack = await self._over_http(self.sender, kind, payload, attempt)
        else:
            ack = await self._over_socket(kind, payload, attempt, record)
        if ack.error is None:
            ack = Ack(ack.payload, acked_ms=round((time.monotonic() - started) * 1000))
        record.acked_ms, record.error = ack.acked_ms, ack.error
        return ack

    async def _over_socket(self, kind: PayloadKind, payload: dict[str, Any], attempt: int, record: Delivery) -> Ack:
        connection = self.sockets.next()
        if connection is None:
            return Ack(error="dispatch_failed")
        record.connection = connection.id
        envelope: dict[str, Any] = {
            "envelope_id": secrets.token_hex(16),
            "type": kind,
            "payload": payload,
            "accepts_response_payload": kind != "events_api",
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": attempt, "retry_reason": "timeout" if attempt else ""}
        try:
            return Ack(await connection.send(envelope, self.timing.ack_seconds))
        except (TimeoutError, ConnectionLost):
            return Ack(error="operation_timeout")

    async def _over_http(self, sender: SignedSender, kind: PayloadKind, payload: dict[str, Any], attempt: int) -> Ack:
        try:
            answer = await sender.send(kind, payload, within=self.timing.ack_seconds, attempt=attempt)
        except TimeoutError:
            return Ack(error="operation_timeout")
        except (aiohttp.ClientError, ValueError):
            return Ack(error="dispatch_failed")
        if not 200 <= answer.status < 300:
            return Ack(error="dispatch_failed")
        return Ack(answer.payload)
