"""Two windows of data compared feature by feature: PSI, Kolmogorov-Smirnov, nulls, types, categories.

Verdicts, with the usual bounds of PSI (Siddiqi, 2006) and the catalogue's bound of nulls: `broken` where a column is
missing, its type changed, or its share of nulls rose by more than 5 points: data to be mended, not drift to be trained
on; else `drifted` above 0.25, `moved` above 0.1, `stable` below.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice, repeat
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from tools.datasets.drift import Psi, psi_of_counts, psi_of_sorted
from tools.datasets.kolmogorov import ks
from tools.datasets.tables import Table

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

MOVED, DRIFTED = 0.1, 0.25
NULLS_ROSE = 0.05
MOST_CATEGORIES = 200
"""More are counted together as one, the rarest of the reference first: ids would otherwise be categories."""
OTHERS = "(all others)"
FEWEST_ROWS = 200
"""Of a segment on both sides: with fewer rows, ten bins of 20, PSI is mostly noise."""
MOST_SEGMENTS = 20
THREADS = 2

Verdict = Literal["stable", "moved", "drifted", "broken"]
Kind = Literal["number", "category"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Nulls(_Frozen):
    """Shares of rows without a value (null, not a number, or infinite), 0 to 1."""

    reference: float
    current: float


class FeatureDrift(_Frozen):
    """One feature. `psi` and `ks` are None where they cannot be told; `why` says so, and what the verdict rests on."""

    feature: str
    kind: Kind
    psi: float | None
    ks: float | None
    nulls: Nulls
    verdict: Verdict
    why: str
    binning: str = ""
    new_categories: tuple[str, ...] = ()


class Segment(_Frozen):
    """The rows with one value of a column."""

    value: str
    rows: int
    features: tuple[FeatureDrift, ...]


class DriftReport(_Frozen):
    """Features worst first."""

    reference_rows: int
    current_rows: int
    features: tuple[FeatureDrift, ...]
    segments: tuple[Segment, ...] = ()
    """The values with the most rows now, of those with at least `FEWEST_ROWS` rows on both sides."""


_ORDER: dict[Verdict, int] = {"broken": 0, "drifted": 1, "moved": 2, "stable": 3}


def compare(
    reference: Table, current: Table, *, by: str | None = None, done: Callable[[str], None] = lambda _: None
) -> DriftReport:
    """Compare every feature of either file; with `by`, also within each value of that column.

    `done` is told each feature's name once it is compared. Raises `UnreadableTable`, and `KeyError` for a `by` that is
    not in both files.
    """
    if by is not None and not (by in reference.columns and by in current.columns):
        raise KeyError(by)
    shared = [name for name in reference.columns if name in current.columns and name != by]
    lone = [name for name in (*reference.columns, *current.columns) if name not in shared and name != by]
    features = [_missing(name, gone=name in reference.columns) for name in lone]
    groups = _groups(reference, current, by) if by is not None else []
    within: dict[str, list[FeatureDrift]] = {group.value: [] for group in groups}
    pairs = zip(reference.read(shared), current.read(shared), strict=True)
    with ThreadPoolExecutor(THREADS) as pool:
        # A few at a time: the pool would take in every column of the files before the first is compared.
        while batch := list(islice(pairs, 2 * THREADS)):
            for whole, *inside in pool.map(_compared, batch, repeat(groups)):
                features.append(whole)
                for group, one in zip(groups, inside, strict=True):
                    within[group.value].append(one)
                done(whole.feature)
    return DriftReport(
        reference_rows=reference.rows,
        current_rows=current.rows,
        features=_worst_first(features),
        segments=tuple(
            Segment(value=g.value, rows=len(g.current), features=_worst_first(within[g.value])) for g in groups
        ),
    )


def _compared(pair: "tuple[pl.Series, pl.Series]", groups: "Sequence[_Group]") -> list[FeatureDrift]:
    """The whole columns, then each group of their rows."""
    reference, current = pair
    inside = (_one(reference.gather(group.reference), current.gather(group.current)) for group in groups)
    return [_one(reference, current), *inside]


def _missing(name: str, *, gone: bool) -> FeatureDrift:
    why = "the column is missing now" if gone else "the column is new: the reference does not have it"
    nulls = Nulls(reference=0.0 if gone else 1.0, current=1.0 if gone else 0.0)
    verdict: Verdict = "broken" if gone else "moved"
    return FeatureDrift(feature=name, kind="category", psi=None, ks=None, nulls=nulls, verdict=verdict, why=why)


def _one(reference: "pl.Series", current: "pl.Series") -> FeatureDrift:
    name = reference.name
    nulls = Nulls(reference=_nulls(reference), current=_nulls(current))
    numeric = [one.dtype.is_numeric() or one.dtype.is_temporal() for one in (reference, current)]
    kind: Kind = "number" if numeric[0] else "category"
    if numeric[0] != numeric[1]:
        why = f"its type changed from {reference.dtype} to {current.dtype}"
        return FeatureDrift(feature=name, kind=kind, psi=None, ks=None, nulls=nulls, verdict="broken", why=why)
    if nulls.reference == 1.0 or nulls.current == 1.0:
        side = "now" if nulls.current == 1.0 else "in the reference"
        verdict: Verdict = "broken" if nulls.current - nulls.reference > NULLS_ROSE else "stable"
        why = f"it has no value at all {side}"
        return FeatureDrift(feature=name, kind=kind, psi=None, ks=None, nulls=nulls, verdict=verdict, why=why)
    if kind == "number":
        before, after = _sorted(reference), _sorted(current)
        return _judged(name, kind, psi_of_sorted(before, after), ks(before, after), nulls, ())
    counts, new = _categories(reference, current)
    return _judged(name, kind, psi_of_counts(*counts), None, nulls, new)


def _judged(
    name: str, kind: Kind, psi: Psi, distance: float | None, nulls: Nulls, new: tuple[str, ...]
) -> FeatureDrift:
    if nulls.current - nulls.reference > NULLS_ROSE:
        verdict: Verdict = "broken"
        why = f"{nulls.current:.1%} of its rows have no value, {nulls.reference:.1%} in the reference"
    else:
        verdict = "drifted" if psi.value > DRIFTED else "moved" if psi.value > MOVED else "stable"
        bound = {"drifted": f"above {DRIFTED}", "moved": f"above {MOVED}", "stable": f"not above {MOVED}"}[verdict]
        why = f"PSI {psi.value:.3f} is {bound}"
    if new:
        why += f"; new: {', '.join(new[:5])}{'' if len(new) <= 5 else f' and {len(new) - 5} more'}"
    return FeatureDrift(
        feature=name,
        kind=kind,
        psi=psi.value,
        ks=distance,
        nulls=nulls,
        verdict=verdict,
        why=why,
        binning=psi.binning,
        new_categories=new[:50],
    )


def _nulls(column: "pl.Series") -> float:
    missing = column.null_count()
    if column.dtype.is_float():
        missing += int(column.is_nan().sum() or 0) + int(column.is_infinite().sum() or 0)
    return missing / len(column) if len(column) else 1.0


def _sorted(column: "pl.Series") -> "NDArray[np.floating[Any]]":
    """Finite values as floats, in order. Moments and spans count in microseconds, whatever the file's unit."""
    import numpy as np
    import polars as pl

    if isinstance(column.dtype, pl.Date):
        column = column.cast(pl.Datetime("us"))
    elif isinstance(column.dtype, (pl.Datetime, pl.Duration)):
        column = column.dt.cast_time_unit("us")
    values = column.drop_nulls().to_physical().to_numpy().astype(np.float64, copy=True)
    finite = np.isfinite(values)
    values = values if bool(finite.all()) else values[finite]
    values.sort()
    return values


