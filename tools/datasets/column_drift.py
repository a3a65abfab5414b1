"""One feature of captured requests against the reference, and against what was captured before."""

from typing import TYPE_CHECKING, Any

from tools.datasets.captured import CapturedFeature, CategoryShift, verdict_of
from tools.datasets.columns import Column
from tools.datasets.drift import FLOOR, Psi, psi_of_counts, psi_of_sorted
from tools.datasets.feature_drift import FEWEST_ROWS, Nulls, common_categories
from tools.datasets.kolmogorov import ks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_SHIFTS = 3
SHIFTED = 0.02
"""A category is told of when its share changed by at least this much."""


def compared(name: str, reference: Column, current: Column, earlier: Column | None) -> CapturedFeature:
    """The feature. With fewer than `FEWEST_ROWS` values on either side PSI is mostly noise, and is not told.

    What was so before, too, is not broken since: nulls and wrong types have to be more than those captured `earlier`.
    """
    enough = min(reference.present, current.present) >= FEWEST_ROWS
    psi = psi_of(reference, current) if enough else None
    before = psi_of(reference, earlier) if enough and earlier and earlier.present >= FEWEST_ROWS else None
    distance = None
    medians = None
    if reference.numbers is not None and current.numbers is not None and current.numbers.size:
        distance = ks(reference.numbers, current.numbers) if enough else None
        if reference.median is not None and current.median is not None:
            medians = (reference.median, current.median)
    known_before = earlier if earlier and earlier.rows >= FEWEST_ROWS else None
    nulls_before = known_before.null_share if known_before else None
    nulls = Nulls(reference=reference.null_share, current=current.null_share)
    wrong = _wrong_share(current)
    risen = max(0.0, wrong - _wrong_share(known_before)) if known_before else wrong
    usual = Nulls(reference=max(nulls.reference, nulls_before or 0.0), current=nulls.current)
    return CapturedFeature(
        feature=name,
        kind=reference.kind,
        psi=psi.value if psi else None,
        psi_before=before.value if before else None,
        ks=distance,
        nulls=nulls,
        nulls_before=nulls_before,
        wrong_type=wrong,
        medians=medians,
        outside=_outside(reference, current),
        shifts=_shifts(reference, current) if enough and reference.kind == "category" else (),
        binning=psi.binning if psi else "",
        verdict=verdict_of(psi.value if psi else None, usual, wrong_type=risen),
    )


def psi_of(reference: Column, current: Column) -> Psi | None:
    """PSI over quantile bins of numbers, the reference's own bins where it has nothing else, or categories."""
    if current.present == 0 or reference.present == 0:
        return None
    if reference.kind == "category":
        return psi_of_counts(*common_categories(reference.counts, current.counts))
    if current.numbers is None or not current.numbers.size:
        return None
    if reference.numbers is not None:
        return psi_of_sorted(reference.numbers, current.numbers) if reference.numbers.size else None
    return _over_buckets(reference, current.numbers)


def _over_buckets(reference: Column, current: "NDArray[np.floating[Any]]") -> Psi | None:
    import numpy as np

    if reference.buckets is None:
        return None
    lower, counts = reference.buckets
    # The outer bins are open: what lies beyond the reference's range belongs to them.
    edges = np.searchsorted(current, lower[1:], side="left")
    found = np.diff([0, *edges, current.size])
    names = [str(number) for number in range(len(counts))]
    psi = psi_of_counts(dict(zip(names, counts, strict=True)), dict(zip(names, map(float, found), strict=True)))
    words = f"the {len(counts)} bins of the reference's statistics, empty bins floored at {FLOOR:g}"
    return psi.model_copy(update={"binning": words})


def _wrong_share(column: Column) -> float:
    there = column.rows - column.nulls
    return column.wrong / there if there else 0.0


def _outside(reference: Column, current: Column) -> float | None:
    import numpy as np

    if reference.bounds is None or current.numbers is None or not current.numbers.size:
        return None
    low, high = reference.bounds
    inside = np.searchsorted(current.numbers, high, side="right") - np.searchsorted(current.numbers, low, side="left")
    return 1.0 - float(inside) / current.numbers.size


def _shifts(reference: Column, current: Column) -> tuple[CategoryShift, ...]:
    before, after = common_categories(reference.counts, current.counts)
    all_before, all_after = sum(before.values()), sum(after.values())
    shifts = [
        CategoryShift(category=name, reference=before.get(name, 0) / all_before, current=after.get(name, 0) / all_after)
        for name in sorted(before.keys() | after.keys())
    ]
    moved = [shift for shift in shifts if abs(shift.current - shift.reference) >= SHIFTED]
    return tuple(sorted(moved, key=lambda shift: -abs(shift.current - shift.reference))[:MOST_SHIFTS])
