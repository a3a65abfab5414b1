"""Evaluation reports of every shape, as figures under the same keys."""

from typing import Any

import pytest

from sandbox.sagemaker.evaluation import candidate_report
from tools.sagemaker.evaluation import figures, slice_names

WANTED = {"f1": 0.8, "slice.amount>0.5.f1": 0.7, "slice.amount>0.5.rows": 250.0}


def test_the_live_model_and_its_slices_stand_beside_the_candidates() -> None:
    report = candidate_report({"f1": 0.8}, 24, {"f1": 0.75}, 23, ("country=DE", "amount>0.5"), {"rows": 20_000})
    found = figures(report)
    assert (found["f1"], found["champion.f1"]) == (0.8, 0.75)
    assert slice_names(found) == ("country=DE", "amount>0.5")
    for name in slice_names(found):
        for begin in (f"slice.{name}", f"champion.slice.{name}"):
            assert {f"{begin}.f1", f"{begin}.rows"} <= found.keys()
    assert found["holdout.rows"] == 20_000


@pytest.mark.parametrize(
    "report",
    [
        {"f1": 0.8, "slices": {"amount>0.5": {"f1": 0.7, "rows": 250}}},
        {"metrics": {"f1": 0.8}, "slices": [{"name": "amount>0.5", "metrics": {"f1": 0.7}, "rows": 250}]},
        {
            "binary_classification_metrics": {"f1": {"value": 0.8, "standard_deviation": "NaN"}},
            "slices": {"amount>0.5": {"rows": 250, "binary_classification_metrics": {"f1": {"value": 0.7}}}},
        },
        {"f1": 0.8, "slice": [{"slice": "amount>0.5", "f1": {"value": 0.7}, "rows": 250}, "nonsense", {"rows": 1}]},
    ],
)
def test_a_report_of_another_shape_gives_the_same_figures(report: dict[str, Any]) -> None:
    assert figures(report) == WANTED


def test_other_names_of_the_gates_metrics_are_told_under_its_own_too() -> None:
    report = {"multiclass_classification_metrics": {"weighted_f1": {"value": 0.8}}, "champion": {"roc_auc": 0.9}}
    assert figures(report) == {"weighted_f1": 0.8, "f1": 0.8, "champion.roc_auc": 0.9, "champion.auc": 0.9}
    assert figures({"f1": 0.7, "f1_score": 0.8})["f1"] == 0.7


def test_slices_that_only_the_live_model_has_are_not_named() -> None:
    assert slice_names(figures({"champion": {"slices": {"a": {"f1": 0.5}}}})) == ()


def test_a_version_is_no_figure() -> None:
    report = candidate_report({"f1": 0.8}, 24, {"f1": 0.75}, 23, (), {"rows": 20_000})
    assert report["version"] == 24
    assert {"version", "champion.version"} & figures(report).keys() == set()
