"""A storm: very many distinct alerts of a whole fleet in half a minute, and the one that matters most comes last.

Measured is what the night asks for: is anything lost or doubled, how much does a channel have to bear, how soon do
people hear of the one critical incident of the tier-1 model, and how much memory does the bot need meanwhile.
"""

import asyncio
import time
from dataclasses import asdict, dataclass
from typing import Any

from tests.fleet.account import Account
from tests.fleet.alertmanager import AlertSender
from tests.fleet.alerts import FiredAlert, now, outage
from tests.fleet.replica import FleetFailed
from tests.fleet.rig import Fleet
from tests.fleet.spec import FleetSpec

BROKEN_EVERY = 4
"""Of so many models one serves a bad version, so that the storm has changes to make; the others' alerts have no cause
that can be found."""


@dataclass(frozen=True)
class StormPlan:
    """How many alerts, over how many seconds, and how long everything may take to settle."""

    alerts: int = 10_000
    seconds: float = 30.0
    settle_s: float = 1_200.0


@dataclass
class StormResult:
    """What a storm showed. Seconds and megabytes."""

    plan: StormPlan
    sent_s: float
    """From the first alert to the last one taken."""
    deliveries: int
    refused: int
    """Deliveries that were not answered with 2xx."""
    answer_p99_s: float
    first_post_s: float
    """Of the tier-1 model's incident: from the first byte of its webhook to its first post's arrival at Slack."""
    settled_s: float
    investigations_queued_most: int
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
        """Plain JSON."""
        return {**asdict(self), "plan": asdict(self.plan), "account": self.account.as_json()}


def in_a_storm(spec: FleetSpec) -> dict[str, str]:
    """Settings under which a storm is measured and not the budgets: room for every model's investigation."""
    return {
        "AGENTOPS_INVESTIGATIONS_AT_ONCE": "20",
        "AGENTOPS_INVESTIGATIONS_PER_HOUR": str(5 * spec.models),
        "AGENTOPS_LLM_COST_PER_HOUR_USD": "1000",
    }


async def storm(fleet: Fleet, sender: AlertSender, plan: StormPlan) -> StormResult:
    """Play it; bots run already."""
    spec = fleet.spec
    before = await fleet.llm_calls()
    waves = _waves(fleet, plan)
    await fleet.break_models([model for number, model in enumerate(spec.names) if number % BROKEN_EVERY == 0])
    watch = _Queue(fleet)
    watching = asyncio.create_task(watch.run(), name="queue")
    began, sent_s, unfinished = time.monotonic(), float("inf"), ""
    try:
        for number, wave in enumerate(waves):
            await _until(began + plan.seconds * number / len(waves))
            sender.put(*wave)
        (last,) = outage(spec.tier_1, 1, severity="critical", since=now())
        await _until(began + plan.seconds)
        sender.put(last)
        await fleet.until("every alert to be taken", _taken(sender), plan.settle_s)
        sent_s = time.monotonic() - began
        await fleet.settled(sender, plan.settle_s)
    except FleetFailed as error:
        unfinished = str(error)
    finally:
        settled_s = time.monotonic() - began
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    took = sorted(one.took_s for one in sender.deliveries if one.status)
    return StormResult(
        plan=plan,
        sent_s=sent_s,
        deliveries=len(sender.deliveries),
        refused=sum(not 200 <= one.status < 300 for one in sender.deliveries),
        answer_p99_s=took[int(0.99 * (len(took) - 1))],
        first_post_s=await first_post(fleet, sender, spec.tier_1),
        settled_s=settled_s,
        investigations_queued_most=watch.most,
        llm_calls=await fleet.llm_calls() - before,
        peak_mb={name: one.peak_mb for name, one in fleet.replicas.items()},
        account=await fleet.account(sender),
        unfinished=unfinished,
    )


async def first_post(fleet: Fleet, sender: AlertSender, model: str) -> float:
    """From the first byte of a model's first webhook to the arrival of its incident's first post; endless when none."""
    sent = min(one.at for one in sender.deliveries if one.group == model)
    incidents = {one.id for one in await fleet.rows.incidents() if one.model == model}
    roots = [one for one in await fleet.rows.messages() if one.kind == "root" and one.incident_id in incidents]
    posted = [float(one.ts) for one in roots if one.ts is not None]
    return min(posted) - sent if posted else float("inf")


def _waves(fleet: Fleet, plan: StormPlan) -> list[list[FiredAlert]]:
    """All but the last alert, in the order in which they begin to fire: each model's come one after the other."""
    models = fleet.spec.names[:-1]
    each = -(-(plan.alerts - 1) // len(models))
    begun = now()
    by_model = [outage(model, each, since=begun) for model in models]
    ordered = [alert for same_place in zip(*by_model, strict=True) for alert in same_place][: plan.alerts - 1]
    size = len(models)
    return [ordered[first : first + size] for first in range(0, len(ordered), size)]


def _taken(sender: AlertSender) -> Any:
    async def taken() -> bool:
        return sender.all_taken

    return taken


async def _until(moment: float) -> None:
    """Wait for a moment of the plan."""
    await asyncio.sleep(max(0.0, moment - time.monotonic()))


class _Queue:
    """How many investigations waited at most."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self.most = 0

    async def run(self) -> None:
        while True:
            self.most = max(self.most, (await self._fleet.rows.investigations())["queued"])
            await asyncio.sleep(1.0)
