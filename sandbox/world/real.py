"""A real Prometheus and a real Alertmanager for the world, when they are on the PATH.

Both listen on free loopback ports, keep their data in the folder of this run, and end with the sandbox.
"""

import asyncio
import contextlib
import logging
import os
import shutil
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from sandbox.world import leash
from sandbox.world.configs import ScaledManifests, write_alertmanager, write_prometheus
from sandbox.world.exposition import HELP, line
from sandbox.world.scaling import Scale
from sandbox.world.tsdb import NAME, TimeSeriesDatabase

logger = logging.getLogger(__name__)

READY_SECONDS = 30.0
STOP_SECONDS = 5.0
ALERTMANAGER_NAMES = ("alertmanager", "prometheus-alertmanager")


class RealMonitoringError(Exception):
    """Prometheus or Alertmanager is missing or does not start."""


@dataclass(frozen=True, slots=True)
class Programs:
    """Paths of the three programs."""

    prometheus: str
    promtool: str
    alertmanager: str


def find_programs() -> Programs | None:
    """The programs on the PATH, or None when one is missing."""
    prometheus, promtool = shutil.which("prometheus"), shutil.which("promtool")
    alertmanager = next((path for name in ALERTMANAGER_NAMES if (path := shutil.which(name))), None)
    if prometheus is None or promtool is None or alertmanager is None:
        return None
    return Programs(prometheus, promtool, alertmanager)


def openmetrics(database: TimeSeriesDatabase) -> str:
    """The database's history of scraped metrics in the OpenMetrics format, for `promtool tsdb create-blocks-from`."""
    blocks: list[str] = []
    for series in database.all_series():
        labels = dict(series.labels)
        name = labels.pop(NAME)
        if name == "ALERTS":
            continue
        head = line(name, labels.items(), 0.0).removesuffix("0.0")
        pairs = zip(series.times, series.values, strict=True)
        blocks += [f"{head}{value!r} {time / 1000:.3f}" for time, value in pairs if value is not None]
    types = [f"# TYPE {family} unknown" for family in HELP if HELP[family][0] == "gauge"]
    return "\n".join([*types, *blocks, "# EOF\n"])


class RealMonitoring:
    """Runs the two servers.

    Args:
        programs: What to run.
        scaled: Configs and the folder of this run.
        scale: For intervals.
        external_url: The sandbox's address of the query API, which links in alerts lead to.
    """

    def __init__(self, programs: Programs, scaled: ScaledManifests, scale: Scale, external_url: str) -> None:
        self.prometheus_url = ""
        self.alertmanager_url = ""
        self._programs = programs
        self._scaled = scaled
        self._scale = scale
        self._external_url = external_url
        self._processes: list[asyncio.subprocess.Process] = []

    async def seed(self, history: str) -> None:
        """Write history, so that charts have a before. Must come before `start`."""
        source = self._scaled.folder / "history.txt"
        await asyncio.to_thread(source.write_text, history)
        command = ("tsdb", "create-blocks-from", "openmetrics", "--quiet", str(source), str(self._data))
        process = await asyncio.create_subprocess_exec(
            self._programs.promtool,
            *command,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        _, errors = await process.communicate()
        await asyncio.to_thread(source.unlink)
        if process.returncode != 0:
            raise RealMonitoringError(f"promtool could not write the history: {errors.decode()[-500:]}")

    async def start(self, target: str, webhook_url: str, webhook_token: str) -> None:
        """Start both and wait until they are ready. Raises RealMonitoringError, with both stopped."""
        prometheus, alertmanager = _free_address(), _free_address()
        self.prometheus_url, self.alertmanager_url = f"http://{prometheus}", f"http://{alertmanager}"
        try:
            await self._start_alertmanager(alertmanager, webhook_url, webhook_token)
            await self._start_prometheus(prometheus, target, alertmanager)
            async with asyncio.timeout(READY_SECONDS), aiohttp.ClientSession() as session:
                await self._wait(session, f"{self.alertmanager_url}/-/ready")
                await self._wait(session, f"{self.prometheus_url}/-/ready")
        except TimeoutError:
            await self.stop()
            raise RealMonitoringError("Prometheus and Alertmanager were not ready in time") from None
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop both; kill what does not end in time."""
        for process in self._processes:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.terminate()
        for process in self._processes:
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()
        self._processes.clear()

    @property
    def pids(self) -> list[int]:
        """Process ids of what runs."""
        return [process.pid for process in self._processes]

    @property
    def _data(self) -> Path:
        return self._scaled.folder / "prometheus"

    async def _start_alertmanager(self, address: str, webhook_url: str, token: str) -> None:
        config = write_alertmanager(self._scaled, webhook_url, token)
        await self._spawn(
            "alertmanager",
            self._programs.alertmanager,
            f"--config.file={config}",
            f"--storage.path={self._scaled.folder / 'alertmanager'}",
            f"--web.listen-address={address}",
            f"--web.external-url={self.alertmanager_url}",
            "--cluster.listen-address=",
            "--log.level=warn",
        )

    async def _start_prometheus(self, address: str, target: str, alertmanager: str) -> None:
        config = write_prometheus(self._scaled, self._scale, target, alertmanager)
        await self._spawn(
            "prometheus",
            self._programs.prometheus,
            f"--config.file={config}",
            f"--storage.tsdb.path={self._data}",
            f"--web.listen-address={address}",
            f"--web.external-url={self._external_url}",
            "--web.route-prefix=/",
            "--log.level=warn",
        )

    async def _spawn(self, name: str, *command: str) -> None:
        log = await asyncio.to_thread((self._scaled.folder / f"{name}.log").open, "wb")
        with log:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-I",
                "-S",
                leash.__file__,
                str(os.getpid()),
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._processes.append(process)

    async def _wait(self, session: aiohttp.ClientSession, url: str) -> None:
        while True:
            if any(process.returncode is not None for process in self._processes):
                raise RealMonitoringError(f"a server ended early; its log is in {self._scaled.folder}")
            try:
                async with session.get(url) as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05)


def _free_address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"
