"""Two executors on one PostgreSQL: one workflow id runs in one of them, and goes on in the other when that one dies."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.thoroughness import thorough

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 60


@dataclass
class Executor:
    process: Process

    async def tell(self, command: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{command}\n".encode())
        await self.process.stdin.drain()

    async def heard(self) -> str:
        assert self.process.stdout is not None
        return (await asyncio.wait_for(self.process.stdout.readline(), PATIENCE_S)).decode().strip()


@asynccontextmanager
async def executor(url: str, name: str) -> AsyncGenerator[Executor]:
    command = (sys.executable, "-m", "tests.bot.workflows.two_engines", url, name)
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=PIPE, stdout=PIPE)
    one = Executor(process)
    try:
        assert await one.heard() == "ready"
        yield one
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.fixture
def url(new_postgresql: Callable[[str], str]) -> str:
    return new_postgresql("template1")


@thorough
async def test_a_second_start_of_the_same_id_elsewhere_runs_nothing_and_breaks_nothing(url: str) -> None:
    async with executor(url, "bot-1") as one, executor(url, "bot-2") as two:
        await one.tell("start a")
        assert {await one.heard(), await one.heard()} == {"started a", "ran a"}
        await two.tell("start a")
        assert await two.heard() == "started a"
        await two.tell("start b")
        assert {await two.heard(), await two.heard()} == {"started b", "ran b"}


@thorough
async def test_what_a_killed_executor_left_goes_on_once_in_another(url: str) -> None:
    async with executor(url, "bot-1") as one, executor(url, "bot-2") as two:
        await one.tell("start a")
        assert {await one.heard(), await one.heard()} == {"started a", "ran a"}
        one.process.kill()
        await one.process.wait()
        await two.tell("carry bot-1")
        assert {await two.heard(), await two.heard()} == {"carried 1", "ran a"}
        await two.tell("carry bot-1")
        assert await two.heard() == "carried 0"
