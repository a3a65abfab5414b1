"""Two replicas on one PostgreSQL: one is killed, or asked to stop, in the middle of the work, and the other does it."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from incidents.clock import now
from tests.fleet.alertmanager import AlertSender
from tests.fleet.alerts import outage
from tests.fleet.rig import Fleet, fleet_in
from tests.fleet.rows import held_by
from tests.fleet.spec import AS_SHIPPED, FleetSpec
from tests.thoroughness import thorough
from tools.incident_store.replica_tables import ReplicaRecord
from tools.incident_store.tables import ExecutionRecord, InvestigationRecord, TimelineRecord

pytestmark = pytest.mark.timeout(420)

SIXTY = FleetSpec(models=30, channels=5, automatic=1)
"""An investigation and an execution each: 60. All but one run by the policy alone, the last with two people."""
TWENTY = FleetSpec(models=10, channels=2, automatic=1)
TAKEN_OVER_WITHIN = timedelta(seconds=60)
SETTLED_S = 240.0


@asynccontextmanager
async def in_the_middle(
    folder: Path, url: str, spec: FleetSpec, first: str, second: str
) -> AsyncGenerator[tuple[Fleet, AlertSender]]:
    """Changes of half of the models are under way, the other half is looked into; the first replica has its share."""
    async with fleet_in(folder, spec, database_url=url, settings=AS_SHIPPED) as fleet:
        await fleet.start(first, second)
        async with fleet.sender() as sender, fleet.people():
            half = len(spec.names) // 2
            for models in (spec.names[:half], spec.names[half:]):
                await fleet.break_models(models)
                sender.put(*(alert for model in models for alert in outage(model, 2, severity="critical")))
                if models[0] == spec.names[0]:
                    await fleet.until("changes to begin", lambda: executing(fleet), 120)

            async def busy() -> bool:  # an execution is in somebody's hands for moments only
                return any(await fleet.rows.ask(lambda session: held_by(first, session)))

            await fleet.until(f"{first} to be in the middle of the work", busy, 120)
            yield fleet, sender


async def executing(fleet: Fleet) -> bool:
    return any(one.state != "queued" for one in await fleet.rows.executions())


async def replica_row(fleet: Fleet, name: str) -> ReplicaRecord:
    query = select(ReplicaRecord).where(col(ReplicaRecord.executor) == name).order_by(col(ReplicaRecord.started_at))
    return (await fleet.rows.ask(lambda session: list(session.exec(query))))[-1]


@thorough
async def test_what_a_killed_replica_was_doing_is_done_by_the_other_within_a_minute(
    tmp_path: Path, new_postgresql: Callable[[str], str]
) -> None:
    async with in_the_middle(tmp_path, new_postgresql("template1"), SIXTY, "bot-0", "bot-1") as (fleet, sender):
        await fleet.replicas["bot-0"].kill()
        killed_at = now()
        looks, changes = await fleet.rows.ask(lambda session: held_by("bot-0", session))
        assert looks or changes
        await fleet.settled(sender, SETTLED_S)
        query = select(TimelineRecord).where(col(TimelineRecord.kind) == "taken_over")
        entries = await fleet.rows.ask(lambda session: list(session.exec(query)))
        taken = {one.details.get("investigation") or one.details.get("execution"): one.at for one in entries}
        leased = [id for id in (*looks, *changes) if id in taken]
        assert all(taken[id] - killed_at < TAKEN_OVER_WITHIN for id in leased)
        assert set(looks) <= set(taken), "each investigation is counted"
        row = await replica_row(fleet, "bot-0")
        assert (row.state, row.taken_over_by) == ("ended", "bot-1")
        assert row.ended_at is not None and row.ended_at - killed_at < TAKEN_OVER_WITHIN
        ended = {one.state for one in await fleet.rows.executions()}
        assert ended <= {"succeeded", "needs_verification"}
        account = await fleet.account(sender)
        assert account.faults == []


@thorough
async def test_a_replica_asked_to_stop_hands_over_within_20_s_and_nothing_is_lost_or_done_twice(
    tmp_path: Path, new_postgresql: Callable[[str], str]
) -> None:
    async with in_the_middle(tmp_path, new_postgresql("template1"), TWENTY, "bot-0", "bot-1") as (fleet, sender):
        stopping = fleet.replicas["bot-0"]
        took = await stopping.stop()
        assert took < 20
        assert stopping.process is not None and stopping.process.returncode == 0
        assert await fleet.rows.ask(lambda session: leases_of("bot-0", session)) == []

        async def taken_over() -> bool:
            return (await replica_row(fleet, "bot-0")).taken_over_by == "bot-1"

        await fleet.until("the other to take over at once", taken_over, 20)
        await fleet.settled(sender, SETTLED_S)
        account = await fleet.account(sender)
        assert account.faults == []


def leases_of(name: str, session: Session) -> list[str]:
    """What a replica holds still, and nobody else may take."""
    moment = now()
    looks = select(InvestigationRecord.id).where(
        col(InvestigationRecord.owner) == name, col(InvestigationRecord.lease_until) > moment
    )
    changes = select(ExecutionRecord.id).where(
        col(ExecutionRecord.owner) == name, col(ExecutionRecord.lease_until) > moment
    )
    return [*session.exec(looks), *session.exec(changes)]
