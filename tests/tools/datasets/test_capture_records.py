"""Records of Data Capture in the forms that SageMaker's containers write."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tools.datasets.capture_records import Unreadable, record_of


def line(data: str, *, encoding: str = "JSON", kind: str = "application/json", output: Any = None) -> bytes:
    captured: dict[str, Any] = {
        "endpointInput": {"observedContentType": kind, "mode": "INPUT", "data": data, "encoding": encoding}
    }
    if output is not None:
        captured["endpointOutput"] = output
    metadata = {"eventId": "1", "inferenceTime": "2026-11-20T19:01:02Z"}
    return json.dumps({"captureData": captured, "eventMetadata": metadata, "eventVersion": "0"}).encode()


NAMED = [{"amount": 4.5, "country": "DE"}, {"amount": None, "country": "FR"}]


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (NAMED[0], NAMED[:1]),
        (NAMED, NAMED),
        ({"instances": NAMED}, NAMED),
        ({"instances": [{"features": [4.5, "DE"]}]}, [[4.5, "DE"]]),
        ({"inputs": [[1, 2], [3, 4]]}, [[1, 2], [3, 4]]),
        ({"dataframe_split": {"columns": ["amount", "country"], "data": [[4.5, "DE"], [None, "FR"]]}}, NAMED),
        ({"dataframe_records": NAMED}, NAMED),
        ([1, 2, 3], [[1, 2, 3]]),
        ({"features": {"amount": 4.5, "country": "DE"}}, NAMED[:1]),
    ],
)
def test_rows_are_found_in_json_of_every_usual_shape(data: Any, rows: list[Any]) -> None:
    found = record_of(line(json.dumps(data)))
    assert list(found.rows) == rows
    assert found.at == datetime(2026, 11, 20, 19, 1, 2, tzinfo=UTC)


def test_rows_of_csv_and_of_json_lines_and_of_base64_of_either_are_found() -> None:
    table = '42.0,"DE",\n13,FR,7\n'
    rows = [["42.0", "DE", ""], ["13", "FR", "7"]]
    assert list(record_of(line(table, encoding="CSV", kind="text/csv; charset=utf-8")).rows) == rows
    packed = base64.b64encode(table.encode()).decode()
    assert list(record_of(line(packed, encoding="BASE64", kind="text/csv")).rows) == rows
    lines = "\n".join(json.dumps(row) for row in NAMED)
    assert list(record_of(line(lines, kind="application/jsonlines")).rows) == NAMED
    packed = base64.b64encode(lines.encode()).decode()
    assert list(record_of(line(packed, encoding="BASE64", kind="application/jsonlines")).rows) == NAMED


@pytest.mark.parametrize(
    ("data", "encoding", "answers"),
    [
        ('{"score": 0.25}', "JSON", [0.25]),
        ('{"predictions": [{"score": 0.5}, {"score": 0.75}]}', "JSON", [0.5, 0.75]),
        ('{"predictions": [[0.5], [0.75]]}', "JSON", [0.5, 0.75]),
        ('{"outputs": ["fraud", "fine"]}', "JSON", ["fraud", "fine"]),
        ("[0.5, 0.75]", "JSON", [0.5, 0.75]),
        ("0.5", "JSON", [0.5]),
        ("0.5,0.1\n0.75,0.2\n", "CSV", [0.5, 0.75]),
        ('{"logits": {"a": 1}, "more": 2}', "JSON", []),
        ("not json", "JSON", []),
    ],
)
def test_answers_are_numbers_or_words(data: str, encoding: str, answers: list[float | str]) -> None:
    output = {"observedContentType": "", "mode": "OUTPUT", "data": data, "encoding": encoding}
    assert list(record_of(line("1,2", encoding="CSV", kind="text/csv", output=output)).answers) == answers


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"{", "not JSON"),
        (b"[]", "no JSON object"),
        (b"{}", "no endpointInput"),
        (b'{"captureData": {"endpointInput": {"encoding": "JSON"}}}', "no data"),
        (line("\x00", encoding="BASE64", kind="application/x-npy"), "no text"),
        (line(base64.b64encode(b"\xff\xfe\x00").decode(), encoding="BASE64", kind="application/x-npy"), "no text"),
        (line(base64.b64encode(b"abc").decode(), encoding="BASE64", kind="application/x-npy"), "neither CSV nor JSON"),
        (line("{}"), "no rows"),
        (line("17"), "no rows"),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_what_cannot_be_read_says_why_without_the_data(content: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        record_of(content)


@pytest.mark.parametrize("moment", [None, 5, "yesterday"])
def test_a_record_that_does_not_say_when_is_read_all_the_same(moment: Any) -> None:
    record = json.loads(line("1,2", encoding="CSV", kind="text/csv"))
    record["eventMetadata"]["inferenceTime"] = moment
    found = record_of(json.dumps(record).encode())
    assert found.at is None
    assert list(found.rows) == [["1", "2"]]
