import asyncio
import json
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.workflows.engine import Engine, config_for
from incidents.clock import now
from incidents.execution import ExecutionState
from incidents.incident import IncidentState
from incidents.message import MessageKind
from tests.bot.workflows.fakes import FileWorld
from tests.bot.workflows.killed import FAST
from tests.bot.workflows.rig import Rig
from tests.incidents.builders import alert, findings, later, retraining, rollback
from tests.thoroughness import thorough
from tools.errors import Unavailable

ROOT = Path(__file__).resolve().parents[3]
S, X = IncidentState, ExecutionState


async def test_an_alert_becomes_an_investigated_incident_with_a_card(rig: Rig) -> None:
    rig.investigator.answer = findings(rollback())
    rig.stage.writer.intake.store([alert()], rig.clock())
    await rig.look()
    (incident,) = rig.stage.reader.incidents(live=True)
    assert incident.state is S.AWAITING_DECISION
    (view,) = rig.stage.reader.pending_proposals()
    assert (view.approval.needed, view.approvers) == (1, ("ml-oncall", "ml-leads"))
    assert view.proposal.origin == view.proposal.origin.model_copy(update={"config_name": "product-recommender-v24"})
    assert rig.world.sent == []
    assert rig.stage.kinds(incident.id) == [
        MessageKind.ROOT,
        MessageKind.PROGRESS,
        MessageKind.CHART,
        MessageKind.DIAGNOSIS,
        MessageKind.EVIDENCE,
        MessageKind.PROPOSAL,
    ]


async def test_alerts_of_an_unlisted_model_are_looked_at_and_nothing_is_proposed(rig: Rig) -> None:
    rig.investigator.answer = findings(rollback())
    rig.stage.writer.intake.store([alert(labels={"model": "ad-ranker"})], rig.clock())
    await rig.look()
    (incident,) = rig.stage.reader.incidents(live=True)
    assert incident.state is S.MONITORING and rig.investigator.cases[0].model is None
    assert rig.stage.reader.pending_proposals() == []


async def test_an_investigation_that_breaks_is_told_and_hangs_nothing(rig: Rig) -> None:
    rig.investigator.answer = RuntimeError("nobody foresaw this")
    rig.stage.writer.intake.store([alert()], rig.clock())
    await rig.look()
    (incident,) = rig.stage.reader.incidents(live=True)
    assert incident.state is S.MONITORING
    assert MessageKind.FAILURE in rig.stage.kinds(incident.id)


@pytest.mark.parametrize("reason", ["unreadable", "preflight"])
async def test_what_cannot_be_prepared_is_not_proposed_and_says_why(rig: Rig, reason: str) -> None:
    rig.investigator.answer = findings(rollback())
    if reason == "unreadable":
        rig.world.unreadable = Unavailable("SageMaker", "DescribeEndpoint", "down")
    else:
        rig.world.preflight = ["the model of product-recommender-v23 is gone"]
    rig.stage.writer.intake.store([alert()], rig.clock())
    await rig.look()
    (incident,) = rig.stage.reader.incidents(live=True)
    assert incident.state is S.MONITORING
    found = rig.stage.reader.file(incident.id).findings
    assert found is not None and "is not proposed" in found.plan.explanation


async def test_an_undecided_proposal_expires_and_the_incident_escalates(rig: Rig) -> None:
    id = rig.stage.awaiting()
    await rig.look(minutes=4)
    assert rig.incident_state(id) is S.AWAITING_DECISION
    await rig.look(minutes=1)
    assert rig.incident_state(id) is S.ESCALATED and rig.world.sent == []


async def test_a_denied_proposal_changes_nothing(rig: Rig) -> None:
    id = rig.stage.awaiting()
    rig.stage.deny()
    await rig.look(minutes=2)
    assert rig.incident_state(id) is S.MONITORING and rig.world.sent == []


async def test_the_observer_remembers_configs_and_takes_back_what_was_made_on_another(
    make_rig: Callable[..., Rig],
) -> None:
    rig = make_rig(pace=FAST)
    rig.investigator.answer = findings(retraining())
    id = rig.stage.awaiting()
    await rig.look(seconds=30)
    assert rig.stage.reader.proposal("p1").approval.state == "pending"
    rig.world.settle("product-recommender-v25")
    await rig.look(minutes=1)
    view = rig.stage.reader.proposal("p1").approval
    assert view.state == "superseded" and "product-recommender-v25" in view.reason
    configs = [config for config, _ in rig.stage.reader.configs_seen("product-recommender-prod")]
    assert configs == ["product-recommender-v25", "product-recommender-v24"]
    await rig.look(seconds=1)
    assert rig.stage.reader.file(id).investigations[0].state in {"done", "running"}
    assert rig.world.sent == []


