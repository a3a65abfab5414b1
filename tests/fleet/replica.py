"""One process of the bot in a fleet: started as in production, and killed, frozen and started again at will."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

START_LIMIT_S = 90.0
STOP_LIMIT_S = 30.0
POLL_S = 0.02


class FleetFailed(Exception):
    """The fleet is not as it should be; the message is fit to show."""


@dataclass
class Replica:
    """A bot with a name, a port and a data folder that stay the same over its lives.

    Attributes:
        name: its executor id.
        environment: of its process.
        lives: how often it was started.
    """

    name: str
    port: int
    folder: Path
    environment: Mapping[str, str]
    process: asyncio.subprocess.Process | None = None
    lives: int = 0
    _peak_mb: list[float] = field(default_factory=list[float])

    @property
    def url(self) -> str:
        """Of its HTTP server."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What all its lives logged."""
        return self.folder / "bot.log"

    @property
    def alive(self) -> bool:
        """Whether its process runs (a frozen one does)."""
        return self.process is not None and self.process.returncode is None

    async def begin(self) -> None:
        """Start the process and do not wait for it."""
        if self.alive:
            raise FleetFailed(f"{self.name} runs already")
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as sink:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", "serve", stdout=sink, stderr=sink, env=dict(self.environment)
            )
        self.lives += 1

    async def ready(self, limit_s: float = START_LIMIT_S) -> float:
        """Wait until it is ready for alerts; how long that took. Raises `FleetFailed` when it ends or does not come."""
        began = time.monotonic()
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
            while time.monotonic() < began + limit_s:
                if not self.alive:
                    raise FleetFailed(f"{self.name} stopped at its start; its log is {self.log}")
                try:
                    async with session.get(f"{self.url}/readyz") as response:
                        if response.status == 200:
                            return time.monotonic() - began
                except (aiohttp.ClientError, OSError, TimeoutError):
                    pass
                await asyncio.sleep(POLL_S)
        raise FleetFailed(f"{self.name} was not ready within {limit_s:.0f} s; its log is {self.log}")

    async def start(self) -> None:
        """Start it and wait until it is ready."""
        await self.begin()
        await self.ready()

    async def kill(self) -> None:
        """SIGKILL, as the kernel would; back when the process is gone."""
        if self.process is not None and self.alive:
            self._note_peak()
            self.process.send_signal(signal.SIGKILL)
            await self.process.wait()

    async def stop(self) -> float:
        """SIGTERM, as a deployment would; how long it took. Killed, and `FleetFailed`, past the limit."""
        if self.process is None or not self.alive:
            return 0.0
        self._note_peak()
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self.process.wait(), STOP_LIMIT_S)
        except TimeoutError as error:
            await self.kill()
            raise FleetFailed(f"{self.name} did not stop within {STOP_LIMIT_S:.0f} s; its log is {self.log}") from error
        return time.monotonic() - began

    def freeze(self) -> None:
        """SIGSTOP."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self.process is None or not self.alive:
            raise FleetFailed(f"{self.name} does not run")
        self.process.send_signal(number)

    @property
    def peak_mb(self) -> float:
        """The most resident memory that any of its lives ever had."""
        self._note_peak()
        return max(self._peak_mb, default=0.0)

    def cpu_seconds(self) -> float:
        """Processor time of this life so far."""
        if self.process is None or not self.alive:
            return 0.0
        fields = Path(f"/proc/{self.process.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _note_peak(self) -> None:
        if self.process is None or not self.alive:
            return
        for line in Path(f"/proc/{self.process.pid}/status").read_text("utf-8").splitlines():
            if line.startswith("VmHWM"):
                self._peak_mb.append(int(line.split()[1]) * 1024 / 1_000_000)
