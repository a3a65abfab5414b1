"""Captured requests against the training data: which values are whose, and what is compared with what."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tools.datasets.capture_records import Row
from tools.datasets.capture_sample import CaptureSample, Side
from tools.datasets.captured import CapturedData, CapturedFeature, Reference, worst_first
from tools.datasets.column_drift import compared
from tools.datasets.columns import Column, column_of, kind_of
from tools.datasets.feature_drift import FEWEST_ROWS, Nulls
from tools.datasets.reference import NoReference, ReferenceData
from tools.datasets.window import Window

PREDICTION = "prediction"
MOST_FEATURES = 60
NO_NAMES = "the requests hold values without names, and not as many as the catalogue has features"


def comparison(
    found: CaptureSample,
    reference: ReferenceData | NoReference,
    features: Sequence[str],
    window: Window,
    before: Window,
) -> CapturedData:
    """The comparison. `features`: the catalogue's, in the order of requests without names; where it has none, those
    that requests and training data share.

    What the requests captured before the window do not have either is told as a gap, not as broken since.
    """
    gaps = list(reference.gaps)
    compared_now: list[CapturedFeature] = []
    kind: Reference | None = None
    name, rows = "", 0
    current, earlier = found.current, found.earlier
    if current.rows:
        named = _Named(current.rows, features)
        if named.strange:
            gaps.append(NO_NAMES)
        before_named = _Named(earlier.rows, features)
        columns = reference.columns if isinstance(reference, ReferenceData) else None
        if columns is not None and isinstance(reference, ReferenceData):
            kind, name, rows = reference.kind, reference.name, reference.rows
        elif len(earlier.rows) >= FEWEST_ROWS:
            columns, kind, rows = _all_columns(before_named), "earlier", len(earlier.rows)
        wanted = features or [one for one in named.names if columns is None or one in columns]
        compared_now, missing = _features(wanted[:MOST_FEATURES], columns or {}, named, before_named, kind)
        gaps += missing
        if columns is not None and len(current.rows) < FEWEST_ROWS:
            gaps.append(f"{len(current.rows)} captured rows are too few for PSI, which needs {FEWEST_ROWS}")
    why = found.unreadable.most_common(1)
    return CapturedData(
        since=window.start,
        until=window.end,
        rows=len(current.rows),
        unreadable=found.unreadable.total(),
        unreadable_why=why[0][0] if why else "",
        objects=found.objects,
        objects_read=found.objects_read,
        whole=found.whole and current.seen == len(current.rows),
        newest=found.newest,
        per_minute=_per_minute(current, window.start, window.end) if found.whole else None,
        per_minute_before=_per_minute(earlier, before.start, before.end) if found.whole else None,
        reference=kind,
        reference_name=name,
        reference_rows=rows,
        features=worst_first(compared_now),
        predictions=_predictions(current, earlier),
        gaps=tuple(gaps),
    )


class _Named:
    """Rows whose values have names."""

    def __init__(self, rows: Sequence[Row], features: Sequence[str]) -> None:
        named: list[Mapping[str, Any]] = []
        for row in rows:
            if isinstance(row, Mapping):
                named.append(row)
            elif len(row) == len(features):
                named.append(dict(zip(features, row, strict=True)))
        self.rows = named
        self.strange = len(rows) > 0 and not named
        self.names = list(dict.fromkeys(name for row in named for name in row))

    def values(self, name: str) -> list[Any]:
        return [row.get(name) for row in self.rows]

    def has(self, name: str) -> bool:
        return any(name in row for row in self.rows)


def _all_columns(named: _Named) -> dict[str, Column]:
    values = {name: named.values(name) for name in named.names}
    return {name: column_of(column, kind_of(column)) for name, column in values.items()}


def _features(
    wanted: Sequence[str],
    columns: Mapping[str, Column],
    named: _Named,
    before: _Named,
    kind: Reference | None,
) -> tuple[list[CapturedFeature], list[str]]:
    found: list[CapturedFeature] = []
    unknown = [name for name in wanted if name not in columns]
    never = [name for name in wanted if not named.has(name) and not before.has(name)]
    for name in wanted:
        if name in unknown or name in never:
            continue
        reference = columns[name]
        if not named.has(name):
            nulls = Nulls(reference=reference.null_share, current=1.0)
            found.append(
                CapturedFeature(feature=name, kind=reference.kind, nulls=nulls, missing=True, verdict="broken")
            )
            continue
        current = column_of(named.values(name), reference.kind)
        earlier = column_of(before.values(name), reference.kind) if before.rows and kind != "earlier" else None
        found.append(compared(name, reference, current, earlier))
    gaps: list[str] = []
    if never and named.rows:
        gaps.append(f"no captured request has {', '.join(never[:5])}{_and_more(never)}, those before neither")
    if unknown and columns:
        gaps.append(f"the training data has no {', '.join(unknown[:5])}{_and_more(unknown)}")
    return found, gaps


def _predictions(current: Side, earlier: Side) -> CapturedFeature | None:
    """Answers now against those before: what a model says on its training data is nowhere written down."""
    if min(len(current.answers), len(earlier.answers)) < FEWEST_ROWS:
        return None
    kind = kind_of(earlier.answers)
    return compared(PREDICTION, column_of(earlier.answers, kind), column_of(current.answers, kind), None)


def _per_minute(side: Side, start: datetime, end: datetime) -> float | None:
    """Rows a minute; capture may have begun within the time before."""
    if side.oldest is None:
        return None
    span = end - max(start, side.oldest)
    return side.seen / (span / timedelta(minutes=1)) if span >= timedelta(seconds=1) else None


def _and_more(names: Sequence[str]) -> str:
    return f" and {len(names) - 5} more" if len(names) > 5 else ""
