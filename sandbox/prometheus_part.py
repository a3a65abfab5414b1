"""The world's metrics, their monitoring, and the clock that drives both, as a part of the sandbox."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import aiohttp
from aiohttp import web

from sandbox.parts import UnknownFault
from sandbox.world.alert_groups import Notification
from sandbox.world.configs import ScaledManifests
from sandbox.world.front import PrometheusFront
from sandbox.world.monitoring import BuiltInMonitoring
from sandbox.world.real import Programs, RealMonitoring, RealMonitoringError, openmetrics
from sandbox.world.scaling import Scale
from sandbox.world.tsdb import Labels
from sandbox.world.webhook import Receiver, WebhookSender
from sandbox.world.world import TICK_SECONDS, World

logger = logging.getLogger(__name__)

Mode = Literal["auto", "real", "built-in"]
FLUSH_SECONDS = 0.2
"""How often groups are looked at, so that a short group_wait is kept."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class MonitoringChoice:
    """How the world is monitored.

    Attributes:
        mode: `real` needs the programs and a receiver, `auto` takes them when both are there.
        programs: The real Prometheus, promtool and Alertmanager; None when not on this machine.
        receiver: Where alerts go; None until `set_receiver`.
        history_seconds: Wall seconds of healthy past at the start.
    """

    mode: Mode
    programs: Programs | None
    receiver: Receiver | None
    history_seconds: float


