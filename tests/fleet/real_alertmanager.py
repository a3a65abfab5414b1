"""Debian's Alertmanager with the shipped configuration, and a Prometheus's part played towards it.

The configuration's intervals are divided by a speed, else it is as shipped. What fires is sent again and again with an
end in the near future, and what is over with its end, as Prometheus does both.
"""

import asyncio
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

from bot.processes import free_port
from sandbox.world.configs import write_alertmanager, write_scaled
from sandbox.world.real import ALERTMANAGER_NAMES
from sandbox.world.scaling import Scale
from tests.benchmarks.catalogue import MANIFESTS
from tests.fleet.alerts import FiredAlert
from tests.fleet.replica import FleetFailed

Json = dict[str, Any]
RESEND_S = 1.0
ENDS_AFTER = 4
"""Prometheus says that an alert ends four of its intervals from now, so that it ends should Prometheus go away."""
READY_LIMIT_S = 30.0


@dataclass
class RealAlertmanager:
    """The server, and what Prometheus says to it. Alerts go by their instance: fingerprints are Alertmanager's own."""

    url: str
    http: aiohttp.ClientSession
    alerts: dict[str, FiredAlert] = field(default_factory=dict[str, FiredAlert])

    def put(self, *alerts: FiredAlert) -> None:
        """These fire, or are over, from now on; a later episode takes the place of the one before."""
        self.alerts.update({alert.instance: alert for alert in alerts})

    async def firing(self) -> set[str]:
        """Those that fire, as Alertmanager sees it."""
        async with self.http.get(f"{self.url}/api/v2/alerts?active=true&silenced=false&inhibited=false") as response:
            found: list[Json] = await response.json()
        return {one["labels"]["instance"] for one in found}

    async def notifications(self, *, failed: bool = False) -> int:
        """How many were sent over the webhook, or failed, since it started."""
        name = "alertmanager_notifications_failed_total" if failed else "alertmanager_notifications_total"
        async with self.http.get(f"{self.url}/metrics") as response:
            lines = (await response.text()).splitlines()
        return sum(int(float(line.split()[-1])) for line in lines if line.startswith(f'{name}{{integration="webhook"'))

    async def tell(self) -> None:
        """Once, everything, as Prometheus does at each resend."""
        ends = datetime.now(UTC) + timedelta(seconds=ENDS_AFTER * RESEND_S)
        told = [
            {
                "labels": alert.labels,
                "annotations": alert.as_json()["annotations"],
                "startsAt": alert.starts_at.isoformat(),
                "endsAt": (alert.ends_at or ends).isoformat(),
                "generatorURL": "http://prometheus.example:9090/graph",
            }
            for alert in self.alerts.values()
        ]
        async with self.http.post(f"{self.url}/api/v2/alerts", json=told) as response:
            if response.status != 200:
                raise FleetFailed(f"Alertmanager refused alerts: {response.status} {await response.text()}")

    async def keep_telling(self) -> None:
        """Until cancelled."""
        while True:
            if self.alerts:
                with suppress(aiohttp.ClientError, TimeoutError):
                    await self.tell()
            await asyncio.sleep(RESEND_S)


@asynccontextmanager
async def real_alertmanager(
    folder: Path, speed: float, webhook_url: str, token: str
) -> AsyncGenerator[RealAlertmanager]:
    """Start it, configured as shipped but for the receiver's address and its intervals; stop it at the end."""
    program = next((path for name in ALERTMANAGER_NAMES if (path := shutil.which(name))), None)
    if program is None:
        raise FleetFailed("prometheus-alertmanager is not installed")
    config = await asyncio.to_thread(_config, folder, speed, webhook_url, token)
    address = f"127.0.0.1:{free_port()}"
    with (folder / "alertmanager.log").open("ab") as sink:
        process = await asyncio.create_subprocess_exec(
            program,
            f"--config.file={config}",
            f"--storage.path={folder / 'alertmanager'}",
            f"--web.listen-address={address}",
            "--cluster.listen-address=",
            "--log.level=debug",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
        )
    telling: asyncio.Task[None] | None = None
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as http:
            server = RealAlertmanager(f"http://{address}", http)
            await _ready(server, process)
            telling = asyncio.create_task(server.keep_telling(), name="prometheus")
            yield server
    finally:
        if telling is not None:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


def _config(folder: Path, speed: float, webhook_url: str, token: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return write_alertmanager(write_scaled(MANIFESTS, folder, Scale(speed)), webhook_url, token)


async def _ready(server: RealAlertmanager, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(READY_LIMIT_S):
        while True:
            if process.returncode is not None:
                raise FleetFailed(f"Alertmanager stopped at its start (exit {process.returncode})")
            with suppress(aiohttp.ClientError):
                async with server.http.get(f"{server.url}/-/ready") as response:
                    if response.status == 200:
                        return
            await asyncio.sleep(0.05)
