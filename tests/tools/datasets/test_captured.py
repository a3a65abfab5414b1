"""Captured requests against the training data, read from a local S3."""

import builtins
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from incidents.catalogue import DataSpec, EndpointSpec, ModelSpec
from sandbox.sagemaker.server import LocalSageMaker
from tests.tools.datasets.conftest import BUCKET
from tools.datasets import capture_sample, reference
from tools.datasets.captured import CapturedData, CapturedFeature
from tools.datasets.drift import psi_of_numbers
from tools.datasets.reader import DatasetReader
from tools.datasets.window import Window
from tools.errors import AccessDenied, NotFound

MODEL = ModelSpec(
    name="churn-predictor",
    channel="ml-incidents",
    endpoint=EndpointSpec(name="churn-predictor-prod"),
    data=DataSpec(capture=f"s3://{BUCKET}/capture/", baseline=f"s3://{BUCKET}/baseline/"),
    features=("charges", "plan"),
)
NOW = datetime.now(UTC)
"""S3 says itself when a file was written, so the story is told now."""
ONSET = NOW - timedelta(minutes=20)
SINCE = Window(ONSET, NOW + timedelta(minutes=5))
BEFORE = Window(NOW - timedelta(minutes=60), ONSET - timedelta(minutes=5))
Rows = Sequence[dict[str, Any]]


def rows(count: int, *, seed: int, scale: float = 1.0, nulls: float = 0.0, plans: str = "AABC") -> Rows:
    rng = np.random.default_rng(seed)
    charges = rng.lognormal(3, 0.5, count) * scale
    empty = rng.random(count) < nulls
    return [
        {"charges": None if empty[n] else round(float(charges[n]), 4), "plan": plans[int(rng.integers(len(plans)))]}
        for n in range(count)
    ]


def capture(
    local: LocalSageMaker, given: Rows, begin: datetime, end: datetime, *, name: str = "a", **extra: Any
) -> None:
    """One file of the hour in which it begins."""
    lines: list[str] = []
    for number, row in enumerate(given):
        at = begin + (end - begin) * number / len(given)
        score = 0.2 if row.get("plan") == "A" else 0.6
        part = {"observedContentType": "application/json", "encoding": "JSON", **extra}
        record = {
            "captureData": {
                "endpointInput": {**part, "mode": "INPUT", "data": json.dumps(row)},
                "endpointOutput": {**part, "mode": "OUTPUT", "data": json.dumps({"score": score + number % 10 / 100})},
            },
            "eventMetadata": {"eventId": str(number), "inferenceTime": at.isoformat()},
            "eventVersion": "0",
        }
        lines.append(json.dumps(record))
    local.objects.put(
        BUCKET,
        f"capture/churn-predictor-prod/AllTraffic/{begin:%Y/%m/%d/%H}/{name}.jsonl",
        "\n".join(lines).encode() + b"\n",
    )


def baseline_csv(local: LocalSageMaker, given: Rows, name: str = "train.csv") -> None:
    frame = pl.DataFrame(list(given)).with_columns(churned=0)
    local.objects.put(BUCKET, f"baseline/{name}", frame.write_csv().encode())


def named(found: CapturedData, feature: str) -> CapturedFeature:
    return next(one for one in found.features if one.feature == feature)


def numbers(given: Rows) -> list[float]:
    return [row["charges"] for row in given if row["charges"] is not None]


