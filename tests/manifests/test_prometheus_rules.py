"""The shipped Prometheus and Alertmanager files, checked by their own tools and against the catalogue."""

import re
import subprocess
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from tests.docs.metrics_table import rows as metrics

MANIFESTS = Path(__file__).parents[2] / "manifests"
RULES = MANIFESTS / "prometheus" / "agentops.rules.yml"
OF_THE_BOT = MANIFESTS / "prometheus" / "agentops-self.rules.yml"
ALERTMANAGER = MANIFESTS / "alertmanager" / "alertmanager.yml"

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
        ("promtool", "check", "rules", "--lint-fatal", str(OF_THE_BOT)),
        ("promtool", "test", "rules", str(MANIFESTS / "prometheus" / "agentops-self.rules.test.yml")),
        # Only the syntax: the token's file is where Prometheus runs.
        ("promtool", "check", "config", "--syntax-only", str(MANIFESTS / "prometheus" / "prometheus.yml")),
        ("amtool", "check-config", str(ALERTMANAGER)),
    ],
    ids=lambda command: " ".join([*command[:2], Path(command[-1]).name]),
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
    config = yaml.safe_load(ALERTMANAGER.read_text())
    (receiver,) = (one for one in config["receivers"] if one["name"] == "agentops")
    (webhook,) = receiver["webhook_configs"]
    assert "max_alerts" not in webhook
    assert webhook["send_resolved"] is True
    assert config["route"]["group_by"] == ["model"]


def rules_of_the_bot() -> list[dict[str, Any]]:
    document = yaml.safe_load(OF_THE_BOT.read_text())
    return [rule for group in document["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("rule", rules_of_the_bot(), ids=lambda rule: rule["alert"])
def test_a_rule_about_the_bot_asks_only_for_what_is_exported(rule: dict[str, Any]):
    exported = set(metrics()) | {f"{name}_{part}" for name in metrics() for part in ("bucket", "count", "sum")}
    asked = set(re.findall(r"\bagentops_\w+", rule["expr"]))
    assert asked <= exported
    assert promql_parser.parse(rule["expr"])


@pytest.mark.parametrize("rule", rules_of_the_bot(), ids=lambda rule: rule["alert"])
def test_a_rule_about_the_bot_tells_people_where_to_look(rule: dict[str, Any]):
    assert rule["alert"].startswith("AgentOps")
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
    assert rule["annotations"]["runbook_url"].endswith(f"/bot/{rule['alert']}.md")
    assert rule["labels"]["service"] == "agentops"
    assert rule["labels"]["severity"] in {"warning", "critical", "none"}


def receivers_of(**labels: str) -> list[str]:
    told = run(
        "amtool", "config", "routes", "test", f"--config.file={ALERTMANAGER}", *(f"{k}={v}" for k, v in labels.items())
    )
    return told.strip().split(",")


@pytest.mark.parametrize("rule", rules_of_the_bot(), ids=lambda rule: rule["alert"])
def test_an_alert_about_the_bot_goes_past_the_bot(rule: dict[str, Any]):
    told = receivers_of(alertname=rule["alert"], **rule["labels"])
    assert told == (["dead-mans-switch"] if rule["alert"] == "AgentOpsWatchdog" else ["pager", "agentops"])


def test_an_alert_about_a_model_goes_to_the_bot():
    assert receivers_of(alertname="ModelF1Low", model="fraud-detector", severity="critical") == ["agentops"]


def test_what_the_rules_about_the_bot_ask_for_is_scraped():
    config = yaml.safe_load((MANIFESTS / "prometheus" / "prometheus.yml").read_text())
    assert {one["job_name"] for one in config["scrape_configs"]} >= {"agentops", "alertmanager"}
    assert OF_THE_BOT.name in config["rule_files"] and RULES.name in config["rule_files"]
