import json
import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from incidents.catalogue import DataSpec, EndpointSpec, ModelSpec
from sandbox.sagemaker.server import LocalSageMaker
from tools.datasets.reader import DatasetReader
from tools.errors import AccessDenied, BadAnswer, InvalidRequest, NotFound, Throttled, Unavailable
from tools.sagemaker.connection import AwsCredentials

CREDENTIALS = AwsCredentials("AKIAIOSFODNN7EXAMPLE", "secret")
BUCKET = "agentops-churn-predictor"
RUNS = "monitor/churn-predictor-prod/churn-predictor-data-quality"
MODEL = ModelSpec(
    name="churn-predictor",
    channel="ml-incidents",
    endpoint=EndpointSpec(name="churn-predictor-prod"),
    data=DataSpec(
        capture=f"s3://{BUCKET}/capture/", baseline=f"s3://{BUCKET}/baseline/", monitor=f"s3://{BUCKET}/monitor"
    ),
)
NULLS = {
    "feature_name": "last_login_days",
    "constraint_check_type": "completeness_check",
    "description": "Data completeness is 62.0%",
}
STATISTICS: dict[str, Any] = {
    "version": 0.0,
    "dataset": {"item_count": 100},
    "features": [
        {
            "name": "last_login_days",
            "inferred_type": "Fractional",
            "numerical_statistics": {
                "common": {"num_present": 62, "num_missing": 38},
                "mean": 5.5,
                "std_dev": 2.0,
                "min": 0.0,
                "max": 30.0,
                "distribution": {"kll": {"buckets": []}},
            },
        },
        {
            "name": "plan_type",
            "inferred_type": "String",
            "string_statistics": {"common": {"num_present": 100, "num_missing": 0}, "distinct_count": 3.0},
        },
        {"name": "odd", "inferred_type": "Unknown"},
    ],
}


def put(local: LocalSageMaker, key: str, content: Any) -> None:
    local.objects.put_json(BUCKET, key, content)


async def test_violations_are_those_of_the_last_run(datasets: DatasetReader, local: LocalSageMaker) -> None:
    # Written last, but an older run.
    put(local, f"{RUNS}/2026/11/20/18/constraint_violations.json", {"violations": [NULLS]})
    put(local, f"{RUNS}/2026/11/19/23/constraint_violations.json", {"violations": [NULLS, NULLS]})
    put(local, f"{RUNS}/2025/12/31/23/constraint_violations.json", {"violations": []})
    (violation,) = await datasets.violations(MODEL)
    assert (violation.feature, violation.check) == ("last_login_days", "completeness_check")
    assert violation.description == "Data completeness is 62.0%"
    assert violation.seen_at == datetime(2026, 11, 20, 18, tzinfo=UTC)
    assert violation.uri == f"s3://{BUCKET}/{RUNS}/2026/11/20/18/constraint_violations.json"


async def test_a_last_run_without_violations_has_none(datasets: DatasetReader, local: LocalSageMaker) -> None:
    put(local, f"{RUNS}/2026/11/20/17/constraint_violations.json", {"violations": [NULLS]})
    put(local, f"{RUNS}/2026/11/20/18/statistics.json", STATISTICS)
    assert await datasets.violations(MODEL) == []
    put(local, f"{RUNS}/2026/11/20/19/constraint_violations.json", {"violations": []})
    assert await datasets.violations(MODEL) == []


async def test_the_last_run_of_any_schedule_counts(datasets: DatasetReader, local: LocalSageMaker) -> None:
    put(local, "monitor/e/quality/2026/11/20/18/constraint_violations.json", {"violations": []})
    put(local, "monitor/e/another/2026/11/20/19/constraint_violations.json", {"violations": [NULLS]})
    put(local, "monitor/e/another/2026/11/21/05/notes.txt", {})
    assert len(await datasets.violations(MODEL)) == 1


async def test_results_without_hours_in_their_path_are_read(datasets: DatasetReader, local: LocalSageMaker) -> None:
    put(local, "monitor/constraint_violations.json", {"violations": [NULLS]})
    (violation,) = await datasets.violations(MODEL)
    assert datetime.now(UTC) - violation.seen_at < timedelta(minutes=5)


async def test_no_run_at_all_is_not_found(datasets: DatasetReader, local: LocalSageMaker) -> None:
    with pytest.raises(NotFound, match="no results of Model Monitor below"):
        await datasets.violations(MODEL)
    put(local, f"{RUNS}/2026/11/20/18/constraint_violations.json", {"violations": []})
    with pytest.raises(NotFound, match=r"have no statistics\.json"):
        await datasets.statistics(MODEL)


async def test_a_place_the_catalogue_does_not_name_is_not_found(datasets: DatasetReader) -> None:
    bare = MODEL.model_copy(update={"data": DataSpec()})
    now = datetime.now(UTC)
    with pytest.raises(NotFound, match=r"data\.monitor"):
        await datasets.violations(bare)
    with pytest.raises(NotFound, match=r"data\.monitor"):
        await datasets.statistics(bare)
    with pytest.raises(NotFound, match=r"data\.baseline"):
        await datasets.baseline(bare)
    with pytest.raises(NotFound, match=r"data\.capture"):
        await datasets.capture_window(bare, now, now)
    with pytest.raises(NotFound, match="no endpoint"):
        await datasets.capture_window(MODEL.model_copy(update={"endpoint": None}), now, now)


