"""The soak: a storm, and bots that are killed at random instants while it goes on.

At the end, when everything has settled, three books are compared (see `account`): nothing that was acknowledged is
lost, nothing is done twice, every thread stands whole and in order, and every audit chain verifies.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fleet.account import Account
from tests.fleet.alertmanager import AlertSender
from tests.fleet.alerts import FiredAlert, now, outage
from tests.fleet.reaper import Kill, Reaper
from tests.fleet.replica import FleetFailed
from tests.fleet.rig import Fleet, fleet_in
from tests.fleet.spec import FleetSpec
from tests.fleet.storm import BROKEN_EVERY, in_a_storm

AT_ONCE = {"AGENTOPS_INVESTIGATIONS_AT_ONCE": "6"}
"""Few enough that some come to an end between two kills."""


@dataclass(frozen=True)
class SoakPlan:
    """How often is killed, and what goes on meanwhile.

    Attributes:
        kills: at random instants; `first` more around the making of the tables of an empty database.
        seed: of every choice.
        models, alerts: the storm's, spread over the kills.
        replicas: how many; more than one only on PostgreSQL.
        speed: how much faster than life SageMaker, windows and rules are.
        life_s: how long a bot may work at most before the next kill.
        settle_s: how long everything may take to settle in the end; Slack takes 50 updates a minute.
    """

    kills: int = 100
    first: int = 5
    seed: int = 1
    models: int = 200
    alerts: int = 10_000
    replicas: int = 1
    speed: float = 60.0
    life_s: float = 8.0
    settle_s: float = 2_400.0

    @property
    def names(self) -> list[str]:
        """Of the replicas."""
        return [f"bot-{number}" for number in range(self.replicas)]


@dataclass
class SoakResult:
    """What came of it."""

    plan: SoakPlan
    kills: list[Kill]
    by_kind: dict[str, str]
    took_s: float
    settled_s: float
    """From the last kill until nothing was left to do."""
    deliveries: int
    refused: int
    llm_calls: int
    peak_mb: dict[str, float]
    account: Account
    unfinished: str
    """What was left to do at the end of the patience; empty when nothing was."""

    @property
    def faults(self) -> list[str]:
        """What must not be, one line each."""
        return [*([self.unfinished] if self.unfinished else []), *self.account.faults]

    def as_json(self) -> dict[str, Any]:
        """Plain JSON; of the kills only how many of which kind."""
        whole = {name: value for name, value in vars(self).items() if name != "kills"}
        return {**whole, "plan": vars(self.plan), "kills": len(self.kills), "account": self.account.as_json()}


async def soak(
    folder: Path, plan: SoakPlan, *, database_url: str = "", settings: Mapping[str, str] | None = None
) -> SoakResult:
    """Play it on a database of its own: SQLite in `folder`, or an empty PostgreSQL database."""
    spec = FleetSpec(models=plan.models, channels=max(2, plan.models // 10), speed=plan.speed)
    began = time.monotonic()
    async with fleet_in(
        folder, spec, database_url=database_url, settings={**in_a_storm(spec), **AT_ONCE, **(settings or {})}
    ) as fleet:
        async with fleet.sender(seed=plan.seed) as sender, fleet.people():
            reaper = Reaper(fleet, sender, plan.names, plan.seed, plan.life_s)
            await reaper.first_starts(plan.first)

            async def storm_goes_on(number: int) -> None:
                await _put(fleet, sender, _wave(spec, plan, number))

            await reaper.run(plan.kills, storm_goes_on)
            last, unfinished = time.monotonic(), ""
            try:
                await fleet.settled(sender, plan.settle_s)
                sender.put(*(alert.resolved(now()) for alert in sender.known))
                await fleet.settled(sender, plan.settle_s)
            except FleetFailed as error:
                unfinished = str(error)
            return SoakResult(
                plan=plan,
                kills=reaper.kills,
                by_kind=reaper.counted(),
                took_s=time.monotonic() - began,
                settled_s=time.monotonic() - last,
                deliveries=len(sender.deliveries),
                refused=sum(not 200 <= one.status < 300 for one in sender.deliveries),
                llm_calls=await fleet.llm_calls(),
                peak_mb={name: one.peak_mb for name, one in fleet.replicas.items()},
                account=await fleet.account(sender),
                unfinished=unfinished,
            )


def _wave(spec: FleetSpec, plan: SoakPlan, number: int) -> list[FiredAlert]:
    """Those that begin before one of the kills: one model's after the other's, as many each time."""
    each, parts = -(-plan.alerts // plan.models), max(1, plan.kills)
    places = range(number * plan.alerts // parts, (number + 1) * plan.alerts // parts)
    begun = {place // each: outage(spec.names[place // each], each, severity="critical") for place in places}
    return [begun[place // each][place % each] for place in places]


async def _put(fleet: Fleet, sender: AlertSender, wave: list[FiredAlert]) -> None:
    models = list(dict.fromkeys(alert.model for alert in wave))
    await fleet.break_models([one for one in models if fleet.spec.names.index(one) % BROKEN_EVERY != 1])
    sender.put(*wave)
