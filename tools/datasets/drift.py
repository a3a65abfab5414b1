"""Population stability index (PSI), with its binning stated: implementations disagree near the bounds.

PSI = sum over bins of (current - reference) * ln(current / reference), where current and reference are the shares of
rows in the bin. Usual bounds: below 0.1 stable, above 0.25 drifted (Siddiqi, Credit Risk Scorecards, 2006).
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BINS = 10
FLOOR = 1e-4
"""A share of 0 would make PSI infinite; an empty bin counts as one row in ten thousand."""


class Psi(BaseModel):
    """A PSI and how it was found."""

    model_config = ConfigDict(frozen=True)

    value: float
    bins: int
    """Bins in use; fewer than asked for where the reference repeats values."""
    floor: float
    reference_rows: int
    current_rows: int
    binning: str
    """In plain words, to stand beside the figure."""


def psi_of_numbers(reference: Sequence[float], current: Sequence[float], *, bins: int = BINS) -> Psi:
    """PSI over quantile bins of the reference; the outer bins are open. Rows that are not finite are left out.

    Raises:
        ValueError: either side has no finite row, or `bins` is below 2.
    """
    import numpy as np

    before, after = np.asarray(reference, dtype=float), np.asarray(current, dtype=float)
    return psi_of_sorted(np.sort(before[np.isfinite(before)]), np.sort(after[np.isfinite(after)]), bins=bins)


def psi_of_sorted(
    reference: "NDArray[np.floating[Any]]", current: "NDArray[np.floating[Any]]", *, bins: int = BINS
) -> Psi:
    """The same figure as `psi_of_numbers`, of samples that are sorted and finite: a search an edge, not a row.

    A value equal to an edge belongs to the bin below it, so that a constant is one bin of its own.

    Raises:
        ValueError: either side is empty, or `bins` is below 2.
    """
    import numpy as np

    if bins < 2:
        raise ValueError("PSI needs at least two bins")
    if reference.size == 0 or current.size == 0:
        raise ValueError("PSI needs rows on both sides")
    inner = np.unique(np.quantile(reference, np.linspace(0, 1, bins + 1)[1:-1]))
    counts = [
        np.diff([0, *np.searchsorted(rows, inner, side="right"), rows.size]).astype(float).tolist()
        for rows in (reference, current)
    ]
    used = int(inner.size) + 1
    return Psi(
        value=_psi(counts[0], counts[1]),
        bins=used,
        floor=FLOOR,
        reference_rows=int(reference.size),
        current_rows=int(current.size),
        binning=f"{used} quantile bins of the reference, empty bins floored at {FLOOR:g}",
    )


def psi_of_categories(reference: Sequence[str], current: Sequence[str]) -> Psi:
    """PSI over the categories of both sides.

    Raises:
        ValueError: either side is empty.
    """
    if not reference or not current:
        raise ValueError("PSI needs rows on both sides")
    return psi_of_counts(Counter(reference), Counter(current))


def psi_of_counts(reference: Mapping[str, float], current: Mapping[str, float]) -> Psi:
    """PSI over bins that are counted already, e.g. of two ``statistics.json``; bins are matched by name.

    Raises:
        ValueError: either side counts nothing, or a count is negative or not finite.
    """
    counts = [*reference.values(), *current.values()]
    if any(not math.isfinite(count) or count < 0 for count in counts):
        raise ValueError("counts must be finite and not negative")
    names = sorted({*reference, *current})
    before = [float(reference.get(name, 0)) for name in names]
    after = [float(current.get(name, 0)) for name in names]
    if not sum(before) or not sum(after):
        raise ValueError("PSI needs rows on both sides")
    return Psi(
        value=_psi(before, after),
        bins=len(names),
        floor=FLOOR,
        reference_rows=round(sum(before)),
        current_rows=round(sum(after)),
        binning=f"{len(names)} categories, empty ones floored at {FLOOR:g}",
    )


def _psi(reference: Sequence[float], current: Sequence[float]) -> float:
    all_before, all_after = sum(reference), sum(current)
    total = 0.0
    for before, after in zip(reference, current, strict=True):
        p, q = max(before / all_before, FLOOR), max(after / all_after, FLOOR)
        total += (q - p) * math.log(q / p)
    return total
