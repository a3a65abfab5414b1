"""Which config went live when, and whether what went wrong came and went with one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agents.brief import CaseBrief
from agents.readings.dossier import Dossier
from agents.readings.metrics import SignalReading

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Deployment:
    """A change of the live config near the onset."""

    config: str
    previous: str | None
    at: datetime
    evidence: tuple[str, ...]


def last_switch(dossier: Dossier, first: datetime, last: datetime) -> Deployment | None:
    """The last time between two moments that another config went live, as the metrics tell.

    What came after the trouble is not its cause, even where it is live now: a hotfix that does not help carries the
    fault on, and the way back is the config before the one that began it.
    """
    live = dossier.live_config
    if live is None:
        return None
    evidence = tuple(r.evidence for r in (live, dossier.endpoint) if r is not None)
    for at, (config, begin, _) in reversed(list(enumerate(live.times))):
        before = [one for one, _, _ in live.times[:at] if one != config]
        if before and first <= begin <= last:
            return Deployment(config, before[-1], begin, evidence)
    if not live.times and live.since and first <= live.since <= last:
        return Deployment(live.config, live.previous, live.since, evidence)
    return None


def over_with(
    dossier: Dossier, brief: CaseBrief, signals: Sequence[SignalReading]
) -> tuple[Deployment, datetime] | None:
    """A deployment whose trouble began right after it and ended when another config took its place; and since when.

    `signals`: those that may tell of it. None of them is past its limit now. Rates still hold what was before for some
    minutes, so the end may be seen later.
    """
    live = dossier.live_config
    if live is None or any(signal.severity is not None for signal in signals):
        return None
    for at, (config, begin, end) in reversed(list(enumerate(live.times[:-1]))):
        deployed = last_switch(dossier, begin, begin)
        if at == 0 or deployed is None or deployed.config != config:
            continue
        seen = [
            start
            for signal in signals
            for start, stop in signal.breached or ()
            if begin - brief.clock_slack <= start <= begin + brief.change_may_precede_onset
            and start <= end
            and abs(stop - end) <= brief.together
        ]
        if seen:
            return deployed, min(seen)
    return None


def times_of(dossier: Dossier, config: str, before: datetime) -> list[Span]:
    """First and last sample of each time that a config was live before a moment."""
    live = dossier.live_config
    if live is None:
        return []
    if not live.times:
        return list(live.earlier) if live.config == config else []
    return [(begin, min(end, before)) for one, begin, end in live.times if one == config and begin < before]


def overlap(some: Iterable[Span], others: Sequence[Span], margin: timedelta = timedelta(0)) -> bool:
    """Whether a span of the one lies within `margin` of one of the other."""
    return any(begin - margin <= last and first <= end + margin for begin, end in some for first, last in others)