@pytest.mark.parametrize("place", ["https://bucket/x", "bucket/x", "s3:///x", ""])
async def test_a_place_that_is_no_s3_address_is_refused(datasets: DatasetReader, place: str) -> None:
    with pytest.raises(InvalidRequest):
        await datasets.violations(MODEL.model_copy(update={"data": DataSpec(monitor=place)}))


async def test_a_bucket_that_is_gone_is_not_found(datasets: DatasetReader) -> None:
    with pytest.raises(NotFound):
        await datasets.violations(MODEL.model_copy(update={"data": DataSpec(monitor="s3://gone-bucket/x/")}))


async def test_statistics_and_baseline_are_read(datasets: DatasetReader, local: LocalSageMaker) -> None:
    put(local, f"{RUNS}/2026/11/20/18/statistics.json", STATISTICS)
    put(local, "baseline/statistics.json", STATISTICS)
    for found in (await datasets.statistics(MODEL), await datasets.baseline(MODEL)):
        number, text, odd = found
        assert (number.feature, number.kind, number.missing_ratio) == ("last_login_days", "Fractional", 0.38)
        assert (number.mean, number.standard_deviation, number.minimum, number.maximum) == (5.5, 2.0, 0.0, 30.0)
        assert (text.feature, text.distinct, text.missing_ratio, text.mean) == ("plan_type", 3.0, 0.0, None)
        assert odd.missing_ratio is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"violations": 5}',
        b'{"violations": [5]}',
        b'{"violations": [{"feature_name": "a"}]}',
        b'{"violations": [{"feature_name": 1, "constraint_check_type": "x"}]}',
        json.dumps({"violations": [NULLS] * 501}).encode(),
        json.dumps({"violations": [{**NULLS, "feature_name": "x" * 501}]}).encode(),
        b"\xff\xfe",
        b"[" * 200_000,
    ],
)
async def test_nonsense_is_a_bad_answer(datasets: DatasetReader, local: LocalSageMaker, content: bytes) -> None:
    local.objects.put(BUCKET, f"{RUNS}/2026/11/20/18/constraint_violations.json", content)
    with pytest.raises(BadAnswer):
        await datasets.violations(MODEL)


@pytest.mark.parametrize(
    "content", [b"{}", b'{"features": [{}]}', b'{"features": [{"name": "a", "string_statistics": 5}]}']
)
async def test_nonsense_statistics_are_a_bad_answer(
    datasets: DatasetReader, local: LocalSageMaker, content: bytes
) -> None:
    local.objects.put(BUCKET, f"{RUNS}/2026/11/20/18/statistics.json", content)
    with pytest.raises(BadAnswer):
        await datasets.statistics(MODEL)


async def test_a_file_that_is_too_large_is_a_bad_answer(
    datasets: DatasetReader, local: LocalSageMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.sagemaker.objects.MAX_JSON", 1_000)
    put(local, f"{RUNS}/2026/11/20/18/constraint_violations.json", {"violations": [NULLS] * 20})
    with pytest.raises(BadAnswer, match="larger than"):
        await datasets.violations(MODEL)


async def test_a_long_description_is_cut(datasets: DatasetReader, local: LocalSageMaker) -> None:
    long = {**NULLS, "description": "d" * 10_000}
    put(local, f"{RUNS}/2026/11/20/18/constraint_violations.json", {"violations": [long]})
    assert len((await datasets.violations(MODEL))[0].description) == 2_000


async def test_too_many_folders_are_refused(datasets: DatasetReader, local: LocalSageMaker) -> None:
    for number in range(201):
        local.objects.put(BUCKET, f"monitor/schedule-{number}/x.txt", b"")
    with pytest.raises(InvalidRequest, match="one schedule"):
        await datasets.violations(MODEL)


async def test_a_window_tells_captured_and_missing_hours(datasets: DatasetReader, local: LocalSageMaker) -> None:
    base = "capture/churn-predictor-prod/AllTraffic/2026/11/20"
    for key in (f"{base}/16/a.jsonl", f"{base}/16/b.jsonl", f"{base}/18/a.jsonl", f"{base}/19/later.jsonl"):
        local.objects.put(BUCKET, key, b"12345")
    start = datetime(2026, 11, 20, 16, 30, tzinfo=UTC)
    window = await datasets.capture_window(MODEL, start, start + timedelta(hours=2))
    assert [(hour.hour.hour, hour.files, hour.size) for hour in window.hours] == [(16, 2, 10), (18, 1, 5)]
    assert window.missing == (datetime(2026, 11, 20, 17, tzinfo=UTC),)


@pytest.mark.parametrize("length", [timedelta(days=8), timedelta(hours=-2)])
async def test_a_window_of_the_wrong_length_is_refused(datasets: DatasetReader, length: timedelta) -> None:
    start = datetime(2026, 11, 20, 16, tzinfo=UTC)
    with pytest.raises(InvalidRequest):
        await datasets.capture_window(MODEL, start, start + length)


@pytest.mark.parametrize(("fault", "kind"), [("throttle", Throttled), ("denied", AccessDenied), ("down", Unavailable)])
async def test_trouble_is_told_in_our_errors(
    datasets: DatasetReader, local: LocalSageMaker, fault: str, kind: type[Exception]
) -> None:
    local.faults.add(fault)
    with pytest.raises(kind):
        await datasets.violations(MODEL)


async def test_an_s3_that_never_answers_is_given_up() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        datasets = DatasetReader(region="eu-west-1", endpoint_url=url, deadline_s=0.3, credentials=CREDENTIALS)
        with pytest.raises(Unavailable):
            await datasets.violations(MODEL)
        datasets.close()
