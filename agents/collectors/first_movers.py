"""Which measures left their usual level first, and which followed."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from agents.collectors.lens import Lens
from agents.collectors.signals import SOURCE
from agents.readings.dossier import Dossier
from agents.readings.found import Found
from agents.readings.metrics import CapacityReading, FirstMoversReading, SignalReading
from agents.wording import listed, moment_in_words
from incidents.catalogue import ModelSpec
from incidents.evidence import EvidenceKind

MOST_GROUPS = 4
"""Groups that are told; later ones are consequences of consequences."""
MOST_OF_A_GROUP = 4
APART = 2
"""Samples between two onsets from which on one came before the other: onsets are right to about two samples."""

_Mover = tuple[datetime, str]


def first_movers(lens: Lens, dossier: Dossier) -> Sequence[Found]:
    """One sentence on the order in which things left their usual level and are away from it still.

    Nothing is asked of a partner: it follows from the signals and the capacity that were read. Nothing is said where
    fewer than two things moved.
    """
    if lens.model is None:
        return ()
    movers = sorted(_movers(lens.model, [*dossier.signals, *dossier.capacity.values()]))
    if len(movers) < 2:
        return ()
    groups = list(_together(movers, APART * lens.timing.step))
    told = "; then ".join(f"{_names(group)} at {moment_in_words(group[0][0])}" for group in groups[:MOST_GROUPS])
    how = "Moved first" if len(groups) > 1 else "Moved together"
    evidence = lens.fact(
        EvidenceKind.METRIC,
        SOURCE,
        "the onset of every signal and of the capacity",
        f"{how}: {told}.",
        subject=lens.model.name,
        windowed=True,
    )
    reading = FirstMoversReading(first=tuple(name for _, name in groups[0]), at=movers[0][0], groups=len(groups))
    return (Found(evidence, reading),)


def _movers(model: ModelSpec, readings: Iterable[SignalReading | CapacityReading]) -> Iterable[_Mover]:
    """Each measure once: two signals may read one series, as may a signal and the capacity.

    Requests per instance follow from traffic and instances, so they are none of their own.
    """
    seen: set[str] = set()
    for one in readings:
        name = _short(one.words, model)
        derived = isinstance(one, CapacityReading) and one.what == "per_instance"
        if one.onset is not None and not derived and not one.back and name not in seen:
            seen.add(name)
            yield one.onset, name


def _short(words: str, model: ModelSpec) -> str:
    """Without the names that every measure of the model has in common."""
    endpoint = model.endpoint.name if model.endpoint else model.name
    for common in (f" of {endpoint}", f" of {model.name}", " against its baseline"):
        words = words.replace(common, "")
    return words


def _together(movers: Sequence[_Mover], within: timedelta) -> Iterable[list[_Mover]]:
    """Runs of movers that began within that time of the run's first."""
    group: list[_Mover] = []
    for mover in movers:
        if group and mover[0] - group[0][0] > within:
            yield group
            group = []
        group.append(mover)
    if group:
        yield group


def _names(group: Sequence[_Mover]) -> str:
    names = [name for _, name in group]
    more = len(names) - MOST_OF_A_GROUP
    return listed(names[:MOST_OF_A_GROUP]) if more <= 0 else f"{', '.join(names[:MOST_OF_A_GROUP])} and {more} more"
