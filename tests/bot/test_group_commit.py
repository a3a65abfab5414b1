"""Deliveries share a commit; each is answered for itself, and what is too much is refused."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence

import pytest

from bot.group_commit import BATCH_ALERTS, Bounds, Full, GroupCommit
from tools.errors import Unavailable

LIMIT_S = 10.0


class Disk:
    """Writes whole batches, once it is let; text is what breaks one, or says that the disk is away."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.attempts: list[list[str]] = []
        self.open = threading.Event()
        self.open.set()

    def write(self, items: Sequence[str]) -> list[int]:
        assert self.open.wait(LIMIT_S)
        self.attempts.append(list(items))
        if "away" in items:
            raise Unavailable("Database", "write", "refused")
        if any(item.startswith("broken") for item in items):
            raise ValueError(items)
        self.batches.append(list(items))
        return [len(item) for item in items]


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
async def commit(disk: Disk) -> AsyncIterator[GroupCommit[str]]:
    one = GroupCommit(disk.write, Bounds(deliveries=6, alerts=100, bytes=1_000))
    yield one
    disk.open.set()
    await one.close()


def put(commit: GroupCommit[str], item: str, alerts: int = 1, size: int = 1) -> "asyncio.Task[int]":
    return asyncio.create_task(commit.store(item, alerts=alerts, bytes=size))


async def until_tried(commit: GroupCommit[str], waiting: int) -> None:
    """The tasks made so far have handed in what they bring, and the writer has taken what it can."""
    for _ in range(3):
        await asyncio.sleep(0)
    assert commit.waiting == waiting


async def test_those_who_come_together_share_a_batch_and_each_has_its_own_answer(
    disk: Disk, commit: GroupCommit[str]
) -> None:
    answers = await asyncio.gather(*(put(commit, "x" * length) for length in (1, 2, 3)))
    assert (answers, disk.batches, commit.waiting) == ([1, 2, 3], [["x", "xx", "xxx"]], 0)


async def test_what_comes_during_a_write_waits_for_the_next_and_keeps_its_order(
    disk: Disk, commit: GroupCommit[str]
) -> None:
    disk.open.clear()
    first = put(commit, "first")
    await until_tried(commit, 1)
    later = [put(commit, name) for name in ("a", "b", "c")]
    await until_tried(commit, 4)
    assert not first.done()
    disk.open.set()
    await asyncio.gather(first, *later)
    assert disk.batches == [["first"], ["a", "b", "c"]]


async def test_nobody_is_answered_before_the_write_has_ended(disk: Disk, commit: GroupCommit[str]) -> None:
    disk.open.clear()
    task = put(commit, "slow")
    await until_tried(commit, 1)
    assert not task.done() and disk.batches == []
    disk.open.set()
    assert await task == 4


async def test_a_delivery_that_breaks_the_batch_fails_alone(disk: Disk, commit: GroupCommit[str]) -> None:
    tasks = [put(commit, name) for name in ("good", "broken", "fine")]
    good, broken, fine = await asyncio.gather(*tasks, return_exceptions=True)
    assert (good, fine, disk.batches) == (4, 4, [["good"], ["fine"]])
    assert isinstance(broken, ValueError)


async def test_with_the_database_away_all_are_told_and_none_is_tried_alone(
    disk: Disk, commit: GroupCommit[str]
) -> None:
    answers = await asyncio.gather(*(put(commit, name) for name in ("a", "away", "b")), return_exceptions=True)
    assert [type(answer) for answer in answers] == [Unavailable] * 3
    assert disk.attempts == [["a", "away", "b"]]


async def test_a_database_that_goes_away_while_they_are_tried_alone_is_not_asked_for_each(disk: Disk) -> None:
    def write(items: Sequence[str]) -> list[int]:
        disk.attempts.append(list(items))
        if len(items) > 1:
            raise ValueError(items)
        raise Unavailable("Database", "write", "refused")

    commit = GroupCommit(write)
    answers = await asyncio.gather(*(put(commit, name) for name in "abc"), return_exceptions=True)
    assert [type(answer) for answer in answers] == [Unavailable] * 3
    assert disk.attempts == [["a", "b", "c"], ["a"]]
    await commit.close()


@pytest.mark.parametrize(("alerts", "size", "taken"), [(1, 1, 6), (50, 1, 2), (1, 400, 2)])
async def test_more_than_may_wait_is_refused_at_once_and_never_written(
    disk: Disk, commit: GroupCommit[str], alerts: int, size: int, taken: int
) -> None:
    disk.open.clear()
    tasks = [put(commit, f"{number}", alerts, size) for number in range(taken)]
    await until_tried(commit, taken)
    with pytest.raises(Full) as refused:
        await commit.store("late", alerts=alerts, bytes=size)
    assert refused.value.retry_after_s >= 1
    disk.open.set()
    await asyncio.gather(*tasks)
    assert await commit.store("again", alerts=alerts, bytes=size) == 5
    assert "late" not in [item for batch in disk.batches for item in batch]


async def test_a_large_one_is_taken_while_nothing_waits(commit: GroupCommit[str]) -> None:
    assert await commit.store("large", alerts=5_000, bytes=1_000_000) == 5


async def test_a_batch_stays_short_and_what_is_larger_goes_alone(disk: Disk) -> None:
    commit = GroupCommit(disk.write)
    disk.open.clear()
    part = BATCH_ALERTS // 2
    tasks = [put(commit, "first")]
    await until_tried(commit, 1)
    tasks += [put(commit, name, part) for name in "abc"] + [put(commit, "huge", 3 * part), put(commit, "d")]
    await until_tried(commit, 6)
    disk.open.set()
    await asyncio.gather(*tasks)
    assert disk.batches == [["first"], ["a", "b"], ["c"], ["huge"], ["d"]]
    await commit.close()


async def test_a_caller_who_hangs_up_takes_back_nothing_and_holds_nobody_up(
    disk: Disk, commit: GroupCommit[str]
) -> None:
    disk.open.clear()
    gone, stays = put(commit, "gone"), put(commit, "stays")
    await until_tried(commit, 2)
    gone.cancel()
    disk.open.set()
    assert await stays == 5
    assert (disk.batches, commit.waiting) == ([["gone", "stays"]], 0)


async def test_closing_answers_what_was_taken_and_refuses_what_comes_later(
    disk: Disk, commit: GroupCommit[str]
) -> None:
    disk.open.clear()
    taken = [put(commit, name) for name in ("a", "b")]
    await until_tried(commit, 2)
    closing = asyncio.create_task(commit.close())
    await asyncio.sleep(0)
    with pytest.raises(Full):
        await commit.store("late", alerts=1, bytes=1)
    assert not closing.done()
    disk.open.set()
    await closing
    assert [task.result() for task in taken] == [1, 1]
    assert disk.batches == [["a", "b"]]
