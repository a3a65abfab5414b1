"""Socket Mode: the app's connections, and envelopes that wait for their ack."""

import asyncio
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from sandbox.slack.people import APP_ID
from sandbox.slack.shape import as_object

MAX_CONNECTIONS = 10
HEARTBEAT_SECONDS = 10.0


class ConnectionLost(Exception):
    """The connection went away before the envelope was acked."""


@dataclass(eq=False)
class Connection:
    """One open WebSocket of the app."""

    id: str
    socket: web.WebSocketResponse
    request: web.Request
    waiting: dict[str, asyncio.Future[dict[str, Any] | None]] = field(
        default_factory=dict[str, "asyncio.Future[dict[str, Any] | None]"]
    )

    async def send(self, envelope: dict[str, Any], within: float) -> dict[str, Any] | None:
        """Send an envelope and wait for its ack: the payload the app answered with, if any.

        Raises:
            TimeoutError: no ack `within` so many seconds.
            ConnectionLost: the connection closed before.
        """
        envelope_id = envelope["envelope_id"]
        acked: asyncio.Future[dict[str, Any] | None] = asyncio.get_running_loop().create_future()
        self.waiting[envelope_id] = acked
        try:
            await self.socket.send_str(json.dumps(envelope))
            return await asyncio.wait_for(acked, within)
        except ConnectionError as error:
            raise ConnectionLost from error
        finally:
            self.waiting.pop(envelope_id, None)

    def receive(self, text: str) -> None:
        """Take an ack in; anything that is none is ignored, as Slack does."""
        try:
            ack = as_object(json.loads(text))
        except ValueError:
            return
        if ack is None:
            return
        acked = self.waiting.get(str(ack.get("envelope_id")))
        if acked is not None and not acked.done():
            acked.set_result(as_object(ack.get("payload")))

    def lose(self) -> None:
        """Tell whoever waits on this connection that nothing will come any more."""
        for acked in self.waiting.values():
            if not acked.done():
                acked.set_exception(ConnectionLost())

    def abort(self) -> None:
        """Break the connection without a word."""
        if self.request.transport is not None:
            self.request.transport.abort()


class Sockets:
    """The app's open connections. Each payload goes to one of them, in turn."""

    def __init__(self):
        self._connections: list[Connection] = []
        self._tickets: set[str] = set()
        self._turn = 0

    def __len__(self) -> int:
        return len(self._connections)

    def issue_ticket(self) -> str:
        """A ticket that opens one connection, once."""
        ticket = secrets.token_urlsafe(18)
        self._tickets.add(ticket)
        return ticket

    def redeem(self, ticket: str) -> bool:
        """Use a ticket up; False when it was never issued or is used already."""
        if ticket not in self._tickets:
            return False
        self._tickets.discard(ticket)
        return True

    def next(self) -> Connection | None:
        """The connection whose turn it is."""
        live = [connection for connection in self._connections if not connection.socket.closed]
        if not live:
            return None
        self._turn += 1
        return live[self._turn % len(live)]

    async def serve(self, request: web.Request, socket: web.WebSocketResponse) -> None:
        """Greet an accepted connection and read it until it closes."""
        connection = Connection(f"con-{secrets.token_hex(4)}", socket, request)
        self._connections.append(connection)
        hello = {
            "type": "hello",
            "num_connections": len(self._connections),
            "debug_info": {"host": "sandbox", "build_number": 1, "approximate_connection_time": 18060},
            "connection_info": {"app_id": APP_ID},
        }
        try:
            await socket.send_str(json.dumps(hello))
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    connection.receive(message.data)
        except ConnectionError:
            pass
        finally:
            self._connections.remove(connection)
            connection.lose()

    def drop(self, count: int | None = None) -> int:
        """Break `count` (default all) connections without a word; how many were."""
        doomed = self._connections[:count]
        for connection in doomed:
            connection.abort()
        return len(doomed)

    async def refresh(self, count: int | None = None) -> int:
        """Ask `count` (default all) connections to come again, as Slack does every few hours; how many were."""
        asked = self._connections[:count]
        for connection in asked:
            await connection.socket.send_str(
                json.dumps({"type": "disconnect", "reason": "refresh_requested", "debug_info": {"host": "sandbox"}})
            )
        return len(asked)

    async def close(self) -> None:
        """Close every connection in good manners."""
        for connection in list(self._connections):
            await connection.socket.close()
