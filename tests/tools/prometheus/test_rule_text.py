"""`agentops rules`: accepted by promtool, read back as the same thresholds, and agreed with what is shipped."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from incidents.signal_rules import rules_of
from incidents.watching import DETECTOR
from tests.incidents.builders import MANIFESTS, catalogue
from tests.scenarios.rig import require
from tools.prometheus.rule_files import rules_from_files
from tools.prometheus.rule_text import rule_file, rules_of_watch
from tools.prometheus.series import AlertRule
from tools.prometheus.thresholds import rules_for, split

SHIPPED = MANIFESTS / "prometheus" / "agentops.rules.yml"
OF_CATALOGUE = [rule for model in catalogue().models.values() for rule in rules_of(model)]

Bound = tuple[str, str, str, str, float, timedelta]


def bound_of(rule: AlertRule) -> Bound:
    threshold = split(rule)
    side = rule.labels.get("bound", "")
    return rule.name, side, rule.labels["severity"], threshold.comparison, threshold.bound, threshold.hold


def read_back(text: str, folder: Path) -> list[AlertRule]:
    (folder / "printed.yml").write_text(text, encoding="utf-8")
    return rules_from_files([folder / "printed.yml"])


def test_what_is_printed_and_what_is_shipped_are_the_same_thresholds(tmp_path: Path) -> None:
    printed = CliRunner().invoke(app, ["rules"])
    assert printed.exit_code == 0, printed.output
    shipped = rules_from_files([SHIPPED])
    assert {bound_of(rule) for rule in read_back(printed.stdout, tmp_path)} == {bound_of(rule) for rule in shipped}


def test_a_printed_rule_is_taken_apart_into_the_signal_it_was_made_of(tmp_path: Path) -> None:
    found = read_back(rule_file(OF_CATALOGUE), tmp_path)
    assert len(found) == len(OF_CATALOGUE) == 3 * 19
    for rule, signal in zip(found, OF_CATALOGUE, strict=True):
        assert split(rule) == signal.threshold
        assert rule.labels == signal.labels


def test_promtool_accepts_what_is_printed(tmp_path: Path) -> None:
    require("promtool")
    import subprocess

    text = rule_file(OF_CATALOGUE, runbooks_url="https://runbooks.example/")
    (tmp_path / "printed.yml").write_text(text, encoding="utf-8")
    command = ["promtool", "check", "rules", "--lint-fatal", str(tmp_path / "printed.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "https://runbooks.example/EndpointLatencyP99High.md" in text


def test_one_model_is_printed_alone_and_an_unknown_one_refused(tmp_path: Path) -> None:
    one = CliRunner().invoke(app, ["rules", "--model", "churn-predictor"])
    assert {rule.labels["model"] for rule in read_back(one.stdout, tmp_path)} == {"churn-predictor"}
    unknown = CliRunner().invoke(app, ["rules", "--model", "nobody"])
    assert unknown.exit_code == 2 and "no model nobody" in unknown.stderr


def test_braces_of_the_catalogue_are_no_template() -> None:
    (first, *_) = OF_CATALOGUE
    sly = replace(first, baseline="{{ .Secret }}")
    assert "{{ .Secret" not in rule_file([sly])


@pytest.mark.parametrize("model", ["fraud-detector", "churn-predictor"])
def test_an_alert_of_the_watch_finds_its_own_rule_and_no_other_alert_does(model: str) -> None:
    own = rules_of_watch(OF_CATALOGUE)
    labels = {"alertname": "EndpointLatencyP99High", "severity": "critical", "model": model, "env": "prod"}
    labels |= {"endpoint": f"{model}-prod"}
    (rule,) = rules_for(own, {**labels, "detector": DETECTOR})
    assert f'endpoint="{model}-prod"' in rule.expression
    assert rules_for(own, labels) == []
