"""The daily note: once a day each channel is told how its models stand, and why nothing is needed where nothing is.

What stands in it is gathered from Prometheus and from the incidents, and kept as a row; the message shows that row. One
replica gathers at a time; should two of them, the first row counts.
"""

import asyncio
from datetime import datetime, time, timedelta

import structlog

from bot.workflows.ports import Deps
from incidents.catalogue import ModelSpec, Signal
from incidents.daily_note import DailyNote, ModelDay, SignalDay, signal_day
from incidents.errors import AgentOpsError
from incidents.incident import Incident
from tools.errors import UpstreamError

log = structlog.get_logger(__name__)

LEASE = "daily-note"
LATE = timedelta(hours=1)
"""A bot that starts later than this after the hour tells nothing on that day."""
DAY = timedelta(hours=24)
STEPS = 288
"""Looks at a signal in the day: one in five minutes."""
SHORTEST_STEP = timedelta(seconds=1)


class DailyNotes:
    """Tells each channel of the catalogue once a day."""

    def __init__(self, deps: Deps, at: time) -> None:
        """`at`: of the day, in UTC."""
        self._deps = deps
        self._at = at

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.step()
            except AgentOpsError as error:
                log.warning("daily_note.failed", error=str(error))
            except Exception:
                # A process edge: the next look is another try.
                log.exception("daily_note.broken")
            await asyncio.sleep(self._deps.pace.heartbeat.total_seconds())

    async def step(self) -> int:
        """Tell the channels that are due and have not been told; how many were."""
        deps = self._deps
        now = deps.clock()
        due = datetime.combine(now.date(), self._at, now.tzinfo)
        if not due <= now < due + LATE:
            return 0
        day = now.date().isoformat()
        channels: dict[str, list[ModelSpec]] = {}
        for model in deps.catalogue.models.values():
            channels.setdefault(model.channel, []).append(model)
        untold = await asyncio.to_thread(deps.writer.daily_notes.untold, list(channels), day)
        if not untold or await self._hold() is None:
            return 0
        told = 0
        for channel in untold:
            told += await self._tell(channel, channels[channel], day)
        return told

    async def _hold(self) -> int | None:
        deps = self._deps
        return await asyncio.to_thread(deps.writer.leases.take, LEASE, deps.owner, deps.clock(), deps.pace.alive)

    async def _tell(self, channel: str, models: list[ModelSpec], day: str) -> bool:
        deps = self._deps
        until = deps.clock()
        since = until - DAY / deps.pace.speed
        found: list[ModelDay] = []
        for model in models:
            found.append(await model_day(deps, model, since, until))
            if await self._hold() is None:
                return False
        note = DailyNote(channel=channel, day=day, since=since, until=until, models=tuple(found))
        told = await asyncio.to_thread(deps.writer.daily_notes.tell, note, deps.clock())
        if told:
            log.info("daily_note.told", channel=channel, models=len(models))
            deps.wake_outbox()
        return told


async def model_day(deps: Deps, model: ModelSpec, since: datetime, until: datetime) -> ModelDay:
    """How one model stood; a signal that cannot be read is unknown."""
    signals = await asyncio.gather(*(_signal(deps, model, name, since, until) for name in model.signals))
    live = await asyncio.to_thread(lambda: deps.reader.incidents(live=True, model=model.name))
    incident = next((one for one in live if one.environment == model.environment), None)
    return ModelDay(
        model=model.name,
        signals=tuple(signals),
        incident=incident.id if incident is not None else None,
        incident_words=_words(incident) if incident is not None else "",
    )


async def _signal(deps: Deps, model: ModelSpec, name: str, since: datetime, until: datetime) -> SignalDay:
    signal: Signal = model.signals[name]
    step = max((until - since) / STEPS, SHORTEST_STEP)
    try:
        series = await deps.prometheus.query_range(model.query_of(signal), since, until, step)
    except UpstreamError as error:
        log.warning("daily_note.unreadable", model=model.name, signal=name, error=str(error))
        series = []
    return signal_day(name, signal, [one.samples for one in series], since, until, step)


def _words(incident: Incident) -> str:
    return incident.state.value.replace("_", " ")
