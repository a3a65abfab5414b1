"""Trouble that is older than the metrics window: it is looked for further back.

Alerts tell that it began before, or the series itself, where it was past its limit from the first samples on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agents.collectors.lens import Lens
from agents.onset import Shape, refined
from incidents.alert import AlertKind
from incidents.catalogue import Signal
from incidents.verification import Sample

MOST_POINTS = 300
"""Samples of each of the two looks."""


@dataclass(frozen=True)
class Seen:
    """One series of a signal: what it did, and the samples that say so."""

    labels: Mapping[str, str]
    shape: Shape
    samples: Sequence[Sample]


async def looked_further_back(
    lens: Lens, signal: Signal, query: str, seen: Sequence[Seen], shape: Callable[[Sequence[Sample], timedelta], Shape]
) -> list[Seen]:
    """The same series, with a longer look at those whose own alerts fired before they seem to have begun.

    An onset after the first alert of the same signal is a later stage of the trouble, or the window's edge; so is one
    whose level before it is past the limit, as that of a slow climb in whose midst the window begins. At most two more
    queries, and none where neither is so. `shape` tells what samples of a step did.
    """
    begun = {place: at for place, one in enumerate(seen) if (at := _begun_before(lens, signal, one)) is not None}
    if not begun:
        return list(seen)
    begin = max(min(begun.values()) - lens.timing.lookback, lens.now - lens.timing.week)
    step = max((lens.now - begin) / MOST_POINTS, lens.timing.step)
    further = {
        _key(one.labels): one.samples for one in await lens.sources.prometheus.query_range(query, begin, lens.now, step)
    }
    shapes = {place: shape(further.get(_key(seen[place].labels), ()), step) for place in begun}
    onsets = [one.onset for one in shapes.values() if one.onset is not None]
    closer: Mapping[tuple[tuple[str, str], ...], Sequence[Sample]] = {}
    if onsets:
        start = min(onsets) - 2 * step
        end = min(max(onsets) + 3 * step, lens.now)
        fine = max((end - start) / MOST_POINTS, lens.timing.fine_step)
        closer = {
            _key(one.labels): one.samples for one in await lens.sources.prometheus.query_range(query, start, end, fine)
        }
    told: list[Seen] = []
    for place, one in enumerate(seen):
        older = shapes.get(place)
        before = [s for s in further.get(_key(one.labels), ()) if s.at < lens.start]
        if older is None or not before:
            told.append(one)
            continue
        # A closer look needs the samples before and after this series' own onset, not those of another one.
        found = refined(older, _around(older.onset, closer.get(_key(one.labels), ()), step))
        kept = (
            found
            if found.onset is not None and (one.shape.onset is None or found.onset < one.shape.onset)
            else one.shape
        )
        told.append(Seen(one.labels, kept, [*before, *one.samples]))
    return told


def _begun_before(lens: Lens, signal: Signal, one: Seen) -> datetime | None:
    """Since when the trouble has lasted at least, where that is before the series seems to have begun.

    That is since an alert of the signal's kind has fired, or since the window begins. Only for what is past its limit
    now, and for broken data, whose traces outlive it.
    """
    past = one.shape.now is not None and signal.severity_of(one.shape.now) is not None
    if not past and signal.kind is not AlertKind.DATA_QUALITY:
        return None
    feature = one.labels.get("feature")
    alerts = [
        alert.starts_at
        for alert in lens.case.incident.alerts
        if alert.kind is signal.kind and alert.labels.get("feature", feature) == feature
    ]
    if past and one.shape.before is not None and signal.severity_of(one.shape.before) is not None:
        alerts.append(lens.start)
    since = min(alerts, default=None)
    if since is None:
        return None
    # An alert waits for its limit to be passed for some minutes, so a window that begins at it shows no usual level.
    seen_to_begin = one.shape.onset if one.shape.onset is not None else lens.start + lens.timing.together
    return since if since < seen_to_begin else None


def _around(onset: datetime | None, samples: Sequence[Sample], step: timedelta) -> Sequence[Sample]:
    return [one for one in samples if onset is not None and onset - 2 * step <= one.at <= onset + 3 * step]


def _key(labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels.items()))
