"""That the benchmarks run; what they measure is told by `make bench`."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.catalogue import Outage, model_names, write_catalogue
from tests.benchmarks.figures import Figure, Report, Target, figure
from tests.benchmarks.install_size import disk_mb
from tests.benchmarks.intake import check_all_there, intake, target_for
from tests.benchmarks.machine import machine
from tests.benchmarks.processes import BenchmarkFailed, stage
from tests.benchmarks.serving import serving
from tests.benchmarks.wrk import Load, wrk_path
from tests.thoroughness import THOROUGH, thorough
from tools.alertmanager.payload import WebhookPayload
from tools.manifests.load import load_catalogue


def _told_quickly(part: str, out: Path) -> list[str]:
    """The names of a quick run's figures, which stand in its JSON and in its table."""
    command = [sys.executable, "-m", "tests.benchmarks", "--quick", "--only", part, "--json", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(out.read_text("utf-8"))
    assert {"cores", "load_1m", "disk_commit_median_ms"} <= told["machine"].keys()
    names = [one["name"] for one in told["figures"]]
    assert names and all(name in done.stdout for name in names)
    return names


def test_a_quick_benchmark_of_the_reasoning_tells_its_figures_as_json_and_as_a_table(tmp_path: Path) -> None:
    names = _told_quickly("investigations", tmp_path / "figures.json")
    assert {"diagnosis (2 turns, 1 tool), alone", "diagnoses, ten at once"} <= set(names)


@thorough
def test_a_quick_benchmark_of_many_rows_asks_both_databases(tmp_path: Path) -> None:
    names = _told_quickly("many_rows", tmp_path / "figures.json")
    asked = {name.split(" (")[1].split(",")[0] for name in names if name.startswith("status (")}
    assert asked == {"SQLite", "PostgreSQL"}


@thorough
async def test_a_tiny_run_measures_a_bot_in_a_process_of_its_own(tmp_path: Path) -> None:
    figures: list[Figure] = []
    async with stage(tmp_path, models=2) as on:
        await serving(on, figures, incidents=2, commands=1, many=0, settings={"AGENTOPS_SETTLE_SECONDS": "2"})
    measured = {one.name: one.median for one in figures}
    assert {"memory, idle", "webhook to 2xx", "webhook to first post", "slash command to answer"} <= measured.keys()
    assert all(value > 0 for value in measured.values())
    # The answer leaves after the commit, the post after the answer's work.
    assert measured["webhook to first post"] > 1


@thorough
async def test_a_tiny_load_measures_the_intake_on_both_databases(tmp_path: Path) -> None:
    if not THOROUGH and shutil.which("wrk") is None:
        pytest.skip("needs wrk, which .ci/run installs")
    figures: list[Figure] = []
    await intake(tmp_path, seconds=1, runs=1, into=figures, bare=20)
    measured = {one.name: one.median for one in figures}
    for name in ("SQLite", "PostgreSQL"):
        for kind in ("single", "groups of 50", "single, grouping beside"):
            assert measured[f"intake on {name}, {kind}: alerts a second"] > 1
            assert measured[f"intake on {name}, {kind}: durable answer"] > 0
        assert measured[f"bare commits a second, {name}"] > 1
        assert measured[f"workflows a second beside it, {name}"] > 0


def test_without_wrk_the_package_to_install_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(BenchmarkFailed, match="Debian's package `wrk`"):
        wrk_path()


def test_a_slow_disk_lowers_what_is_asked_of_the_intake() -> None:
    assert target_for(2_000, [0.1, 0.2, 9.0]).bound == 2_000
    assert target_for(2_000, [2.0] * 3).bound == pytest.approx(0.6 * 8 / 0.004)
    assert target_for(1_000, [0.6] * 3).bound == 1_000


@pytest.mark.parametrize(
    ("stored", "refused", "told"), [(999, 0, "999 are there"), (1_801, 0, "1,801 are there"), (1_000, 1, "refused")]
)
def test_an_alert_that_was_answered_and_is_not_there_spoils_the_figure(stored: int, refused: int, told: str) -> None:
    load = Load(requests=20, refused=refused, lost=0, seconds=1, slowest_us=1, quantiles_us=[1])
    with pytest.raises(BenchmarkFailed, match=told):
        check_all_there([load, load], 25, stored)
    check_all_there([load.model_copy(update={"refused": 0})] * 2, 25, 1_100)


def test_the_fleet_is_a_catalogue_and_its_outages_are_alerts_of_its_models(tmp_path: Path) -> None:
    write_catalogue(tmp_path / "models.yaml", model_names(3))
    catalogue = load_catalogue(tmp_path / "models.yaml")
    assert list(catalogue.models) == model_names(3)
    assert len({model.channel for model in catalogue.models.values()}) == 3
    outage = Outage.now("model-001")
    for resolved in (False, True):
        (alert,) = WebhookPayload.model_validate(outage.webhook(resolved=resolved)).to_alerts()
        assert catalogue.find(alert.labels) == catalogue.models["model-001"]
        assert (alert.starts_at, alert.status) == (outage.begun, "resolved" if resolved else "firing")


def test_a_target_is_held_against_the_number_it_is_about() -> None:
    values = [1.0] * 90 + [200.0] * 10
    slow_tail = figure("latency", "ms", values, "", Target(100, of="p95"))
    assert Report(figures=[slow_tail]).missed == [slow_tail]
    assert Report(figures=[figure("latency", "ms", values, "", Target(100))]).missed == []
    rate = figure("rate", "1/s", [10.0, 20.0, 30.0], "", Target(18, more_is_better=True))
    assert Report(figures=[rate]).missed == []
    assert (rate.p95, rate.worst) == (pytest.approx(11.0), 10.0)
    rare = figure("latency", "ms", [1.0] * 98 + [200.0] * 2, "", Target(100, of="p99"))
    assert Report(figures=[rare]).missed == [rare] and rare.p95 == 1


def test_the_machine_is_named_with_its_limits(tmp_path: Path) -> None:
    told = machine(tmp_path)
    assert told["cores"] >= 1
    assert 0 < told["disk_commit_median_ms"] <= told["disk_commit_p95_ms"]


def test_disk_use_counts_every_file_below(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_bytes(b"x" * 3_000_000)
    assert 3.0 <= disk_mb(tmp_path) < 3.2
