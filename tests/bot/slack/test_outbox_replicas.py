"""Several processes with an outbox each on one database: one sends, whatever happens to it and when."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from sandbox.slack.server import SlackServer
from tests.bot.slack.fakes import eventually
from tests.bot.slack.message_rows import MessageRows, refused_by_limit, threads_in
from tests.bot.slack.sending_process import POINTS
from tests.thoroughness import DATABASES, thorough

ROOT = Path(__file__).parents[3]
PATIENCE = 40.0

Plan = list[tuple[str, int, str]]


class Senders:
    """The processes of a test."""

    def __init__(self, slack: SlackServer, rows: MessageRows) -> None:
        self._slack, self._rows = slack, rows
        self._all: list[subprocess.Popen[str]] = []

    def start(self, owner: str, plan: Plan | None = None) -> subprocess.Popen[str]:
        given = {
            "database": self._rows.url,
            "api": self._slack.slack_api_url,
            "token": self._slack.workspace.credentials.bot_token,
            "owner": owner,
            "plan": plan or [],
        }
        command = [sys.executable, "-m", "tests.bot.slack.sending_process", json.dumps(given)]
        self._all.append(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True))
        return self._all[-1]

    async def all_sent(self) -> None:
        await eventually(lambda: self._rows.waiting() == 0, within=PATIENCE)

    async def end(self, sender: subprocess.Popen[str]) -> dict[str, int]:
        """Ask it to stop; what it has counted."""
        sender.terminate()
        told, _ = await asyncio.to_thread(sender.communicate, timeout=20)
        return json.loads(told.splitlines()[-1])  # what comes before is its log

    def clean_up(self) -> None:
        for one in self._all:
            if one.poll() is None:
                one.kill()
            one.communicate()


def is_stopped(sender: subprocess.Popen[str]) -> bool:
    """Has SIGSTOP reached it?"""
    state = Path(f"/proc/{sender.pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state == "T"


@pytest.fixture(params=DATABASES)
def rows(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MessageRows]:
    if request.param == "sqlite":
        made = MessageRows.in_folder(tmp_path)
    else:
        new: Callable[[str], str] = request.getfixturevalue("new_postgresql")
        made = MessageRows(new("template1"))
    yield made
    made.close()


@pytest.fixture
async def senders(slack: SlackServer, rows: MessageRows) -> AsyncIterator[Senders]:
    made = Senders(slack, rows)
    yield made
    made.clean_up()


def want_two_threads(rows: MessageRows) -> dict[str, list[str]]:
    """Wants them; what has to stand in Slack in the end."""
    rows.want_thread("one", 2)
    rows.want_thread("two", 2, "CPLATFORM")
    return {name: ["first", "1", "2"] for name in ("one", "two")}


def want_one_thread(rows: MessageRows) -> dict[str, list[str]]:
    """For a sender that is stopped: nothing else of it is under way then, so it holds no lock of the database."""
    rows.want_thread("one", 3)
    return {"one": ["first", "1", "2", "3"]}


@pytest.mark.parametrize("point", [pytest.param(one, marks=[] if one == "posted" else thorough) for one in POINTS])
async def test_a_killed_sender_is_followed_and_nothing_is_lost_or_doubled(
    slack: SlackServer, rows: MessageRows, senders: Senders, point: str
) -> None:
    wanted = want_two_threads(rows)
    first = senders.start("a", [(point, 2, "kill")])
    await eventually(lambda: first.poll() is not None, within=PATIENCE)
    second = senders.start("b")
    await senders.all_sent()
    counts = await senders.end(second)
    assert first.returncode == -signal.SIGKILL
    assert threads_in(slack) == wanted
    assert len(slack.workspace.records.calls_of("chat.postMessage")) == 6
    assert counts["sent_again_blindly"] == counts["doubled_left"] == counts["limited"] == 0


@thorough
async def test_a_restart_under_the_same_name_looks_for_what_its_earlier_life_left(
    slack: SlackServer, rows: MessageRows, senders: Senders
) -> None:
    wanted = want_two_threads(rows)
    first = senders.start("a", [("posted", 1, "kill")])
    await eventually(lambda: first.poll() is not None, within=PATIENCE)
    second = senders.start("a")
    await senders.all_sent()
    counts = await senders.end(second)
    assert threads_in(slack) == wanted
    assert counts["found_again"] >= 1


@thorough
async def test_a_sender_stopped_before_its_last_look_sends_nothing_when_it_wakes_up_late(
    slack: SlackServer, rows: MessageRows, senders: Senders
) -> None:
    wanted = want_one_thread(rows)
    first = senders.start("a", [("before begin", 2, "stop")])
    await eventually(lambda: is_stopped(first), within=PATIENCE)
    second = senders.start("b")
    await senders.all_sent()
    first.send_signal(signal.SIGCONT)
    late = await senders.end(first)
    await senders.end(second)
    assert late["held_back"] >= 1 and late["doubled_removed"] == 0
    assert threads_in(slack) == wanted
    assert len(slack.workspace.records.calls_of("chat.postMessage")) == 4


async def test_a_sender_stopped_between_its_last_look_and_the_call_takes_its_double_back(
    slack: SlackServer, rows: MessageRows, senders: Senders
) -> None:
    wanted = want_one_thread(rows)
    first = senders.start("a", [("begun", 2, "stop")])
    await eventually(lambda: is_stopped(first), within=PATIENCE)
    second = senders.start("b")
    await senders.all_sent()
    first.send_signal(signal.SIGCONT)
    await eventually(lambda: bool(slack.workspace.records.calls_of("chat.delete")), within=PATIENCE)
    late = await senders.end(first)
    await senders.end(second)
    assert late["doubled_removed"] == 1
    assert threads_in(slack) == wanted


@thorough
async def test_a_double_whose_sender_died_is_searched_for_and_removed_by_who_sends_now(
    slack: SlackServer, rows: MessageRows, senders: Senders
) -> None:
    wanted = want_one_thread(rows)
    first = senders.start("a", [("begun", 2, "stop"), ("posted", 2, "kill")])
    await eventually(lambda: is_stopped(first), within=PATIENCE)
    second = senders.start("b")
    await senders.all_sent()
    first.send_signal(signal.SIGCONT)
    await eventually(lambda: first.poll() is not None, within=PATIENCE)
    assert threads_in(slack) != wanted
    with rows.database.write() as session:  # a minute later
        session.connection().exec_driver_sql("UPDATE message SET look_at = created_at WHERE look_at IS NOT NULL")
    await eventually(lambda: threads_in(slack) == wanted, within=PATIENCE)
    counts = await senders.end(second)
    assert counts["doubled_removed"] == 1


@thorough
async def test_one_replica_of_two_sends_and_the_other_follows_when_it_is_stopped_in_order(
    slack: SlackServer, rows: MessageRows, senders: Senders
) -> None:
    first, second = senders.start("a"), senders.start("b")
    for number in range(4):
        rows.want_thread(f"early {number}", 1)
    await senders.all_sent()
    counts = [await senders.end(first)]
    for number in range(4):
        rows.want_thread(f"late {number}", 1)
    await senders.all_sent()
    counts.append(await senders.end(second))
    assert sorted(one["turns"] for one in counts) in ([0, 1], [1, 1])
    assert sum(one["posted"] for one in counts) == 16
    assert refused_by_limit(slack) == []