async def test_an_endpoint_that_is_updating_is_not_remembered_as_live(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(pace=FAST)
    rig.world.change(status="Updating")
    await rig.look(minutes=2)
    assert rig.stage.reader.configs_seen("product-recommender-prod") == []


async def test_what_was_resolved_long_ago_is_closed_by_the_sweep(rig: Rig) -> None:
    id = rig.stage.open()
    rig.stage.take(alert(status="resolved"), at=later(minutes=1))
    await rig.look(hours=11)
    assert rig.incident_state(id) is S.RESOLVED
    await rig.look(hours=2)
    assert rig.incident_state(id) is S.CLOSED


async def test_a_woken_dispatcher_looks_at_once_and_a_broken_sweep_does_not_stop_it(rig: Rig) -> None:
    rig.investigator.answer = findings(rollback())
    broken: list[int] = []
    finish_clicks = rig.dispatcher._finish_clicks  # pyright: ignore[reportPrivateUsage] the port it was given

    async def break_once() -> None:
        if not broken:
            broken.append(1)
            raise RuntimeError("a delivery nobody foresaw")
        await finish_clicks()

    rig.dispatcher._finish_clicks = break_once  # pyright: ignore[reportPrivateUsage] the port it was given
    running = asyncio.create_task(rig.dispatcher.run())
    deadline = time.monotonic() + 20
    while not broken:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    rig.stage.writer.intake.store([alert()], rig.clock())
    rig.dispatcher.wake()
    while not rig.stage.reader.pending_proposals():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await rig.idle()


def test_a_workflow_or_step_registered_twice_is_an_error(tmp_path: Path) -> None:
    engine = Engine(config_for(url=f"sqlite:///{tmp_path / 'e.sqlite'}", executor_id="bot-1"))

    async def nothing(id: str) -> None:
        """Does nothing."""

    engine.workflow("once_v1")(nothing)
    engine.step("once_v1.step")(nothing)
    with pytest.raises(ValueError, match="once_v1 is registered twice"):
        engine.workflow("once_v1")(nothing)
    with pytest.raises(ValueError, match="once_v1.step is registered twice"):
        engine.step("once_v1.step")(nothing)
    engine.destroy()


@pytest.mark.parametrize(
    ("remediation", "call"),
    [("rollback", 1), *(pytest.param("promotion", call, marks=thorough) for call in (1, 2, 3)), ("promotion", 4)],
)
@pytest.mark.parametrize("when", ["before the effect", "after the effect"])
async def test_a_process_killed_between_intent_and_answer_leaves_exactly_one_effect_of_each_call(
    make_rig: Callable[..., Rig], tmp_path: Path, when: str, remediation: str, call: int
) -> None:
    command = (sys.executable, "-m", "tests.bot.workflows.killed", str(tmp_path), when, remediation, str(call))
    killed = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert killed.stdout is not None
    incident_id: str = json.loads(await asyncio.wait_for(killed.stdout.readline(), 60))["incident"]
    killed.kill()
    assert await killed.wait() == -signal.SIGKILL
    world = FileWorld(now, tmp_path)
    assert len(world.effects_of_all_processes()) == (call if when == "after the effect" else call - 1)

    rig = make_rig(world=world, clock=now, pace=FAST)
    assert rig.stage.reader.execution_record("xp1").intent_at is not None
    deadline = time.monotonic() + 30
    while rig.state() is not X.SUCCEEDED:
        assert time.monotonic() < deadline, rig.row_text()
        await rig.look()
        if world.endpoint.pending is not None:
            world.settle(world.endpoint.pending.config_name)
    calls = ["UpdateModelPackage", "CreateModel", "CreateEndpointConfig", "UpdateEndpoint"]
    assert world.effects_of_all_processes() == (calls if remediation == "promotion" else calls[3:])
    assert rig.stage.reader.execution_record("xp1").fence > 1
    assert rig.incident_state(incident_id) in {S.VERIFYING, S.RESOLVED}
    rig.stage.told(incident_id)
