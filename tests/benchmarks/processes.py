"""The processes that are measured: started as in production, stopped at the end, looked at from outside."""

import asyncio
import json
import os
import secrets
import shutil
import signal
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from bot.processes import free_port
from tests.benchmarks.catalogue import MANIFESTS, model_names, write_catalogue

START_LIMIT_S = 90.0
STOP_LIMIT_S = 25.0
POLL_S = 0.005
RULES_FOLDER = "rules"
QUIET_PART = 0.05
"""Of one core, over `QUIET_WINDOW_S`: below this a process counts as idle."""
QUIET_WINDOW_S = 1.0


class BenchmarkFailed(Exception):
    """A benchmark could not be run; the message is fit to show."""


@dataclass(frozen=True)
class Partners:
    """Where the stand-ins are."""

    slack_url: str
    slack_api_url: str
    control_token: str
    bot_token: str
    app_token: str
    aws_url: str
    prometheus_url: str


@dataclass(frozen=True)
class Stage:
    """What a benchmark stands on: partners, a fleet, a folder, and the interpreter that runs the bot."""

    partners: Partners
    models: list[str]
    models_file: Path
    folder: Path
    control: aiohttp.ClientSession
    python: Path

    async def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """One call of the workspace's control API."""
        url = f"{self.partners.slack_url}/_sandbox/{path}"
        async with self.control.request(method, url, json=body) as response:
            answer: dict[str, Any] = await response.json()
        if not answer.get("ok"):
            raise BenchmarkFailed(f"the workspace refused {method} {path}: {answer.get('error')}")
        return answer


@dataclass(frozen=True)
class RunningBot:
    """A bot that is ready. `started_in_s`: from the start of its process to the first 200 of /readyz."""

    process: asyncio.subprocess.Process
    url: str
    data_dir: Path
    log: Path
    webhook_token: str
    started_in_s: float

    @property
    def headers(self) -> dict[str, str]:
        """Of a webhook call."""
        return {"Authorization": f"Bearer {self.webhook_token}", "Content-Type": "application/json"}

    def memory_mb(self, what: str = "VmRSS") -> float:
        """Resident memory now, or with ``VmHWM`` the most it ever was."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text("utf-8").splitlines():
            if line.startswith(what):
                return int(line.split()[1]) * 1024 / 1_000_000
        raise BenchmarkFailed(f"the system does not tell {what}")

    def cpu_seconds(self) -> float:
        """Processor time used so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    async def quiet(self, limit_s: float = 120.0) -> None:
        """Wait until it does next to nothing."""
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            before = self.cpu_seconds()
            await asyncio.sleep(QUIET_WINDOW_S)
            if self.cpu_seconds() - before < QUIET_PART * QUIET_WINDOW_S:
                return
        raise BenchmarkFailed(f"the bot was not idle within {limit_s:.0f} s; its log is {self.log}")


@asynccontextmanager
async def stage(folder: Path, models: int, python: Path = Path(sys.executable)) -> AsyncGenerator[Stage]:
    """Start the partners; stop them at the end."""
    names = model_names(models)
    models_file = folder / "models.yaml"
    write_catalogue(models_file, names)
    rules = folder / RULES_FOLDER
    rules.mkdir(exist_ok=True)
    shutil.copy(MANIFESTS / "prometheus" / "agentops.rules.yml", rules)
    command = [sys.executable, "-m", "tests.benchmarks.partners", "--models", str(models)]
    with (folder / "partners.log").open("ab") as sink:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=sink,
            env=_environment(folder, {}),
        )
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), START_LIMIT_S)
        if not line:
            raise BenchmarkFailed(f"the partners did not start; their log is {folder / 'partners.log'}")
        partners = Partners(**json.loads(line))
        headers = {"Authorization": f"Bearer {partners.control_token}"}
        async with aiohttp.ClientSession(headers=headers) as control:
            yield Stage(partners, names, models_file, folder, control, python)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        await _stopped(process)


