"""One MCP server: connected on first use, asked, connected anew after its death, and ended in the end."""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any

import httpx2
import mcp.types as types
import structlog
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from pydantic import SecretStr

from tools.errors import AccessDenied, BadAnswer, InvalidRequest, NotFound, Unavailable, UpstreamError
from tools.mcp_servers.bounded_http import BoundedHttp, TooLarge
from tools.mcp_servers.bounded_stdio import BoundedStdio
from tools.mcp_servers.records import McpAnswer, Offer, OfferedTool
from tools.mcp_servers.spec import McpServer, revealed

log = structlog.get_logger(__name__)

START_S = 15.0
"""The least that starting and connecting may take: an interpreter and its imports on a busy machine."""
LEAVE_ALONE_S = 30.0
"""How long a server that could not be reached is not tried again."""
LISTED_FOR_S = 300.0
"""How long a list of tools holds: annotations may change under a name that was harmless."""
MOST_TOOLS = 500
WIRE_BYTES = 4 * 1024 * 1024
"""The most of one message that is read at all; more ends the connection."""


class _LineBroke(Unavailable):
    """The connection ended while an answer was waited for."""


class Connection:
    """All of its methods run on one event loop."""

    def __init__(self, name: str, server: McpServer, value_of: Callable[[str], SecretStr | None]) -> None:
        """Nothing is started. `value_of`: the value of a variable of the bot's environment."""
        self._name, self._server, self._value_of = name, server, value_of
        self._opening = asyncio.Lock()
        self._client: Client | None = None
        self._living: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()
        self._http: BoundedHttp | None = None
        self._offer: tuple[float, Offer] | None = None
        self._failed: tuple[float, UpstreamError] | None = None
        self.pid: int | None = None
        """Of a server that we started and that lives."""

    async def offer(self) -> Offer:
        """What may be called. Raises `UpstreamError`."""
        client = await self._connected()
        if self._offer is None or time.monotonic() > self._offer[0]:
            with self._errors("list its tools"):
                async with asyncio.timeout(self._server.timeout_seconds):
                    listed = await _listed(client)
            self._offer = (time.monotonic() + LISTED_FOR_S, _sorted(listed, self._server.tools))
        return self._offer[1]

    async def ask(self, tool: str, arguments: Mapping[str, Any]) -> McpAnswer:
        """What a tool answers. Raises `UpstreamError`; `NotFound` for a tool that is not offered."""
        try:
            return await self._asked(tool, arguments)
        except _LineBroke:
            # It may have died long before the question. What only reads may be asked once more.
            return await self._asked(tool, arguments)

    async def _asked(self, tool: str, arguments: Mapping[str, Any]) -> McpAnswer:
        offer = await self.offer()
        if tool not in {one.name for one in offer.tools}:
            raise NotFound(self._name, tool, offer.refused.get(tool, "it is not offered"))
        client = await self._connected()
        with self._errors(tool):
            async with asyncio.timeout(self._server.timeout_seconds):
                result = await client.call_tool(tool, dict(arguments))
        return _answer(result, self._server.most_bytes)

    async def close(self) -> None:
        """End it; a server that we started is gone afterwards."""
        self._stop.set()
        if self._living is not None:
            await asyncio.wait([self._living])

    async def _connected(self) -> Client:
        async with self._opening:
            if self._client is not None:
                return self._client
            if self._failed is not None and time.monotonic() < self._failed[0]:
                raise self._failed[1]
            if self._living is not None:
                await asyncio.wait([self._living])
            self._stop, self._offer, self._failed = asyncio.Event(), None, None
            ready: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
            self._living = asyncio.create_task(self._live(ready))
            try:
                with self._errors("connect"):
                    async with asyncio.timeout(max(START_S, self._server.timeout_seconds)):
                        self._client = await ready
            except UpstreamError as error:
                self._failed = (time.monotonic() + LEAVE_ALONE_S, error)
                self._stop.set()
                self._living.cancel()
                raise
            return self._client

    async def _live(self, ready: "asyncio.Future[Client]") -> None:
        """A connection from its beginning to its end, in one task, as its scopes demand."""
        wire: BoundedStdio | None = None
        try:
            async with contextlib.AsyncExitStack() as stack:
                limit = self._server.timeout_seconds
                if self._server.stdio is not None:
                    env = revealed(self._server.stdio.env, self._value_of)
                    wire = BoundedStdio(self._server.stdio.command, self._server.stdio.args, env, WIRE_BYTES)
                    streams = wire.streams()
                else:
                    assert self._server.http is not None  # noqa: S101 - a server has one of both
                    headers = revealed(self._server.http.headers, self._value_of)
                    self._http = BoundedHttp(WIRE_BYTES)
                    http = await stack.enter_async_context(self._http.client(headers, limit))
                    streams = streamable_http_client(self._server.http.url, http_client=http)
                client = await stack.enter_async_context(Client(streams, read_timeout_seconds=limit, cache=None))
                self.pid = wire.pid if wire is not None else None
                ready.set_result(client)
                await self._over(wire)
        except BaseException as error:
            if not ready.done():
                told = error if isinstance(error, Exception) else Unavailable(self._name, "connect", "it ended")
                ready.set_exception(told)
                ready.exception()  # whoever waited may have given up
            else:
                log.warning("mcp.connection_broke", server=self._name, error=type(error).__name__)
            # The edge of a task that nobody awaits: what may end the process goes on.
            if not isinstance(error, Exception):
                raise
        finally:
            self._client, self.pid = None, None

    async def _over(self, wire: BoundedStdio | None) -> None:
        """Until it is told to stop, or its process is gone: then the next question starts another."""
        waiting = [asyncio.create_task(self._stop.wait())]
        if wire is not None:
            waiting.append(asyncio.create_task(wire.ended.wait()))
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()

    @contextlib.contextmanager
    def _errors(self, operation: str) -> Generator[None]:
        """Whatever the SDK raises, as errors of ours. A connection that broke is not used again."""
        try:
            yield
        except UpstreamError:
            raise
        except TimeoutError as error:
            limit = self._server.timeout_seconds
            raise Unavailable(self._name, operation, f"no answer within {limit:g} s") from error
        except MCPError as error:
            if error.code == types.REQUEST_TIMEOUT:
                raise Unavailable(self._name, operation, "no answer in time") from error
            if error.code == types.CONNECTION_CLOSED:
                self._client = None
                self._stop.set()
                raise _LineBroke(self._name, operation, "the line to it broke") from error
            raise InvalidRequest(self._name, operation, error.message[:400]) from error
        except FileNotFoundError as error:
            raise Unavailable(self._name, operation, "its command is not there") from error
        except Exception as error:
            self._client = None
            self._stop.set()
            if self._http is not None and self._http.shut_out is not None:
                raise AccessDenied(self._name, operation, f"status {self._http.shut_out}") from error
            raise _of(error, self._name, operation) from error


