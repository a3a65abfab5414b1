import math
import random
import warnings
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.datasets.drift import psi_of_sorted
from tools.datasets.feature_drift import FEWEST_ROWS, MOST_CATEGORIES, OTHERS, FeatureDrift, compare
from tools.datasets.kolmogorov import ks
from tools.datasets.tables import COLUMNS_AT_ONCE, Table, UnreadableTable

ROWS = 2_000
samples = st.lists(st.integers(-40, 40), min_size=1, max_size=80)
Write = Callable[[dict[str, Any], str], Path]


@pytest.fixture(params=[".csv", ".parquet"])
def write(request: pytest.FixtureRequest, tmp_path: Path) -> Write:
    def written(columns: dict[str, Any], name: str) -> Path:
        file = tmp_path / f"{name}{request.param}"
        frame = pl.DataFrame(columns)
        frame.write_csv(file) if request.param == ".csv" else frame.write_parquet(file)
        return file

    return written


def usual(**changed: Any) -> dict[str, Any]:
    rng = random.Random(3)
    amounts = [rng.gauss(50, 10) for _ in range(ROWS)]
    countries = [rng.choice(["DE", "FR", "NL"]) for _ in range(ROWS)]
    return {"amount": amounts, "country": countries, **changed}


def compared(write: Write, before: dict[str, Any], after: dict[str, Any], by: str | None = None) -> Any:
    return compare(Table(write(before, "before")), Table(write(after, "after")), by=by)


def one(report: Any, name: str) -> FeatureDrift:
    return next(found for found in report.features if found.feature == name)


@given(before=samples, after=samples)
def test_kolmogorov_smirnov_by_merging_equals_scipys(stats: Any, before: list[int], after: list[int]) -> None:
    with warnings.catch_warnings():
        # It complains of the p-value of so small samples, which nobody asks for.
        warnings.simplefilter("ignore", RuntimeWarning)
        theirs = stats.ks_2samp(before, after)
    ours = ks(np.sort(np.asarray(before, float)), np.sort(np.asarray(after, float)))
    assert ours == pytest.approx(float(theirs.statistic), abs=1e-12)


@given(samples.filter(lambda rows: len(rows) >= 10), samples)
def test_psi_equals_an_independent_one_on_the_same_bins(before: list[int], after: list[int]) -> None:
    edges = [float(edge) for edge in np.unique(np.quantile(before, np.linspace(0, 1, 11)[1:-1]))]
    shares = [Counter(sum(value > edge for edge in edges) for value in rows) for rows in (before, after)]
    expected = 0.0
    for name in range(len(edges) + 1):
        p, q = (max(c[name] / n, 1e-4) for c, n in zip(shares, (len(before), len(after)), strict=True))
        expected += (q - p) * math.log(q / p)
    ours = psi_of_sorted(np.sort(np.asarray(before, float)), np.sort(np.asarray(after, float)))
    assert ours.value == pytest.approx(expected, abs=1e-6)


def test_the_same_data_is_stable_in_every_feature(write: Write) -> None:
    report = compared(write, usual(), usual())
    assert {found.feature: (found.verdict, found.psi) for found in report.features} == {
        "amount": ("stable", 0.0),
        "country": ("stable", 0.0),
    }
    assert (report.reference_rows, report.current_rows) == (ROWS, ROWS)


def test_a_shift_is_drift_and_stands_first(write: Write) -> None:
    report = compared(write, usual(), usual(amount=[value + 20 for value in usual()["amount"]]))
    assert report.features[0].feature == "amount" and report.features[0].verdict == "drifted"
    assert report.features[0].ks is not None and report.features[0].ks > 0.5


def test_nulls_that_rose_are_broken_data_and_not_drift(write: Write) -> None:
    nulled = [None if n % 3 == 0 else value for n, value in enumerate(usual()["amount"])]
    found = one(compared(write, usual(), usual(amount=nulled)), "amount")
    assert found.verdict == "broken" and found.nulls.current == pytest.approx(1 / 3, abs=0.01)
    assert "33.4% of its rows have no value" in found.why


def test_a_type_that_changed_and_a_column_that_went_are_broken(write: Write) -> None:
    before = usual(age=list(range(ROWS)))
    report = compared(write, before, usual(amount=[f"{value} EUR" for value in usual()["amount"]]))
    assert "its type changed" in one(report, "amount").why
    assert one(report, "age").why == "the column is missing now"
    assert {one(report, "amount").verdict, one(report, "age").verdict} == {"broken"}


