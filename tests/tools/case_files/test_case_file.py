"""A case file that is wrong says where and what to do; one that is right says what it says."""

from datetime import timedelta
from pathlib import Path

import pytest

from incidents.errors import ManifestError
from tools.case_files.case_file import CaseFile, Course
from tools.case_files.fitting import model_of
from tools.case_files.incident import incident_of
from tools.case_files.moments import NOW
from tools.case_files.reading import read_case
from tools.manifests.load import load_catalogue

ROOT = Path(__file__).parents[3]
CATALOGUE = load_catalogue(ROOT / "manifests" / "models.yaml")

RIGHT = """\
title: Errors after a new config
model: fraud-detector
alerts:
  - {name: EndpointErrorRateHigh, since: -20m, labels: {endpoint: fraud-detector-prod}}
metrics:
  error_rate: {moves: [{at: -25m, to: 0.08, over: 2m}]}
  null_rate.amount: {csv: nulls.csv}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "case.yaml").write_text(RIGHT)
    (tmp_path / "nulls.csv").write_text("minutes,value\n-400,0.004\n-30,0.2\n")
    return tmp_path


def wrong(folder: Path, text: str) -> ManifestError:
    (folder / "case.yaml").write_text(text)
    with pytest.raises(ManifestError) as raised:
        model_of(read_case(folder), CATALOGUE)
    return raised.value


def test_moments_count_back_from_the_investigation(folder: Path) -> None:
    case = read_case(folder)
    assert case.alerts[0].since == NOW - timedelta(minutes=20)
    assert case.name == folder.name
    assert model_of(case, CATALOGUE) is CATALOGUE.models["fraud-detector"]


def test_a_model_whose_configs_are_not_told_has_served_its_usual_one(folder: Path) -> None:
    assert [one.name for one in read_case(folder).endpoint.configs] == ["fraud-detector-v40", "fraud-detector-v41"]


def test_the_incident_is_that_of_the_alerts_and_the_catalogue(folder: Path) -> None:
    case = read_case(folder)
    opened = incident_of(case, model_of(case, CATALOGUE), CATALOGUE)
    assert opened.model is not None and opened.model.name == "fraud-detector"
    assert opened.incident.started_at == NOW - timedelta(minutes=20)
    assert opened.now == NOW


@pytest.mark.parametrize(
    ("before", "after", "line", "key", "problem"),
    [
        ("title:", "tittle:", 1, "tittle", "is not a known key; did you mean title?"),
        ("model: fraud-detector", "model: fraud-detecter", 2, "model", "did you mean fraud-detector"),
        ("since: -20m", "since: 20m", 4, "alerts[0].since", "write e.g. -25m"),
        ("since: -20m", "since: 2026-11-20T19:00:00", 4, "alerts[0].since", "is no moment"),
        ("since: -20m", "since: -99999999999d", 4, "alerts[0].since", "longer than"),
        ("{name: EndpointErrorRateHigh, ", "{", 4, "alerts[0].name", "is missing; add it"),
        (
            "error_rate:",
            "eror_rate:",
            6,
            "metrics.eror_rate",
            "is no series of fraud-detector; did you mean error_rate",
        ),
        ("null_rate.amount", "null_rate.amuont", 7, "metrics.null_rate.amuont", "did you mean null_rate.amount"),
        ("to: 0.08", "to: .nan", 6, "metrics.error_rate.moves[0].to", "finite"),
        ("nulls.csv", "other.csv", 7, "metrics.null_rate.amount.csv", "other.csv cannot be read: No such file"),
        ("nulls.csv", "../nulls.csv", 7, "metrics.null_rate.amount.csv", "must be the name of a file beside the case"),
        ("model: fraud-detector", "model: {name: x}", 2, "model.channel", "is missing; add it"),
        ("title: Errors", "name: mine\ntitle: Errors", 1, "name", "remove it"),
    ],
)
def test_what_is_wrong_is_named_by_line_and_key(
    folder: Path, before: str, after: str, line: int, key: str, problem: str
) -> None:
    assert before in RIGHT
    error = wrong(folder, RIGHT.replace(before, after, 1))
    assert (error.file, error.line, error.key) == (str(folder / "case.yaml"), line, key)
    assert problem in error.problem


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("minute,value\n-1,2\n", "nulls.csv has no column minutes in its first line"),
        ("minutes,value\n-1,two\n", "nulls.csv, line 2: minutes and value must be numbers"),
        ("minutes,value\n-2,1\n5,1\n", "nulls.csv, line 3: minutes must be 0 or less"),
        ("minutes,value\n-2,nan\n", "nulls.csv, line 2: minutes must be 0 or less, and the value a finite number"),
        ("minutes,value\n-2\n", "nulls.csv, line 2: minutes and value must be numbers"),
        ("minutes,value\n", "nulls.csv holds no samples"),
    ],
)
def test_a_series_that_cannot_be_read_is_named_with_its_line(folder: Path, text: str, problem: str) -> None:
    (folder / "nulls.csv").write_text(text)
    assert problem in wrong(folder, RIGHT).problem


def test_a_folder_without_a_case_and_no_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="No such file"):
        read_case(tmp_path)
    with pytest.raises(ManifestError, match="is no folder"):
        read_case(tmp_path / "none")


def test_what_the_evals_grade_by_is_not_looked_at(folder: Path) -> None:
    (folder / "case.yaml").write_text(RIGHT + "why: Because.\ntraps: [many]\nexpected: {class: whatever}\n")
    assert read_case(folder).title == "Errors after a new config"


def test_the_page_names_every_key_of_a_case_and_a_course() -> None:
    page = (ROOT / "docs" / "case-format.md").read_text(encoding="utf-8")
    keys = {*CaseFile.model_fields, *Course.model_fields} - {"name", "folder"}
    assert {key for key in keys if f"`{key}`" not in page} == set()


def test_the_pages_example_is_a_case(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "case-format.md").read_text(encoding="utf-8")
    (tmp_path / "case.yaml").write_text(page.split("```yaml\n")[1].split("```")[0])
    (tmp_path / "p99.csv").write_text("minutes,value\n-400,0.2\n-25,2.4\n")
    assert model_of(read_case(tmp_path), CATALOGUE).name == "product-recommender"
