"""Model Monitor's reports: two real ones, and sketches made by the KLL algorithm in the schema that AWS documents."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.cli import app
from tools.datasets.drift import psi_of_categories, psi_of_numbers
from tools.drift_events.errors import NotConvertible
from tools.drift_events.model_monitor import figures_of

REPORTS = Path(__file__).resolve().parents[2] / "fixtures" / "model_monitor"
REAL = (REPORTS / "statistics.json").read_bytes()
VIOLATIONS = (REPORTS / "constraint_violations.json").read_bytes()
ROWS = 20_000
K, C = 2048, 0.64
"""Model Monitor's own parameters."""


def sketch(values: list[float], seed: int = 1) -> list[list[float]]:
    """KLL: an item of each level stands for twice the rows of one below; a full level is halved at random."""
    coin = random.Random(seed)
    levels: list[list[float]] = [[]]
    for value in values:
        levels[0].append(value)
        for at in range(len(levels)):
            if len(levels[at]) < max(2, int(K * C ** (len(levels) - at - 1))):
                break
            if at + 1 == len(levels):
                levels.append([])
            full = sorted(levels[at])
            kept = [full.pop()] if len(full) % 2 else []
            levels[at + 1] += full[coin.randrange(2) :: 2]
            levels[at] = kept
    return levels


def numbers(name: str, values: list[float], **changed: Any) -> dict[str, Any]:
    data = sketch(values)
    return {
        "name": name,
        "inferred_type": "Fractional",
        "numerical_statistics": {
            "common": {"num_present": len(values), "num_missing": 0},
            "mean": sum(values) / len(values),
            "distribution": {"kll": {"buckets": [], "sketch": {"parameters": {"c": C, "k": K}, "data": data}}},
        },
        **changed,
    }


def texts(name: str, counts: dict[str, int], present: int | None = None) -> dict[str, Any]:
    buckets = [{"value": value, "count": count} for value, count in counts.items()]
    return {
        "name": name,
        "inferred_type": "String",
        "string_statistics": {
            "common": {"num_present": present or sum(counts.values()), "num_missing": 0},
            "distinct_count": len(counts),
            "distribution": {"categorical": {"buckets": buckets}},
        },
    }


def statistics(*features: dict[str, Any]) -> str:
    return json.dumps({"version": 0.0, "dataset": {"item_count": ROWS}, "features": features})


def quality(accuracy: float) -> str:
    metrics = {"accuracy": {"value": accuracy, "standard_deviation": 0.01}, "f1": {"value": 0.7}}
    return json.dumps({"version": 0.0, "dataset": {"item_count": 500}, "binary_classification_metrics": metrics})


def drawn(seed: int, mean: float = 0.0) -> list[float]:
    source = random.Random(seed)
    return [source.gauss(mean, 1) for _ in range(ROWS)]


@pytest.mark.parametrize("mean", [0.0, 0.3, 0.6])
def test_psi_of_sketches_is_near_the_psi_of_the_rows(mean: float) -> None:
    before, after = drawn(1), drawn(2, mean)
    assert sum(len(level) for level in sketch(before)) < ROWS / 2
    found = figures_of(statistics(numbers("amount", after)), statistics(numbers("amount", before)))
    assert found.psi["amount"] == pytest.approx(psi_of_numbers(before, after).value, rel=0.05, abs=0.003)
    assert found.left_out == {}


def test_psi_of_counted_categories_is_that_of_the_rows() -> None:
    before, after = {"NL": 700, "DE": 300}, {"NL": 400, "DE": 500, "FR": 100}
    rows = [[name for name, count in counts.items() for _ in range(count)] for counts in (before, after)]
    found = figures_of(statistics(texts("country", after)), statistics(texts("country", before)))
    assert found.psi["country"] == pytest.approx(psi_of_categories(rows[0], rows[1]).value)


def test_a_repeated_value_is_a_bin_of_its_own() -> None:
    before, after = [0.0] * 900 + [5.0] * 100, [0.0] * 500 + [5.0] * 500
    found = figures_of(statistics(numbers("a", after)), statistics(numbers("a", before)))
    assert found.psi["a"] == pytest.approx(psi_of_numbers(before, after).value)