async def test_figures_are_those_of_the_drift_command_and_of_scipy(
    datasets: DatasetReader, local: LocalSageMaker, stats: Any
) -> None:
    training, before, after = rows(3000, seed=1), rows(900, seed=2), rows(1200, seed=3, scale=1.8, plans="ABBB")
    baseline_csv(local, training)
    capture(local, before, BEFORE.start, BEFORE.end, name="before")
    capture(local, after, ONSET, NOW)
    found = await datasets.captured(MODEL, SINCE, BEFORE)
    assert (found.rows, found.reference, found.reference_name, found.reference_rows) == (
        1200,
        "table",
        "train.csv",
        3000,
    )
    charges, plan = named(found, "charges"), named(found, "plan")
    assert charges.psi == pytest.approx(psi_of_numbers(numbers(training), numbers(after)).value, abs=1e-6)
    assert charges.psi_before == pytest.approx(psi_of_numbers(numbers(training), numbers(before)).value, abs=1e-6)
    scipys = stats.ks_2samp(numbers(training), numbers(after))
    assert charges.ks == pytest.approx(scipys.statistic, abs=1e-12)
    assert charges.medians == pytest.approx((np.median(numbers(training)), np.median(numbers(after))), rel=0.01)
    assert "10 quantile bins of the reference" in charges.binning
    assert (charges.verdict, plan.verdict, plan.kind) == ("drifted", "drifted", "category")
    assert plan.shifts[0].category == "B"
    assert plan.shifts[0].current == pytest.approx(0.75, abs=0.05)
    assert found.predictions is not None
    assert found.predictions.verdict == "drifted"
    assert found.whole
    assert found.per_minute == pytest.approx(1200 / 25, rel=0.02)
    assert found.per_minute_before == pytest.approx(900 / 35, rel=0.02)
    assert found.newest is not None
    assert abs(found.newest - NOW) < timedelta(seconds=5)


async def test_healthy_requests_are_stable(datasets: DatasetReader, local: LocalSageMaker) -> None:
    baseline_csv(local, rows(3000, seed=1))
    capture(local, rows(900, seed=2), BEFORE.start, BEFORE.end, name="before")
    capture(local, rows(900, seed=4), ONSET, NOW)
    found = await datasets.captured(MODEL, SINCE, BEFORE)
    assert [one.verdict for one in found.features] == ["stable", "stable"]
    assert found.predictions is not None
    assert found.predictions.verdict == "stable"
    assert found.gaps == ()


async def test_nulls_and_types_and_columns_that_went_are_broken(datasets: DatasetReader, local: LocalSageMaker) -> None:
    baseline_csv(local, rows(3000, seed=1))
    capture(local, rows(600, seed=2), BEFORE.start, BEFORE.end, name="before")
    capture(local, rows(600, seed=3, nulls=0.4), ONSET, NOW)
    charges = named(await datasets.captured(MODEL, SINCE, BEFORE), "charges")
    assert charges.verdict == "broken"
    assert charges.nulls.current == pytest.approx(0.4, abs=0.05)
    assert charges.nulls_before == 0.0
    capture(local, [{**row, "charges": "a lot"} for row in rows(600, seed=3)], ONSET, NOW)
    charges = named(await datasets.captured(MODEL, SINCE, BEFORE), "charges")
    assert (charges.verdict, charges.wrong_type, charges.psi) == ("broken", 1.0, None)
    capture(local, [{"plan": row["plan"]} for row in rows(600, seed=3)], ONSET, NOW)
    charges = named(await datasets.captured(MODEL, SINCE, BEFORE), "charges")
    assert (charges.verdict, charges.missing) == ("broken", True)


async def test_what_was_so_before_is_not_broken_since(datasets: DatasetReader, local: LocalSageMaker) -> None:
    baseline_csv(local, rows(3000, seed=1))
    capture(local, rows(600, seed=2, nulls=0.3), BEFORE.start, BEFORE.end, name="before")
    capture(local, rows(600, seed=3, nulls=0.3), ONSET, NOW)
    charges = named(await datasets.captured(MODEL, SINCE, BEFORE), "charges")
    assert charges.verdict == "stable"
    assert charges.nulls.current == pytest.approx(0.3, abs=0.05)
    without = [{"plan": row["plan"]} for row in rows(600, seed=3)]
    capture(local, without, BEFORE.start, BEFORE.end, name="before")
    capture(local, without, ONSET, NOW)
    found = await datasets.captured(MODEL, SINCE, BEFORE)
    assert [one.feature for one in found.features] == ["plan"]
    assert found.gaps == ("no captured request has charges, those before neither",)


