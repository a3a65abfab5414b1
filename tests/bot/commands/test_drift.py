import json
import random
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from bot.cli import app

runner = CliRunner()


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    rng = random.Random(5)
    before = pl.DataFrame({"amount": [rng.gauss(50, 10) for _ in range(500)], "country": ["DE", "FR"] * 250})
    after = before.with_columns(pl.col("amount") + 25)
    before.write_parquet(tmp_path / "before.parquet")
    after.write_csv(tmp_path / "after.csv")
    return ["drift", "--reference", str(tmp_path / "before.parquet"), "--current", str(tmp_path / "after.csv")]


def test_drift_is_told_as_one_json_object_worst_feature_first(files: list[str]) -> None:
    answer = runner.invoke(app, [*files, "--json"])
    assert answer.exit_code == 0, answer.output
    told = json.loads(answer.stdout)
    assert [one["feature"] for one in told["features"]] == ["amount", "country"]
    worst = told["features"][0]
    assert worst["verdict"] == "drifted" and worst["psi"] > 0.25 and 0 < worst["ks"] <= 1
    assert worst["nulls"] == {"reference": 0.0, "current": 0.0}
    assert told["features"][1]["ks"] is None


def test_drift_is_told_as_a_table(files: list[str]) -> None:
    answer = runner.invoke(app, [*files, "--by", "country"])
    assert answer.exit_code == 0, answer.output
    assert "500 rows of reference, 500 rows now" in answer.stdout
    assert "drifted" in answer.stdout and "where it is DE (250 rows)" in answer.stdout


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (["--by", "region"], "--by: both files need a column 'region'"),
        (["--current", "gone.csv"], "gone.csv: there is no such file"),
        (["--current", "notes.txt"], "notes.txt: give a .csv or a .parquet file"),
    ],
)
def test_wrong_input_is_named(files: list[str], given: list[str], problem: str) -> None:
    answer = runner.invoke(app, [*files, *given])
    assert answer.exit_code == 2
    assert problem in answer.stderr
