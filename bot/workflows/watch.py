"""The watch: the catalogue's thresholds checked against Prometheus on a schedule, raising alerts through the intake.

Off unless a setting asks for it: where Prometheus evaluates rules of its own, it would say everything twice. One
replica watches at a time, under a lease that it renews before it stores anything. A round keeps nothing in memory that
matters: whether a value was past its bound long enough is asked of Prometheus each time, so another replica goes on at
once.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog

from bot.workflows.ports import Deps
from incidents.alert import Alert
from incidents.catalogue import ModelSpec
from incidents.errors import AgentOpsError
from incidents.signal_rules import SignalRule, rules_of
from incidents.watching import Look, Seen, SeriesLook, Standing, seen
from tools.errors import UpstreamError
from tools.incident_store.writer.intake import Reading
from tools.prometheus.client import PrometheusClient

log = structlog.get_logger(__name__)

LEASE = "watch"
SAMPLES = 20
"""How many times a signal is looked at in the time that it has to be past its bound."""
SHORTEST = timedelta(seconds=1)


class Watch:
    """Looks at every signal of every model once an interval."""

    def __init__(self, deps: Deps, interval: timedelta) -> None:
        """`interval`: from the begin of a round to the begin of the next."""
        self._deps = deps
        self._interval = interval
        self._due = deps.clock()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.step()
            except AgentOpsError as error:
                log.warning("watch.round_failed", error=str(error))
            except Exception:
                # A process edge: the next round is another try.
                log.exception("watch.round_broken")
            pause = min(self._deps.pace.heartbeat, self._interval)
            await asyncio.sleep(pause.total_seconds())

    async def step(self) -> bool:
        """A round, where one is due and the lease is ours; says whether there was one."""
        deps = self._deps
        fence = await self._hold()
        now = deps.clock()
        if fence is None or now < self._due:
            return False
        self._due = now + self._interval
        return await self._round(fence, now)

    async def _hold(self) -> int | None:
        deps = self._deps
        return await asyncio.to_thread(deps.writer.leases.take, LEASE, deps.owner, deps.clock(), deps.pace.alive)

    async def _round(self, fence: int, now: datetime) -> bool:
        deps = self._deps
        counted: Counter[Standing] = Counter()
        unknown: dict[str, list[str]] = {}
        stored = 0
        for model in deps.catalogue.models.values():
            found = await look_at(deps.prometheus, model, now, deps.pace.speed)
            # Held still? A replica that was paused meanwhile must not say what was true before.
            if await self._hold() != fence:
                log.warning("watch.lease_lost", model=model.name)
                return False
            firing = [alert for one in found.values() for alert in one.firing]
            inside = [alert for one in found.values() for alert in one.inside]
            stored += await self._store(firing, inside)
            counted.update(standing for one in found.values() for standing in one.standings)
            blind = [name for name, one in found.items() if Standing.UNKNOWN in one.standings]
            if blind:
                unknown[model.name] = blind
        for standing in Standing:
            deps.metrics.watch_series.labels(standing.value).set(counted[standing])
        deps.metrics.watch_looked_at.set(now.timestamp())
        if unknown:
            log.warning("watch.no_data", signals=unknown)
        log.info("watch.looked", stored=stored, **{standing.value: counted[standing] for standing in Standing})
        return True

    async def _store(self, firing: list[Alert], inside: list[Alert]) -> int:
        deps = self._deps
        reading = Reading(tuple(firing), tuple(inside))
        (stored,) = await asyncio.to_thread(deps.writer.intake.store_all, [reading], deps.clock())
        if stored:
            deps.metrics.alerts_stored.inc(stored)
            deps.wake_dispatcher()
        return stored


async def look_at(prometheus: PrometheusClient, model: ModelSpec, now: datetime, speed: float) -> Mapping[str, Seen]:
    """One look at every signal of a model, by the signal's name. What cannot be read is unknown, and said to be.

    `speed`: how much faster than real time the world runs.
    """
    by_signal: dict[str, list[SignalRule]] = {}
    for rule in rules_of(model):
        by_signal.setdefault(rule.signal, []).append(rule)
    found = await asyncio.gather(*(_look(prometheus, rules, now, speed) for rules in by_signal.values()))
    return dict(zip(by_signal, found, strict=True))


async def _look(prometheus: PrometheusClient, rules: list[SignalRule], now: datetime, speed: float) -> Seen:
    holds = {rule.severity.value: max(rule.threshold.hold / speed, SHORTEST) for rule in rules}
    since = now - max(holds.values())
    step = max((now - since) / SAMPLES, SHORTEST)
    try:
        series = await prometheus.query_range(rules[0].threshold.expression, since, now, step)
    except UpstreamError as error:
        log.warning("watch.unreadable", model=rules[0].model, signal=rules[0].signal, error=str(error))
        series = []
    looked = Look(since, now, step, [SeriesLook(one.labels, one.samples) for one in series])
    return seen(rules, looked, hold_of=holds)