@asynccontextmanager
async def bot(on: Stage, name: str, settings: Mapping[str, str] | None = None) -> AsyncGenerator[RunningBot]:
    """Start `agentops serve` with a data folder of this name, as in production but for where its partners are."""
    data_dir, port, token = on.folder / name, free_port(), secrets.token_urlsafe(24)
    data_dir.mkdir(exist_ok=True)
    log = data_dir / "bot.log"
    environment = _environment(on.folder, _settings(on, data_dir, port, token) | dict(settings or {}))
    with log.open("ab") as sink:
        begun = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            str(on.python), "-P", "-m", "bot", "serve", stdout=sink, stderr=sink, env=environment
        )
    try:
        url = f"http://127.0.0.1:{port}"
        await _ready(f"{url}/readyz", process, log)
        yield RunningBot(process, url, data_dir, log, token, time.perf_counter() - begun)
    finally:
        await _stopped(process)


async def compiled(on: Stage) -> float:
    """Have every module compiled by a first start; how long that start took. A process that compiles needs 90 MB more.

    Later calls answer at once, with what the first one found.
    """
    told = on.folder / "first-start-seconds"
    if not told.exists():
        async with bot(on, "first") as first:
            told.write_text(str(first.started_in_s), "utf-8")
            # Some modules are loaded, and so compiled, only by the warm-up after ready.
            await first.quiet()
    return float(told.read_text("utf-8"))


def _environment(folder: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """As inherited, with modules compiled once and kept, in a folder of our own so that no tree is written to."""
    inherited = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return {**inherited, "PYTHONPYCACHEPREFIX": str(folder / "compiled"), **settings}


def _settings(on: Stage, data_dir: Path, port: int, token: str) -> dict[str, str]:
    partners = on.partners
    return {
        "SLACK_BOT_TOKEN": partners.bot_token,
        "SLACK_APP_TOKEN": partners.app_token,
        "SLACK_API_URL": partners.slack_api_url,
        "AGENTOPS_SANDBOX": "true",
        "AGENTOPS_PORT": str(port),
        "AGENTOPS_WEBHOOK_TOKENS": token,
        "AGENTOPS_PROMETHEUS_URL": partners.prometheus_url,
        "AGENTOPS_RULES_DIR": str(on.folder / RULES_FOLDER),
        "AGENTOPS_MODELS_FILE": str(on.models_file),
        "AGENTOPS_DATA_DIR": str(data_dir),
        "AGENTOPS_DATABASE_URL": "",
        "AGENTOPS_AWS_ENDPOINT_URL": partners.aws_url,
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_EC2_METADATA_DISABLED": "true",
        "ANTHROPIC_API_KEY": "",
        # What is measured is the bot at work, and not what it spares itself when models break again and again.
        "AGENTOPS_INVESTIGATIONS_PER_HOUR": "100000",
        "AGENTOPS_FLAPPING_CHANGES": "100",
    }


async def _ready(url: str, process: asyncio.subprocess.Process, log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    async with aiohttp.ClientSession() as session:
        while time.monotonic() < deadline:
            if process.returncode is not None:
                raise BenchmarkFailed(f"the bot stopped at its start (exit {process.returncode}); its log is {log}")
            try:
                async with session.get(url) as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(POLL_S)
    raise BenchmarkFailed(f"the bot was not ready within {START_LIMIT_S:.0f} s; its log is {log}")


async def until(what: str, look: Callable[[], Awaitable[bool]], limit_s: float, every_s: float = 0.25) -> None:
    """Wait until `look` says yes."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        if await look():
            return
        await asyncio.sleep(every_s)
    raise BenchmarkFailed(f"waited longer than {limit_s:.0f} s for {what}")


async def _stopped(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), STOP_LIMIT_S)
    except TimeoutError:
        process.kill()
        await process.wait()
