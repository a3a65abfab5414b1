"""Child processes of the demo: the sandbox and the bot, started together and stopped together."""

import asyncio
import json
import secrets
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from bot.settings import inherited
from incidents.errors import AgentOpsError

START_LIMIT_S = 60.0
STOP_LIMIT_S = 10.0


class DemoFailed(AgentOpsError):
    """The demo could not be started or did not come to its end. The message is fit to show."""


@dataclass(frozen=True)
class SandboxAddress:
    """Where the sandbox is, as it told in its ready line."""

    url: str
    token: str
    slack_api_url: str
    bot_token: str
    app_token: str
    signing_secret: str
    aws_url: str
    prometheus_url: str
    llm_url: str
    github_url: str
    github_token: str
    rules_dir: str
    models_path: str
    policy_path: str
    aws_access_key_id: str
    aws_external_id: str


def free_port() -> int:
    """A loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class DemoOptions:
    """What the person who starts the demo may choose."""

    port: int
    speed: float
    real_prometheus: bool
    require_prometheus: bool
    scenario: str | None
    data_dir: Path
    reasoner: str
    log_level: str
    decision_speed: float = 1.0
    database_url: str = ""

    @property
    def database(self) -> str:
        """Where the bot keeps its rows: SQLite in the run's own folder unless said otherwise."""
        return self.database_url or f"sqlite:///{self.data_dir / 'agentops.sqlite'}"


@dataclass(frozen=True)
class Running:
    """Both processes are ready."""

    sandbox: SandboxAddress
    bot_url: str
    bot_log: Path
    bot: asyncio.subprocess.Process


@dataclass(frozen=True)
class Webhook:
    """Where alerts go: the bot's port, and the token it takes. Chosen before either process starts."""

    port: int
    token: str

    @classmethod
    def new(cls) -> "Webhook":
        """A free port and a fresh token."""
        return cls(free_port(), secrets.token_urlsafe(24))

    @property
    def bot_url(self) -> str:
        """Where the bot listens."""
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def running(options: DemoOptions) -> AsyncGenerator[Running]:
    """Start the sandbox, then the bot beside it; stop both at the end, whatever happens."""
    webhook = Webhook.new()
    async with sandbox_running(options, webhook) as address, bot_running(options, address, webhook) as bot:
        yield Running(address, webhook.bot_url, bot_log(options), bot)


@asynccontextmanager
async def sandbox_running(options: DemoOptions, webhook: Webhook) -> AsyncGenerator[SandboxAddress]:
    """The sandbox, from its ready line to its stop."""
    options.data_dir.mkdir(parents=True, exist_ok=True)
    log = options.data_dir / "sandbox.log"
    process = await _start(_sandbox_command(options, webhook), {}, log, pipe=True)
    try:
        yield await _ready_line(process, log)
    finally:
        await _stop(process)


@asynccontextmanager
async def bot_running(
    options: DemoOptions, address: SandboxAddress, webhook: Webhook, **settings: str
) -> AsyncGenerator[asyncio.subprocess.Process]:
    """The bot beside a sandbox, from ready to its stop. `settings` are environment variables beyond the usual."""
    log = bot_log(options)
    environment = {**bot_environment(options, address, webhook), **settings}
    process = await _start([sys.executable, "-m", "bot", "serve"], environment, log, pipe=False)
    try:
        await _until_ready(f"{webhook.bot_url}/readyz", process, log)
        yield process
    finally:
        await _stop(process)


def bot_log(options: DemoOptions) -> Path:
    """Where the bot's own log goes."""
    return options.data_dir / "bot.log"


def _sandbox_command(options: DemoOptions, webhook: Webhook) -> list[str]:
    command = [sys.executable, "-m", "sandbox", "--bot-url", webhook.bot_url]
    command += [f"--webhook-token={webhook.token}", "--port", str(options.port), "--speed", f"{options.speed:g}"]
    command += ["--exit-with-parent"]
    if not options.real_prometheus:
        command.append("--no-prometheus")
    if options.require_prometheus:
        command.append("--require-prometheus")
    if options.scenario:
        command += ["--scenario", options.scenario]
    return command