def _of(error: BaseException, name: str, operation: str) -> UpstreamError:
    """The SDK runs its parts side by side, so what went wrong may be wrapped more than once."""
    for one in _flat(error):
        if isinstance(one, httpx2.HTTPStatusError):
            return Unavailable(name, operation, f"status {one.response.status_code}")
        if isinstance(one, TooLarge):
            return BadAnswer(name, operation, f"an answer of more than {WIRE_BYTES:,} bytes")
        if isinstance(one, OSError | httpx2.TransportError):
            return Unavailable(name, operation, type(one).__name__)
        if isinstance(one, MCPError):
            return BadAnswer(name, operation, one.message[:400])
    return BadAnswer(name, operation, type(error).__name__)


def _flat(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        inner: tuple[BaseException, ...] = error.exceptions  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType] of any sort
        for one in inner:
            yield from _flat(one)
        return
    yield error
    if error.__cause__ is not None:
        yield from _flat(error.__cause__)


async def _listed(client: Client) -> list[types.Tool]:
    tools: list[types.Tool] = []
    cursor: str | None = None
    while len(tools) < MOST_TOOLS:
        page = await client.list_tools(cursor=cursor, cache_mode="bypass")
        tools += page.tools
        cursor = page.next_cursor
        if not cursor:
            break
    return tools[:MOST_TOOLS]


def _sorted(listed: list[types.Tool], allowed: tuple[str, ...]) -> Offer:
    """What is on the list of the file and does nothing but read; the rest with the reason."""
    known = {tool.name: tool for tool in reversed(listed)}
    offered: list[OfferedTool] = []
    refused: dict[str, str] = {}
    for name in dict.fromkeys(allowed):
        tool = known.get(name)
        if tool is None:
            refused[name] = "the server has no tool of that name"
            continue
        notes = tool.annotations
        if notes is not None and notes.read_only_hint is False:
            refused[name] = "the server says that it does not only read"
        elif notes is not None and notes.destructive_hint:
            refused[name] = "the server says that it can destroy something"
        else:
            offered.append(OfferedTool(name, tool.description or "", tool.input_schema))
    return Offer(offered, refused, len(known.keys() - set(allowed)))


def _answer(result: types.CallToolResult, most_bytes: int) -> McpAnswer:
    texts: list[str] = []
    left_out = 0
    for part in result.content:
        if isinstance(part, types.TextContent):
            texts.append(part.text)
        elif isinstance(part, types.EmbeddedResource) and isinstance(part.resource, types.TextResourceContents):
            texts.append(part.resource.text)
        else:
            left_out += 1
    text = "\n".join(texts)
    if not text.strip() and result.structured_content is not None:
        text = json.dumps(result.structured_content, ensure_ascii=False)
    return McpAnswer(_bounded(text, most_bytes), failed=bool(result.is_error), left_out=left_out)


def _bounded(text: str, most_bytes: int) -> str:
    """Head and tail of what is too long; bytes, because that is what a row and a message hold."""
    raw = text.encode()
    if len(raw) <= most_bytes:
        return text
    head, tail = raw[: most_bytes * 2 // 3], raw[-(most_bytes // 3) :]
    cut = len(raw) - len(head) - len(tail)
    return f"{head.decode(errors='ignore')} [... {cut} bytes left out ...] {tail.decode(errors='ignore')}"
