"""A real local MCP server, by stdio and by HTTP."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from tools.mcp_servers.client import McpClient
from tools.mcp_servers.spec import McpServer

SERVER = Path(__file__).with_name("server.py")
HOSTILE = Path(__file__).with_name("hostile.txt").read_text("utf-8")
"""What the server says; the server's own module would load a whole framework."""
ALL = (
    "search_logs",
    "hostile",
    "bare",
    "restart_service",
    "delete_dashboard",
    "environment",
    "die",
    "hang",
    "flood",
    "failing",
)
SECRETS = {"LOGS_TOKEN": SecretStr("the-token-of-the-logs")}


def stdio(**changes: object) -> McpServer:
    told = {"command": sys.executable, "args": [str(SERVER)], "env": {"LOGS_TOKEN": {"from_env": "LOGS_TOKEN"}}}
    return McpServer.model_validate({"stdio": told, "tools": ALL, **changes})


def alive(pid: int) -> bool:
    """Whether there is a process of this id, zombies included."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
async def clients() -> AsyncIterator[Callable[..., McpClient]]:
    made: list[McpClient] = []

    def make(**servers: McpServer) -> McpClient:
        made.append(McpClient(servers, SECRETS.get))
        return made[-1]

    yield make
    for one in made:
        await one.close()


@pytest.fixture(scope="module")
def shared() -> Iterator[McpClient]:
    """One server with all tools, for tests that leave it as it is; it lives on an event loop of its own."""
    client = McpClient({"logs": stdio(most_bytes=2000)}, SECRETS.get)
    yield client
    asyncio.run(client.close())


@pytest.fixture(scope="session")
def http_url() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, str(SERVER), str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    asyncio.run(_listening(port, process))
    yield f"http://127.0.0.1:{port}/mcp"
    process.terminate()
    process.wait(10)


async def _listening(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            assert process.poll() is None, "the server ended at its start"
            assert time.monotonic() < deadline, "the server does not listen"
            await asyncio.sleep(0.05)
