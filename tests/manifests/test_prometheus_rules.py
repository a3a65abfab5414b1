"""The shipped Prometheus and Alertmanager files, checked by their own tools and against the catalogue."""

import subprocess
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

MANIFESTS = Path(__file__).parents[2] / "manifests"
RULES = MANIFESTS / "prometheus" / "agentops.rules.yml"

ALERTS = {
    "ModelFeatureDriftHigh",
    "ModelAggregateDriftHigh",
    "ModelPredictionDriftHigh",
    "ModelAccuracyLow",
    "ModelF1Low",
    "ModelPrecisionLow",
    "ModelRecallLow",
    "ModelAucLow",
    "EndpointLatencyP99High",
    "EndpointErrorRateHigh",
    "ModelAnomalyRateHigh",
    "FeatureNullRateHigh",
    "SchemaViolationRateHigh",
    "InputVolumeAbnormal",
    "EndpointCpuSaturated",
}


def rules() -> list[dict[str, Any]]:
    document = yaml.safe_load(RULES.read_text())
    return [rule for group in document["groups"] for rule in group["rules"]]


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "command",
    [
        ("promtool", "check", "rules", "--lint-fatal", str(RULES)),
        ("promtool", "test", "rules", str(MANIFESTS / "prometheus" / "agentops.rules.test.yml")),
        ("promtool", "check", "config", str(MANIFESTS / "prometheus" / "prometheus.yml")),
        ("amtool", "check-config", str(MANIFESTS / "alertmanager" / "alertmanager.yml")),
    ],
    ids=lambda command: " ".join(command[:3]),
)
def test_the_tools_of_prometheus_accept_what_is_shipped(command: tuple[str, ...]):
    run(*command)


def test_every_signal_of_the_plan_has_its_rule():
    assert {rule["alert"] for rule in rules()} == ALERTS


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: f"{rule['alert']}-{rule['labels']['severity']}")
def test_every_rule_is_a_value_compared_with_a_number(rule: dict[str, Any]):
    node = promql_parser.parse(rule["expr"])
    assert isinstance(node, promql_parser.BinaryExpr)
    assert str(node.op) in {">", "<"}
    assert isinstance(node.rhs, promql_parser.NumberLiteral)


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: f"{rule['alert']}-{rule['labels']['severity']}")
def test_every_rule_tells_people_where_to_look(rule: dict[str, Any]):
    notes = rule["annotations"]
    assert set(notes) == {"summary", "description", "runbook_url", "dashboard_url"}
    assert notes["runbook_url"].endswith(f"/{rule['alert']}.md")
    assert "$labels.model" in notes["summary"] and "$value" in notes["summary"]
    assert rule["labels"]["severity"] in {"warning", "critical"}


def test_the_catalogue_and_the_rules_agree_on_thresholds():
    catalogue = yaml.safe_load((MANIFESTS / "models.yaml").read_text())
    signals = catalogue["models"]["fraud-detector"]["signals"].values()
    from_catalogue = {
        (signal["comparison"], float(signal[severity]), severity)
        for signal in signals
        for severity in ("warning", "critical")
        if severity in signal
    }
    from_rules: set[tuple[str, float, str]] = set()
    for rule in rules():
        node = promql_parser.parse(rule["expr"])
        assert isinstance(node, promql_parser.BinaryExpr) and isinstance(node.rhs, promql_parser.NumberLiteral)
        from_rules.add((str(node.op), node.rhs.val, rule["labels"]["severity"]))
    assert from_rules == from_catalogue


def test_no_alert_is_cut_from_a_notification():
    config = yaml.safe_load((MANIFESTS / "alertmanager" / "alertmanager.yml").read_text())
    (receiver,) = config["receivers"]
    (webhook,) = receiver["webhook_configs"]
    assert "max_alerts" not in webhook
    assert webhook["send_resolved"] is True
    assert config["route"]["group_by"] == ["model"]
