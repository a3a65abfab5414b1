"""Broken data: since when, from where on it must not be trusted, and whether running the pipeline again can heal it."""

from datetime import datetime

from agents.readings.metrics import SignalReading
from agents.rules.measured import earliest
from agents.rules.symptoms import Symptoms


def broken(symptoms: Symptoms) -> bool:
    """Whether the readings, and not only somebody's words, say that the data is broken or missing."""
    s = symptoms
    return s.data_broken or bool(s.volume_low or s.rows_doubled or s.healed or s.left_behind or s.stale)


def broken_since(symptoms: Symptoms) -> datetime | None:
    """When it began; None where the window does not show it.

    That is the first time past a limit in all that was read, healed gaps included: a window that begins later is too
    narrow, and "too narrow poisons a model" (procedure on quarantine). Where only Model Monitor or captured requests
    know, it is when the features that they name began to drift.
    """
    s = symptoms
    measured: list[SignalReading] = s.nulls + s.schema + s.unit_changed + s.volume_low + s.rows_doubled
    measured += s.healed + s.left_behind
    if measured:
        began = [at for one in measured for at in (one.onset, one.first_breach) if at is not None]
        return min(began, default=None)
    if s.stale:
        return s.stale.at
    named = {violation.feature for violation in s.broken} | {captured.feature for captured in s.captured_broken}
    named |= set(s.wrong_features)
    return earliest([reading for reading in s.drifted_features if reading.feature in named])


def window_end(symptoms: Symptoms) -> datetime | None:
    """Where a quarantine ends: a margin after the repair; None where the data is not known to be well again."""
    s = symptoms
    if s.data_broken or s.volume_low or s.rows_doubled or s.stale:
        return None
    ends = [one.last_breach for one in s.healed + s.left_behind if one.last_breach is not None]
    return max(ends) + s.brief.together if ends else None


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
    return bool(s.unit_changed or s.rescaled) or retyped or stale
