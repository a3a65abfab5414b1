"""The rows of replicas, the lock on an executor's id, and the clock they share."""

import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from incidents.clock import now
from tests.incidents.builders import START, later
from tests.thoroughness import thorough
from tests.tools.incident_store.stage import Stage
from tools.incident_store.clock import SharedClock
from tools.incident_store.database import Database
from tools.incident_store.executor_lock import ExecutorLock
from tools.incident_store.writer.replicas import Replica, ReplicaWriter

ALIVE = timedelta(seconds=20)
ROOT = Path(__file__).resolve().parents[3]

HOLD = """\
import sys
from tools.incident_store.database import Database
from tools.incident_store.executor_lock import ExecutorLock
lock = ExecutorLock(Database(sys.argv[1]), "bot-1")
print(lock.take(), flush=True)
sys.stdin.read()
"""


def life(name: str, number: int = 1, folder: str | None = None) -> Replica:
    return Replica(instance=f"{name}/{number}", executor=name, host="h", pid=number, folder=folder)


@pytest.fixture
def replicas(database: Database) -> ReplicaWriter:
    return ReplicaWriter(database)


def test_a_replica_without_signs_of_life_is_gone_and_taken_over_once(replicas: ReplicaWriter) -> None:
    replicas.begin(life("bot-1"), "1", START)
    replicas.begin(life("bot-2"), "1", START)
    replicas.seen("bot-2/1", later(seconds=15))
    assert replicas.gone(later(seconds=19), ALIVE) == []
    assert replicas.gone(later(seconds=20), ALIVE) == [("bot-1/1", "bot-1")]
    assert replicas.taken_over("bot-1/1", "bot-2", later(seconds=20), ALIVE)
    assert not replicas.taken_over("bot-1/1", "bot-3", later(seconds=20), ALIVE)
    assert replicas.gone(later(seconds=21), ALIVE) == []


def test_one_that_stopped_by_itself_is_gone_at_once(replicas: ReplicaWriter) -> None:
    replicas.begin(life("bot-1"), "1", START)
    replicas.stopping("bot-1/1", later(seconds=1))
    assert replicas.gone(later(seconds=1), ALIVE) == []
    replicas.stopped("bot-1/1", "bot-1", later(seconds=2))
    assert replicas.gone(later(seconds=2), ALIVE) == [("bot-1/1", "bot-1")]


def test_one_that_only_seemed_dead_counts_as_living_again(replicas: ReplicaWriter) -> None:
    replicas.begin(life("bot-1"), "1", START)
    replicas.taken_over("bot-1/1", "bot-2", later(seconds=30), ALIVE)
    assert not replicas.seen("bot-1/1", later(seconds=60))
    assert replicas.seen("bot-1/1", later(seconds=65))
    assert [one.executor for one in replicas.living(later(seconds=66), ALIVE)] == ["bot-1"]


def test_a_sign_of_life_in_the_last_moment_keeps_its_work(replicas: ReplicaWriter) -> None:
    replicas.begin(life("bot-1"), "1", START)
    assert replicas.gone(later(seconds=20), ALIVE)
    replicas.seen("bot-1/1", later(seconds=20))
    assert not replicas.taken_over("bot-1/1", "bot-2", later(seconds=21), ALIVE)


def test_an_executor_that_lives_again_carries_on_itself(replicas: ReplicaWriter) -> None:
    replicas.begin(life("bot-1"), "1", START)
    replicas.begin(life("bot-1", 2), "1", later(seconds=30))
    assert replicas.gone(later(seconds=31), ALIVE) == []


def test_a_restart_waits_for_no_lease_of_its_own_earlier_life(stage: Stage) -> None:
    _, id, old = stage.executing(owner="bot-1")
    lease = stage.writer.leases.take("outbox", "bot-1", later(minutes=2), ALIVE)
    assert lease is not None
    given = stage.writer.replicas.begin(life("bot-1", 2), "1", later(minutes=2, seconds=1))
    assert (given.executions, given.leases) == (1, 1)
    soon = later(minutes=2, seconds=2)
    assert stage.writer.executions.claim(id, "bot-1", soon, ALIVE) == old + 1
    assert stage.writer.leases.take("outbox", "bot-2", soon, ALIVE) == lease + 1


def test_the_leases_of_others_are_left_alone(stage: Stage) -> None:
    _, id, _ = stage.executing(owner="bot-2")
    stage.writer.replicas.begin(life("bot-1"), "1", later(minutes=2, seconds=1))
    assert stage.writer.executions.claim(id, "bot-1", later(minutes=2, seconds=2), ALIVE) is None


def test_a_takeover_is_told_and_an_ordinary_next_step_is_not(stage: Stage) -> None:
    incident_id, id, _ = stage.executing(owner="bot-1")
    taken = stage.writer.executions.claim(id, "bot-2", later(minutes=4), ALIVE)
    assert taken == 2 and stage.told(incident_id)[-1] == "taken_over"
    stage.writer.executions.progress(id, taken, "on", {}, now=later(minutes=4), next_step_at=later(minutes=4))
    assert stage.writer.executions.claim(id, "bot-1", later(minutes=5), ALIVE) == 3
    assert stage.told(incident_id).count("taken_over") == 1


def test_what_a_crash_left_of_slack_is_taken_up_by_one_replica(stage: Stage) -> None:
    clicks, age, soon = stage.writer.clicks, timedelta(seconds=10), later(seconds=11)
    clicks.record("c1", "approve", {}, START)
    assert [id for id, _, _ in clicks.left_over(soon, age, "bot-1", ALIVE)] == ["c1"]
    assert clicks.left_over(soon, age, "bot-2", ALIVE) == []
    assert [id for id, _, _ in clicks.left_over(later(seconds=31), age, "bot-2", ALIVE)] == ["c1"]


def test_an_executor_id_is_one_living_processs_and_free_once_it_is_killed(database_url: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, database_url],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None and process.stdout.readline() == "True\n"
    database = Database(database_url)
    lock = ExecutorLock(database, "bot-1")
    try:
        assert not lock.take()
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()
        deadline = now() + timedelta(seconds=10)
        while not lock.take():
            assert now() < deadline
        assert lock.take()
    finally:
        lock.release()
        database.close()


def test_another_executor_id_is_free_on_postgresql_alone(database: Database) -> None:
    one, other = ExecutorLock(database, "bot-1"), ExecutorLock(Database(database.url.render_as_string(False)), "bot-2")
    try:
        assert one.take()
        assert other.take() is not database.is_sqlite
    finally:
        one.release()
        other.release()


@thorough
def test_a_clock_that_is_wrong_is_set_by_the_databases(new_postgresql: Callable[[str], str]) -> None:
    database = Database(new_postgresql("template1"))
    clock = SharedClock(database, lambda: now() - timedelta(hours=3))
    assert clock.set() > timedelta(hours=2, minutes=59)
    assert abs(clock() - now()) < timedelta(seconds=2)
    database.close()


def test_on_sqlite_the_machines_clock_is_the_one(tmp_path: Path) -> None:
    clock = SharedClock(Database(f"sqlite:///{tmp_path / 'x.sqlite'}"), lambda: START)
    assert clock.set() == timedelta(0) and clock() == START
