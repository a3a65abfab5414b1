"""A fleet to measure with: many models, each in a channel of its own, and the alerts they send."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

MANIFESTS = Path("manifests")
TEMPLATE = "fraud-detector"


def model_names(count: int) -> list[str]:
    """`model-000` and so on."""
    return [f"model-{number:03d}" for number in range(count)]


def channel_of(model: str) -> str:
    """The name of the channel where a model's incidents are told: one each, so that Slack's pace is not measured."""
    return f"bench-{model}"


def write_catalogue(
    file: Path,
    models: list[str],
    *,
    channel: Callable[[str], str] = channel_of,
    tier: Callable[[str], int] = lambda _: 2,
) -> None:
    """A catalogue of these models, each like the one the project ships first but for its channel and tier."""
    shipped: dict[str, Any] = yaml.safe_load((MANIFESTS / "models.yaml").read_text("utf-8"))
    template: dict[str, Any] = shipped["models"][TEMPLATE]
    entries = {model: _entry(template, model, channel(model), tier(model)) for model in models}
    file.write_text(yaml.safe_dump(shipped | {"models": entries}, sort_keys=False), "utf-8")


def _entry(template: dict[str, Any], model: str, channel: str, tier: int) -> dict[str, Any]:
    entry = dict(template) | {"channel": channel, "tier": tier}
    entry["endpoint"] = dict(template["endpoint"]) | {"name": f"{model}-prod", "last_known_good": f"{model}-v1"}
    entry["retraining"] = dict(template["retraining"]) | {
        "pipeline": f"{model}-train",
        "model_package_group": model,
    }
    entry["data"] = {kind: f"s3://agentops-{model}/{kind}/" for kind in ("capture", "baseline", "monitor")}
    return entry


@dataclass(frozen=True)
class Outage:
    """The p99 of a model is too high since `begun`; each outage is an incident of its own."""

    model: str
    begun: datetime

    @classmethod
    def now(cls, model: str) -> "Outage":
        """One that began three minutes ago, as the alert rule's hold time has it."""
        return cls(model, datetime.now(UTC) - timedelta(minutes=3))

    def webhook(self, *, resolved: bool = False) -> dict[str, Any]:
        """What Alertmanager sends."""
        labels = {
            "alertname": "EndpointLatencyP99High",
            "model": self.model,
            "env": "prod",
            "endpoint": f"{self.model}-prod",
            "severity": "critical",
        }
        annotations = {
            "summary": f"p99 of {self.model}-prod is 2.5 s",
            "description": "The slowest hundredth of the answers takes longer than the service objective.",
            "runbook_url": "https://runbooks.example/EndpointLatencyP99High.md",
            "dashboard_url": f"https://grafana.example/d/ml?var-model={self.model}",
        }
        status = "resolved" if resolved else "firing"
        alert = {
            "status": status,
            "labels": labels,
            "annotations": annotations,
            "startsAt": self.begun.isoformat(),
            "endsAt": datetime.now(UTC).isoformat() if resolved else "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus.example:9090/graph",
            "fingerprint": hashlib.sha256(self.model.encode()).hexdigest()[:16],
        }
        return {
            "version": "4",
            "receiver": "agentops",
            "status": status,
            "alerts": [alert],
            "groupLabels": {"model": self.model},
            "commonLabels": labels,
            "commonAnnotations": annotations,
            "externalURL": "http://alertmanager.example:9093",
            "groupKey": f'{{}}:{{model="{self.model}"}}',
            "truncatedAlerts": 0,
        }