async def test_few_rows_tell_nulls_and_no_psi(datasets: DatasetReader, local: LocalSageMaker) -> None:
    baseline_csv(local, rows(3000, seed=1))
    capture(local, rows(150, seed=3, nulls=0.5), ONSET, NOW)
    found = await datasets.captured(MODEL, SINCE, BEFORE)
    charges = named(found, "charges")
    assert (charges.psi, charges.verdict) == (None, "broken")
    assert found.gaps == ("150 captured rows are too few for PSI, which needs 200",)
    assert found.predictions is None


async def test_requests_without_names_are_taken_in_the_order_of_the_catalogue(
    datasets: DatasetReader, local: LocalSageMaker
) -> None:
    baseline_csv(local, rows(3000, seed=1))
    given = rows(600, seed=3, scale=3)
    lines = [
        json.dumps(
            {
                "captureData": {
                    "endpointInput": {
                        "observedContentType": "text/csv",
                        "encoding": "CSV",
                        "data": f"{row['charges']},{row['plan']}",
                    }
                },
                "eventMetadata": {"inferenceTime": NOW.isoformat()},
            }
        )
        for row in given
    ]
    place = f"capture/churn-predictor-prod/AllTraffic/{NOW:%Y/%m/%d/%H}/csv.jsonl"
    local.objects.put(BUCKET, place, "\n".join(lines).encode())
    found = await datasets.captured(MODEL, SINCE, BEFORE)
    assert named(found, "charges").verdict == "drifted"
    assert named(found, "plan").verdict == "stable"
    other = MODEL.model_copy(update={"features": ("charges", "plan", "tenure")})
    found = await datasets.captured(other, SINCE, BEFORE)
    assert found.features == ()
    assert any("without names" in gap for gap in found.gaps)


async def test_without_training_data_they_are_compared_with_those_before(
    datasets: DatasetReader, local: LocalSageMaker
) -> None:
    capture(local, rows(600, seed=2), BEFORE.start, BEFORE.end, name="before")
    capture(local, rows(600, seed=3, scale=2), ONSET, NOW)
    for bare in (MODEL, MODEL.model_copy(update={"data": DataSpec(capture=MODEL.data.capture)})):
        found = await datasets.captured(bare, SINCE, BEFORE)
        assert (found.reference, found.reference_rows) == ("earlier", 600)
        assert named(found, "charges").verdict == "drifted"
        assert named(found, "plan").verdict == "stable"
        assert any("training data" in gap for gap in found.gaps)


async def test_parquet_and_json_lines_serve_as_training_data(datasets: DatasetReader, local: LocalSageMaker) -> None:
    training, after = rows(3000, seed=1), rows(600, seed=3, scale=1.5)
    capture(local, after, ONSET, NOW)
    wanted = psi_of_numbers(numbers(training), numbers(after)).value
    local.objects.put(BUCKET, "baseline/train.jsonl", "\n".join(map(json.dumps, training)).encode())
    found = await datasets.captured(MODEL, SINCE, BEFORE)
    assert named(found, "charges").psi == pytest.approx(wanted, abs=1e-6)
    local.objects.delete(BUCKET, "baseline/train.jsonl")
    packed = io.BytesIO()
    pl.DataFrame(list(training)).with_columns(day=pl.date(2026, 11, 1), tags=pl.lit([1])).write_parquet(packed)
    local.objects.put(BUCKET, "baseline/part-0.parquet", packed.getvalue())
    found = await datasets.captured(MODEL, SINCE, BEFORE)
    assert found.reference_name == "part-0.parquet"
    assert named(found, "charges").psi == pytest.approx(wanted, abs=1e-6)


