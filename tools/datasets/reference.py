"""The training data that captured requests are compared with, from whatever lies at ``data.baseline``. Blocking.

Rows first: the newest files of one kind, CSV, JSON Lines or Parquet (that needs polars, the extra `datasets`). Where
there are none, Model Monitor's ``statistics.json`` of it.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from tools.datasets import monitor
from tools.datasets.captured import Reference
from tools.datasets.columns import Column, column_of, kind_of
from tools.datasets.evenly import evenly
from tools.datasets.statistics_columns import columns_of
from tools.sagemaker.objects import ObjectReader, StoredObject

MOST_LISTED = 200
MOST_FILES = 4
MOST_BYTES = 8_000_000
"""Of text, in parts taken evenly from a larger file."""
MOST_PARQUET = 64_000_000
"""A Parquet file is read whole: its index lies at its end."""
MOST_ROWS = 20_000
PARTS = 8
TEXT = (".csv", ".jsonl")
PARQUET = ".parquet"
NO_POLARS = "Parquet needs polars: install agentops with the extra `datasets`"


@dataclass(frozen=True)
class ReferenceData:
    """Columns by name, where they are from, and what stood in the way of something better."""

    kind: Reference
    name: str
    rows: int
    columns: Mapping[str, Column]
    gaps: tuple[str, ...] = ()


@dataclass(frozen=True)
class NoReference:
    """There is nothing that can be read; `gaps` say why."""

    gaps: tuple[str, ...]


def reference_of(objects: ObjectReader, place: str) -> ReferenceData | NoReference:
    """What lies below an address that ends with a slash. Raises `tools.errors.UpstreamError`."""
    listed = list(objects.listing(place, most=MOST_LISTED))
    tables = [one for one in listed if one.key.lower().endswith((*TEXT, PARQUET)) and one.size]
    gaps: list[str] = []
    if tables:
        kind = _ending(max(tables, key=lambda one: one.modified))
        files = evenly([one for one in tables if _ending(one) == kind], MOST_FILES)
        name = files[0].key.rsplit("/", 1)[-1] if len(files) == 1 else f"{len(files)} files"
        try:
            columns = _table(objects, files, kind)
        except _Unusable as error:
            gaps.append(f"{name} could not be used: {error}")
        else:
            return ReferenceData("table", name, max(column.rows for column in columns.values()), columns)
    statistics = next((one for one in listed if one.key.rsplit("/", 1)[-1] == monitor.STATISTICS), None)
    if statistics is not None:
        columns = columns_of(objects.json(statistics.uri), uri=statistics.uri)
        if columns:
            rows = max(column.rows for column in columns.values())
            return ReferenceData("statistics", monitor.STATISTICS, rows, columns, tuple(gaps))
    return NoReference(tuple(gaps or ["no training data (CSV, JSON Lines, Parquet or statistics.json) lies there"]))


class _Unusable(Exception):
    """A table cannot be read; its words say why."""


def _table(objects: ObjectReader, files: Sequence[StoredObject], kind: str) -> dict[str, Column]:
    if kind == PARQUET:
        values = _parquet(objects, files)
    else:
        rows = evenly([row for one in files for row in _text_rows(objects, one, len(files), kind)], MOST_ROWS)
        names = list(dict.fromkeys(name for row in rows for name in row))
        values = {name: [row.get(name) for row in rows] for name in names}
    columns = {name: column_of(column, kind_of(column)) for name, column in values.items() if column}
    if not columns:
        raise _Unusable("it has no rows")
    return columns


def _text_rows(objects: ObjectReader, one: StoredObject, files: int, kind: str) -> Iterator[Mapping[str, Any]]:
    parts = _parts(objects, one, MOST_BYTES // files)
    if kind == ".jsonl":
        for line in (line for part in parts for line in part):
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(row, dict):
                yield cast(dict[str, Any], row)
        return
    header: list[str] = []
    for part in parts:
        for row in csv.reader(line.decode("utf-8", "replace") for line in part):
            if not header:
                header = [name.strip() for name in row]
            elif len(row) == len(header):
                # A row of another length is a part of one that held a line break.
                yield dict(zip(header, row, strict=True))


def _parts(objects: ObjectReader, one: StoredObject, most: int) -> Iterator[Sequence[bytes]]:
    """Whole lines of a file; of one with more than `most` bytes, of parts that lie evenly in it."""
    if one.size <= most:
        yield objects.part(one, 0, one.size).splitlines()
        return
    length = most // PARTS
    for number in range(PARTS):
        begin = round(number * (one.size - length) / (PARTS - 1))
        lines = objects.part(one, begin, length).splitlines()
        last = begin + length >= one.size
        yield lines[0 if begin == 0 else 1 : len(lines) if last else -1]


def _parquet(objects: ObjectReader, files: Sequence[StoredObject]) -> dict[str, list[Any]]:
    try:
        import polars as pl
    except ImportError:
        raise _Unusable(NO_POLARS) from None
    if sum(one.size for one in files) > MOST_PARQUET:
        raise _Unusable(
            f"Parquet of more than {MOST_PARQUET // 1_000_000} MB; put a sample of it or statistics.json there"
        )
    frames: list[pl.DataFrame] = []
    try:
        for one in files:
            frame = pl.read_parquet(io.BytesIO(objects.part(one, 0, one.size)))
            frames.append(frame.gather_every(max(1, -(-frame.height * len(files) // MOST_ROWS))))
        whole = pl.concat(frames, how="vertical_relaxed")
    except pl.exceptions.PolarsError as error:
        raise _Unusable("it is no Parquet that polars can read") from error
    moments = [name for name, kind in whole.schema.items() if kind.is_temporal()]
    flat = [name for name, kind in whole.schema.items() if not kind.is_nested()]
    whole = whole.select(flat).with_columns(pl.col(name).to_physical() for name in moments if name in flat)
    return {name: whole[name].to_list() for name in whole.columns}


def _ending(one: StoredObject) -> str:
    return next(ending for ending in (*TEXT, PARQUET) if one.key.lower().endswith(ending))
