"""The Kolmogorov-Smirnov statistic of two samples: the largest distance between their distribution functions."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def ks(before: "NDArray[np.floating[Any]]", after: "NDArray[np.floating[Any]]") -> float:
    """By merging the two sorted samples. Both must be sorted, finite and not empty; equals SciPy's `ks_2samp`.

    The distance is largest at a value of one of the samples. There, one function is the value's own place, and the
    other's is found by a search that never goes back, since both are sorted.
    """
    if before.size == 0 or after.size == 0:
        raise ValueError("Kolmogorov-Smirnov needs rows on both sides")
    return max(_furthest(before, after), _furthest(after, before))


def _furthest(one: "NDArray[np.floating[Any]]", other: "NDArray[np.floating[Any]]") -> float:
    import numpy as np

    # Of equal values only the last is a point of the function.
    last = np.flatnonzero(np.append(one[1:] != one[:-1], True))
    own = (last + 1) / one.size
    others = np.searchsorted(other, one[last], side="right") / other.size
    return float(np.max(np.abs(own - others)))
