"""Everything is constructed here and passed in by argument; importing a module of this project constructs nothing."""

import asyncio
import gc
import secrets
import signal
import socket
from collections.abc import Callable, Generator
from contextlib import AsyncExitStack, contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog
import uvicorn
from prometheus_client import CollectorRegistry
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler

from agents.investigator import Investigator
from agents.sources import Sources
from agents.timing import Timing
from bot.by_hand import ByHand
from bot.decisions import Decisions
from bot.handling import Handling
from bot.partners import Clients, llm_config, open_runbooks, reader_role_of, region_of, revealed
from bot.planner import Planner
from bot.settings import Settings
from bot.slack.app import SlackConfig, SlackSide
from bot.slack.blocks.links import Links
from bot.slack.desk import BotDesk
from bot.slack.people import People
from bot.slack.record_desk import RecordDesk
from bot.slack.shelf import StoreShelf
from bot.web import WebDeps, asgi_app
from bot.workflows import execution, investigation, verification
from bot.workflows.dispatcher import Dispatcher
from bot.workflows.engine import Engine, config_for
from bot.workflows.issues import IssueFollower
from bot.workflows.operators import Operators
from bot.workflows.pace import Pace
from bot.workflows.ports import Deps
from incidents.clock import now
from incidents.errors import AgentOpsError
from tools.datasets.operator import DatasetOperator
from tools.errors import UpstreamError
from tools.github.operator import GitHubOperator
from tools.incident_store.database import Database, reachable
from tools.incident_store.issue_reader import IssueReader
from tools.incident_store.migrate import installation_id, migrate
from tools.incident_store.reader import StoreReader
from tools.incident_store.trust_reader import TrustReader
from tools.incident_store.writer.store import open_writer
from tools.manifests.load import load_catalogue
from tools.manifests.watched_policy import WatchedPolicy
from tools.runbook_index.index import RunbookIndex
from tools.sagemaker.operator import SageMakerOperator

if TYPE_CHECKING:
    from incidents.catalogue import Catalogue

log = structlog.get_logger(__name__)

STOP_LIMIT_S = 20.0
ID_BYTES = 9
"""Of randomness in an id: 72 bits, 12 characters; a button's value must not be guessed."""


class Incomplete(AgentOpsError):
    """A setting that is needed is missing. The message says which and what to do."""


def new_id() -> str:
    """An opaque random id."""
    return secrets.token_hex(ID_BYTES)


def links_of(settings: Settings, catalogue: "Catalogue") -> Links:
    """Where links may lead: the hosts of the settings, of the dashboards and of the partners themselves."""
    addresses = [settings.prometheus_url, settings.runbook_base_url or ""]
    addresses += [model.dashboard or "" for model in catalogue.models.values()]
    hosts = {urlsplit(address).netloc.lower() for address in addresses if address} | set(settings.link_hosts)
    return Links(hosts=frozenset(hosts), runbooks_url=settings.runbook_base_url or "")


class _Wakes:
    """Wake-ups before the thing to wake exists: the outbox and the dispatcher need the workflows, which need these."""

    def __init__(self) -> None:
        self.outbox: Callable[[], None] = _nobody
        self.dispatch: Callable[[], None] = _nobody

    def wake_outbox(self) -> None:
        self.outbox()

    def wake_dispatcher(self) -> None:
        self.dispatch()


def _nobody() -> None:
    return