def bot_environment(options: DemoOptions, address: SandboxAddress, webhook: Webhook) -> Mapping[str, str]:
    """The settings of a bot that runs beside a sandbox, as environment variables."""
    environment = {
        "SLACK_BOT_TOKEN": address.bot_token,
        "SLACK_APP_TOKEN": address.app_token,
        "SLACK_API_URL": address.slack_api_url,
        "AGENTOPS_SANDBOX": "true",
        "AGENTOPS_SPEED": f"{options.speed:g}",
        "AGENTOPS_DECISION_SPEED": f"{options.decision_speed:g}",
        "AGENTOPS_PORT": str(webhook.port),
        "AGENTOPS_WEBHOOK_TOKENS": webhook.token,
        "AGENTOPS_PROMETHEUS_URL": address.prometheus_url,
        "AGENTOPS_RULES_DIR": address.rules_dir,
        "AGENTOPS_MODELS_FILE": address.models_path,
        "AGENTOPS_POLICY_FILE": address.policy_path,
        "AGENTOPS_DATA_DIR": str(options.data_dir),
        "AGENTOPS_DATABASE_URL": options.database,
        "AGENTOPS_EXECUTOR_ID": "demo",
        "AGENTOPS_RUNBOOK_BASE_URL": f"{webhook.bot_url}/runbooks",
        "AGENTOPS_AWS_ENDPOINT_URL": address.aws_url,
        "AGENTOPS_GITHUB_URL": address.github_url,
        "AGENTOPS_GITHUB_TOKEN": address.github_token,
        "AGENTOPS_LOG_LEVEL": options.log_level,
        "AGENTOPS_AWS_EXTERNAL_ID": address.aws_external_id,
        "AWS_ACCESS_KEY_ID": address.aws_access_key_id,
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_EC2_METADATA_DISABLED": "true",
        "ANTHROPIC_API_KEY": "",
    }
    if options.reasoner == "local-messages-api":
        environment |= {"ANTHROPIC_API_KEY": "sandbox", "ANTHROPIC_BASE_URL": address.llm_url}
    if options.reasoner == "local-chat-completions":
        environment |= {"AGENTOPS_LLM": "openai:local", "AGENTOPS_LLM_BASE_URL": f"{address.llm_url}/v1"}
    return environment


async def _start(
    command: list[str], environment: Mapping[str, str], log: Path, *, pipe: bool
) -> asyncio.subprocess.Process:
    with log.open("ab") as sink:
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE if pipe else sink,
            stderr=sink,
            env={**inherited(), **environment},
        )


async def _ready_line(process: asyncio.subprocess.Process, log: Path) -> SandboxAddress:
    if process.stdout is None:
        raise DemoFailed("the sandbox has no output")
    try:
        line = await asyncio.wait_for(process.stdout.readline(), START_LIMIT_S)
        told: dict[str, Any] = json.loads(line)
    except (TimeoutError, ValueError) as error:
        raise DemoFailed(f"the sandbox did not start; its log is {log}") from error
    fields = SandboxAddress.__dataclass_fields__
    return SandboxAddress(**{key: str(value) for key, value in told.items() if key in fields})


async def _until_ready(url: str, process: asyncio.subprocess.Process, log: Path) -> None:
    deadline = asyncio.get_running_loop().time() + START_LIMIT_S
    async with aiohttp.ClientSession() as session:
        while asyncio.get_running_loop().time() < deadline:
            if process.returncode is not None:
                raise DemoFailed(f"the bot stopped at its start (exit {process.returncode}); its log is {log}")
            try:
                async with session.get(url) as response:
                    # Alerts would be taken sooner; a person who clicks needs Slack, too.
                    if response.status == 200 and (await response.json())["slack"] == "connected":
                        return
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.05)
    raise DemoFailed(f"the bot was not ready within {START_LIMIT_S:.0f} s; its log is {log}")


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), STOP_LIMIT_S)
    except TimeoutError:
        process.kill()
        await process.wait()