def test_a_real_report_of_model_monitor_is_read() -> None:
    assert figures_of(REAL, REAL).psi == {"message": 0.0}
    moved = statistics(texts("message", {"preproc-not-YET-supported-for-csv-json": 209, "another": 209}))
    assert figures_of(moved, REAL).psi["message"] > 0.25


def test_a_real_list_of_violations_is_refused_and_says_why_and_what_to_give() -> None:
    with pytest.raises(NotConvertible, match=r"the report is a constraint_violations.json.*no PSI.*statistics.json"):
        figures_of(VIOLATIONS, REAL)


def test_a_model_quality_report_tells_the_change_of_accuracy() -> None:
    found = figures_of(quality(0.84), quality(0.93))
    assert (found.accuracy_delta, found.psi) == (pytest.approx(-0.09), {})


def test_what_cannot_be_told_of_a_column_is_left_out_with_its_reason() -> None:
    without = numbers("buckets_only", [1.0, 2.0])
    without["numerical_statistics"]["distribution"]["kll"].pop("sketch")
    torn = numbers("torn", [float(n) for n in range(100)])
    torn["numerical_statistics"]["common"]["num_present"] = 500
    now = [
        numbers("fine", [1.0, 2.0]),
        without,
        torn,
        texts("cut", {"a": 10}, present=90),
        numbers("new", [1.0]),
        texts("changed", {"a": 1}),
    ]
    before = [*now[:4], numbers("changed", [1.0])]
    found = figures_of(statistics(*now), statistics(*before))
    assert found.psi == {"fine": 0.0}
    assert found.left_out == {
        "buckets_only": "its numbers have no KLL sketch",
        "torn": "its sketch holds 100 of 500 values",
        "cut": "its list of categories holds 10 of 90 values",
        "new": "the baseline has no such column",
        "changed": "it is not of the same type as in the baseline",
    }


@pytest.mark.parametrize(
    ("report", "reference", "problem"),
    [
        ("no", statistics(), "the report is no statistics.json"),
        ("{}", statistics(texts("a", {"x": 1})), "holds neither features"),
        ('{"regression_metrics": {"mae": {"value": 1}}}', quality(0.9), "nor the accuracy of a classifier"),
        (quality(0.9), statistics(texts("a", {"x": 1})), "baseline of the same monitor"),
        (
            statistics(texts("a", {"x": 1})),
            statistics(texts("b", {"x": 1})),
            "PSI can be told of no column .a: the bas",
        ),
        (statistics(texts("a", {"x": -1})), "{}", r"features.0.string_statistics.*greater than or equal"),
    ],
)
def test_what_holds_no_figure_of_the_contract_is_refused(report: str, reference: str, problem: str) -> None:
    with pytest.raises(NotConvertible, match=problem):
        figures_of(report, reference)


def command(tmp_path: Path, report: str, reference: str) -> list[str]:
    (tmp_path / "statistics.json").write_text(report)
    (tmp_path / "baseline.json").write_text(reference)
    window = ["--start", "2026-11-20T05:00:00Z", "--end", "2026-11-20T06:00:00Z"]
    files = [str(tmp_path / "statistics.json"), "--reference", str(tmp_path / "baseline.json")]
    return ["drift-event", "monitor", *files, "--model", "fraud-detector", *window]


def test_the_command_prints_an_event_and_says_what_it_left_out(tmp_path: Path) -> None:
    now = statistics(texts("country", {"NL": 1, "DE": 9}), numbers("new", [1.0]))
    answer = CliRunner().invoke(app, command(tmp_path, now, statistics(texts("country", {"NL": 9, "DE": 1}))))
    assert answer.exit_code == 0, answer.output
    event = json.loads(answer.stdout)
    assert (event["detector"], event["baseline"]) == ("sagemaker-model-monitor", "Model Monitor's baseline")
    assert event["psi"]["features"]["country"] > 0.25
    assert "left out: new: the baseline has no such column" in answer.stderr


def test_the_command_refuses_violations_with_exit_code_2(tmp_path: Path) -> None:
    answer = CliRunner().invoke(app, command(tmp_path, VIOLATIONS.decode(), REAL.decode()))
    assert answer.exit_code == 2 and "no PSI" in answer.stderr
