"""One incident told by somebody who attacks, on its whole way: alert, investigation, proposals, policy, rows, messages.

Everything is the real thing but the partners and the engine: workflows are called in the place where they are started,
and the clients that change something record what they are told.
"""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from typing import Any, Generic, ParamSpec, TypeVar

from pydantic_ai import UsageLimits
from pydantic_ai.models import Model
from sqlalchemy import delete
from sqlmodel import SQLModel

from agents.answer import Answer
from agents.investigator import Investigator
from agents.llm import LanguageModel
from agents.llm_config import LlmConfig
from agents.rules.model import OfflineModel
from agents.sources import OtherSources
from agents.timing import Timing
from bot.slack.blocks.answer import answer_message
from bot.slack.rendered import Rendered
from bot.slack.renderer import Renderer
from bot.slack.views import AnswerView, Note, Passage
from bot.workflows import execution, investigation, verification
from bot.workflows.dispatcher import Dispatcher
from bot.workflows.engine import Engine, Workflow
from bot.workflows.operators import Operators
from bot.workflows.ports import Deps
from incidents.alert import Alert
from incidents.effect import ApiRequest
from incidents.investigation import Case
from incidents.ledger import IncidentFile
from incidents.message import MessageKind, OutboxMessage
from incidents.origin import DataObject
from incidents.remediation import AnyRemediation
from incidents.storm import Digest
from tests.agents.fake_prometheus import FakePrometheus
from tests.agents.fake_runbooks import Page
from tests.agents.fake_sagemaker import FakeSageMaker
from tests.agents.moments import NOW
from tests.agents.scenarios import SCENARIOS
from tests.agents.world import World
from tests.bot.slack.samples import LINKS
from tests.bot.workflows.fakes import Clock, FakeGitHub, FakeOperator
from tests.bot.workflows.fakes import FakePrometheus as NoSeries
from tests.bot.workflows.fakes import World as Changed
from tests.bot.workflows.rig import PACE
from tests.incidents.builders import catalogue, policy
from tests.security.obedient import Obedient
from tests.tools.incident_store.stage import Stage
from tools.datasets.monitor import Violation
from tools.datasets.reader import DatasetReader
from tools.incident_store.database import Database
from tools.incident_store.tables import InvestigationRecord
from tools.mcp_servers.records import McpAnswer, Offer, OfferedTool
from tools.prometheus.series import AlertRule
from tools.sagemaker.preflight import Preflight
from tools.sagemaker.reader import SageMakerReader
from tools.sagemaker.states import Change, EndpointState, PipelineState

P = ParamSpec("P")
R = TypeVar("R")
M = TypeVar("M", bound=Model)

CARRIERS = (
    "slash text",
    "alert label",
    "annotation",
    "log",
    "monitor's words",
    "change",
    "runbook",
    "past incident",
    "feature name",
    "endpoint config name",
    "mention",
    "other source",
    "tool description",
)
"""Where an attack may stand: every way in which text from outside reaches the language model."""
TIMING = Timing(points=96)
"""Fewer samples a series than usual: what is tested is not how exactly an onset is found."""


class InPlace(Engine):
    """Runs a workflow where it is started, instead of keeping it."""

    def __init__(self) -> None:
        self._workflows: dict[str, Workflow] = {}

    def workflow(self, name: str) -> Callable[[Workflow], Workflow]:
        def register(function: Workflow) -> Workflow:
            self._workflows[name] = function
            return function

        return register

    def step(self, name: str) -> Callable[[Callable[P, Awaitable[R]]], Callable[P, Coroutine[Any, Any, R]]]:
        def register(function: Callable[P, Awaitable[R]]) -> Callable[P, Coroutine[Any, Any, R]]:
            async def run(*args: P.args, **kwargs: P.kwargs) -> R:
                return await function(*args, **kwargs)

            return run

        return register

    async def start(self, name: str, id: str, *arguments: str) -> None:
        await self._workflows[name](*arguments)

    def under_way(self, name: str | None = None) -> int:
        return 0


