"""A real MCP server, by stdio and by HTTP: what is offered, what is refused, and how it fails."""

import asyncio
import json
import os
import signal
import threading
import time
from collections.abc import Callable

import pytest

from tests.thoroughness import thorough
from tests.tools.mcp_servers.conftest import alive, stdio
from tests.waiting import until
from tools.errors import AccessDenied, NotFound, Unavailable, UpstreamError
from tools.mcp_servers.client import McpClient
from tools.mcp_servers.spec import McpServer

Make = Callable[..., McpClient]


async def test_only_what_is_listed_is_offered_and_what_may_change_something_is_refused(clients: Make, http_url: str):
    listed = ("search_logs", "bare", "restart_service", "delete_dashboard", "gone")
    client = clients(logs=McpServer.model_validate({"http": {"url": http_url}, "tools": listed}))
    offer = await client.offer("logs")
    assert [tool.name for tool in offer.tools] == ["search_logs", "bare"]
    assert offer.refused == {
        "restart_service": "the server says that it does not only read",
        "delete_dashboard": "the server says that it can destroy something",
        "gone": "the server has no tool of that name",
    }
    assert offer.not_listed == 6
    for name in ("delete_dashboard", "hostile", "nothing"):
        with pytest.raises(NotFound):
            await client.ask("logs", name, {})


async def test_an_answer_comes_by_stdio(shared: McpClient):
    answer = await shared.ask("logs", "search_logs", {"query": "OOM"})
    assert json.loads(answer.text)["hits"] == 41
    assert not answer.failed


async def test_the_environment_holds_what_is_named_and_nothing_else(shared: McpClient):
    seen = json.loads((await shared.ask("logs", "environment", {})).text)
    assert seen.pop("LOGS_TOKEN") == "the-token-of-the-logs"
    assert seen.keys() <= {"LC_CTYPE", "PYTHONUTF8"}  # Python sets its own


async def test_a_server_is_started_on_first_use_once_for_all_event_loops_and_ended_without_a_zombie(clients: Make):
    threads = set(threading.enumerate())
    client = clients(logs=stdio())
    assert await client.pids() == {}
    here = await client.ask("logs", "bare", {})
    (pid,) = (await client.pids()).values()
    elsewhere = await asyncio.to_thread(asyncio.run, client.ask("logs", "bare", {}))
    many = await asyncio.gather(*(client.ask("logs", "search_logs", {"query": str(n)}) for n in range(20)))
    assert (here.text, elsewhere.text, len(many)) == ("fine", "fine", 20)
    assert [json.loads(one.text)["query"] for one in many] == [str(n) for n in range(20)]
    assert list((await client.pids()).values()) == [pid]
    await client.close()
    assert not alive(pid)
    assert not [one for one in set(threading.enumerate()) - threads if one.name == "mcp"]


async def test_a_server_that_died_is_started_again_and_leaves_no_zombie(clients: Make):
    client = clients(logs=stdio())
    with pytest.raises(Unavailable):
        await client.ask("logs", "die", {})
    assert (await client.ask("logs", "bare", {})).text == "fine"
    (pid,) = (await client.pids()).values()
    os.kill(pid, signal.SIGKILL)
    await until(lambda: not alive(pid), "the server to end", within=10)
    assert (await client.ask("logs", "bare", {})).text == "fine"
    assert list((await client.pids()).values()) != [pid]


async def test_a_server_that_cannot_be_started_is_told_and_left_alone_for_a_while(clients: Make):
    missing = McpServer.model_validate({"stdio": {"command": "no-such-command"}, "tools": ["a"]})
    client = clients(logs=missing)
    for _ in range(2):
        started = time.monotonic()
        with pytest.raises(Unavailable) as refused:
            await client.offer("logs")
        assert "its command is not there" in refused.value.detail
        assert time.monotonic() - started < 2


async def test_a_server_that_ends_at_once_is_unavailable(clients: Make):
    client = clients(logs=McpServer.model_validate({"stdio": {"command": "/bin/true"}, "tools": ["a"]}))
    started = time.monotonic()
    with pytest.raises(UpstreamError):
        await client.offer("logs")
    assert time.monotonic() - started < 10


@thorough
async def test_a_slow_answer_is_left_and_the_next_one_is_taken(clients: Make):
    client = clients(logs=stdio(timeout_seconds=3))
    await client.offer("logs")
    with pytest.raises(Unavailable):
        await client.ask("logs", "hang", {})
    assert (await client.ask("logs", "bare", {})).text == "fine"


async def test_of_a_long_answer_head_and_tail_are_kept(shared: McpClient):
    answer = await shared.ask("logs", "flood", {"size": 100_000})
    assert answer.text.startswith("HEAD xxx")
    assert answer.text.endswith("xxx TAIL")
    assert "bytes left out" in answer.text
    assert len(answer.text) < 2100


@thorough
async def test_a_flood_ends_the_connection_and_not_the_bot(shared: McpClient):
    with pytest.raises(UpstreamError):
        await shared.ask("logs", "flood", {"size": 6_000_000})
    assert (await shared.ask("logs", "bare", {})).text == "fine"


async def test_an_error_of_a_tool_is_an_answer_and_a_wrong_argument_too(shared: McpClient):
    assert (await shared.ask("logs", "failing", {})).failed
    assert (await shared.ask("logs", "search_logs", {"limit": "many"})).failed


async def test_the_same_by_http(clients: Make, http_url: str):
    told = {"http": {"url": http_url, "headers": {"X-Token": {"from_env": "LOGS_TOKEN", "prefix": "Bearer "}}}}
    client = clients(logs=McpServer.model_validate({**told, "tools": ["search_logs", "restart_service", "flood"]}))
    offer = await client.offer("logs")
    assert [tool.name for tool in offer.tools] == ["search_logs", "flood"]
    assert "restart_service" in offer.refused
    assert json.loads((await client.ask("logs", "search_logs", {"query": "x"})).text)["hits"] == 41
    with pytest.raises(UpstreamError):
        await client.ask("logs", "flood", {"size": 6_000_000})
    assert json.loads((await client.ask("logs", "search_logs", {"query": "y"})).text)["query"] == "y"


async def test_nobody_at_the_address_is_unavailable(clients: Make):
    client = clients(logs=McpServer.model_validate({"http": {"url": "http://127.0.0.1:9/mcp"}, "tools": ["a"]}))
    with pytest.raises(Unavailable):
        await client.offer("logs")


@thorough
@pytest.mark.parametrize(("status", "error"), [(401, AccessDenied), (500, UpstreamError), (200, UpstreamError)])
async def test_something_else_at_the_address_is_told(clients: Make, status: int, error: type[UpstreamError]):
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = clients(
        logs=McpServer.model_validate(
            {"http": {"url": f"http://127.0.0.1:{port}/mcp"}, "tools": ["a"], "timeout_seconds": 2}
        )
    )
    with pytest.raises(error):
        await client.offer("logs")
    server.close()
    await server.wait_closed()
