"""The whole sandbox in one object: every stand-in constructed, put on one port, started and stopped together."""

import secrets
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from aiohttp import web

from sandbox.consequences import Consequences
from sandbox.control import ControlRoutes
from sandbox.github.part import GitHubPart
from sandbox.github.scenario_history import ScenarioHistory
from sandbox.llm.part import LlmPart
from sandbox.parts import Part
from sandbox.policy_copy import PolicyCopy
from sandbox.prometheus_part import Mode, MonitoringChoice, PrometheusPart
from sandbox.sagemaker.iam import BOT_ACCESS_KEY, Iam
from sandbox.sagemaker.server import LocalSageMaker
from sandbox.sagemaker_part import SageMakerPart, SageMakerServing
from sandbox.scenario import load_scenarios
from sandbox.slack.workspace import Workspace
from sandbox.slack_part import SlackPart
from sandbox.stage import Stage
from sandbox.world.capture_log import CaptureLog
from sandbox.world.configs import write_scaled
from sandbox.world.datasets import ModelData
from sandbox.world.profiles import PROFILES
from sandbox.world.real import find_programs
from sandbox.world.scaling import Scale
from sandbox.world.webhook import Receiver
from sandbox.world.world import World

MAX_BODY_BYTES = 32_000_000
HISTORY_SECONDS = 600.0
WEBHOOK_PATH = "/webhooks/alertmanager"


@dataclass(frozen=True, slots=True)
class SandboxConfig:
    """How to run it.

    Attributes:
        speed: Production seconds per wall second, at least 1.
        port: Of the sandbox on 127.0.0.1; 0 takes a free one.
        bot_url: Where the bot listens; alerts go to its webhook. None until `Sandbox.set_receiver`.
        webhook_token: The bearer token of that webhook.
        monitoring: `real` insists on a real Prometheus, `built-in` on none, `auto` takes what is there.
        scenario: Started at once.
        seed: Makes the world's noise repeatable.
        history_seconds: Wall seconds of healthy past at the start.
        manifests: The folder with models.yaml, policy.yaml, iam/, prometheus/ ...; the project's own when None.
        token: For the page and the control API; made up when empty.
    """

    speed: float = 60.0
    port: int = 0
    bot_url: str | None = None
    webhook_token: str = ""
    monitoring: Mode = "auto"
    scenario: str | None = None
    seed: int = 7
    history_seconds: float = HISTORY_SECONDS
    manifests: Path | None = None
    token: str = field(default="", repr=False)


class Sandbox:
    """A Slack workspace, a SageMaker, a metric world with its monitoring: `async with Sandbox(config) as sandbox`.

    moto keeps its state in globals, so one of these in a process at a time.
    """

    def __init__(self, config: SandboxConfig | None = None) -> None:
        self.config = config or SandboxConfig()
        if self.config.speed < 1:
            raise ValueError("speed must be at least 1")
        self.token = self.config.token or secrets.token_urlsafe(24)
        self.url = ""
        self.scale = Scale(self.config.speed)
        self.workspace = Workspace.standard()
        self._manifests = self.config.manifests or find_manifests()
        self._external_id = secrets.token_urlsafe(12)
        iam = Iam.read(self._manifests / "iam", self._external_id)
        self.sagemaker = LocalSageMaker(speed=self.config.speed, iam=iam)
        serving = SageMakerServing(self.sagemaker)
        self.world = World(serving, speed=self.config.speed, seed=self.config.seed)
        data = {p.name: ModelData(p, self.config.seed + n) for n, p in enumerate(PROFILES)}
        captured = CaptureLog(
            data, self.world, self.sagemaker.objects, speed=self.config.speed, clock=self.sagemaker.clock.now
        )
        self._consequences = Consequences(self.world, self.sagemaker)
        self.sagemaker.set_training_world(self.world)
        self._folder = tempfile.TemporaryDirectory(prefix="agentops-sandbox-")
        self._policy = PolicyCopy(self._manifests / "policy.yaml", Path(self._folder.name))
        self.prometheus = self._prometheus_part()
        self.llm = LlmPart()
        self.github = GitHubPart(f"example-ml/{profile.name}" for profile in PROFILES)
        self.stage = Stage(
            self.world,
            serving,
            load_scenarios(),
            data,
            self.sagemaker.objects,
            self._policy,
            ScenarioHistory(self.github, self.config.speed),
        )
        self.parts: list[Part] = [
            SlackPart(self.workspace),
            SageMakerPart(self.sagemaker, PROFILES, data, captured),
            self.llm,
            self.github,
            self.prometheus,
        ]
        self._ready = False
        self._closing = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen, then start every part in order. What was started is stopped again when one fails."""
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop everything, last started first; a second call does nothing."""
        self._ready = False
        await self._closing.aclose()
        self._folder.cleanup()

    def set_receiver(self, bot_url: str, webhook_token: str) -> None:
        """Send alerts there from now on; for a built-in monitoring that started before the bot."""
        self.prometheus.set_receiver(bot_url.rstrip("/") + WEBHOOK_PATH, webhook_token)

    def ready_line(self) -> dict[str, str | None]:
        """What the bot needs to know; printed as one line of JSON by `python -m sandbox`."""
        line: dict[str, str | None] = {
            "url": self.url,
            "token": self.token,
            "policy_path": str(self._policy.path),
            "aws_access_key_id": BOT_ACCESS_KEY,
            "aws_external_id": self._external_id,
        }
        for part in self.parts:
            line |= part.ready_fields()
        return line

    def _prometheus_part(self) -> PrometheusPart:
        config = self.config
        folder = Path(self._folder.name)
        scaled = write_scaled(self._manifests, folder, self.scale)
        receiver = None
        if config.bot_url is not None:
            receiver = Receiver(config.bot_url.rstrip("/") + WEBHOOK_PATH, config.webhook_token)
        programs = None if config.monitoring == "built-in" else find_programs()
        choice = MonitoringChoice(config.monitoring, programs, receiver, config.history_seconds)
        return PrometheusPart(self.world, scaled, self.scale, choice, self._ticked)

    async def _start(self) -> None:
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        for part in self.parts:
            part.install(app, self.token)
        routes = ControlRoutes(
            self.parts, self.stage, self.world, self.config.speed, lambda: self._ready, self._world_changed
        )
        routes.install(app)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        self._closing.push_async_callback(runner.cleanup)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.config.port).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        for part in self.parts:
            self._closing.push_async_callback(part.stop)
            await part.start(self.url)
        if self.config.scenario is not None:
            self.stage.write_data(self.stage.start(self.config.scenario))
        self._ready = True

    def _ticked(self) -> None:
        self._consequences.follow()
        self._world_changed()

    def _world_changed(self) -> None:
        self.workspace.changes.publish("world")


def find_manifests() -> Path:
    """The project's manifests: beside the packages in a checkout, inside the bot's package in an installation."""
    root = Path(__file__).resolve().parents[1]
    places = (root / "manifests", root / "bot" / "_share" / "manifests")
    for place in places:
        if (place / "models.yaml").is_file():
            return place
    raise FileNotFoundError(f"no manifests in {' or '.join(str(place) for place in places)}")


def describe(sandbox: Sandbox) -> dict[str, Any]:
    """A few words for the log: where it is and what answers as Prometheus."""
    return {"url": sandbox.url, "prometheus": "real" if sandbox.prometheus.is_real else "built-in"}
