"""Kills the bots of a fleet at random instants, and starts them again at once.

Every choice comes from one seed. What cannot be repeated is the machine's own timing; the kinds of instants and the
waits within them can.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

import structlog

from tests.fleet.alertmanager import AlertSender
from tests.fleet.replica import FleetFailed, Replica
from tests.fleet.rig import Fleet

log = structlog.get_logger(__name__)

Instant = Literal["start", "migration", "delivery", "change", "any"]
KINDS: tuple[Instant, ...] = ("start", "delivery", "delivery", "change", "change", "any", "any", "any")
"""How often each kind of instant is chosen: while the process starts; once it is ready with a delivery or a change
under way, or any."""

START_WINDOW_S = 3.0
"""A cold start takes about as long."""
DELIVERY_WINDOW_S = 0.02
"""A group commit takes a few milliseconds."""
MIGRATION_WINDOW_S = 0.4
CHANGE_WINDOW_S = 0.3
PATIENCE_S = 30.0
"""How long a kind of instant is waited for; when it does not come, the kill comes all the same. An investigation, which
begins anew in the next life of its process, has to come to its end before there is a change to interrupt."""
DELIVERY_PATIENCE_S = 6.0
READY_LIMIT_S = 120.0


@dataclass(frozen=True)
class Kill:
    """One of them. `wanted`: the kind of instant chosen; `met`: whether it came."""

    number: int
    replica: str
    wanted: Instant
    met: bool
    at: float
    after_start_s: float


@dataclass
class Reaper:
    """Kills and starts again.

    Attributes:
        names: of the replicas; one is chosen for each kill.
        life_s: how long it may work at most before it is killed, or before the instant is waited for.
    """

    fleet: Fleet
    sender: AlertSender
    names: list[str]
    seed: int
    life_s: float
    kills: list[Kill] = field(default_factory=list[Kill])
    _migrates_after_s: float | None = None

    def __post_init__(self) -> None:
        """Begin the sequence of the seed."""
        self._random = random.Random(self.seed)  # noqa: S311 - which instant, not which secret

    async def first_starts(self, count: int) -> None:
        """Kill the first replica as often in its first starts on an empty database, around the making of the tables."""
        for _ in range(count):
            await self._one(self.fleet.replica(self.names[0]), "migration")

    async def run(self, count: int, before: Callable[[int], Awaitable[None]]) -> None:
        """Kill so many times. `before` is awaited before each, with its number: there the storm goes on."""
        await self._begin_all()
        for number in range(count):
            await before(number)
            await self._one(self.fleet.replica(self._random.choice(self.names)), self._random.choice(KINDS))
        await self.all_run()

    async def all_run(self) -> None:
        """Start what does not run, and wait until every replica is ready."""
        await self._begin_all()
        await asyncio.gather(*(self.fleet.replica(name).ready(READY_LIMIT_S) for name in self.names))

    async def _begin_all(self) -> None:
        for name in self.names:
            replica = self.fleet.replica(name)
            if not replica.alive:
                await replica.begin()

    def counted(self) -> dict[str, str]:
        """Of each kind how many, and at how many of them the instant was met."""
        wanted = Counter(kill.wanted for kill in self.kills)
        met = Counter(kill.wanted for kill in self.kills if kill.met)
        return {kind: f"{met[kind]} of {count} met" for kind, count in sorted(wanted.items())}

    async def _one(self, replica: Replica, kind: Instant) -> None:
        if kind in {"start", "migration"} and replica.alive:
            # A start has to begin: the one that runs is killed first, without being counted.
            await replica.kill()
        if not replica.alive:
            await replica.begin()
        began = time.monotonic()
        met = await self._instant(replica, kind)
        if not replica.alive:
            raise FleetFailed(f"{replica.name} ended by itself; its log is {replica.log}")
        await replica.kill()
        kill = Kill(len(self.kills) + 1, replica.name, kind, met, time.time(), time.monotonic() - began)
        self.kills.append(kill)
        log.info("killed", number=kill.number, replica=kill.replica, wanted=kind, met=met)
        await replica.begin()

    async def _instant(self, replica: Replica, kind: Instant) -> bool:
        """Wait for an instant of this kind; whether it came."""
        match kind:
            case "start":
                await asyncio.sleep(self._random.uniform(0, START_WINDOW_S))
                return True
            case "migration":
                return await self._migrating()
            case "any":
                await self._some_work(replica)
                return True
            case "delivery":
                await replica.ready(READY_LIMIT_S)
                met = await self._came(self._delivering, DELIVERY_PATIENCE_S)
                await asyncio.sleep(self._random.uniform(0, DELIVERY_WINDOW_S))
                return met
            case "change":
                await self._some_work(replica)
                met = await self._came(self._changing)
                await asyncio.sleep(self._random.uniform(0, CHANGE_WINDOW_S))
                return met

    async def _some_work(self, replica: Replica) -> None:
        """Let it work for a while: a bot that dies whenever it is ready proves only that it starts."""
        await replica.ready(READY_LIMIT_S)
        await asyncio.sleep(self._random.uniform(0, self.life_s))

    async def _migrating(self) -> bool:
        """Around the making of the tables: when the first start came to it is known from then on for the others."""
        chance, began = self._random.uniform(0, MIGRATION_WINDOW_S), time.monotonic()
        if self._migrates_after_s is not None:
            await asyncio.sleep(self._migrates_after_s - MIGRATION_WINDOW_S / 2 + chance)
            return True
        met = await self._came(self._database_is_there, READY_LIMIT_S)
        self._migrates_after_s = time.monotonic() - began
        await asyncio.sleep(chance)
        return met

    async def _came(self, holds: Callable[[], Awaitable[bool]], patience_s: float = PATIENCE_S) -> bool:
        deadline = time.monotonic() + patience_s
        while not await holds():
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(0)
        return True

    async def _delivering(self) -> bool:
        await asyncio.sleep(0.001)
        return self.sender.in_flight > 0

    async def _changing(self) -> bool:
        await asyncio.sleep(0.02)
        return any(one.intent_at is not None or one.sent_at is None for one in await self.fleet.rows.in_flight())

    async def _database_is_there(self) -> bool:
        await asyncio.sleep(0.01)
        return await self.fleet.rows.is_there()
