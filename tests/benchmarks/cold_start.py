"""How long the bot alone takes from the start of its process to ready."""

import time

from tests.benchmarks.figures import Figure, Target, figure
from tests.benchmarks.processes import Stage, bot, compiled, until


async def cold_start(on: Stage, count: int) -> list[Figure]:
    """First with nothing compiled, then as every later start: new data each time, and with the data of a run before."""
    uncompiled = await compiled(on)
    new: list[float] = []
    listening: list[float] = []
    for number in range(count):
        began = time.time()
        async with bot(on, f"start-{number}") as running:
            new.append(running.started_in_s)
            listening.append(await _connected(on, began))
    again: list[float] = []
    for _ in range(count):
        async with bot(on, "start-0") as running:
            again.append(running.started_in_s)
    return [
        figure(
            "cold start to ready",
            "s",
            new,
            "from spawning `agentops serve` with an empty data folder to the first 200 of /readyz, modules compiled",
            Target(2.9),
        ),
        figure("restart to ready", "s", again, "the same with the data folder of an earlier run", Target(2.9)),
        figure("first start to ready", "s", [uncompiled], "the same once, with no module compiled yet"),
        figure(
            "cold start to Slack connected", "s", listening, "from spawning to the socket's opening being asked for"
        ),
    ]


async def _connected(on: Stage, began: float) -> float:
    found: list[float] = []

    async def look() -> bool:
        answer = await on.ask("GET", f"slack/calls?method=apps.connections.open&since={began}")
        found.extend(call["at"] for call in answer["calls"])
        return bool(found)

    await until("Slack to be connected", look, 30, 0.02)
    return found[0] - began
