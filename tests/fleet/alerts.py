"""The alerts of a fleet, in the shapes that Alertmanager sends."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]
NEVER = "0001-01-01T00:00:00Z"


@dataclass(frozen=True)
class FiredAlert:
    """One alert episode. `instance` makes the alerts of one rule and one model distinct."""

    name: str
    model: str
    instance: str
    severity: str
    starts_at: datetime
    ends_at: datetime | None = None

    @property
    def labels(self) -> dict[str, str]:
        """As the rule and the target give them."""
        return {
            "alertname": self.name,
            "model": self.model,
            "env": "prod",
            "endpoint": f"{self.model}-prod",
            "instance": self.instance,
            "severity": self.severity,
        }

    @property
    def fingerprint(self) -> str:
        """Of the labels, 16 hexadecimal digits as Alertmanager has it."""
        return hashlib.sha256(json.dumps(self.labels, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def episode(self) -> tuple[str, datetime]:
        """What identifies it."""
        return self.fingerprint, self.starts_at

    def resolved(self, at: datetime) -> "FiredAlert":
        """The same, over."""
        return replace(self, ends_at=at)

    def as_json(self) -> Json:
        """As it stands in a payload."""
        return {
            "status": "firing" if self.ends_at is None else "resolved",
            "labels": self.labels,
            "annotations": {
                "summary": f"{self.name} of {self.model}-prod on {self.instance}",
                "description": "The slowest hundredth of the answers takes longer than the service objective.",
                "runbook_url": f"https://runbooks.example/{self.name}.md",
                "dashboard_url": f"https://grafana.example/d/ml?var-model={self.model}",
            },
            "startsAt": self.starts_at.isoformat(),
            "endsAt": NEVER if self.ends_at is None else self.ends_at.isoformat(),
            "generatorURL": "http://prometheus.example:9090/graph",
            "fingerprint": self.fingerprint,
        }


def payload_of(model: str, alerts: Sequence[FiredAlert]) -> Json:
    """One notification of the group of a model, version 4."""
    told = [alert.as_json() for alert in alerts]
    common, annotations = (_shared([one[key] for one in told]) for key in ("labels", "annotations"))
    return {
        "version": "4",
        "receiver": "agentops",
        "status": "firing" if any(one["status"] == "firing" for one in told) else "resolved",
        "alerts": told,
        "groupLabels": {"model": model},
        "commonLabels": common,
        "commonAnnotations": annotations,
        "externalURL": "http://alertmanager.example:9093",
        "groupKey": f'{{}}:{{model="{model}"}}',
        "truncatedAlerts": 0,
    }


def _shared(found: Sequence[dict[str, str]]) -> dict[str, str]:
    """What all of them say."""
    first, *others = found
    return {key: value for key, value in first.items() if all(one.get(key) == value for one in others)}


def outage(model: str, count: int, *, severity: str = "warning", since: datetime | None = None) -> list[FiredAlert]:
    """`count` distinct alerts of one outage of a model: its endpoint is slow, told of by every instance's p99."""
    begun = since or now()
    return [
        FiredAlert("EndpointLatencyP99High", model, f"{model}-{number:03d}", severity, begun) for number in range(count)
    ]


def now() -> datetime:
    """To the second, as rules are evaluated."""
    return datetime.now(UTC).replace(microsecond=0)
