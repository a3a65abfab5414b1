"""How far an investigation is, is written down soon, not for every step, and whole at the end."""

import asyncio
from collections.abc import Sequence

import pytest

from bot.workflows.progress import Progress
from incidents.investigation import ProgressStep
from tools.errors import Unavailable

Steps = Sequence[ProgressStep]
LONG = 3_600.0


def step(key: str, status: str = "complete") -> ProgressStep:
    return ProgressStep(key=key, title=key, status=status)


class Rows:
    """What was written, each time whole; fails as often as it is told to."""

    def __init__(self, fails: int = 0) -> None:
        self.written: list[Steps] = []
        self.tries = 0
        self._fails = fails
        self.came = asyncio.Event()

    async def write(self, steps: Steps) -> None:
        self.tries += 1
        self.came.set()
        if self.tries <= self._fails:
            raise Unavailable("Database", "write", "away")
        self.written.append(steps)


async def test_the_first_step_is_written_at_once_and_the_others_together_at_the_end() -> None:
    rows = Rows()
    async with Progress(rows.write, LONG) as tell:
        await tell(step("a", "in_progress"))
        await asyncio.wait_for(rows.came.wait(), 5)
        for number in range(20):
            await tell(step(f"b{number}"))
        await tell(step("a"))
        await asyncio.sleep(0)
        assert rows.written == [(step("a", "in_progress"),)]
    assert rows.written[1:] == [(step("a"), *(step(f"b{number}") for number in range(20)))]


async def test_what_comes_meanwhile_is_written_after_a_while() -> None:
    rows = Rows()
    async with Progress(rows.write, 0.01) as tell:
        for number in range(3):
            await tell(step(str(number)))
            rows.came.clear()
            await asyncio.wait_for(rows.came.wait(), 5)
        assert len(rows.written) == 3
    assert len(rows.written) == 3, "nothing new at the end is not written again"


async def test_without_a_step_nothing_is_written() -> None:
    rows = Rows()
    async with Progress(rows.write, LONG):
        pass
    assert rows.tries == 0


async def test_rows_that_are_away_do_not_stop_the_work_and_are_written_later() -> None:
    rows = Rows(fails=1)
    async with Progress(rows.write, LONG) as tell:
        await tell(step("a"))
        await asyncio.wait_for(rows.came.wait(), 5)
    assert rows.written == [(step("a"),)]


async def test_work_that_breaks_has_told_how_far_it_came() -> None:
    rows = Rows()
    with pytest.raises(RuntimeError, match="broke"):
        async with Progress(rows.write, LONG) as tell:
            await tell(step("a"))
            raise RuntimeError("broke")
    assert rows.written == [(step("a"),)]


async def test_work_that_is_cancelled_ends_with_its_last_write() -> None:
    rows, told = Rows(), asyncio.Event()

    async def work() -> None:
        async with Progress(rows.write, LONG) as tell:
            await tell(step("a"))
            told.set()
            await asyncio.sleep(LONG)

    working = asyncio.create_task(work())
    await asyncio.wait_for(told.wait(), 5)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert rows.written == [(step("a"),)]
