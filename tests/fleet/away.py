"""The bot stopped for a while, with a real Alertmanager that goes on: what fires and resolves meanwhile.

Each model is one case, named by what its alerts do before, while and after the bot is away.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from incidents.incident import LIVE_STATES
from tests.fleet.alerts import FiredAlert, now, outage
from tests.fleet.real_alertmanager import RealAlertmanager, real_alertmanager
from tests.fleet.replica import FleetFailed
from tests.fleet.rig import Fleet, fleet_in
from tests.fleet.spec import FleetSpec

EXPECTED: Mapping[str, tuple[set[int], tuple[list[str], ...]]] = {
    "stays": ({0}, (["live"],)),
    "ends": (set(), (["resolved"],)),
    "begins": ({0}, (["live"],)),
    # It was over before anybody could be told: Alertmanager tells its end, or nothing.
    "flickers": (set(), ([], ["resolved"])),
    "partly": ({1, 2}, (["live"],)),
    # Alertmanager tells neither its first end nor its second beginning; its second end is the end of all.
    "again": (set(), (["resolved"],)),
}
"""Of each case the alerts that fire in the end, by number, and the incidents there may be."""
CASES = tuple(EXPECTED)
LEARNT_LIMIT_S = 60.0


@dataclass(frozen=True)
class AwayPlan:
    """How long the bot is away, and how much faster than as shipped Alertmanager's intervals pass."""

    away_s: float = 180.0
    speed: float = 20.0
    """At 20: group_wait 1.5 s, group_interval 15 s, repeat_interval 12 min."""


@dataclass
class AwayResult:
    """What the bot knows in the end, and how long it took to learn it. Keys are cases."""

    firing: dict[str, set[int]]
    """Numbers of the alerts that fire, as the bot has them."""
    truth: dict[str, set[int]]
    """The same, as Alertmanager has them."""
    incidents: dict[str, list[str]]
    """States of a model's incidents, oldest first."""
    failed: int
    """Notifications that found nobody."""
    learnt_s: float
    """From the start of the process until it knew what Alertmanager knows."""

    @property
    def faults(self) -> list[str]:
        """What is not as it should be, one line each."""
        found = [] if self.failed else ["no notification failed: the bot was not away"]
        for case, (firing, allowed) in EXPECTED.items():
            if self.firing[case] != firing or self.truth[case] != firing:
                found.append(f"{case}: {self.firing[case]} fire for the bot, {self.truth[case]} for Alertmanager")
            states = ["live" if state in LIVE_STATES else "resolved" for state in self.incidents[case]]
            if states not in allowed:
                found.append(f"{case}: incidents {self.incidents[case]}")
        return found

    def as_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {"notifications_failed": self.failed, "learnt_s": self.learnt_s, "incidents": self.incidents}


async def away(folder: Path, plan: AwayPlan) -> AwayResult:
    """Play it."""
    spec = FleetSpec(models=len(CASES), channels=2, speed=240, llm_seconds=0.05)
    async with fleet_in(folder, spec) as fleet:
        (bot,) = await fleet.start("bot-0")
        url = f"{bot.url}/webhooks/alertmanager"
        async with real_alertmanager(folder / "alertmanager", plan.speed, url, fleet.webhook_token) as server:
            play = _Play(fleet, server)
            play.before()
            await fleet.until("the alerts of before to be known", play.known, LEARNT_LIMIT_S)
            await fleet.settled()
            failed = await server.notifications(failed=True)
            await bot.stop()
            gone = time.monotonic()
            play.first_half()
            await _wait_until(gone + plan.away_s / 2)
            play.second_half()
            await _wait_until(gone + plan.away_s)
            began = time.monotonic()
            await bot.start()
            interval_s = 300.0 / plan.speed
            await fleet.until("the bot to know it", play.known, LEARNT_LIMIT_S + 2 * interval_s)
            learnt_s = time.monotonic() - began
            play.after()
            await fleet.until("the end of what began again to be known", play.known, LEARNT_LIMIT_S + 2 * interval_s)
            await fleet.settled()
            return await play.result(await server.notifications(failed=True) - failed, learnt_s)


class _Play:
    """What happens to the alerts of each case."""

    def __init__(self, fleet: Fleet, server: RealAlertmanager) -> None:
        self._fleet, self._server = fleet, server
        self._model = dict(zip(CASES, fleet.spec.names, strict=True))
        self._began = now()
        self._number: dict[str, tuple[str, int]] = {}

    def before(self) -> None:
        self._fire("stays", 0)
        self._fire("ends", 0)
        self._fire("partly", 0, 1)
        self._fire("again", 0)

    def first_half(self) -> None:
        self._began = now()
        self._fire("begins", 0)
        self._fire("flickers", 0)
        self._fire("partly", 2)
        self._over("ends", 0)
        self._over("partly", 0)
        self._over("again", 0)

    def second_half(self) -> None:
        self._began = now()
        self._over("flickers", 0)
        self._fire("again", 0)

    def after(self) -> None:
        self._over("again", 0)

    async def known(self) -> bool:
        """Whether the bot knows what Alertmanager knows, and that is what was played."""
        told = {alert.instance for alert in self._server.alerts.values() if alert.ends_at is None}
        stored = {one.instance for one in await self._fleet.rows.alerts() if one.status == "firing"}
        return told == await self._server.firing() == stored

    async def result(self, failed: int, learnt_s: float) -> AwayResult:
        rows = await self._fleet.rows.alerts()
        incidents = await self._fleet.rows.incidents()
        return AwayResult(
            firing=self._by_case({one.instance for one in rows if one.status == "firing"}),
            truth=self._by_case(await self._server.firing()),
            incidents={
                case: [one.state for one in incidents if one.model == model] for case, model in self._model.items()
            },
            failed=failed,
            learnt_s=learnt_s,
        )

    def _by_case(self, instances: set[str]) -> dict[str, set[int]]:
        return {
            case: {number for one in instances for of, number in [self._number[one]] if of == case} for case in CASES
        }

    def _alerts(self, case: str, begun: datetime) -> list[FiredAlert]:
        alerts = outage(self._model[case], 3, severity="critical", since=begun)
        self._number |= {alert.instance: (case, number) for number, alert in enumerate(alerts)}
        return alerts

    def _fire(self, case: str, *numbers: int) -> None:
        alerts = self._alerts(case, self._began)
        self._server.put(*(alerts[number] for number in numbers))

    def _over(self, case: str, number: int) -> None:
        instance = self._alerts(case, self._began)[number].instance
        self._server.put(self._server.alerts[instance].resolved(now()))


async def _wait_until(moment: float) -> None:
    left = moment - time.monotonic()
    if left < 0:
        raise FleetFailed("the machine is too slow for this plan")
    await asyncio.sleep(left)
