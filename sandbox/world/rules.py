"""Alert rules, evaluated as Prometheus does: pending until `for` has passed, firing, resolved."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

from sandbox.world.promql.engine import Engine
from sandbox.world.promql.values import Point
from sandbox.world.scaling import parse_duration
from sandbox.world.templates import expand
from sandbox.world.tsdb import NAME, Labels

RESOLVED_RETENTION_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Rule:
    """One alert rule."""

    group: str
    alert: str
    expr: str
    for_seconds: float
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


@dataclass(slots=True)
class ActiveAlert:
    """One instance of a rule. Times are Unix seconds; `resolved_at` is set once it no longer holds."""

    labels: Labels
    value: float
    active_at: float
    annotations: dict[str, str] = field(default_factory=dict[str, str])
    state: str = "pending"
    fired_at: float | None = None
    resolved_at: float | None = None


@dataclass(frozen=True, slots=True)
class AlertUpdate:
    """What Prometheus tells Alertmanager of an alert."""

    labels: Labels
    annotations: dict[str, str]
    starts_at: float
    ends_at: float | None
    generator_url: str


def load_rules(document: dict[str, Any]) -> list[Rule]:
    """The alert rules of a (scaled) rule file."""
    return [
        Rule(
            group=str(group["name"]),
            alert=str(rule["alert"]),
            expr=str(rule["expr"]),
            for_seconds=parse_duration(str(rule.get("for", "0"))),
            labels={str(key): str(value) for key, value in rule.get("labels", {}).items()},
            annotations={str(key): str(value) for key, value in rule.get("annotations", {}).items()},
        )
        for group in document["groups"]
        for rule in group["rules"]
    ]


class RuleEvaluation:
    """Keeps the state of every rule; `evaluate` is called once an interval.

    Args:
        rules: The rules, scaled already.
        engine: What answers their expressions.
        external_url: Where links to the expression lead.
    """

    def __init__(self, rules: Iterable[Rule], engine: Engine, external_url: str) -> None:
        self.rules = list(rules)
        self.evaluated_at = 0.0
        self._engine = engine
        self._external_url = external_url
        self._active: list[dict[Labels, ActiveAlert]] = [{} for _ in self.rules]

    def evaluate(self, now: float) -> list[AlertUpdate]:
        """Evaluate all rules; the alerts that fire or have just resolved."""
        self.evaluated_at = now
        updates: list[AlertUpdate] = []
        for rule, active in zip(self.rules, self._active, strict=True):
            value = self._engine.instant(rule.expr, round(now * 1000))
            points = [item for item in value if isinstance(item, Point)] if isinstance(value, list) else []
            self._advance(rule, active, points, now)
            updates += [self._update(rule, alert) for alert in active.values() if alert.state != "pending"]
        return updates

    def active(self) -> list[tuple[Rule, list[ActiveAlert]]]:
        """Pending and firing alerts of each rule."""
        return [
            (rule, [alert for alert in active.values() if alert.state != "inactive"])
            for rule, active in zip(self.rules, self._active, strict=True)
        ]

    def series(self) -> list[tuple[Labels, float]]:
        """The ALERTS series Prometheus writes for pending and firing alerts."""
        return [
            (tuple(sorted({**dict(alert.labels), NAME: "ALERTS", "alertstate": alert.state}.items())), 1.0)
            for _, alerts in self.active()
            for alert in alerts
        ]

    def _advance(self, rule: Rule, active: dict[Labels, ActiveAlert], points: list[Point], now: float) -> None:
        seen: set[Labels] = set()
        for point in points:
            own = {name: value for name, value in point.labels if name != NAME}
            added = {name: expand(text, own, point.value) for name, text in rule.labels.items()}
            labels = tuple(sorted({**own, **added, "alertname": rule.alert}.items()))
            seen.add(labels)
            alert = active.get(labels)
            if alert is None or alert.state == "inactive":
                alert = active[labels] = ActiveAlert(labels, point.value, now)
            alert.value = point.value
            alert.annotations = {name: expand(text, own, point.value) for name, text in rule.annotations.items()}
        for labels, alert in list(active.items()):
            if labels not in seen:
                if alert.state == "pending" or (
                    alert.resolved_at is not None and now - alert.resolved_at > RESOLVED_RETENTION_SECONDS
                ):
                    del active[labels]
                elif alert.state == "firing":
                    alert.state, alert.resolved_at = "inactive", now
            elif alert.state == "pending" and now - alert.active_at >= rule.for_seconds - 1e-6:
                alert.state, alert.fired_at = "firing", now

    def _update(self, rule: Rule, alert: ActiveAlert) -> AlertUpdate:
        return AlertUpdate(
            labels=alert.labels,
            annotations=alert.annotations,
            starts_at=alert.active_at if alert.fired_at is None else alert.fired_at,
            ends_at=alert.resolved_at,
            generator_url=f"{self._external_url}/graph?g0.expr={quote_plus(rule.expr)}&g0.tab=1",
        )