def test_a_column_without_any_value_now_is_broken(write: Write) -> None:
    report = compared(write, usual(), usual(country=[None] * ROWS))
    assert one(report, "country").verdict == "broken"


def test_infinite_values_are_no_values(write: Write) -> None:
    whole = one(compared(write, usual(), usual(amount=[math.inf] * ROWS)), "amount")
    assert whole.verdict == "broken" and whole.nulls.current == 1.0 and whole.psi is None
    half = usual()
    half["amount"][: ROWS // 2] = [-math.inf] * (ROWS // 2)
    some = one(compared(write, usual(), half), "amount")
    assert some.verdict == "broken" and some.nulls.current == 0.5 and some.psi is not None


def test_moments_kept_in_another_unit_have_not_drifted(tmp_path: Path) -> None:
    moments = pl.Series("at", [datetime(2026, 11, 1, tzinfo=UTC) + timedelta(minutes=n) for n in range(ROWS)])
    units: tuple[Literal["ms"], Literal["us"]] = ("ms", "us")
    for unit in units:
        pl.DataFrame({"at": moments.dt.cast_time_unit(unit)}).write_parquet(tmp_path / f"{unit}.parquet")
    found = compare(Table(tmp_path / "ms.parquet"), Table(tmp_path / "us.parquet"))
    assert (found.features[0].psi, found.features[0].ks, found.features[0].verdict) == (0.0, 0.0, "stable")


def test_new_categories_are_named(write: Write) -> None:
    found = one(compared(write, usual(), usual(country=["BR"] * ROWS)), "country")
    assert found.new_categories == ("BR",) and found.verdict == "drifted" and found.ks is None
    assert "new: BR" in found.why


def test_ids_do_not_make_a_category_each(write: Write) -> None:
    ids = [f"id-{n}" for n in range(ROWS)]
    found = one(compared(write, usual(id=ids), usual(id=ids)), "id")
    assert found.psi == 0.0 and f"{MOST_CATEGORIES + 1} categories" in found.binning
    assert OTHERS not in found.new_categories


def test_drift_of_one_group_only_is_found_within_it(write: Write) -> None:
    moved = usual()
    moved["amount"] = [
        value + 40 * (country == "NL") for value, country in zip(moved["amount"], moved["country"], strict=True)
    ]
    report = compared(write, usual(), moved, by="country")
    verdicts = {segment.value: segment.features[0].verdict for segment in report.segments}
    assert verdicts == {"NL": "drifted", "DE": "stable", "FR": "stable"}
    assert {found.feature for found in report.features} == {"amount"}


def test_a_group_with_few_rows_is_not_judged(write: Write) -> None:
    rare = ["XX"] * (FEWEST_ROWS - 1) + ["DE"] * (ROWS - FEWEST_ROWS + 1)
    report = compared(write, usual(country=rare), usual(country=rare), by="country")
    assert [segment.value for segment in report.segments] == ["DE"]


def test_more_columns_than_are_read_at_once_are_all_compared(write: Write) -> None:
    wide = {f"f{n}": [float(row % (n + 2)) for row in range(50)] for n in range(COLUMNS_AT_ONCE * 2 + 1)}
    seen: list[str] = []
    compare(Table(write(wide, "before")), Table(write(wide, "after")), done=seen.append)
    assert sorted(seen) == sorted(wide)


def test_a_column_to_group_by_must_be_in_both(write: Write) -> None:
    with pytest.raises(KeyError, match="region"):
        compared(write, usual(), usual(), by="region")


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("data.txt", b"a\n1\n", "give a .csv or a .parquet file"),
        ("empty.csv", b"", "cannot be read"),
        ("head.csv", b"a,b\n", "it has no rows"),
        ("broken.parquet", b"PAR1 no", "cannot be read"),
    ],
)
def test_a_file_that_is_no_table_is_named(tmp_path: Path, name: str, content: bytes, problem: str) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(UnreadableTable, match=problem) as raised:
        Table(file)
    assert str(file) in str(raised.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableTable, match="there is no such file"):
        Table(tmp_path / "gone.csv")


def test_late_rows_of_another_type_make_a_column_of_text(tmp_path: Path) -> None:
    file = tmp_path / "late.csv"
    file.write_text("a\n" + "1\n" * 10_500 + "n/a\n")
    (column,) = Table(file).read(["a"])
    assert column.dtype == pl.String
