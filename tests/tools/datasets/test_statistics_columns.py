"""Columns out of Model Monitor's statistics, and two of its files side by side."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from tools.datasets.column_drift import psi_of
from tools.datasets.columns import column_of
from tools.datasets.drift import psi_of_numbers
from tools.datasets.monitored import monitored_of
from tools.datasets.statistics_columns import columns_of
from tools.errors import BadAnswer

AT = datetime(2026, 11, 20, 18, tzinfo=UTC)
URIS = ("s3://bucket/baseline/statistics.json", "s3://bucket/monitor/statistics.json")


def sketch(values: list[float], levels: int) -> list[list[float]]:
    """A KLL sketch with all values in one level: every 2^levels-th of them, in order."""
    empty: list[list[float]] = [[] for _ in range(levels)]
    return [*empty, sorted(values)[2**levels // 2 :: 2**levels]]


def number(values: list[float], *, missing: int = 0, levels: int | None = None) -> dict[str, Any]:
    counts, edges = np.histogram(values, bins=10)
    kll: dict[str, Any] = {
        "buckets": [
            {"lower_bound": float(low), "upper_bound": float(high), "count": float(count)}
            for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
        ]
    }
    if levels is not None:
        kll["sketch"] = {"parameters": {"c": 0.64, "k": 2048.0}, "data": sketch(values, levels)}
    return {
        "name": "charges",
        "inferred_type": "Fractional",
        "numerical_statistics": {
            "common": {"num_present": len(values), "num_missing": missing},
            "mean": float(np.mean(values)),
            "std_dev": float(np.std(values)),
            "min": min(values),
            "max": max(values),
            "distribution": {"kll": kll},
        },
    }


def word(counts: dict[str, int], *, missing: int = 0) -> dict[str, Any]:
    return {
        "name": "plan",
        "inferred_type": "String",
        "string_statistics": {
            "common": {"num_present": sum(counts.values()), "num_missing": missing},
            "distinct_count": len(counts),
            "distribution": {"categorical": {"buckets": [{"value": v, "count": n} for v, n in counts.items()]}},
        },
    }


def drawn(seed: int, scale: float = 1.0) -> list[float]:
    return [float(v) for v in np.random.default_rng(seed).lognormal(3, 0.5, 8000) * scale]


def test_a_sketch_gives_the_psi_of_the_rows_it_stands_for() -> None:
    training, current = drawn(1), drawn(2, 1.5)
    column = columns_of({"features": [number(training, levels=3)]}, uri="x")["charges"]
    assert column.numbers is not None
    assert column.numbers.size == 8000
    psi = psi_of(column, column_of(current, "number"))
    assert psi is not None
    assert psi.value == pytest.approx(psi_of_numbers(training, current).value, rel=0.02)


def test_without_a_sketch_the_files_own_bins_serve() -> None:
    training = drawn(1)
    column = columns_of({"features": [number(training)]}, uri="x")["charges"]
    same, moved = (psi_of(column, column_of(values, "number")) for values in (training, drawn(1, 3.0)))
    assert same is not None
    assert same.value == pytest.approx(0.0, abs=1e-3)
    assert "the 10 bins of the reference's statistics" in same.binning
    assert moved is not None
    assert moved.value > 0.25


def test_a_huge_sketch_is_thinned_evenly() -> None:
    column = columns_of({"features": [number(drawn(1), levels=3)]}, uri="x")["charges"]
    content: dict[str, Any] = {"features": [number(drawn(1))]}
    levels: list[list[float]] = [*([] for _ in range(20)), drawn(1)[:2000]]
    content["features"][0]["numerical_statistics"]["distribution"]["kll"]["sketch"] = {"data": levels}
    huge = columns_of(content, uri="x")["charges"]
    assert huge.numbers is not None
    assert column.numbers is not None
    assert huge.numbers.size == 200_000
    assert np.median(huge.numbers) == pytest.approx(np.median(column.numbers), rel=0.05)


def test_two_runs_are_told_beside_each_other_worst_first() -> None:
    reference = {"features": [number(drawn(1), levels=2), word({"A": 500, "B": 500})]}
    current = {"features": [number(drawn(2, 2.0), levels=2), word({"A": 480, "B": 20}, missing=500)]}
    found = monitored_of(reference, current, at=AT, uris=URIS)
    assert (found.at, found.rows) == (AT, 8000)
    plan, charges = found.features
    assert (plan.feature, plan.verdict, plan.nulls.current, plan.nulls.reference) == ("plan", "broken", 0.5, 0.0)
    assert plan.psi is not None
    assert plan.psi > 0.25
    assert charges.verdict == "drifted"
    assert charges.means is not None
    assert charges.means[1] == pytest.approx(2 * charges.means[0], rel=0.05)


def test_features_of_one_file_alone_are_left_out() -> None:
    found = monitored_of({"features": [word({"A": 1})]}, {"features": [number(drawn(1))]}, at=AT, uris=URIS)
    assert found.features == ()


@pytest.mark.parametrize(
    "features",
    [
        [{"name": "a", "numerical_statistics": {"common": {"num_present": -1}}}],
        [{"name": "a", "numerical_statistics": {"distribution": {"kll": {"buckets": [{"count": 1}]}}}}],
        [{"numerical_statistics": {}}],
    ],
)
def test_nonsense_names_the_file(features: list[Any]) -> None:
    with pytest.raises(BadAnswer, match=r"s3://bucket/baseline/statistics\.json"):
        monitored_of({"features": features}, {"features": []}, at=AT, uris=URIS)
