"""Series of a case: what a healthy model measures, and what the case says went otherwise. Deterministic."""

import csv
import math
import zlib
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tools.case_files.case_file import Course
from tools.case_files.moments import NOW

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

    def at(self, moment: datetime) -> float | None:
        """The value, or None where there is no sample."""
        course = self._course
        absent = course.missing or (course.ends is not None and moment > course.ends)
        absent = absent or (course.begins is not None and moment < course.begins)
        if absent or any(begin <= moment < end for begin, end in course.gaps):
            return None
        value = self._smooth(moment)
        return max(value + self._noise(value) * _normal(self._seed, moment), self._floor)

    def _noise(self, value: float) -> float:
        if self._course.noise is not None:
            return self._course.noise
        return max(self._usual_noise, 0.03 * abs(value)) if self._usual_noise else 0.0

    def _smooth(self, moment: datetime) -> float:
        if self._rows is not None:
            place = bisect_right(self._rows, moment, key=lambda row: row[0])
            return self._rows[max(place - 1, 0)][1]
        value = self._level
        for move in self._course.moves:
            if moment >= move.at:
                part = 1.0 if not move.over else min(1.0, (moment - move.at) / move.over)
                value += (move.to - value) * part
        if swing := self._course.swing:
            value += swing.amplitude * math.cos(math.tau * ((moment - swing.peak) / swing.every))
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


def _normal(seed: int, moment: datetime) -> float:
    """About a standard normal number that depends on its arguments alone: the sum of twelve hashed halves of a byte."""
    drawn = zlib.crc32(str(int(moment.timestamp())).encode(), seed)
    more = zlib.crc32(b"again", drawn)
    nibbles = [(drawn >> shift) & 15 for shift in range(0, 32, 4)] + [(more >> shift) & 15 for shift in range(0, 16, 4)]
    return sum(nibbles) / 16 + 12 / 32 - 6
