"""The workflows with a real DBOS on SQLite, over the small world of `fakes`."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from dbos import DBOS

from bot.workflows import execution, investigation, verification
from bot.workflows.dispatcher import Dispatcher
from bot.workflows.engine import Engine, config_for
from bot.workflows.operators import OpensIssues, Operators
from bot.workflows.pace import Pace
from bot.workflows.ports import Deps
from incidents.alert import Alert
from incidents.execution import ExecutionState
from incidents.incident import IncidentState
from incidents.origin import AnyOrigin
from incidents.policy import Policy, PolicySource
from incidents.proposal import Proposal
from incidents.remediation import AnyRemediation
from tests.bot.workflows.fakes import (
    Clock,
    FakeDatasets,
    FakeGitHub,
    FakeInvestigator,
    FakeOperator,
    FakePrometheus,
    FakeSageMaker,
    World,
    fraud_endpoint,
    package,
)
from tests.incidents.builders import (
    MANIFESTS,
    alert,
    catalogue,
    later,
    needs,
    policy,
    promotion,
    promotion_origin,
    proposal,
)
from tests.tools.incident_store.stage import Stage
from tools.incident_store.database import Database
from tools.incident_store.limits import STANDARD, Limits
from tools.incident_store.tables import ExecutionRecord
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
    in_force: list[Policy]
    deps: Deps
    engine: Engine
    dispatcher: Dispatcher

    async def look(self, **forward: float) -> None:
        """Set the clock forward, sweep once, and wait for every workflow that began."""
        self.clock.forward(**forward)
        await self.dispatcher.place()
        await self.dispatcher.sweep()
        await self.idle()

    async def idle(self) -> None:
        async def done() -> bool:
            return not await DBOS.list_workflows_async(status=["PENDING", "ENQUEUED"], executor_id=self.deps.owner)

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

    def approved(self, remediation: AnyRemediation, origin: AnyOrigin, *alerts: Alert) -> str:
        """An incident with this remediation approved by two people, as p1; its execution is queued."""
        incident_id = self.stage.open(*alerts)
        made = proposal("p1", incident_id, remediation=remediation, origin=origin, decision=needs(2))
        self.stage.propose(incident_id, made)
        for person in ("UONCALL", "ULEAD"):
            verdict = self.stage.approve(person=person, policy_now=needs(2), at=later(minutes=1))
        assert verdict.result == "approved"
        self.clock.at = later(minutes=1)
        return incident_id

    def approved_promotion(self) -> str:
        """The same with the promotion of version 42, which stands on its own."""
        self.world.endpoint = fraud_endpoint()
        self.world.packages = [package(42), package(41, approval="Approved")]
        return self.approved(promotion(), promotion_origin(), fraud_alert())

    def decide(self, proposal_id: str) -> None:
        """Two people approve a proposal that waits."""
        for person in ("UONCALL", "ULEAD"):
            verdict = self.stage.approve(proposal_id, person, needs(2), self.clock())
            if verdict.result == "approved":
                return
        raise AssertionError(verdict)

    def waiting(self) -> Proposal:
        """The one proposal that waits for a decision."""
        (view,) = self.stage.reader.pending_proposals()
        return view.proposal

    def execution(self, id: str = "xp1") -> ExecutionRecord:
        return self.stage.reader.execution_record(id)

    def explain(self) -> None:
        """Slack has every message that is wanted."""
        messages = self.stage.writer.outbox
        while due := messages.due(self.clock() + timedelta(days=1), 1000):
            for message in due:
                messages.sent(message.id, message.wanted_revision, f"ts{message.id}", self.clock())


def fraud_alert(name: str = "EndpointLatencyP99High", **given: Any) -> Alert:
    labels = {"model": "fraud-detector", "endpoint": "fraud-detector-prod", "severity": "critical"}
    return alert(name, labels=labels, **given)


@cache
def shipped_rules() -> tuple[AlertRule, ...]:
    return tuple(rules_from_files(RULES))


def deps_over(
    stage: Stage,
    world: World,
    clock: Callable[[], datetime],
    *,
    policy_source: PolicySource = policy,
    prometheus: FakePrometheus | None = None,
    investigator: FakeInvestigator | None = None,
    pace: Pace = PACE,
    owner: str = "bot-1",
    github: OpensIssues | None = None,
) -> Deps:
    """What the workflows are given, over the small world."""

    async def rules() -> list[AlertRule]:
        return list(shipped_rules())

    def woken() -> None:
        """Nobody waits: tests look by themselves."""

    return Deps(
        reader=stage.reader,
        writer=stage.writer,
        catalogue=catalogue(),
        policy=policy_source,
        investigator=investigator or FakeInvestigator(),
        prometheus=prometheus or FakePrometheus(),
        sagemaker=FakeSageMaker(world),
        datasets=FakeDatasets(world),
        operators=Operators(
            sagemaker=FakeOperator(world),
            datasets=FakeOperator(world),
            github=github or FakeGitHub(world),
            notices=stage.writer.messages,
            clock=clock,
        ),
        rules=rules,
        pace=pace,
        owner=owner,
        clock=clock,
        new_id=stage.new_id,
        wake_outbox=woken,
        wake_dispatcher=woken,
    )


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
    limits: Limits = STANDARD,
) -> Rig:
    """Everything put together and launched; the caller destroys the engine. Without `clock` time stands still."""
    own_clock = Clock()
    given_clock = clock or own_clock
    given_world = world or World(given_clock)
    stage = Stage(database, limits=limits)
    prometheus, investigator = FakePrometheus(), FakeInvestigator()
    in_force = [given_policy or policy()]
    deps = deps_over(
        stage,
        given_world,
        given_clock,
        policy_source=policy_source or (lambda: in_force[-1]),
        prometheus=prometheus,
        investigator=investigator,
        pace=pace,
        owner=owner,
        github=github,
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

    dispatcher = Dispatcher(engine, deps, no_clicks)
    return Rig(stage, own_clock, given_world, prometheus, investigator, in_force, deps, engine, dispatcher)


def paced(**values: timedelta) -> Pace:
    return replace(PACE, **values)  # pyright: ignore[reportArgumentType] only the durations are given here
