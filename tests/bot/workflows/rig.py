"""The workflows with a real DBOS on SQLite, over the small world of `fakes`."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dbos import DBOS

from bot.workflows import execution, investigation, verification
from bot.workflows.dispatcher import Dispatcher
from bot.workflows.engine import Engine, config_for
from bot.workflows.operators import OpensIssues, Operators
from bot.workflows.pace import Pace
from bot.workflows.ports import Deps
from incidents.execution import ExecutionState
from incidents.incident import IncidentState
from incidents.policy import Policy, PolicySource
from tests.bot.workflows.fakes import (
    Clock,
    FakeDatasets,
    FakeGitHub,
    FakeInvestigator,
    FakeOperator,
    FakePrometheus,
    FakeSageMaker,
    World,
)
from tests.incidents.builders import MANIFESTS, catalogue, later, policy
from tests.tools.incident_store.stage import Stage
from tools.incident_store.database import Database
from tools.prometheus.rule_files import rules_from_files
from tools.prometheus.series import AlertRule

RULES = tuple(sorted((MANIFESTS / "prometheus").glob("*.rules.yml")))

PACE = Pace(
    sweep=timedelta(seconds=2),
    poll=timedelta(seconds=15),
    observe=timedelta(days=1),
    settle=timedelta(0),
    adopt_again=timedelta(seconds=15),
    lease=timedelta(seconds=45),
    group_interval=timedelta(minutes=5),
    update_limit=timedelta(minutes=30),
    explain_limit=timedelta(minutes=3),
    pause_limit=timedelta(minutes=30),
    health_check=timedelta(minutes=5),
    verification_limit=timedelta(minutes=30),
    close_after=timedelta(hours=12),
    speed=1.0,
    decision_speed=1.0,
)


@dataclass
class Rig:
    """One process of the bot without Slack and HTTP. `look` does what is due and waits until it is done."""

    stage: Stage
    clock: Clock
    world: World
    prometheus: FakePrometheus
    investigator: FakeInvestigator
    deps: Deps
    engine: Engine
    dispatcher: Dispatcher

    async def look(self, **forward: float) -> None:
        """Set the clock forward, sweep once, and wait for every workflow that began."""
        self.clock.forward(**forward)
        await self.dispatcher.sweep()
        await self.idle()

    async def idle(self) -> None:
        async def done() -> bool:
            return not await DBOS.list_workflows_async(status=["PENDING", "ENQUEUED"])

        deadline = time.monotonic() + 20
        while not await done():
            assert time.monotonic() < deadline, "workflows do not end"
            await asyncio.sleep(0.01)

    async def until(self, condition: Callable[[], bool], *, looks: int = 60, **forward: float) -> None:
        """Look again and again, the clock forward each time, until it is so."""
        for _ in range(looks):
            if condition():
                return
            await self.look(**forward)
        raise AssertionError(f"not so after {looks} looks")

    def state(self, id: str = "xp1") -> ExecutionState:
        return ExecutionState(self.stage.reader.execution_record(id).state)

    def row_text(self, id: str = "xp1") -> str:
        return self.stage.reader.execution_record(id).progress

    def incident_state(self, incident_id: str) -> IncidentState:
        return self.stage.incident(incident_id).state

    def approved_rollback(self) -> str:
        """An incident with an approved rollback whose execution is queued."""
        incident_id = self.stage.awaiting()
        assert self.stage.approve(at=later(minutes=1)).result == "approved"
        self.clock.at = later(minutes=1)
        return incident_id


def build(
    database: Database,
    engine_url: str,
    *,
    world: World | None = None,
    clock: Callable[[], datetime] | None = None,
    given_policy: Policy | None = None,
    policy_source: PolicySource | None = None,
    pace: Pace = PACE,
    owner: str = "bot-1",
    github: OpensIssues | None = None,
) -> Rig:
    """Everything put together and launched; the caller destroys the engine. Without `clock` time stands still."""
    own_clock = Clock()
    given_clock = clock or own_clock
    given_world = world or World(given_clock)
    stage = Stage(database)
    prometheus, investigator = FakePrometheus(), FakeInvestigator()

    async def rules() -> list[AlertRule]:
        return rules_from_files(RULES)

    def woken() -> None:
        """Nobody waits: tests look by themselves."""

    deps = Deps(
        reader=stage.reader,
        writer=stage.writer,
        catalogue=catalogue(),
        policy=policy_source or (lambda: given_policy or policy()),
        investigator=investigator,
        prometheus=prometheus,
        sagemaker=FakeSageMaker(given_world),
        datasets=FakeDatasets(given_world),
        operators=Operators(
            sagemaker=FakeOperator(given_world),
            datasets=FakeOperator(given_world),
            github=github or FakeGitHub(given_world),
            notices=stage.writer.messages,
            clock=given_clock,
        ),
        rules=rules,
        pace=pace,
        owner=owner,
        clock=given_clock,
        new_id=stage.new_id,
        wake_outbox=woken,
        wake_dispatcher=woken,
    )
    config = config_for(url=engine_url, executor_id=owner)
    # The listener that nothing here uses; stopping waits for its next look.
    config["notification_listener_polling_interval_sec"] = 0.02
    engine = Engine(config)
    for workflow in (investigation, execution, verification):
        workflow.register(engine, deps)
    engine.launch()

    async def no_clicks() -> None:
        """Slack is not part of this."""

    return Rig(
        stage, own_clock, given_world, prometheus, investigator, deps, engine, Dispatcher(engine, deps, no_clicks)
    )


def paced(**values: timedelta) -> Pace:
    return replace(PACE, **values)  # pyright: ignore[reportArgumentType] only the durations are given here
