"""A bot at work: its memory, the webhook, the first post, the slash command, and a thousand incidents."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import closing

import aiohttp

from tests.benchmarks.catalogue import Outage
from tests.benchmarks.figures import Figure, Target, figure
from tests.benchmarks.partners import channel_id
from tests.benchmarks.processes import BenchmarkFailed, RunningBot, Stage, bot, compiled, until

BATCH = 15
SPACING_S = 0.35
"""A batch is through before the first investigation begins (10 s after its alert): the bot is idle between posts."""
PERSONA = "UVIEWER"
ROUND_AT_ONCE = 8
INVESTIGATED_WITHIN_S = 600.0
POSTED_WITHIN_S = 900.0
MEMORY_MB = 486.0


async def serving(
    on: Stage,
    into: list[Figure],
    *,
    incidents: int,
    commands: int,
    many: int,
    settings: Mapping[str, str] | None = None,
) -> None:
    """All figures of one bot, in the order of its life; those found stay in `into` when a later one fails.

    `settings`: others than production's, for tests.
    """
    await compiled(on)
    async with bot(on, "serving", settings) as running, aiohttp.ClientSession(headers=running.headers) as alertmanager:
        await running.quiet()
        into.append(
            figure("memory, idle", "MB", [running.memory_mb()], "resident memory after warm-up", Target(MEMORY_MB))
        )
        work = _Work(on, running, alertmanager)
        into += await work.first_posts(incidents)
        await work.settled()
        into += await work.status(commands, "")
        if many:
            into += await work.long_run(many)
            into += await work.status(commands, f" after {many:,} incidents")


class _Work:
    """What is done to the bot."""

    def __init__(self, on: Stage, running: RunningBot, alertmanager: aiohttp.ClientSession) -> None:
        self._on = on
        self._bot = running
        self._alertmanager = alertmanager
        self._open: dict[str, Outage] = {}

    async def first_posts(self, count: int) -> list[Figure]:
        """Incidents of different models one after the other, while nothing else is going on."""
        if count > len(self._on.models):
            raise BenchmarkFailed(f"{count} incidents need as many models")
        stored: list[float] = []
        sent: dict[str, float] = {}
        begun = time.time()
        for batch in _batches(self._on.models[:count], BATCH):
            for model in batch:
                sent[model] = time.time()
                stored.append(await self._fire(model) * 1000)
                await asyncio.sleep(SPACING_S)
            await self.settled()
        arrived = await self._first_arrivals(begun)
        missing = sent.keys() - arrived.keys()
        if missing:
            raise BenchmarkFailed(f"no post for {', '.join(sorted(missing))}; the log is {self._bot.log}")
        posts = [(arrived[model] - at) * 1000 for model, at in sent.items()]
        return [
            figure("webhook to 2xx", "ms", stored, "one new alert, from the first byte sent to the answer, bot idle"),
            figure(
                "webhook to first post",
                "ms",
                posts,
                "from the first byte of the webhook to the arrival of chat.postMessage at Slack, bot idle",
                Target(100, of="p95"),
            ),
        ]

    async def status(self, count: int, when: str) -> list[Figure]:
        """`/agentops status`, each time in a channel without answers."""
        acked: list[float] = []
        answered: list[float] = []
        channels = [channel_id(model) for model in self._on.models]
        for number in range(count):
            channel = channels[number % len(channels)]
            before = await self._ephemerals(channel)
            begun = time.perf_counter()
            body = {"persona": PERSONA, "channel": channel, "text": "/agentops status"}
            answer = await self._on.ask("POST", "slack/commands", body)
            acked.append(float(answer["acked_ms"]))

            async def shown(channel: str = channel, before: int = before) -> bool:
                return await self._ephemerals(channel) > before

            await until("the answer to /agentops status", shown, 15, 0.005)
            answered.append((time.perf_counter() - begun) * 1000)
        return [
            figure(f"slash command to ack{when}", "ms", acked, "/agentops status: from Slack's sending to its ack"),
            figure(
                f"slash command to answer{when}",
                "ms",
                answered,
                f"/agentops status of {len(self._on.models)} models: from typing it to its answer shown",
                Target(1000, of="p95"),
            ),
        ]

    async def long_run(self, count: int) -> list[Figure]:
        """As many incidents, each opened, told, investigated and resolved, in rounds of one for each model."""
        await self._resolve_all()
        begun, used, done = time.perf_counter(), self._bot.cpu_seconds(), self._investigated()
        wanted = done + count
        while self._investigated() < wanted:
            models = self._on.models[: wanted - self._investigated()]
            await self._fire_all(models)
            target = min(wanted, self._investigated() + len(models))
            await until("investigations", self._have(target), INVESTIGATED_WITHIN_S)
            await self._resolve_all()
        took, used = time.perf_counter() - begun, self._bot.cpu_seconds() - used
        at_work = self._bot.memory_mb()
        await until("every message to be in Slack", self._all_posted, POSTED_WITHIN_S)
        await self._bot.quiet()
        return [
            figure(
                f"memory, after {count:,} incidents",
                "MB",
                [self._bot.memory_mb()],
                "resident memory after as many were opened, told, investigated (charts drawn) and resolved, idle again",
                Target(MEMORY_MB),
            ),
            figure("memory, at work", "MB", [at_work], "the same at the end of the work, before it is idle"),
            figure("memory, most ever", "MB", [self._bot.memory_mb("VmHWM")], "the most it ever was"),
            figure(
                "incidents a second, long run",
                "1/s",
                [count / took],
                f"{count:,} whole incidents with the offline rules, in rounds of one a model; each round's settling "
                "time of 10 s included",
            ),
            figure(
                "processor time of one incident",
                "ms",
                [used / count * 1000],
                "of the bot's process, everything included: intake, investigation, chart, ten messages, resolution",
            ),
        ]

    async def settled(self, limit_s: float = 300) -> None:
        """Wait until everything is investigated and told and the bot is idle."""

        async def told() -> bool:
            under_way = self._count("investigation", "state IN ('queued', 'running')")
            return not under_way and await self._all_posted()

        await until("every message to be sent", told, limit_s)
        await self._bot.quiet()

    async def _all_posted(self) -> bool:
        """Updates may still come: Slack takes less than one a second."""
        return self._count("message", "ts IS NULL AND NOT given_up") == 0

    async def _fire(self, model: str) -> float:
        self._open[model] = Outage.now(model)
        return await self._call(self._open[model].webhook())

    async def _fire_all(self, models: list[str]) -> None:
        for batch in _batches(models, ROUND_AT_ONCE):
            await asyncio.gather(*(self._fire(model) for model in batch))

    async def _resolve_all(self) -> None:
        for batch in _batches(list(self._open), ROUND_AT_ONCE):
            await asyncio.gather(*(self._call(self._open.pop(model).webhook(resolved=True)) for model in batch))

        async def resolved() -> bool:
            return self._count("incident", "state NOT IN ('resolved', 'closed')") == 0

        await until("every incident to be resolved", resolved, 60)

    async def _call(self, payload: dict[str, object]) -> float:
        body = json.dumps(payload).encode()
        begun = time.perf_counter()
        async with self._alertmanager.post(f"{self._bot.url}/webhooks/alertmanager", data=body) as response:
            await response.read()
            if response.status != 200:
                raise BenchmarkFailed(f"the webhook answered {response.status}")
        return time.perf_counter() - begun

    async def _first_arrivals(self, since: float) -> dict[str, float]:
        """Of each model's first message that stands in no thread."""
        answer = await self._on.ask("GET", f"slack/calls?method=chat.postMessage&since={since}")
        arrived: dict[str, float] = {}
        for call in answer["calls"]:
            model = str(call["args"]["channel"]).removeprefix("bench-")
            if "thread_ts" not in call["args"]:
                arrived.setdefault(model, float(call["at"]))
        return arrived

    async def _ephemerals(self, channel: str) -> int:
        answer = await self._on.ask("GET", f"slack/messages?channel={channel}&persona={PERSONA}")
        return sum(1 for message in answer["messages"] if message["ephemeral"])

    def _investigated(self) -> int:
        return self._count("investigation", "state = 'done'")

    def _have(self, wanted: int) -> Callable[[], Awaitable[bool]]:
        async def look() -> bool:
            return self._investigated() >= wanted

        return look

    def _count(self, table: str, where: str) -> int:
        """Rows of the bot's own database, which is read beside it."""
        with closing(sqlite3.connect(f"file:{self._bot.data_dir / 'agentops.sqlite'}?mode=ro", uri=True)) as database:
            return int(database.execute(f"SELECT count(*) FROM {table} WHERE {where}").fetchone()[0])  # noqa: S608 - our own words


def _batches(items: list[str], size: int) -> Iterator[list[str]]:
    for begin in range(0, len(items), size):
        yield items[begin : begin + size]
