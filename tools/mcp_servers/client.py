"""All MCP servers of the settings, for callers on any event loop."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from tools.errors import Unavailable
from tools.mcp_servers.portal import Portal
from tools.mcp_servers.records import McpAnswer, Offer
from tools.mcp_servers.spec import McpServer

if TYPE_CHECKING:
    from tools.mcp_servers.connection import Connection


class McpClient:
    """Asks servers for what the file lists; nothing is started or imported before the first question."""

    def __init__(self, servers: Mapping[str, McpServer], value_of: Callable[[str], SecretStr | None]) -> None:
        """`value_of`: the value of a variable of the bot's environment, where the file refers to one."""
        self._servers = dict(servers)
        self._value_of = value_of
        self._portal = Portal("mcp")
        self._connections: dict[str, Connection] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The servers, in the order of the file."""
        return tuple(self._servers)

    async def offer(self, server: str) -> Offer:
        """What a server offers. Raises `UpstreamError`."""
        return await self._portal.run(self._offer(server))

    async def ask(self, server: str, tool: str, arguments: Mapping[str, Any]) -> McpAnswer:
        """What a tool of a server answers. Raises `UpstreamError`."""
        return await self._portal.run(self._ask(server, tool, arguments))

    async def pids(self) -> dict[str, int]:
        """The processes that were started and live, by server."""
        return {name: one.pid for name, one in self._connections.items() if one.pid is not None}

    async def close(self) -> None:
        """End every server that was started, and every connection."""
        if self._portal.running:
            await self._portal.run(self._close())
            await self._portal.close()

    async def _offer(self, server: str) -> Offer:
        return await self._connection(server).offer()

    async def _ask(self, server: str, tool: str, arguments: Mapping[str, Any]) -> McpAnswer:
        return await self._connection(server).ask(tool, arguments)

    async def _close(self) -> None:
        await asyncio.gather(*(one.close() for one in self._connections.values()))
        self._connections.clear()

    def _connection(self, server: str) -> "Connection":
        if server not in self._connections:
            try:
                from tools.mcp_servers.connection import Connection
            except ImportError as error:
                raise Unavailable(server, "connect", "it needs agentops[mcp], which is not installed") from error
            self._connections[server] = Connection(server, self._servers[server], self._value_of)
        return self._connections[server]
