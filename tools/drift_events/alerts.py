"""From a drift event to alerts: each figure against the bounds of the catalogue, named as our own rules name it."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from incidents.alert import Alert, Severity
from incidents.catalogue import Catalogue, ModelSpec, Signal, Unlisted
from tools.drift_events.event import DriftEvent


@dataclass(frozen=True)
class Figure:
    """One figure of an event: which signal of the catalogue bounds it, and which rule's name its alert has."""

    signal: str
    alert: str
    value: float
    said: str
    feature: str = ""


@dataclass(frozen=True)
class Readings:
    """What the figures mean: alerts that fire, and alerts that do not, should they have fired before."""

    firing: tuple[Alert, ...]
    inside: tuple[Alert, ...]


USUAL: dict[str, tuple[float | None, float]] = {
    "feature_psi": (0.1, 0.25),
    "aggregate_psi": (None, 0.3),
    "accuracy_drop": (None, 0.05),
    "latency_p99": (None, 1.0),
}
"""Bounds (warning, critical) of a model that the catalogue does not list: those of the rules that we ship."""


def readings_of(event: DriftEvent, catalogue: Catalogue) -> Readings:
    """Every figure as an alert that fires, or does not."""
    asked = {"model": event.model} | ({"env": event.environment} if event.environment else {})
    entry = catalogue.find(asked)
    environment = event.environment or entry.environment
    firing: list[Alert] = []
    inside: list[Alert] = []
    for figure in _figures(event):
        severity = _severity(figure, entry)
        alert = _alert(event, figure, environment, severity)
        (inside if severity is None else firing).append(alert)
    return Readings(tuple(firing), tuple(inside))


def _figures(event: DriftEvent) -> Iterator[Figure]:
    for feature, psi in event.psi.features.items():
        yield Figure("feature_psi", "ModelFeatureDriftHigh", psi, f"PSI of {feature} is {psi:.3g}", feature)
    if event.psi.aggregate is not None:
        psi = event.psi.aggregate
        yield Figure("aggregate_psi", "ModelAggregateDriftHigh", psi, f"PSI over all features is {psi:.3g}")
    if event.accuracy_delta is not None:
        delta = event.accuracy_delta
        yield Figure("accuracy_drop", "ModelAccuracyLow", -delta, f"accuracy is {delta:+.3g} against the baseline")
    if event.p99_seconds is not None:
        p99 = event.p99_seconds
        yield Figure("latency_p99", "EndpointLatencyP99High", p99, f"p99 is {p99:.3g} s")


def _severity(figure: Figure, entry: ModelSpec | Unlisted) -> Severity | None:
    signal = entry.signals.get(figure.signal) if isinstance(entry, ModelSpec) else None
    if isinstance(signal, Signal):
        return signal.severity_of(figure.value)
    warning, critical = USUAL[figure.signal]
    if figure.value > critical:
        return Severity.CRITICAL
    return Severity.WARNING if warning is not None and figure.value > warning else None


def _alert(event: DriftEvent, figure: Figure, environment: str, severity: Severity | None) -> Alert:
    labels = {
        "alertname": figure.alert,
        "model": event.model,
        "env": environment,
        "detector": event.detector,
        "severity": (severity or Severity.INFO).value,
    }
    if figure.feature:
        labels["feature"] = figure.feature
    # What stays the same while the figure goes up and down.
    identity = [event.detector, event.model, environment, figure.alert, figure.feature]
    return Alert(
        fingerprint=hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:16],
        starts_at=event.window.end,
        status="resolved" if severity is None else "firing",
        ends_at=event.window.end if severity is None else None,
        labels=labels,
        annotations={
            "summary": f"{figure.said} ({event.detector}, against {event.baseline})",
            "window": f"{event.window.start.isoformat()} to {event.window.end.isoformat()}",
        },
        generator_url=event.link or "",
    )
