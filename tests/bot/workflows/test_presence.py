"""One living process for each executor id and each folder, and failover from one that has ended."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.metrics import Metrics
from bot.workflows.failover import Failover
from bot.workflows.presence import ExecutorTaken, Presence
from incidents.clock import now
from tests.bot.workflows.rig import PACE
from tests.stores import store_at
from tests.thoroughness import thorough
from tools.errors import Unavailable
from tools.incident_store.clock import SharedClock
from tools.incident_store.database import Database
from tools.incident_store.executor_lock import ExecutorLock
from tools.incident_store.migrate import migrate
from tools.incident_store.writer.leases import LeaseWriter
from tools.incident_store.writer.replicas import Replica, ReplicaWriter

Make = Callable[..., Presence]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=thorough)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "postgresql":
        one = Database(request.getfixturevalue("new_postgresql")("template1"))
        migrate(one)
    else:
        one = store_at(tmp_path / "x.sqlite")
    yield one
    one.close()


@pytest.fixture
def make(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    monkeypatch.setattr("bot.workflows.presence.PATIENCE_S", 0.0)
    made: list[Presence] = []

    def presence(executor: str, number: int = 1, folder: str | None = None) -> Presence:
        me = Replica(f"{executor}/{number}", executor, host="host-a", pid=100 + number, folder=folder)
        lock, clock = ExecutorLock(database, executor), SharedClock(database, now)
        made.append(Presence(ReplicaWriter(database), lock, clock, me, version="1", pace=PACE))
        return made[-1]

    yield presence
    for one in made:
        one.close()


async def test_a_second_process_of_the_same_name_is_refused_and_told_by_whom(make: Make) -> None:
    await make("agentops-0").begin()
    with pytest.raises(ExecutorTaken, match=r"process 101 on host-a, last seen 0 s ago,"):
        await make("agentops-0", 2).begin()


async def test_the_refusal_says_what_to_do(make: Make, database: Database) -> None:
    await make("agentops-0").begin()
    setting = "AGENTOPS_DATABASE_URL" if database.is_sqlite else "AGENTOPS_EXECUTOR_ID"
    with pytest.raises(ExecutorTaken, match=setting):
        await make("agentops-0", 2).begin()


async def test_once_the_first_has_ended_the_name_is_free(make: Make, database: Database) -> None:
    first = make("agentops-0")
    await first.begin()
    await first.stopped()
    first.close()
    await make("agentops-0", 2).begin()
    (living,) = ReplicaWriter(database).living(now(), PACE.alive)
    assert living.instance == "agentops-0/2"


@pytest.mark.parametrize("database", [pytest.param("postgresql", marks=thorough)], indirect=True)
async def test_a_folder_that_another_living_process_uses_is_refused(make: Make) -> None:
    await make("agentops-0", folder="f1").begin()
    await make("agentops-1", folder="f2").begin()
    with pytest.raises(ExecutorTaken, match="AGENTOPS_CHROMA_URL"):
        await make("agentops-2", folder="f1").begin()
    await make("agentops-2", 2, folder="f3").begin()


@pytest.mark.parametrize("database", [pytest.param("postgresql", marks=thorough)], indirect=True)
async def test_a_name_lost_with_its_session_is_taken_again_and_lost_for_good_once_another_has_it(
    make: Make, database: Database
) -> None:
    one, other = make("agentops-0"), make("agentops-0", 2)

    def cut() -> None:
        """As when PostgreSQL is restarted."""
        with database.write() as session:
            session.connection().exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
            )

    await one.begin()
    cut()
    with pytest.raises(Unavailable):
        await one.sign()
    await one.sign()
    cut()
    await other.begin()
    with pytest.raises(Unavailable):
        await one.sign()
    with pytest.raises(ExecutorTaken):
        await one.sign()


async def test_one_replica_at_a_time_takes_over_and_each_is_counted(database: Database) -> None:
    replicas, metrics, carried = ReplicaWriter(database), Metrics(), list[str]()
    began = now() - timedelta(minutes=1)
    replicas.begin(Replica("dead/1", "dead", "h", 1, None), "1", began)

    async def carry_on(executor: str) -> int:
        carried.append(executor)
        return 3

    def failover(owner: str) -> Failover:
        return Failover(
            replicas,
            LeaseWriter(database),
            carry_on=carry_on,
            owner=owner,
            pace=PACE,
            clock=now,
            metrics=metrics,
            wake=lambda: None,
        )

    one, other = failover("bot-1"), failover("bot-2")
    assert await one.look() == ["dead"]
    assert await other.look() == [] and await one.look() == []
    assert carried == ["dead"]
    assert metrics.value("agentops_failovers_total", work="replica") == 1
    assert metrics.value("agentops_failovers_total", work="workflow") == 3


async def test_who_dies_while_taking_over_leaves_it_to_the_next(database: Database) -> None:
    replicas = ReplicaWriter(database)
    replicas.begin(Replica("dead/1", "dead", "h", 1, None), "1", now() - timedelta(minutes=1))
    failing = True

    async def carry_on(executor: str) -> int:
        if failing:
            raise ConnectionError
        return 0

    one = Failover(
        replicas,
        LeaseWriter(database),
        carry_on=carry_on,
        owner="bot-1",
        pace=PACE,
        clock=now,
        metrics=Metrics(),
        wake=lambda: None,
    )
    with pytest.raises(ConnectionError):
        await one.look()
    failing = False
    assert await one.look() == ["dead"]
