"""One record of SageMaker's Data Capture: the rows that a request asked about, and what the model answered.

A record is a line of JSON: ``captureData.endpointInput`` and ``.endpointOutput``, each with ``data`` as ``encoding``
says (CSV, JSON, or BASE64 of anything), and ``eventMetadata.inferenceTime``. One request may hold several rows.
"""

import base64
import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

Row = Mapping[str, Any] | Sequence[Any]
"""Values by name, or, of CSV and of JSON without names, by place. Those of CSV are text."""

_ROWS_UNDER = ("instances", "inputs", "records", "dataframe_records", "data")
_ANSWERS_UNDER = ("predictions", "outputs", "results", "scores")
_ANSWERS_CALLED = (
    "score",
    "probability",
    "prediction",
    "predicted_value",
    "predicted_label",
    "label",
    "class",
)
"""Where the usual containers put rows and answers; the first that is there."""


class Unreadable(Exception):
    """A record that holds no rows that can be read; its words say why, in a few words without anybody's data."""


@dataclass(frozen=True)
class CapturedRecord:
    """One request. `at` is None where the record does not say when; `answers` holds numbers and words."""

    at: datetime | None
    rows: Sequence[Row]
    answers: Sequence[float | str]


def record_of(line: bytes) -> CapturedRecord:
    """From one line of a file of Data Capture.

    Raises:
        Unreadable: it is no such record, or its input is in a form that is not known.
    """
    content = _json(line)
    if not isinstance(content, dict):
        raise Unreadable("a line is no JSON object")
    captured = _mapping(cast(dict[str, Any], content).get("captureData"))
    if "endpointInput" not in captured:
        raise Unreadable("a record has no endpointInput")
    rows = _rows(_mapping(captured["endpointInput"]))
    try:
        answers = _answers(_mapping(captured.get("endpointOutput")))
    except Unreadable:
        # The inputs are worth reading all the same.
        answers = []
    at = _moment(_mapping(cast(dict[str, Any], content).get("eventMetadata")).get("inferenceTime"))
    return CapturedRecord(at, rows, answers)


def _rows(part: Mapping[str, Any]) -> Sequence[Row]:
    text, form = _content(part)
    if form == "csv":
        return [row for row in csv.reader(text.splitlines()) if row]
    rows = [row for document in _documents(text, form) for row in _rows_in(document)]
    if not rows:
        raise Unreadable("an input holds no rows")
    return rows


def _rows_in(node: Any) -> list[Row]:
    if isinstance(node, list):
        items = cast(list[Any], node)
        if items and all(isinstance(item, (dict, list)) for item in items):
            return [row for item in items for row in _one_row(item)]
        return [items] if items else []
    if not isinstance(node, dict):
        return []
    content = cast(dict[str, Any], node)
    split = _mapping(content.get("dataframe_split"))
    if split:
        names = [str(name) for name in _listed(split.get("columns"))]
        return [dict(zip(names, _listed(row), strict=False)) for row in _listed(split.get("data"))]
    for key in _ROWS_UNDER:
        if isinstance(content.get(key), list):
            return _rows_in(content[key])
    return _one_row(content)


def _one_row(node: Any) -> list[Row]:
    if isinstance(node, list):
        return [cast(list[Any], node)]
    content = cast(dict[str, Any], node)
    inner = content.get("features") if len(content) == 1 else None
    if isinstance(inner, (dict, list)):
        return _one_row(inner)
    return [content] if content else []


def _answers(part: Mapping[str, Any]) -> list[float | str]:
    if not part:
        return []
    text, form = _content(part)
    if form == "csv":
        return [_number(row[0]) for row in csv.reader(text.splitlines()) if row]
    found: list[float | str] = []
    for document in _documents(text, form):
        node: Any = document
        if isinstance(node, dict):
            content = cast(dict[str, Any], node)
            node = next((content[key] for key in _ANSWERS_UNDER if isinstance(content.get(key), list)), content)
        nodes = cast(list[Any], node) if isinstance(node, list) else [node]
        found += [answer for answer in map(_answer, nodes) if answer is not None]
    return found


def _answer(node: Any) -> float | str | None:
    if isinstance(node, bool):
        return str(node).lower()
    if isinstance(node, (int, float, str)):
        return _number(node) if isinstance(node, str) else float(node)
    if isinstance(node, list):
        items = cast(list[Any], node)
        return _answer(items[0]) if len(items) == 1 else None
    if isinstance(node, dict):
        content = cast(dict[str, Any], node)
        named = next((content[key] for key in _ANSWERS_CALLED if key in content), None)
        if named is None and len(content) == 1:
            named = next(iter(content.values()))
        return None if named is None or isinstance(named, dict) else _answer(named)
    return None


def _content(part: Mapping[str, Any]) -> tuple[str, str]:
    """The text of a part, and its form: ``csv``, ``json`` or ``jsonlines``."""
    data, encoding = part.get("data"), str(part.get("encoding", "")).upper()
    kind = str(part.get("observedContentType", "")).partition(";")[0].strip().lower()
    if not isinstance(data, str):
        raise Unreadable("a record holds no data")
    if encoding == "BASE64":
        try:
            data = base64.b64decode(data, validate=True).decode()
        except ValueError:
            raise Unreadable("the data is no text (BASE64 of something else than CSV or JSON)") from None
    if "jsonlines" in kind or "json-lines" in kind or kind == "application/x-ndjson":
        return data, "jsonlines"
    if encoding == "JSON" or "json" in kind:
        return data, "json"
    if encoding == "CSV" or kind in ("text/csv", "text/plain"):
        return data, "csv"
    raise Unreadable("the content type is neither CSV nor JSON")


def _documents(text: str, form: str) -> Iterable[Any]:
    if form == "json":
        return [_json(text)]
    return [_json(line) for line in text.splitlines() if line.strip()]


def _json(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Unreadable("the data is not JSON") from None


def _moment(text: Any) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text.strip()


def _mapping(node: Any) -> Mapping[str, Any]:
    return cast(dict[str, Any], node) if isinstance(node, dict) else {}


def _listed(node: Any) -> list[Any]:
    return cast(list[Any], node) if isinstance(node, list) else []
