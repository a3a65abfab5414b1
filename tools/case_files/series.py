"""Series of a case: what a healthy model measures, and what the case says went otherwise. Deterministic."""

import csv
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tools.case_files.case_file import Course
from tools.case_files.grid import DIGITS, Grid, micros_of, microseconds
from tools.case_files.moments import NOW

if TYPE_CHECKING:
    from numpy import bool_, float64, int64
    from numpy.typing import NDArray

    Numbers = NDArray[float64]
    Marks = NDArray[bool_]

BASELINE = 0.92
"""Every quality metric at registration."""


@dataclass(frozen=True)
class Healthy:
    """The usual level of a signal and its noise."""

    level: float
    noise: float
    floor: float = 0.0


_DROP = Healthy(0.004, 0.006, floor=-1.0)
HEALTHY: dict[str, Healthy] = {
    "feature_psi": Healthy(0.035, 0.004),
    "aggregate_psi": Healthy(0.045, 0.004),
    "prediction_psi": Healthy(0.03, 0.004),
    "accuracy_drop": _DROP,
    "f1_drop": _DROP,
    "precision_drop": _DROP,
    "recall_drop": _DROP,
    "auc_drop": _DROP,
    "latency_p99": Healthy(0.21, 0.012),
    "error_rate": Healthy(0.002, 0.0006),
    "anomaly_rate": Healthy(0.011, 0.003),
    "null_rate": Healthy(0.004, 0.001),
    "schema_violations": Healthy(0.003, 0.001),
    "input_volume": Healthy(1.0, 0.05),
    "cpu": Healthy(0.41, 0.02),
    "memory": Healthy(0.52, 0.01),
    "instances": Healthy(2.0, 0.0),
    "traffic": Healthy(40.0, 1.5),
    "throttled": Healthy(0.0, 0.0),
    "label_delay": Healthy(21_600.0, 900.0),
}
_ANY = Healthy(0.0, 0.01)
SAME_SERIES = {"input_volume_low": "input_volume", "input_volume_high": "input_volume", "cpu_saturation": "cpu"}
"""Signals of the catalogue that read the same metric."""


class Recorded:
    """One series, by moment."""

    def __init__(self, course: Course, key: str, seed: str, folder: Path) -> None:
        """`key`: the series' name, `signal` or `signal.feature`; `seed` makes its noise another case's."""
        signal = key.partition(".")[0]
        usual = HEALTHY.get(signal, _ANY)
        self._course = course
        self._level = usual.level if course.level is None else course.level
        self._usual_noise = usual.noise
        self._floor = usual.floor
        self._seed = zlib.crc32(f"{seed}/{key}".encode())
        self._rows = rows_of(folder, course.csv) if course.csv else None

    def on(self, grid: Grid) -> "tuple[Numbers, Marks]":
        """The value at each moment of the grid, and at which of them there is a sample at all."""
        import numpy as np

        with np.errstate(over="ignore", invalid="ignore"):
            value = self._smooth(grid)
            value = value + self._noise(value) * _normal(self._seed, grid)
        return np.where(value < self._floor, self._floor, value), self._present(grid)

    def _present(self, grid: Grid) -> "Marks":
        import numpy as np

        course, at = self._course, grid.micros
        if course.missing:
            return np.zeros(len(at), dtype=bool)
        present = np.ones(len(at), dtype=bool)
        if course.ends is not None:
            present &= at <= micros_of(course.ends)
        if course.begins is not None:
            present &= at >= micros_of(course.begins)
        for begin, end in course.gaps:
            present &= (at < micros_of(begin)) | (at >= micros_of(end))
        return present

    def _noise(self, value: "Numbers") -> "Numbers | float":
        import numpy as np

        if self._course.noise is not None:
            return self._course.noise
        return np.maximum(self._usual_noise, 0.03 * np.abs(value)) if self._usual_noise else 0.0

    def _smooth(self, grid: Grid) -> "Numbers":
        import numpy as np

        at = grid.micros
        if self._rows is not None:
            places = np.searchsorted([micros_of(moment) for moment, _ in self._rows], at, side="right")
            return np.array([value for _, value in self._rows])[np.maximum(places - 1, 0)]
        value = np.full(len(at), self._level)
        for move in self._course.moves:
            since = at - micros_of(move.at)
            part = np.minimum(1.0, since / microseconds(move.over)) if move.over else 1.0
            value = np.where(since >= 0, value + (move.to - value) * part, value)
        if swing := self._course.swing:
            turns = (at - micros_of(swing.peak)) / microseconds(swing.every)
            # Cosines of the C library: numpy's own differ in the last digit from one processor to another.
            value += swing.amplitude * np.fromiter(map(math.cos, (math.tau * turns).tolist()), float, len(at))
        return value


def rows_of(folder: Path, name: str) -> Sequence[tuple[datetime, float]]:
    """The samples of a file beside the case, in order of time.

    Raises `ValueError` with what is wrong and where, in words that complete "metrics...csv: ...".
    """
    if Path(name).name != name:
        raise ValueError(f"{name!r} must be the name of a file beside the case")
    found: list[tuple[datetime, float]] = []
    try:
        with (folder / name).open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            missing = [column for column in ("minutes", "value") if column not in (reader.fieldnames or ())]
            if missing:
                raise ValueError(f"{name} has no column {' and no column '.join(missing)} in its first line")
            for row in reader:
                found.append(_sample(row, f"{name}, line {reader.line_num}"))
    except (OSError, UnicodeError, csv.Error) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ValueError(f"{name} cannot be read: {why}") from error
    if not found:
        raise ValueError(f"{name} holds no samples")
    return sorted(found)


def _sample(row: dict[str, str], where: str) -> tuple[datetime, float]:
    try:
        minutes, value = float(row["minutes"]), float(row["value"])
        at = NOW + timedelta(minutes=minutes)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{where}: minutes and value must be numbers") from error
    if minutes > 0 or not math.isfinite(value):
        raise ValueError(f"{where}: minutes must be 0 or less, and the value a finite number")
    return at, value


def _normal(seed: int, grid: Grid) -> "Numbers":
    """About standard normal numbers that depend on seed and moment alone: the sum of twelve hashed halves of a byte.

    The hash is a CRC-32 of the moment begun with the seed, and a second one begun with the first. A CRC is linear: what
    the seed changes in it is the same for every text of that length.
    """
    changed = _carried(seed, DIGITS)
    drawn = grid.drawn ^ changed
    again = grid.again ^ _carried(changed, len(grid.AGAIN))
    return (_sum_of_nibbles(drawn) + _sum_of_nibbles(again & 0xFFFF)) / 16 + 12 / 32 - 6


def _carried(seed: int, length: int) -> int:
    """What a seed changes in the CRC-32 of any text of that length."""
    return zlib.crc32(bytes(length), seed) ^ zlib.crc32(bytes(length))


def _sum_of_nibbles(words: "NDArray[int64]") -> "NDArray[int64]":
    pairs = (words & 0x0F0F0F0F) + (words >> 4 & 0x0F0F0F0F)
    return (pairs & 0xFF) + (pairs >> 8 & 0xFF) + (pairs >> 16 & 0xFF) + (pairs >> 24)
