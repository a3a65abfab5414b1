"""One feature's values on one side of a comparison: numbers in order, or counted categories. Needs numpy alone."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tools.datasets.feature_drift import Kind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NUMERIC = 0.95
"""A column of text is one of numbers when at least this share of its values are; the rest are then of a wrong type."""
_NO_VALUE = frozenset({"", "null", "none", "nan", "na", "n/a"})
LONGEST_CATEGORY = 200


@dataclass(frozen=True)
class Column:
    """Values of one feature.

    Attributes:
        kind: what it is, or, of current values, what the reference says that it should be.
        rows: all rows, those without a value among them.
        nulls: rows without a value.
        wrong: values of another type.
        numbers: finite values in order, of numbers.
        counts: rows by category, of categories.
        buckets: of numbers known by counts alone: lower bounds in order and the counts; `numbers` is None then.
        bounds: least and greatest value, of numbers, where they are known.
    """

    kind: Kind
    rows: int
    nulls: int
    wrong: int = 0
    numbers: "NDArray[np.floating[Any]] | None" = None
    counts: Mapping[str, float] = field(default_factory=dict[str, float])
    buckets: tuple[tuple[float, ...], tuple[float, ...]] | None = None
    bounds: tuple[float, float] | None = None

    @property
    def null_share(self) -> float:
        """Of all rows; 1 where there are none."""
        return self.nulls / self.rows if self.rows else 1.0

    @property
    def present(self) -> int:
        """Rows with a value of the right type."""
        return self.rows - self.nulls - self.wrong

    @property
    def median(self) -> float | None:
        """Of numbers that are known one by one."""
        if self.numbers is None or not self.numbers.size:
            return None
        return float(self.numbers[self.numbers.size // 2])


def kind_of(values: Sequence[Any]) -> Kind:
    """What values are, told from those that are there."""
    there = [value for value in values if not _is_null(value)]
    numbers = sum(not isinstance(value, bool) and _number(value) is not None for value in there)
    return "number" if there and numbers >= NUMERIC * len(there) else "category"


def column_of(values: Sequence[Any], kind: Kind) -> Column:
    """The values as a column of that kind. A number written as text is a number, as all of CSV is text."""
    there = [value for value in values if not _is_null(value)]
    nulls = len(values) - len(there)
    if kind == "category":
        return Column(kind, len(values), nulls, counts=Counter(map(_category, there)))
    import numpy as np

    parsed = [_number(value) for value in there]
    numbers = np.sort(np.asarray([number for number in parsed if number is not None], dtype=float))
    bounds = (float(numbers[0]), float(numbers[-1])) if numbers.size else None
    wrong = len(parsed) - int(numbers.size)
    return Column(kind, len(values), nulls, wrong, numbers=numbers, bounds=bounds)


def _is_null(value: Any) -> bool:
    if value is None:
        return True
    if isinstance(value, float):
        return not math.isfinite(value)
    return isinstance(value, str) and value.strip().lower() in _NO_VALUE


def _number(value: Any) -> float | None:
    if isinstance(value, (int, float, str)):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            return None
        return number if math.isfinite(number) else None
    return None


def _category(value: Any) -> str:
    """A whole number is the same category whether it is written 3 or 3.0."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()[:LONGEST_CATEGORY]
