"""Scaled copies of what lies in manifests/, in a folder of this run: rules, configs, and the catalogue."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sandbox.world.monitoring import INSTANCE
from sandbox.world.scaling import Scale, format_duration, load_yaml

RULES_FILE = "agentops.rules.yml"
"""Of the models. The rules that watch the bot itself stay out: nothing here scrapes it, so they would fire."""
RECEIVER = "agentops"
"""The only one here: there is no pager and no dead-man's switch to reach."""
JOB = "ml-serving"


@dataclass(frozen=True, slots=True)
class ScaledManifests:
    """Where the copies are, and what is in them.

    Attributes:
        folder: The folder of this run.
        rules_dir: Holds the scaled rule file and nothing else.
        models_path: The scaled catalogue.
        rules: The rule file's content.
        alertmanager: The content of alertmanager.yml with scaled intervals; its URL is still the one of the manifest.
        prometheus: The content of prometheus.yml as it is in the manifest.
    """

    folder: Path
    rules_dir: Path
    models_path: Path
    rules: dict[str, Any]
    alertmanager: dict[str, Any]
    prometheus: dict[str, Any]


def write_scaled(manifests: Path, folder: Path, scale: Scale) -> ScaledManifests:
    """Read manifests/ and write the scaled rules and catalogue into a folder."""
    rules = scale.rules(load_yaml((manifests / "prometheus" / RULES_FILE).read_text()))
    alertmanager = _to_the_bot_alone(load_yaml((manifests / "alertmanager" / "alertmanager.yml").read_text()))
    route: dict[str, Any] = alertmanager["route"]
    for key in ("group_wait", "group_interval", "repeat_interval"):
        route[key] = scale.interval(str(route[key]))
    rules_dir = folder / "rules"
    rules_dir.mkdir(parents=True, exist_ok=True)
    _write(rules_dir / RULES_FILE, rules)
    models_path = folder / "models.yaml"
    models_path.write_text(scale.catalogue((manifests / "models.yaml").read_text()))
    prometheus = load_yaml((manifests / "prometheus" / "prometheus.yml").read_text())
    return ScaledManifests(folder, rules_dir, models_path, rules, alertmanager, prometheus)


def _to_the_bot_alone(alertmanager: dict[str, Any]) -> dict[str, Any]:
    route = {name: value for name, value in alertmanager["route"].items() if name != "routes"}
    receivers = [one for one in alertmanager["receivers"] if one["name"] == RECEIVER]
    return {**alertmanager, "route": route, "receivers": receivers}


def write_prometheus(scaled: ScaledManifests, scale: Scale, target: str, alertmanager: str) -> Path:
    """prometheus.yml for this run: the manifest's, with this run's target, Alertmanager, rules and intervals."""
    interval = format_duration(scale.scrape_seconds)
    config = dict(scaled.prometheus)
    timeouts = {"scrape_interval": interval, "evaluation_interval": interval, "scrape_timeout": interval}
    config["global"] = {**config["global"], **timeouts}
    config["rule_files"] = [str(scaled.rules_dir / "*.yml")]
    config["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]}
    (scrape,) = (one for one in config["scrape_configs"] if one["job_name"] == JOB)
    static = [{"targets": [target], "labels": {"instance": INSTANCE}}]
    config["scrape_configs"] = [{**scrape, "static_configs": static}]
    return _write(scaled.folder / "prometheus.yml", config)


def write_alertmanager(scaled: ScaledManifests, url: str, token: str) -> Path:
    """alertmanager.yml for this run: the manifest's, scaled, with the bot's address and a credentials file."""
    credentials = scaled.folder / "agentops-token"
    credentials.touch(mode=0o600)
    credentials.write_text(token)
    config = dict(scaled.alertmanager)
    (receiver,) = config["receivers"]
    (webhook,) = receiver["webhook_configs"]
    http: dict[str, Any] = {**webhook["http_config"]}
    http["authorization"] = {**http["authorization"], "credentials_file": str(credentials)}
    config["receivers"] = [{**receiver, "webhook_configs": [{**webhook, "url": url, "http_config": http}]}]
    return _write(scaled.folder / "alertmanager.yml", config)


def _write(path: Path, content: dict[str, Any]) -> Path:
    path.write_text(yaml.safe_dump(content, sort_keys=False, width=200))
    return path
