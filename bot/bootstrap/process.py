"""The process of the bot: everything is constructed, started in order, and stopped in order.

Importing a module of this project constructs nothing; here, and in the files beside this one, it is done.
"""

import asyncio
import signal
import socket
from contextlib import AsyncExitStack
from datetime import timedelta

import structlog
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler

from agents.investigator import Investigator
from bot import interpreter
from bot.bootstrap.duties import Duties
from bot.bootstrap.ending import Ending
from bot.bootstrap.ground import Ground
from bot.bootstrap.http_server import HttpServer, listening
from bot.bootstrap.one_of_many import begun, failover_of
from bot.bootstrap.signal_watch import own_rules, start_watching
from bot.bootstrap.slack_side import open_slack
from bot.bootstrap.wakes import Wakes
from bot.bootstrap.watching import watched_rows
from bot.bootstrap.work import deps_of, launched_engine, trace_of
from bot.group_commit import GroupCommit
from bot.partners import Clients, investigator_of, open_runbooks, revealed
from bot.settings import Settings
from bot.slack.app import SlackSide
from bot.slack.desk import BotDesk
from bot.web import WebDeps, asgi_app
from bot.workflows.dispatcher import Dispatcher
from bot.workflows.indexing import IndexKeeper
from bot.workflows.issues import IssueFollower
from bot.workflows.retention import Retention
from tools.github.operator import GitHubOperator
from tools.incident_store.database import reachable
from tools.incident_store.issue_reader import IssueReader
from tools.incident_store.migrate import migrate
from tools.incident_store.writer.intake import Delivery

log = structlog.get_logger(__name__)

STOP_LIMIT_S = 19.0
"""Of the 20 s that a stop may take; the rest is for threads that wait for an answer still."""


class Bot:
    """The whole bot in one process."""

    def __init__(self, settings: Settings) -> None:
        """Construct everything; nothing is connected before `run`.

        Raises `ManifestError` for a wrong file and `Incomplete` for a missing setting.
        """
        self._settings = settings
        self._ground = Ground.of(settings)
        self._closing = AsyncExitStack()
        self._duties = Duties()
        self._ending: Ending | None = None
        writer, clock = self._ground.writer.intake, self._ground.clock
        self._intake = GroupCommit[Delivery](lambda deliveries: writer.store_all(deliveries, clock()))

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then stop in order."""
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        listener = listening(self._settings.host, self._settings.port)
        try:
            await self._start(listener)
            waiting = asyncio.create_task(stopping.wait())
            await self._duties.one_ends([waiting])
            waiting.cancel()
        finally:
            log.info("bot.stopping")
            async with asyncio.timeout(STOP_LIMIT_S):
                await self._stop()
        if not stopping.is_set():
            self._duties.raise_what_ended()

    async def _start(self, listener: socket.socket) -> None:
        ground, settings, duties = self._ground, self._settings, self._duties
        await asyncio.to_thread(migrate, ground.database)
        self._closing.callback(ground.database.close)
        presence = await begun(ground, self._closing)
        duties.start("presence", presence.run())
        clients = Clients.of(settings, ground.region, ground.reader_role, own_rules(ground))
        runbooks = await asyncio.to_thread(open_runbooks, settings)
        self._closing.callback(runbooks.close)
        if ground.others is not None:
            self._closing.push_async_callback(ground.others.close)
        investigator = investigator_of(
            settings, clients.sources(runbooks, ground.others, runbooks.memory), trace=trace_of(settings, self._closing)
        )
        github = self._github()
        wakes = Wakes()
        deps = deps_of(ground, clients, investigator, github, wakes)
        slack = await open_slack(ground, deps, clients, runbooks, investigator)
        wakes.outbox = slack.outbox.wake
        self._closing.callback(watched_rows(ground, slack).close)
        self._closing.push_async_callback(slack.close)
        engine = launched_engine(ground, deps)
        self._closing.callback(engine.destroy)
        dispatcher = Dispatcher(engine, deps, slack.desk.finish_left_over)
        wakes.dispatch = dispatcher.wake
        server = HttpServer.of(asgi_app(self._web(dispatcher, slack)))
        close, stop = self._intake.close, server.stop
        self._ending = Ending(presence, duties, engine, deps, close_intake=close, stop_server=stop)
        duties.start("http", server.serve([listener]))
        duties.start("dispatcher", dispatcher.run())
        duties.start("failover", failover_of(ground, deps, engine).run())
        if settings.retention_days:
            duties.start("retention", Retention(engine, deps, timedelta(days=settings.retention_days)).run())
        duties.start("slack", slack.run())
        duties.start("outbox", slack.outbox.run())
        start_watching(ground, deps, duties)
        if github is not None:
            duties.start("issues", self._issue_follower(github, slack).run())
        keeper = IndexKeeper(runbooks, settings.runbooks_dir, deps)
        duties.start("index", keeper.run())
        warm = asyncio.create_task(self._warm_up(keeper, clients, investigator), name="warm-up")
        self._closing.callback(warm.cancel)
        log.info("bot.ready", port=settings.port, models=len(ground.catalogue.models), speed=settings.speed)

    def _web(self, dispatcher: Dispatcher, slack: SlackSide[BotDesk]) -> WebDeps:
        ground, settings = self._ground, self._settings
        return WebDeps(
            intake=self._intake,
            catalogue=ground.catalogue,
            wake=dispatcher.wake,
            webhook_tokens=[token.get_secret_value() for token in settings.webhook_tokens],
            metrics_token=revealed(settings.metrics_token),
            problems=self._problems,
            people_can_reach=slack.reachable,
            metrics=ground.metrics,
            runbooks_dir=settings.runbooks_dir,
            slack_http=None if settings.slack_app_token else AsyncSlackRequestHandler(slack.app).handle,
        )

    def _issue_follower(self, github: GitHubOperator, slack: SlackSide[BotDesk]) -> IssueFollower:
        ground = self._ground
        return IssueFollower(
            reader=ground.reader,
            issues=IssueReader(ground.database),
            writer=ground.writer.issues,
            github=github,
            pace=ground.pace,
            clock=ground.clock,
            permalink=lambda thread: slack.links().thread(thread),
        )

    def _github(self) -> GitHubOperator | None:
        token = revealed(self._settings.github_token)
        if token is None:
            return None
        operator = GitHubOperator(token, self._settings.github_url)
        self._closing.push_async_callback(operator.close)
        return operator

    async def _stop(self) -> None:
        self._intake.refuse()
        if self._ending is not None:
            await self._ending.whole()
        await self._duties.cancel_all()
        await self._closing.aclose()

    async def _problems(self) -> list[str]:
        if self._ending is not None and self._ending.began:
            return ["stopping"]
        problems = [f"the {name} stopped" for name in self._duties.stopped()]
        if not await asyncio.to_thread(reachable, self._ground.database):
            problems.append("the database does not answer")
        return problems

    async def _warm_up(self, keeper: IndexKeeper, clients: Clients, investigator: Investigator) -> None:
        """Load what is slow to load, after the bot is ready and before the first alert needs it."""
        await keeper.look_at_runbooks()
        await asyncio.to_thread(clients.sagemaker.warm_up)
        await asyncio.to_thread(clients.datasets.warm_up)
        await asyncio.to_thread(clients.logs.warm_up)
        await investigator.warm_up()
        interpreter.leave_out_what_is_loaded()