class Reads(SageMakerReader):
    """The world of the scenario, for proposals."""

    def __init__(self, sagemaker: FakeSageMaker) -> None:
        self._fake = sagemaker

    async def endpoint(self, name: str) -> EndpointState:
        return await self._fake.endpoint(name)

    async def newest_pipeline_version(self, name: str) -> int | None:
        return 1

    async def pipeline(self, name: str, version: int | None = None) -> PipelineState:
        return await self._fake.pipeline(name)

    async def preflight(self, remediation: AnyRemediation, model: object) -> Preflight:
        return Preflight()


class Objects(DatasetReader):
    """One object in every window."""

    def __init__(self) -> None:
        """Nothing to connect to."""

    async def window(self, bucket: str, prefix: str, start: object, end: object) -> tuple[DataObject, ...]:
        return (DataObject(key=f"{prefix}2026/11/20/19/a.jsonl", etag="e1"),)


class HostileLogs:
    """A source of the team's own whose answers, and what it says of itself, are attacks."""

    names = ("logs",)

    def __init__(self, told: Mapping[str, str]) -> None:
        self._told = told

    async def offer(self, server: str) -> Offer:
        return Offer([OfferedTool("read", self._told["tool description"], {"type": "object"})], {})

    async def ask(self, server: str, tool: str, arguments: Mapping[str, Any]) -> McpAnswer:
        return McpAnswer(self._told["other source"])


@dataclass
class Outcome:
    """What came of it."""

    file: IncidentFile
    answer: Answer
    sent: list[ApiRequest]
    """By the clients that change something."""
    messages: list[Rendered]
    stage: Stage


@dataclass
class Stand(Generic[M]):
    """Makes one incident after another, each in an empty database, with the same language model."""

    database: Database
    model: M

    async def run(self, scenario: str, told: Mapping[str, str]) -> Outcome:
        """`told`: an attack for each carrier."""
        if isinstance(self.model, Obedient):
            self.model.remembered = ""
        world = poisoned(SCENARIOS[scenario](), told)
        return await self.play(scenario, world, told["slash text"], told["mention"], HostileLogs(told))

    async def play(
        self, scenario: str, world: World, asked: str, mentioned: str, others: OtherSources | None = None
    ) -> Outcome:
        """A world as it is; `asked` with the slash command, and `mentioned` once there is a diagnosis."""
        world.prometheus = prometheus_of(scenario)
        with self.database.write() as session:
            for table in reversed(SQLModel.metadata.sorted_tables):
                session.connection().execute(table.delete())
        stage = Stage(self.database)
        clock, changed = Clock(NOW), Changed(lambda: NOW)
        investigator = Investigator(
            replace(world.sources, others=others),
            LlmConfig.model_validate({"api_key": "a key", "deadline_s": 60}),
            timing=TIMING,
            issues_enabled=True,
            make=lambda _: LanguageModel(self.model, OfflineModel(), UsageLimits()),
        )
        deps = Deps(
            reader=stage.reader,
            writer=stage.writer,
            catalogue=catalogue(),
            policy=policy,
            investigator=investigator,
            prometheus=NoSeries(),
            sagemaker=Reads(world.sagemaker),
            datasets=Objects(),
            operators=Operators(
                sagemaker=FakeOperator(changed),
                datasets=FakeOperator(changed),
                github=FakeGitHub(changed),
                notices=stage.writer.messages,
                clock=clock,
            ),
            rules=no_rules,
            pace=replace(PACE, explain_limit=timedelta(0)),
            owner="bot-1",
            clock=clock,
            new_id=stage.new_id,
            wake_outbox=lambda: None,
            wake_dispatcher=lambda: None,
        )
        engine = InPlace()
        for workflow in (investigation, execution, verification):
            workflow.register(engine, deps)
        entry = catalogue().models[world.case.incident.model]
        stage.take(*world.case.incident.alerts, at=NOW)
        with self.database.write() as session:
            # One look, the question's, has every carrier in it: the alerts' own would hear less.
            session.connection().execute(delete(InvestigationRecord))
        incident_id = stage.writer.grouping.ask(entry, asked, "UASKED", stage.new_id(), NOW)
        assert incident_id is not None
        dispatcher = Dispatcher(engine, deps, no_clicks)
        await dispatcher.place()
        await dispatcher.sweep()
        for _ in range(2):
            clock.forward(minutes=1)
            await dispatcher.place()
            await dispatcher.sweep()
        file = stage.reader.file(incident_id)
        case = Case(incident=file.incident, model=entry, now=NOW)
        answer = await investigator.answer(mentioned, case, file.findings)
        messages = [answer_message(view_of(mentioned, answer), LINKS), *await rendered(stage, file, clock)]
        return Outcome(file, answer, changed.sent, messages, stage)


