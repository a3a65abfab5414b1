"""A replica that is frozen with an execution in its hands, taken over, and woken up late: it does no harm unseen."""

import asyncio
import signal
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from incidents.clock import now
from incidents.execution import ExecutionState
from incidents.incident import IncidentState
from incidents.message import MessageKind
from tests.bot.workflows.frozen import BEFORE, BETWEEN, SharedWorld
from tests.bot.workflows.killed import FAST
from tests.bot.workflows.rig import Rig
from tests.thoroughness import DATABASES, thorough

ROOT = Path(__file__).resolve().parents[3]
S, X = IncidentState, ExecutionState
PATIENCE_S = 60


@dataclass
class Scene:
    """A replica frozen with the execution xp1, and another that lives."""

    frozen: asyncio.subprocess.Process
    world: SharedWorld
    living: Rig

    async def until(self, condition: Callable[[], bool]) -> None:
        """The living one works, and every update of SageMaker ends, until it is so."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, (self.living.state(), self.living.row_text())
            await self.living.look()
            await asyncio.sleep(0.02)

    async def done(self) -> None:
        """The living one brings the execution to its end."""

        def ended() -> bool:
            self.settle()
            return self.living.state() is X.SUCCEEDED

        await self.until(ended)

    def settle(self) -> None:
        """The update under way ends."""
        self.world.look_anew()
        if self.world.endpoint.pending is not None:
            self.world.settle(self.world.endpoint.pending.config_name)
            self.world.keep()

    async def wake_up(self) -> None:
        """Thawed, it does what it was about to do, and ends."""
        assert self.frozen.stdin is not None
        self.frozen.stdin.write(b"go on\n")
        self.frozen.send_signal(signal.SIGCONT)
        assert await asyncio.wait_for(self.frozen.wait(), PATIENCE_S) == 0

    def told(self) -> list[str]:
        return self.living.stage.told("INC-1")

    def verified_since(self) -> float:
        return self.living.stage.reader.verification("xp1").began_at.timestamp()


SetUp = Callable[[str], AbstractAsyncContextManager[Scene]]


@pytest.fixture(params=DATABASES)
def scene(request: pytest.FixtureRequest, make_rig: Callable[..., Rig], tmp_path: Path) -> SetUp:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'agentops.sqlite'}"
        theirs, ours = (f"sqlite:///{tmp_path / name}" for name in ("engine-1.sqlite", "engine-2.sqlite"))
    else:
        make: Callable[[str], str] = request.getfixturevalue("new_postgresql")
        url = theirs = ours = make("template1")

    @asynccontextmanager
    async def set_up(where: str) -> AsyncGenerator[Scene]:
        command = (sys.executable, "-m", "tests.bot.workflows.frozen", str(tmp_path), url, theirs, where)
        frozen = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=PIPE, stdout=PIPE)
        try:
            assert frozen.stdout is not None
            assert await asyncio.wait_for(frozen.stdout.readline(), PATIENCE_S) == b"there\n"
            if request.param == "postgresql":
                # On SQLite it stands still as it is: stopped in the middle of a commit it would stop everybody else.
                frozen.send_signal(signal.SIGSTOP)
            world = SharedWorld(now, tmp_path)
            living = make_rig(url, ours, world=world, clock=now, pace=FAST, owner="bot-2")
            yield Scene(frozen, world, living)
        finally:
            if frozen.returncode is None:
                frozen.kill()
                await frozen.wait()

    return set_up


@thorough
async def test_frozen_before_its_last_check_it_makes_no_call(scene: SetUp) -> None:
    async with scene(BEFORE) as it:
        await it.done()
        await it.wake_up()
        assert it.world.effects_of_all_processes() == ["UpdateEndpoint"]
        assert it.told().count("call_intended") == 1 and "call_late" not in it.told()


async def test_a_call_sent_late_after_the_end_is_told_to_a_person_and_verified(
    scene: SetUp,
) -> None:
    async with scene(BETWEEN) as it:
        await it.done()
        verified, messages = it.verified_since(), it.living.stage.kinds("INC-1")
        assert MessageKind.ESCALATION not in messages
        await it.wake_up()
        assert it.world.effects_of_all_processes() == ["UpdateEndpoint"] * 2
        assert it.told().count("call_late") == 1
        assert MessageKind.ESCALATION in it.living.stage.kinds("INC-1")
        assert it.living.stage.reader.verification("xp1").state == "watching" and it.verified_since() > verified


@thorough
async def test_a_call_sent_late_while_another_still_looks_is_taken_as_ours(
    scene: SetUp,
) -> None:
    async with scene(BETWEEN) as it:
        await it.until(lambda: it.living.row_text().startswith("looking twice"))
        await it.wake_up()
        assert it.told().count("call_late") == 1 and MessageKind.ESCALATION in it.living.stage.kinds("INC-1")
        await it.done()
        assert it.world.effects_of_all_processes() == ["UpdateEndpoint"]
        assert it.living.incident_state("INC-1") in {S.VERIFYING, S.RESOLVED}


@thorough
async def test_a_late_call_that_sagemaker_refuses_is_written_down_as_harmless(
    scene: SetUp,
) -> None:
    async with scene(BETWEEN) as it:
        await it.until(lambda: bool(it.world.effects_of_all_processes()))
        await it.wake_up()
        assert it.world.effects_of_all_processes() == ["UpdateEndpoint"]
        assert it.told().count("call_late_refused") == 1
        assert MessageKind.ESCALATION not in it.living.stage.kinds("INC-1")
        await it.done()