class PrometheusPart:
    """Ticks the world every second and serves `/metrics` and `/prometheus`.

    Args:
        world: What ticks.
        scaled: Rules and configs at the speed of this sandbox.
        scale: The speed.
        choice: How the world is monitored.
        on_tick: Called after each tick.
    """

    name = "prometheus"

    def __init__(
        self,
        world: World,
        scaled: ScaledManifests,
        scale: Scale,
        choice: MonitoringChoice,
        on_tick: Callable[[], None],
    ) -> None:
        self.world = world
        self.receiver = choice.receiver
        self._scaled = scaled
        self._scale = scale
        self._choice = choice
        self._on_tick = on_tick
        self._session: aiohttp.ClientSession | None = None
        self._front: PrometheusFront | None = None
        self._built_in: BuiltInMonitoring | None = None
        self._real: RealMonitoring | None = None
        self._ticking: asyncio.Task[None] | None = None
        self._deliveries: dict[Labels, asyncio.Task[None]] = {}
        self._base_url = ""
        self._starting_real = False

    @property
    def is_real(self) -> bool:
        """Whether a real Prometheus answers."""
        return self._real is not None

    @property
    def pids(self) -> list[int]:
        """Process ids of the real servers."""
        return [] if self._real is None else self._real.pids

    def set_receiver(self, url: str, token: str) -> None:
        """Where the built-in sender delivers from now on; a real Alertmanager is told only at the start."""
        self.receiver = Receiver(url, token)

    def install(self, app: web.Application, token: str) -> None:
        """Add `/metrics` and `/prometheus/...`; they carry no secrets and change nothing, so they ask for no token."""
        app.router.add_get("/metrics", self._metrics)
        app.router.add_route("*", "/prometheus/{tail:.*}", self._query)

    async def start(self, base_url: str) -> None:
        """Live through a healthy past, then start the clock, and the real servers when they are wanted."""
        self._base_url = base_url
        self._session = aiohttp.ClientSession()
        built_in = BuiltInMonitoring(
            self.world,
            self._scaled.rules,
            self._scaled.alertmanager,
            self._scale,
            time.time,
            f"{base_url}/prometheus",
        )
        self._built_in = built_in
        self._front = PrometheusFront(built_in.api, self._session)
        self._starting_real = self._wants_real()
        past = self._choice.history_seconds
        await asyncio.to_thread(self.world.remember, time.time(), past, built_in.record)
        self._ticking = asyncio.create_task(self._run(), name="world")
        if self._starting_real:
            try:
                await self._start_real(built_in)
            finally:
                self._starting_real = False

    async def stop(self) -> None:
        """Stop the clock, the deliveries and the real servers."""
        for task in (self._ticking, *self._deliveries.values()):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        if self._real is not None:
            await self._real.stop()
            self._real = None
        if self._session is not None:
            await self._session.close()

    def reset(self) -> None:
        """The stage resets the world; alerts then resolve by themselves."""

    def ready_fields(self) -> dict[str, str | None]:
        """Where the query API is, and the copies made for this speed."""
        return {
            "prometheus_url": f"{self._base_url}/prometheus",
            "alertmanager_url": None if self._real is None else self._real.alertmanager_url,
            "rules_dir": str(self._scaled.rules_dir),
            "models_path": str(self._scaled.models_path),
        }

    def state_fields(self) -> dict[str, Any]:
        """Which Prometheus answers."""
        return {"prometheus": "real" if self.is_real else "built-in"}

    def add_fault(self, kind: str, count: int | None, seconds: float | None, match: str | None) -> None:
        """Start a fault of the query API."""
        try:
            self._ready_front.faults.add(kind, count, seconds, match)
        except ValueError as error:
            raise UnknownFault(str(error)) from error

    def clear_faults(self) -> None:
        """End all faults."""
        self._ready_front.faults.clear()

    def faults(self) -> list[dict[str, Any]]:
        """The faults at work now."""
        return self._ready_front.faults.listed()

    @property
    def _ready_front(self) -> PrometheusFront:
        if self._front is None:
            raise RuntimeError("the sandbox has not started")
        return self._front

    def _wants_real(self) -> bool:
        choice = self._choice
        if choice.mode == "built-in":
            return False
        if choice.programs is None or choice.receiver is None:
            if choice.mode == "real":
                missing = "the address of the bot" if choice.programs else "prometheus, promtool or alertmanager"
                raise RealMonitoringError(f"a real Prometheus was asked for, but {missing} is missing")
            return False
        return True

    async def _start_real(self, built_in: BuiltInMonitoring) -> None:
        programs, receiver = self._choice.programs, self._choice.receiver
        if programs is None or receiver is None:
            return
        real = RealMonitoring(programs, self._scaled, self._scale, f"{self._base_url}/prometheus")
        try:
            await real.seed(await asyncio.to_thread(openmetrics, built_in.database))
            await real.start(self._base_url.removeprefix("http://"), receiver.url, receiver.token)
        except RealMonitoringError:
            if self._choice.mode == "real":
                raise
            logger.warning("Prometheus did not start; the built-in one takes over", exc_info=True)
            return
        self._real = real
        self._ready_front.upstream = real.prometheus_url

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(text=self.world.exposition(), headers={"Content-Type": CONTENT_TYPE})

    async def _query(self, request: web.Request) -> web.StreamResponse:
        return await self._ready_front.answer(request)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + TICK_SECONDS
        while True:
            await asyncio.sleep(max(0.0, min(due - loop.time(), FLUSH_SECONDS)))
            try:
                if loop.time() >= due:
                    due = max(due + TICK_SECONDS, loop.time())
                    self._tick()
                self._notify()
            except Exception:  # the world's clock is an edge: one bad second must not stop it
                logger.exception("a tick of the world failed")

    def _tick(self) -> None:
        now = time.time()
        self.world.tick(now)
        if self._real is None and self._built_in is not None:
            self._built_in.step(now)
        self._on_tick()

    def _notify(self) -> None:
        built_in, receiver = self._built_in, self.receiver
        if built_in is None or receiver is None or self._real is not None or self._starting_real:
            return
        for notification in built_in.groups.due(time.time(), busy=self._deliveries):
            task = asyncio.create_task(self._deliver(built_in, receiver, notification))
            self._deliveries[notification.key] = task

    async def _deliver(self, built_in: BuiltInMonitoring, receiver: Receiver, notification: Notification) -> None:
        if self._session is None:
            return
        try:
            sender = WebhookSender(self._session)
            if await sender.deliver(receiver, notification, built_in.groups.routing.group_interval):
                built_in.groups.sent(notification, time.time())
        finally:
            self._deliveries.pop(notification.key, None)
