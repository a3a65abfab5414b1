"""Which objects a quarantine would mark, and with which tags it finds them."""

from datetime import UTC, datetime, timedelta

import pytest

from incidents.specs.quarantine_data import MOST_OBJECTS
from sandbox.sagemaker.server import LocalSageMaker
from tests.tools.datasets.conftest import BUCKET
from tools.datasets import window as window_module
from tools.datasets.reader import DatasetReader
from tools.errors import AccessDenied, InvalidRequest, NotFound
from tools.sagemaker import objects as objects_module

START = datetime(2026, 11, 20, 14, 20, tzinfo=UTC)
END = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)
BASE = "capture/churn-predictor-prod/AllTraffic"


def put(local: LocalSageMaker, *keys: str) -> None:
    for key in keys:
        local.objects.put(BUCKET, key, key.encode())


async def keys(datasets: DatasetReader, start: datetime = START, end: datetime = END) -> list[str]:
    return [one.key for one in await datasets.window(BUCKET, "capture/", start, end)]


async def test_an_hour_belongs_to_the_window_that_it_overlaps(datasets: DatasetReader, local: LocalSageMaker) -> None:
    hours = {hour: f"{BASE}/2026/11/20/{hour:02d}/00-00.jsonl" for hour in range(12, 19)}
    put(local, *hours.values(), f"{BASE}/2026/11/19/14/00-00.jsonl", f"{BASE}/2025/11/20/14/00-00.jsonl")
    assert await keys(datasets) == [hours[14], hours[15]]
    assert await keys(datasets, START, END + timedelta(hours=1)) == [hours[14], hours[15], hours[16]]
    assert await keys(datasets, START - timedelta(hours=1), END - timedelta(hours=1)) == [hours[13], hours[14]]


async def test_what_is_written_after_the_end_does_not_belong_to_a_window_that_ends_within_the_hour(
    datasets: DatasetReader, local: LocalSageMaker
) -> None:
    # S3 says itself when an object was written: now.
    now = datetime.now(UTC).replace(microsecond=0)
    key = f"{BASE}/{now:%Y/%m/%d/%H}/00-00.jsonl"
    put(local, key)
    ends = now + timedelta(seconds=5)
    if ends.hour == now.hour:
        assert await keys(datasets, now - timedelta(minutes=10), ends) == [key]
    assert await keys(datasets, now - timedelta(minutes=10), now - timedelta(seconds=1)) == []


async def test_a_window_over_the_turn_of_the_year_sees_both_years(
    datasets: DatasetReader, local: LocalSageMaker
) -> None:
    old, new = f"{BASE}/2025/12/31/23/a.jsonl", f"{BASE}/2026/01/01/00/a.jsonl"
    put(local, old, new, f"{BASE}/2025/12/31/21/a.jsonl", f"{BASE}/2026/01/01/02/a.jsonl")
    turn = datetime(2026, 1, 1, tzinfo=UTC)
    assert await keys(datasets, turn - timedelta(hours=1), turn + timedelta(hours=1)) == [old, new]


async def test_where_the_path_names_no_hour_the_time_of_writing_counts(
    datasets: DatasetReader, local: LocalSageMaker
) -> None:
    put(local, "capture/batch.jsonl", "capture/2026/11/20/no-hour.jsonl", "capture/2026/13/45/odd.jsonl")
    now = datetime.now(UTC)
    here = await keys(datasets, now - timedelta(hours=1), now + timedelta(hours=1))
    assert {"capture/batch.jsonl", "capture/2026/13/45/odd.jsonl"} <= set(here)
    assert await keys(datasets) == []


async def test_objects_come_with_etag_and_tags(datasets: DatasetReader, local: LocalSageMaker) -> None:
    key = f"{BASE}/2026/11/20/14/a+b c.jsonl"
    put(local, key)
    (one,) = await datasets.window(BUCKET, "capture/", START, END)
    assert (one.key, one.tags) == (key, {})
    assert len(one.etag) == 32
    put(local, key + "x")
    local.objects.put(BUCKET, key, b"other")
    other, _ = await datasets.window(BUCKET, "capture/", START, END)
    assert other.etag != one.etag


async def test_a_window_that_holds_too_much_is_refused_before_a_tag_is_read(
    datasets: DatasetReader, local: LocalSageMaker
) -> None:
    local.faults.add("denied", match="s3:GetObjectTagging")
    put(local, *(f"{BASE}/2026/11/20/14/{number:04d}.jsonl" for number in range(MOST_OBJECTS + 1)))
    with pytest.raises(InvalidRequest, match="more than 500 objects"):
        await keys(datasets)


async def test_a_place_that_cannot_be_looked_through_whole_is_refused(
    datasets: DatasetReader, local: LocalSageMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(local, *(f"capture/{number}/x.jsonl" for number in range(6)))
    monkeypatch.setattr(window_module, "MAX_FOLDERS", 5)
    with pytest.raises(InvalidRequest, match="narrower prefix"):
        await keys(datasets)
    monkeypatch.undo()
    put(local, *(f"capture/{number:04d}.jsonl" for number in range(1_001)))
    monkeypatch.setattr(objects_module, "MAX_PAGES", 1)
    with pytest.raises(InvalidRequest, match="narrower prefix"):
        await keys(datasets)


@pytest.mark.parametrize("length", [timedelta(), -timedelta(hours=1), timedelta(days=7, seconds=1)])
async def test_a_window_that_is_none_or_too_long_is_refused(datasets: DatasetReader, length: timedelta) -> None:
    with pytest.raises(InvalidRequest, match="at most a week"):
        await keys(datasets, START, START + length)


async def test_a_bucket_that_is_not_there_is_not_found(datasets: DatasetReader) -> None:
    with pytest.raises(NotFound):
        await datasets.window("no-such-bucket", "capture/", START, END)
    with pytest.raises(NotFound):
        await datasets.tags(BUCKET, "no-such-key")


async def test_tags_that_may_not_be_read_stop_it(datasets: DatasetReader, local: LocalSageMaker) -> None:
    put(local, f"{BASE}/2026/11/20/14/a.jsonl")
    local.faults.add("denied", match="s3:GetObject*")
    with pytest.raises(AccessDenied):
        await keys(datasets)
