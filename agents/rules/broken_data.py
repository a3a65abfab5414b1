"""Broken data: since when, from where on it must not be trusted, and whether running the pipeline again can heal it."""

from datetime import datetime

from agents.readings import SignalReading
from agents.rules.symptoms import Symptoms, earliest


def broken(symptoms: Symptoms) -> bool:
    """Whether the readings, and not only somebody's words, say that the data is broken or missing."""
    return symptoms.data_broken or bool(symptoms.volume_low)


def broken_since(symptoms: Symptoms) -> datetime | None:
    """When it began; None where the window does not show it.

    Where only Model Monitor or captured requests know, it is when the features that it names began to drift.
    """
    s = symptoms
    measured: list[SignalReading] = s.nulls + s.schema + s.unit_changed + s.volume_low
    if measured:
        return earliest(measured)
    named = {violation.feature for violation in s.broken} | {captured.feature for captured in s.captured_broken}
    return earliest([reading for reading in s.drifted_features if reading.feature in named])


def window_start(symptoms: Symptoms) -> datetime | None:
    """Where a quarantine begins: a margin before the onset, as onsets are known to a few samples only."""
    since = broken_since(symptoms)
    return None if since is None else since - symptoms.brief.together


def source_first(symptoms: Symptoms) -> bool:
    """Whether the source itself has to change first: a unit, a type, or rows that stay away.

    Running the pipeline again reads the same once more then. Nulls may come from the pipeline or from a source that
    is well again; a type that fails only where values are missing is nulls, too.
    """
    s = symptoms
    empty = {reading.feature for reading in s.nulls} | {v.feature for v in s.broken if "complete" in v.check}
    retyped = any("type" in v.check and v.feature not in empty for v in s.broken)
    stale = bool(s.volume_low) and not s.data_broken
    return bool(s.unit_changed) or retyped or stale