@cache
def prometheus_of(scenario: str) -> FakePrometheus:
    """Its answers are made once for all incidents."""
    return SCENARIOS[scenario]().prometheus


async def no_rules() -> list[AlertRule]:
    return []


async def no_clicks() -> None:
    """Nobody clicks."""


def poisoned(world: World, told: Mapping[str, str]) -> World:
    """The world with an attack in each place that text comes from. What happened in it stays what it was."""
    first, *others = world.case.incident.alerts
    alerts: list[Alert] = [
        first.model_copy(
            update={
                "labels": {"note": told["alert label"], "feature": told["alert label"], **first.labels},
                "annotations": {**first.annotations, "summary": told["annotation"], "description": told["annotation"]},
            }
        ),
        *others,
    ]
    incident = world.case.incident.model_copy(update={"alerts": tuple(alerts)})
    world.case = world.case.model_copy(update={"incident": incident})
    shift = "baseline_drift_check"
    for feature, description in (("amount", told["monitor's words"]), (told["feature name"], "")):
        one = Violation(feature=feature, check=shift, description=description, seen_at=NOW, uri="s3://x/y")
        world.datasets.found = [*world.datasets.found, one]
    old = NOW - timedelta(days=40)
    world.sagemaker.failure_reason = told["log"]
    world.sagemaker.configs = [*world.sagemaker.configs, (told["endpoint config name"], old)]
    changes = (told["endpoint config name"], ""), ("a-registered-model", told["change"])
    world.sagemaker.changes = [
        *world.sagemaker.changes,
        *(
            Change(at=NOW - timedelta(hours=2), what="model registered", subject=subject, detail=detail)
            for subject, detail in changes
        ),
    ]
    name = first.name
    pages = (
        Page(f"{name}.md", "runbook", name, {"Meaning": told["runbook"]}),
        Page("incidents/INC-0.md", "incident", f"INC-0: {name}", {f"{name} on it": f"{name} {told['past incident']}"}),
    )
    world.runbooks.pages = [*world.runbooks.pages, *pages]
    return world


def view_of(question: str, answer: Answer) -> AnswerView:
    passages = tuple(Passage(c.file, c.heading, c.quote, c.lines, None) for c in answer.citations)
    return AnswerView(question, answer.text, passages, answer.reasoner)


class Shelf:
    """One incident as it is in the end."""

    def __init__(self, file: IncidentFile) -> None:
        self._file = file

    async def file(self, incident_id: str) -> IncidentFile:
        return self._file

    async def digest(self, storm_id: str) -> Digest:
        raise LookupError(storm_id)

    async def chart(self, incident_id: str, investigation_id: str) -> None:
        return None

    async def answer(self, incident_id: str, subject: str) -> AnswerView | None:
        return None

    async def note(self, incident_id: str, subject: str) -> Note | None:
        return None

    async def daily_note(self, id: int) -> None:
        return None

    def owners(self, model: str) -> str | None:
        return catalogue().models[model].owners


class Groups:
    """The workspace has the group of the owners."""

    async def group_ids(self) -> Mapping[str, str]:
        return {"ml-oncall": "SONCALL"}


async def rendered(stage: Stage, file: IncidentFile, clock: Clock) -> list[Rendered]:
    """Every message of the incident's thread as it would be sent."""
    renderer = Renderer(Shelf(file), Groups(), lambda: LINKS, clock)
    messages: list[Rendered] = []
    for number, (kind, subject, revision) in enumerate(stage.messages(file.incident.id), start=1):
        if kind is MessageKind.CHART:
            continue
        row = OutboxMessage(
            id=number,
            channel="C1",
            kind=kind,
            incident_id=file.incident.id,
            subject=subject,
            root_id=None,
            root_ts=None,
            ts=None,
            wanted_revision=revision,
            sent_revision=0,
            attempts=0,
        )
        content = await renderer(row)
        if isinstance(content, Rendered):
            messages.append(content)
    return messages
