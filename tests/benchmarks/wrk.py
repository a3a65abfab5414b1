"""Load by wrk: an HTTP client in C, so that what is measured is the bot and not the client."""

import asyncio
import json
import os
import secrets
import shutil
from pathlib import Path

from pydantic import BaseModel

from tests.benchmarks.processes import BenchmarkFailed

SCRIPT = Path(__file__).with_name("intake.lua")
CONNECTIONS = 8
"""As the peer's figure was taken."""
GRACE_S = 30.0


class Load(BaseModel):
    """What one run of wrk found: requests that were answered, and what became of the rest."""

    requests: int
    refused: int
    lost: int
    seconds: float
    slowest_us: int
    quantiles_us: list[int]
    """A thousand, in equal steps, from the fastest."""

    @property
    def rate(self) -> float:
        """Answers with 2xx a second."""
        return (self.requests - self.refused) / self.seconds

    @property
    def latencies_ms(self) -> list[float]:
        """As many as there are quantiles, each for an equal share of the requests, and the slowest."""
        return [micro / 1000 for micro in (*self.quantiles_us, self.slowest_us)]


def wrk_path() -> str:
    """Where wrk is; raises `BenchmarkFailed` with what to install."""
    found = shutil.which("wrk")
    if found is None:
        raise BenchmarkFailed("wrk makes the load and is not here: apt-get install wrk (Debian's package `wrk`)")
    return found


async def put_load_on(url: str, token: str, *, group: int, seconds: int, models: int) -> Load:
    """Post new alerts over `CONNECTIONS` connections, `group` in each request, as fast as they are answered."""
    command = [wrk_path(), "--threads", "1", "--connections", str(CONNECTIONS), "--duration", f"{seconds}s"]
    command += ["--timeout", "30s", "--script", str(SCRIPT), "--header", f"Authorization: Bearer {token}"]
    command += ["--header", "Content-Type: application/json", f"{url}/webhooks/alertmanager"]
    told = {"GROUP": str(group), "RUN": secrets.token_hex(4), "MODELS": str(models)}
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **{f"AGENTOPS_BENCH_{name}": value for name, value in told.items()}},
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), seconds + GRACE_S)
    except TimeoutError as error:
        process.kill()
        await process.wait()
        raise BenchmarkFailed("wrk did not come to its end") from error
    if process.returncode:
        raise BenchmarkFailed(f"wrk failed: {(err or out).decode(errors='replace').strip()[:300]}")
    return Load.model_validate(json.loads(out.decode().rstrip().rpartition("\n")[2]))