async def test_parquet_without_polars_says_what_to_install_and_falls_back(
    datasets: DatasetReader, local: LocalSageMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    capture(local, rows(600, seed=2), BEFORE.start, BEFORE.end, name="before")
    capture(local, rows(600, seed=3), ONSET, NOW)
    local.objects.put(BUCKET, "baseline/train.parquet", b"PAR1")
    real = builtins.__import__

    def without_polars(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "polars":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_polars)
    found = await datasets.captured(MODEL, SINCE, BEFORE)
    assert found.reference == "earlier"
    assert found.gaps == (
        "train.parquet could not be used: Parquet needs polars: install agentops with the extra `datasets`",
    )


async def test_nonsense_as_training_data_is_told(datasets: DatasetReader, local: LocalSageMaker) -> None:
    capture(local, rows(600, seed=3), ONSET, NOW)
    for name, content in (("train.parquet", b"PAR1 and more"), ("train.csv", b"charges,plan\n"), ("a.jsonl", b"[]\n{")):
        local.objects.put(BUCKET, f"baseline/{name}", content)
        found = await datasets.captured(MODEL, SINCE, BEFORE)
        assert found.features == ()
        assert any(name in gap for gap in found.gaps), name
        local.objects.delete(BUCKET, f"baseline/{name}")


async def test_a_large_training_file_is_read_in_even_parts(
    datasets: DatasetReader, local: LocalSageMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = sorted(rows(20_000, seed=1), key=lambda row: row["charges"])
    baseline_csv(local, training)
    after = rows(2000, seed=3)
    capture(local, after, ONSET, NOW)
    monkeypatch.setattr(reference, "MOST_BYTES", 60_000)
    found = await datasets.captured(MODEL, SINCE, BEFORE)
    assert 1000 < found.reference_rows < 20_000
    # The file is sorted: a part from its beginning alone would look like strong drift.
    charges = named(found, "charges")
    assert charges.medians is not None
    assert charges.medians[0] == pytest.approx(np.median(numbers(training)), rel=0.15)


async def test_many_files_are_sampled_evenly_and_it_is_said(
    datasets: DatasetReader, local: LocalSageMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    baseline_csv(local, rows(3000, seed=1))
    for number in range(30):
        begin = ONSET + timedelta(seconds=30 * number)
        capture(local, rows(60, seed=number), begin, begin + timedelta(seconds=30), name=f"{number:02d}")
    found = await datasets.captured(MODEL, SINCE, BEFORE)
    # Twelve of the window, and of those whose hour had begun before it as many.
    assert found.objects == 30
    assert 12 <= found.objects_read <= 24
    assert found.rows == 60 * found.objects_read
    assert (found.whole, found.per_minute) == (False, None)
    monkeypatch.setattr(capture_sample, "MOST_BYTES", 60_000)
    assert (await datasets.captured(MODEL, SINCE, BEFORE)).rows < 300
    monkeypatch.undo()
    monkeypatch.setattr(capture_sample, "MOST_ROWS", 300)
    found = await datasets.captured(MODEL, SINCE, BEFORE)
    assert (found.rows, found.whole) == (300, False)


async def test_records_that_cannot_be_read_are_counted(datasets: DatasetReader, local: LocalSageMaker) -> None:
    baseline_csv(local, rows(3000, seed=1))
    capture(local, rows(300, seed=3), ONSET, NOW)
    capture(local, rows(40, seed=3), ONSET, NOW, name="packed", encoding="BASE64", observedContentType="x/npy")
    found = await datasets.captured(MODEL, SINCE, BEFORE)
    assert (found.rows, found.unreadable) == (300, 40)
    assert "no text" in found.unreadable_why


async def test_a_capture_that_stopped_says_when(datasets: DatasetReader, local: LocalSageMaker) -> None:
    old = NOW - timedelta(days=3)
    capture(local, rows(20, seed=1), old, old)
    found = await datasets.captured(MODEL, SINCE, BEFORE)
    assert (found.rows, found.features) == (0, ())
    assert found.newest is not None
    local.objects.delete(BUCKET, f"capture/churn-predictor-prod/AllTraffic/{old:%Y/%m/%d/%H}/a.jsonl")
    with pytest.raises(NotFound, match="nothing was captured"):
        await datasets.captured(MODEL, SINCE, BEFORE)


async def test_captured_data_that_may_not_be_read_is_an_error_of_ours(
    datasets: DatasetReader, local: LocalSageMaker
) -> None:
    local.faults.add("denied")
    with pytest.raises(AccessDenied):
        await datasets.captured(MODEL, SINCE, BEFORE)
