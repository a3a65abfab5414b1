"""`agentops demo --headless` as the README has it, with a real Prometheus and a real Alertmanager."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from dirty_equals import IsPartialDict, IsPositiveInt

from tests.scenarios.rig import require


@pytest.mark.timeout(150)
def test_a_bad_deployment_is_rolled_back_through_a_real_prometheus_and_alertmanager(tmp_path: Path) -> None:
    require("prometheus", "promtool", "prometheus-alertmanager")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "bot", "demo", "--headless", "--scenario", "bad_deployment"),
            *("--answer", "approve", "--json", "--require-prometheus", "--speed", "120", "--data-dir", str(tmp_path)),
        ],
        capture_output=True,
        text=True,
        timeout=140,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["diagnosis"]["class"] == "bad_deployment"
    assert told["diagnosis"]["culprit"]["name"] == "product-recommender-v24"
    assert [(one["operation"], one["outcome"]) for one in told["aws_changes"]] == [("UpdateEndpoint", "ok")]
    assert told["aws_changes"][0]["request"]["EndpointConfigName"] == "product-recommender-v23"
    assert [one["state"] for one in told["proposals"]] == ["approved"]
    assert [one["actor"] for one in told["decisions"]] == ["UONCALL"]
    assert told["outcome"] == "resolved"
    assert told["timings_ms"] == IsPartialDict(
        processes_ready=IsPositiveInt, decided=IsPositiveInt, change_sent=IsPositiveInt, recovered=IsPositiveInt
    )
    assert told["timings_ms"]["total"] < 60_000
    assert "'prometheus': 'real'" in (tmp_path / "sandbox.log").read_text()


def test_an_answer_that_there_is_none_of_is_refused() -> None:
    command = [sys.executable, "-m", "bot", "demo", "--headless", "--scenario", "bad_deployment", "--answer", "maybe"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "approve, deny or ignore" in done.stderr
