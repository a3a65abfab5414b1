"""An MCP server as a child process: an environment of its own, lines of bounded length, and no zombie.

The SDK's own transport hands HOME, PATH, USER and more of ours to the server, and reads lines of any length.
"""

import asyncio
import logging
import os
import shutil
import signal
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress

import anyio
import mcp.types as types
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.client._transport import TransportStreams  # pyright: ignore[reportPrivateUsage] the type of every transport
from mcp.shared.message import SessionMessage

log = logging.getLogger(__name__)

GRACE_S = 2.0
"""How long a server may take to end after its input closed, and again after SIGTERM; as the specification has it."""


class BoundedStdio:
    """Starts a server and talks to it. `ended` is set when it stops talking, `problem` says why where that is known."""

    def __init__(self, command: str, args: Sequence[str], env: Mapping[str, str], longest_line: int) -> None:
        """Nothing is started before it is entered. `longest_line`: bytes of one message."""
        self._command, self._args, self._env = command, args, dict(env)
        self._longest_line = longest_line
        self.ended = asyncio.Event()
        self.problem = ""
        self.pid: int | None = None

    @asynccontextmanager
    async def streams(self) -> AsyncGenerator[TransportStreams]:
        """Raises `OSError` where the server cannot be started. Ends it in the end, whatever it does."""
        process = await asyncio.create_subprocess_exec(
            shutil.which(self._command) or self._command,
            *self._args,
            env=self._env,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
            limit=self._longest_line,
        )
        self.pid = process.pid
        heard, incoming = anyio.create_memory_object_stream[SessionMessage | Exception](0)
        outgoing, said = anyio.create_memory_object_stream[SessionMessage](0)
        try:
            async with incoming, outgoing, anyio.create_task_group() as tasks:
                tasks.start_soon(self._read, process, heard)
                tasks.start_soon(self._write, process, said)
                try:
                    yield incoming, outgoing
                finally:
                    tasks.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                await _end(process)

    async def _read(
        self,
        process: asyncio.subprocess.Process,
        heard: MemoryObjectSendStream[SessionMessage | Exception],
    ) -> None:
        assert process.stdout is not None  # noqa: S101 - it was started with a pipe
        try:
            async with heard:
                while line := await process.stdout.readline():
                    try:
                        await heard.send(
                            SessionMessage(types.jsonrpc_message_adapter.validate_json(line, by_name=False))
                        )
                    except (anyio.ClosedResourceError, anyio.BrokenResourceError):
                        return
                    except ValueError:
                        log.warning("an MCP server wrote a line that is no message")
        except ValueError:
            self.problem = f"it sent more than {self._longest_line:,} bytes at once"
        except OSError:
            self.problem = "the line to it broke"
        finally:
            self.ended.set()

    async def _write(
        self, process: asyncio.subprocess.Process, said: MemoryObjectReceiveStream[SessionMessage]
    ) -> None:
        assert process.stdin is not None  # noqa: S101 - it was started with a pipe
        async with said:
            async for message in said:
                try:
                    process.stdin.write(
                        message.message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n"
                    )
                    await process.stdin.drain()
                except OSError:
                    self.ended.set()
                    return


async def _end(process: asyncio.subprocess.Process) -> None:
    """Close its input, wait, then end it and all it started; it is reaped in every case."""
    if process.stdin is not None:
        process.stdin.close()
    for number in (None, signal.SIGTERM, signal.SIGKILL):
        if number is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, number)
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE_S):
                await _exited(process)
                return
    log.warning("the MCP server with pid %s does not end", process.pid)


async def _exited(process: asyncio.subprocess.Process) -> None:
    # Not `process.wait()` alone: it also waits for pipes that a grandchild may hold open.
    while process.returncode is None:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0.01)