def _categories(
    reference: "pl.Series", current: "pl.Series"
) -> tuple[tuple[dict[str, float], dict[str, float]], tuple[str, ...]]:
    """Counts by category on both sides, the rare ones of the reference as one; and what only the current side has."""
    before, after = _counts(reference), _counts(current)
    new = tuple(sorted(after.keys() - before.keys()))
    return common_categories(before, after), new


def common_categories(
    before: Mapping[str, float], after: Mapping[str, float]
) -> tuple[dict[str, float], dict[str, float]]:
    """Both sides' counts, with all but the `MOST_CATEGORIES` commonest of the reference as one where there are more."""
    kept: Collection[str] = before.keys() | after.keys()
    if len(kept) > MOST_CATEGORIES:
        kept = set(sorted(before, key=lambda name: (-before[name], name))[:MOST_CATEGORIES])
    return _with_others(before, kept), _with_others(after, kept)


def _counts(column: "pl.Series") -> dict[str, float]:
    import polars as pl

    found = column.drop_nulls().cast(pl.String).value_counts(name="n")
    return {str(name): float(n) for name, n in found.iter_rows()}


def _with_others(counts: Mapping[str, float], kept: Collection[str]) -> dict[str, float]:
    shown = {name: n for name, n in counts.items() if name in kept}
    others = sum(n for name, n in counts.items() if name not in kept)
    return shown | ({OTHERS: others} if others else {})


@dataclass(frozen=True)
class _Group:
    """The rows with one value of the column asked for: their numbers in both files."""

    value: str
    reference: "pl.Series"
    current: "pl.Series"


def _groups(reference: Table, current: Table, by: str) -> list[_Group]:
    """The values with the most rows now, as far as both sides have enough of them."""
    (before,), (after,) = list(reference.read([by])), list(current.read([by]))
    rows_before, rows_after = _rows_of(before), _rows_of(after)
    enough = [
        value
        for value, rows in rows_after.items()
        if len(rows) >= FEWEST_ROWS and len(rows_before.get(value, ())) >= FEWEST_ROWS
    ]
    largest = sorted(enough, key=lambda value: (-len(rows_after[value]), value))[:MOST_SEGMENTS]
    return [_Group(value, rows_before[value], rows_after[value]) for value in largest]


def _rows_of(column: "pl.Series") -> "dict[str, pl.Series]":
    import polars as pl

    frame = pl.DataFrame(
        {"value": column.cast(pl.String), "row": pl.int_range(len(column), eager=True, dtype=pl.UInt32)}
    )
    grouped = frame.drop_nulls("value").group_by("value").agg(pl.col("row"))
    return {str(value): numbers for value, numbers in zip(grouped["value"], grouped["row"], strict=True)}


def _worst_first(features: Sequence[FeatureDrift]) -> tuple[FeatureDrift, ...]:
    return tuple(sorted(features, key=lambda f: (_ORDER[f.verdict], -(f.psi or 0.0), f.feature)))
