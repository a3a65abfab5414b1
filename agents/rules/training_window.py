"""Which part of a model's usual training window is clean.

A window is one span of time, so it can leave out broken data only by beginning after it. It begins after the last
breach of nulls or schema, with the margin of a quarantine; and what then remains must be enough.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from agents.readings.alerts import AlertReading
from agents.rules.symptoms import Symptoms
from incidents.alert import AlertKind

ENOUGH = 0.25
"""A window must keep this share of its usual length: 7 days of 28. With less, a model learns an unusual week."""


@dataclass(frozen=True)
class TrainingWindow:
    """The window that a retraining may read.

    Attributes:
        begin: None where too little clean data is left.
        broken_until: the end of the last broken data that is known; None where none is.
        evidence: what says so.
    """

    begin: datetime | None
    broken_until: datetime | None
    evidence: tuple[str, ...]


def training_window(symptoms: Symptoms) -> TrainingWindow:
    """The clean part, by the metrics and by the alerts of the incident, resolved ones too."""
    brief, read = symptoms.brief, symptoms.dossier.training_window
    days = timedelta(days=brief.training_window_days or 0)
    breaches = [
        (s.last_breach, s.evidence)
        for s in symptoms.dossier.signals
        if s.kind is AlertKind.DATA_QUALITY and s.last_breach is not None
    ]
    if read is not None and read.broken_until is not None:
        breaches.append((read.broken_until, read.evidence))
    for alert in symptoms.dossier.alerts:
        measured = any(at >= alert.starts_at for at, _ in breaches)
        if alert.kind is AlertKind.DATA_QUALITY and (alert.firing or not measured):
            breaches.append((_end_of(alert, brief.now), alert.evidence))
    if not breaches:
        return TrainingWindow(brief.now - days, None, (read.evidence,) if read is not None else ())
    until, evidence = max(breaches)
    begin = until + brief.together
    usual = brief.training_window_in_metrics or days
    return TrainingWindow(begin if brief.now - begin >= ENOUGH * usual else None, until, (evidence,))


def _end_of(alert: AlertReading, now: datetime) -> datetime:
    """When what an alert tells of ended; one that fires, or whose end nobody knows, has not ended."""
    return alert.ended_at if not alert.firing and alert.ended_at is not None else now
