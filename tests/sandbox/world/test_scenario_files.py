"""Scenario files: what ships is right, and what is wrong is said with file, line and key."""

from pathlib import Path

import pytest

from sandbox.scenario import ScenarioError, check_against, load_scenario, load_scenarios

GOOD = """\
name: mine
title: Mine
description: What happens.
model: fraud-detector
changes:
  - kind: drift
    feature: amount
    scale: 2
alerts:
  - {alertname: ModelFeatureDriftHigh, severity: critical, feature: amount}
right_answer:
  root_cause: feature_drift
  advice: Retrain.
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text)
    return path


def test_the_scenarios_of_the_sandbox_are_all_there():
    assert set(load_scenarios()) == {
        "bad_deployment",
        "feature_drift",
        "upstream_nulls",
        "benign_drift",
        "latency_saturation",
        "retrain_and_promote",
        "gate_fails",
        "autonomous_rollback",
    }


def test_a_good_file_is_read(tmp_path: Path):
    assert load_scenario(write(tmp_path, GOOD)).model == "fraud-detector"


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("title: Mine\n", "", ":1: title:"),
        ("title: Mine", "titel: Mine", ":1: title:"),
        ("scale: 2", "scale: -2", ":8: changes.0.scale:"),
        ("scale: 2", "skale: 2", ":8: changes.0.skale:"),
        ("kind: drift", "kind: wobble", ":6: changes.0:"),
        ("kind: drift", "kind: concept", ":6: changes.0.loss:"),
        ("model: fraud-detector", "model: fraud-detector\nautonomy: full", ":5: autonomy:"),
        ("severity: critical", "severity: terrible", ":10: alerts.0.severity:"),
        ("name: mine", "name: other", ":1: name:"),
        ("description: What happens.", "description: [}", ":3: "),
    ],
)
def test_a_wrong_file_is_refused_with_file_line_and_key(tmp_path: Path, old: str, new: str, place: str):
    path = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(ScenarioError) as refused:
        load_scenario(path)
    assert str(refused.value).startswith(f"{path}{place}")


@pytest.mark.parametrize(
    ("features", "message"),
    [({}, "no model 'fraud-detector'"), ({"fraud-detector": set[str]()}, "no feature 'amount'")],
)
def test_a_scenario_of_another_world_is_refused(tmp_path: Path, features: dict[str, set[str]], message: str):
    with pytest.raises(ScenarioError, match=message):
        check_against([load_scenario(write(tmp_path, GOOD))], features)