class _Server(uvicorn.Server):
    """Uvicorn inside our process: signals are ours."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    def stop(self) -> None:
        self.should_exit = True


class Bot:
    """The whole bot in one process."""

    def __init__(self, settings: Settings) -> None:
        """Construct everything; nothing is connected before `run`.

        Raises `ManifestError` for a wrong file and `Incomplete` for a missing setting.
        """
        if settings.slack_bot_token is None or not (settings.slack_app_token or settings.slack_signing_secret):
            raise Incomplete(
                "Slack is not set up: SLACK_BOT_TOKEN and SLACK_APP_TOKEN are needed (the README says where they come "
                "from). To see AgentOps without Slack: agentops demo"
            )
        self._settings = settings
        self._catalogue = load_catalogue(settings.models_file)
        self._policy = WatchedPolicy(settings.policy_file)
        self._region = region_of(self._catalogue, settings.models_file)
        self._reader_role = reader_role_of(self._catalogue, settings.models_file)
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        self._pace = Pace.of(settings)
        self._registry = CollectorRegistry()
        self._database = Database(settings.database)
        self._reader = StoreReader(self._database)
        self._writer = open_writer(self._database, self._catalogue, settle=self._pace.settle, new_id=new_id)
        self._closing = AsyncExitStack()
        self._tasks: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then stop in order."""
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        listener = self._listen()
        try:
            await self._start(listener)
            waiting = asyncio.create_task(stopping.wait())
            await asyncio.wait([waiting, *self._tasks], return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
        finally:
            log.info("bot.stopping")
            async with asyncio.timeout(STOP_LIMIT_S):
                await self._stop()

    def _listen(self) -> socket.socket:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((self._settings.host, self._settings.port))
        except OSError as error:
            listener.close()
            raise Incomplete(
                f"AGENTOPS_PORT: {self._settings.host}:{self._settings.port} cannot be used ({error.strerror})"
            ) from error
        return listener

    async def _start(self, listener: socket.socket) -> None:
        settings = self._settings
        await asyncio.to_thread(migrate, self._database)
        self._closing.callback(self._database.close)
        clients = Clients.of(settings, self._region, self._reader_role)
        runbooks = await asyncio.to_thread(open_runbooks, settings)
        self._closing.callback(runbooks.close)
        investigator = Investigator(
            Sources(
                prometheus=clients.prometheus,
                sagemaker=clients.sagemaker,
                datasets=clients.datasets,
                runbooks=runbooks,
            ),
            llm_config(settings),
            timing=Timing(speed=settings.speed),
            issues_enabled=settings.github_token is not None,
        )
        github = self._github()
        wakes = _Wakes()
        deps = Deps(
            reader=self._reader,
            writer=self._writer,
            catalogue=self._catalogue,
            policy=self._policy,
            investigator=investigator,
            prometheus=clients.prometheus,
            sagemaker=clients.sagemaker,
            datasets=clients.datasets,
            operators=self._operators(github),
            rules=clients.rules,
            pace=self._pace,
            owner=settings.executor_id or "embedded",
            clock=now,
            new_id=new_id,
            wake_outbox=wakes.wake_outbox,
            wake_dispatcher=wakes.wake_dispatcher,
        )
        slack = await self._slack(deps, clients, runbooks, investigator)
        wakes.outbox = slack.outbox.wake
        engine = Engine(config_for(url=self._engine_url(), executor_id=deps.owner))
        for workflow in (investigation, execution, verification):
            workflow.register(engine, deps)
        engine.launch()
        self._closing.callback(engine.destroy)
        dispatcher = Dispatcher(engine, deps, slack.desk.finish_left_over)
        wakes.dispatch = dispatcher.wake
        web = asgi_app(
            WebDeps(
                intake=self._writer.intake,
                catalogue=self._catalogue,
                clock=now,
                wake=dispatcher.wake,
                webhook_tokens=[token.get_secret_value() for token in settings.webhook_tokens],
                metrics_token=revealed(settings.metrics_token),
                problems=self._problems,
                people_can_reach=slack.reachable,
                registry=self._registry,
                runbooks_dir=settings.runbooks_dir,
                slack_http=None if settings.slack_app_token else AsyncSlackRequestHandler(slack.app).handle,
            )
        )
        server = _Server(
            uvicorn.Config(web, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=5)
        )
        self._closing.callback(server.stop)
        self._tasks = [
            asyncio.create_task(server.serve([listener]), name="http"),
            asyncio.create_task(dispatcher.run(), name="dispatcher"),
            asyncio.create_task(slack.run(), name="slack"),
            asyncio.create_task(slack.outbox.run(), name="outbox"),
        ]
        if github is not None:
            follower = IssueFollower(
                reader=self._reader,
                issues=IssueReader(self._database),
                writer=self._writer.issues,
                github=github,
                pace=self._pace,
                clock=now,
                permalink=lambda thread: slack.links().thread(thread),
            )
            self._tasks.append(asyncio.create_task(follower.run(), name="issues"))
        warm = asyncio.create_task(self._warm_up(runbooks, clients, investigator), name="warm-up")
        self._closing.callback(warm.cancel)
        log.info("bot.ready", port=self._settings.port, models=len(self._catalogue.models), speed=self._settings.speed)

    def _operators(self, github: GitHubOperator | None) -> Operators:
        settings = self._settings
        url, external_id = settings.aws_endpoint_url, revealed(settings.aws_external_id)
        use_roles = settings.aws_assume_roles
        return Operators(
            sagemaker=SageMakerOperator(
                region=self._region, endpoint_url=url, external_id=external_id, use_roles=use_roles
            ),
            datasets=DatasetOperator(
                region=self._region, endpoint_url=url, external_id=external_id, use_roles=use_roles
            ),
            github=github,
            notices=self._writer.messages,
            clock=now,
        )

    async def _slack(
        self, deps: Deps, clients: Clients, runbooks: RunbookIndex, investigator: Investigator
    ) -> SlackSide[BotDesk]:
        settings = self._settings
        links = links_of(settings, self._catalogue)

        def make_desk(people: People, home_team: Callable[[], str]) -> BotDesk:
            decisions = Decisions(
                self._reader,
                self._writer,
                self._catalogue,
                self._policy,
                home_team=home_team,
                clock=now,
                speed=settings.speed,
                wake=deps.wake_dispatcher,
            )
            handling = Handling(
                self._reader,
                self._writer,
                Planner(deps),
                ByHand(self._reader, self._catalogue, clients.sagemaker.model_packages, now),
                policy=self._policy,
                home_team=home_team,
                clock=now,
                wake=deps.wake_dispatcher,
            )
            return BotDesk(
                self._reader,
                self._writer,
                self._catalogue,
                decisions,
                handling,
                investigator,
                runbooks,
                people,
                RecordDesk(TrustReader(self._database), now),
                runbook_link=links.runbook,
                home_team=home_team,
                clock=now,
                new_id=new_id,
                wake=deps.wake_dispatcher,
            )

        config = SlackConfig(
            bot_token=revealed(settings.slack_bot_token) or "",
            app_token=revealed(settings.slack_app_token),
            signing_secret=revealed(settings.slack_signing_secret),
            api_url=settings.slack_api_url,
            links=links,
            installation=await asyncio.to_thread(installation_id, self._database, new_id()),
        )
        owners = {model.name: model.owners for model in self._catalogue.models.values() if model.owners}
        shelf = StoreShelf(self._reader, clients.prometheus, clients.rules, owners=owners, speed=settings.speed)
        return SlackSide(config, store=self._writer.messages, shelf=shelf, make_desk=make_desk, clock=now)

    def _github(self) -> GitHubOperator | None:
        token = revealed(self._settings.github_token)
        if token is None:
            return None
        operator = GitHubOperator(token, self._settings.github_url)
        self._closing.push_async_callback(operator.close)
        return operator

    async def _stop(self) -> None:
        for task in self._tasks:
            if task.get_name() != "http":
                task.cancel()
        await self._closing.aclose()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _engine_url(self) -> str:
        if self._database.is_sqlite:
            return f"sqlite:///{self._settings.data_dir / 'engine.sqlite'}"
        return self._database.url.render_as_string(hide_password=False)

    async def _problems(self) -> list[str]:
        problems = [f"the {task.get_name()} stopped" for task in self._tasks if task.done()]
        if not await asyncio.to_thread(reachable, self._database):
            problems.append("the database does not answer")
        return problems

    async def _warm_up(self, runbooks: RunbookIndex, clients: Clients, investigator: Investigator) -> None:
        """Load what is slow to load, after the bot is ready and before the first alert needs it."""
        try:
            report = await asyncio.to_thread(runbooks.index, self._settings.runbooks_dir)
            log.info("runbooks.indexed", added=report.added, updated=report.updated, unchanged=report.unchanged)
        except UpstreamError as error:
            log.error("runbooks.not_indexed", error=str(error))
        await asyncio.to_thread(clients.sagemaker.warm_up)
        await asyncio.to_thread(clients.datasets.warm_up)
        await investigator.warm_up()
        # What is loaded now stays: left out of collections, those of the work's own garbage come soon and are short.
        gc.collect()
        gc.freeze()
