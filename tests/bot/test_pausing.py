"""Stop, from the row to the call: who may, what it stops, and who may let it go on."""

from pathlib import Path

import pytest

from bot.decisions import Decisions
from incidents.approval import Person
from incidents.execution import ExecutionState
from incidents.pause import EVERYTHING
from incidents.timeline import first_break
from tests.bot.workflows.fakes import Clock
from tests.bot.workflows.rig import Rig, build
from tests.incidents.builders import catalogue, later, policy
from tests.stores import engine_url_at, store_at
from tests.tools.incident_store.stage import Stage

HOME = "TSANDBOX"
MODEL = "product-recommender"
ONCALL = Person(id="UONCALL", team=HOME, groups=frozenset({"ml-oncall"}))
VIEWER = Person(id="UVIEWER", team=HOME)
GUEST = Person(id="UGUEST", team=HOME, is_guest=True)
STRANGER = Person(id="USTRANGER", team="TOTHER")


@pytest.fixture
def stage(tmp_path: Path, request: pytest.FixtureRequest) -> Stage:
    database = store_at(tmp_path / "agentops.sqlite")
    request.addfinalizer(database.close)
    return Stage(database)


@pytest.fixture
def decisions(stage: Stage) -> Decisions:
    return Decisions(
        stage.reader,
        stage.writer,
        catalogue(),
        policy,
        home_team=lambda: HOME,
        clock=Clock(later(minutes=1)),
        speed=1.0,
        wake=lambda: None,
    )


@pytest.mark.parametrize("scope", [EVERYTHING, MODEL])
async def test_while_paused_nothing_is_approved_and_after_resuming_it_is(
    stage: Stage, decisions: Decisions, scope: str
) -> None:
    id = stage.awaiting()
    assert (await decisions.pause(scope, VIEWER)).result == "paused"
    stopped = await decisions.approve("p1", ONCALL)
    assert (stopped.result, stopped.why) == ("forbidden", "changes are paused")
    assert (await decisions.resume(scope, ONCALL)).result == "resumed"
    assert (await decisions.approve("p1", ONCALL)).result == "approved"
    timeline = stage.reader.timeline(id)
    assert {"paused", "resumed"} <= {entry.kind for entry in timeline}
    assert first_break(timeline) is None


async def test_a_pause_of_another_model_stops_nothing(stage: Stage, decisions: Decisions) -> None:
    stage.awaiting()
    await decisions.pause("fraud-detector", VIEWER)
    assert (await decisions.approve("p1", ONCALL)).result == "approved"


@pytest.mark.parametrize("person", [GUEST, STRANGER], ids=lambda person: person.id)
async def test_guests_and_strangers_pause_nothing(stage: Stage, decisions: Decisions, person: Person) -> None:
    assert (await decisions.pause(EVERYTHING, person)).result == "refused"
    assert stage.reader.pauses() == {}


async def test_only_approvers_resume(stage: Stage, decisions: Decisions) -> None:
    await decisions.pause(EVERYTHING, VIEWER)
    assert (await decisions.resume(EVERYTHING, VIEWER)).result == "refused"
    assert EVERYTHING in stage.reader.pauses()


async def test_the_second_to_pause_is_told_who_was_first(decisions: Decisions) -> None:
    await decisions.pause(EVERYTHING, VIEWER)
    again = await decisions.pause(EVERYTHING, ONCALL)
    assert again.by == "UVIEWER"
    assert (await decisions.resume(MODEL, ONCALL)).result == "not_paused"


async def test_a_pause_after_the_approval_stops_the_call(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    database = store_at(tmp_path / "agentops.sqlite")
    request.addfinalizer(database.close)
    rig: Rig = build(database, engine_url_at(tmp_path / "engine.sqlite"))
    request.addfinalizer(rig.engine.destroy)
    rig.approved_rollback()
    rig.deps.writer.pauses.pause(EVERYTHING, "UVIEWER", rig.deps.clock())
    await rig.look()
    assert rig.state() is ExecutionState.STALE and rig.world.sent == []
