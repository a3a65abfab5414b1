"""The sweep of retention: by one replica at a time, to its end, counted."""

import time
from datetime import timedelta

from dbos import DBOS

from bot.workflows.engine import Engine
from bot.workflows.retention import LEASE, Retention
from incidents.clock import now
from tests.bot.workflows.rig import Rig
from tests.tools.incident_store.stage import Stage

KEEP = timedelta(days=90)


def retention(rig: Rig) -> Retention:
    return Retention(rig.engine, rig.deps, KEEP)


def closed_long_ago(rig: Rig) -> str:
    """An incident that was closed a hundred days before the rig's clock."""
    stage: Stage = rig.stage
    incident_id = stage.open()
    assert stage.writer.handling.close(incident_id, "UONCALL", "known", rig.clock()).result == "closed"
    rig.clock.forward(days=100)
    return incident_id


async def test_a_sweep_prunes_counts_and_gives_the_lease_back(rig: Rig) -> None:
    incident_id = closed_long_ago(rig)
    pruned = await retention(rig).sweep()
    assert pruned["message"] > 0
    assert rig.deps.metrics.value("agentops_retention_rows_pruned_total", table="message") == pruned["message"]
    assert rig.deps.metrics.value("agentops_retention_swept_timestamp_seconds") > 0
    assert len(rig.stage.messages(incident_id)) == 1
    assert rig.deps.writer.leases.take(LEASE, "another", rig.clock(), KEEP) is not None


async def test_while_another_replica_holds_the_lease_nothing_is_pruned_twice(rig: Rig) -> None:
    closed_long_ago(rig)
    assert rig.deps.writer.leases.take(LEASE, "another", rig.clock(), timedelta(seconds=20)) is not None
    assert (await retention(rig).sweep()).total() == 0
    assert rig.deps.metrics.value("agentops_retention_swept_timestamp_seconds") == 0
    rig.clock.forward(seconds=30)
    assert (await retention(rig).sweep()).total() > 0


async def test_the_engine_forgets_what_ended_long_ago_and_keeps_what_runs(rig: Rig) -> None:
    rig.stage.open()
    await rig.look()
    engine: Engine = rig.engine
    ended = await DBOS.list_workflows_async(status="SUCCESS")
    assert len(ended) > 0
    # The engine keeps the machine's time, from which the rig's clock is far away.
    assert await engine.forget(now() - timedelta(hours=1), 10) == 0
    deadline = time.monotonic() + 10
    forgotten = 0
    while forgotten < len(ended):
        assert time.monotonic() < deadline
        forgotten += await engine.forget(now(), 1)
    assert await DBOS.list_workflows_async() == []
