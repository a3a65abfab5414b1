"""What was measured: figures with their spread and target, told as a table and as JSON."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

RATE = "1/s"
"""The unit of which more is better."""


@dataclass(frozen=True)
class Target:
    """A value to beat: `of` says which of the figure's numbers is meant."""

    bound: float
    of: Literal["median", "p95", "p99"] = "median"
    more_is_better: bool = False

    def met(self, figure: "Figure") -> bool:
        """Whether the figure beats it."""
        value = {"median": figure.median, "p95": figure.p95, "p99": figure.p99}[self.of]
        return value > self.bound if self.more_is_better else value < self.bound

    def told(self, unit: str) -> str:
        """As the table shows it."""
        return f"{self.of} {'>' if self.more_is_better else '<'} {self.bound:g} {unit}"


@dataclass(frozen=True)
class Figure:
    """One thing measured `count` times."""

    name: str
    unit: str
    count: int
    median: float
    p95: float
    p99: float
    best: float
    worst: float
    how: str
    target: Target | None = None

    def as_json(self) -> dict[str, Any]:
        """With whether the target is met."""
        return asdict(self) | {"met": self.target.met(self) if self.target else None}


def figure(name: str, unit: str, values: Sequence[float], how: str, target: Target | None = None) -> Figure:
    """The figure of these values; `how` says in one sentence what was measured."""
    if not values:
        raise ValueError(f"{name}: nothing was measured")
    ranked = sorted(values)
    is_rate = unit == RATE
    # Of a rate the low end is the bad one.
    median, p95, p99 = (quantile(ranked, 1 - part if is_rate else part) for part in (0.5, 0.95, 0.99))
    best, worst = (ranked[-1], ranked[0]) if is_rate else (ranked[0], ranked[-1])
    return Figure(name, unit, len(ranked), median, p95, p99, best, worst, how, target)


def quantile(ranked: Sequence[float], part: float) -> float:
    """By linear interpolation between the two nearest ranks of values in order."""
    place = part * (len(ranked) - 1)
    low, high = math.floor(place), math.ceil(place)
    return ranked[low] + (ranked[high] - ranked[low]) * (place - low)


@dataclass
class Report:
    """Everything one run found out."""

    machine: dict[str, Any] = field(default_factory=dict[str, Any])
    figures: list[Figure] = field(default_factory=list[Figure])
    notes: list[str] = field(default_factory=list[str])
    """What was left out and why."""

    def as_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "machine": self.machine,
            "figures": [one.as_json() for one in self.figures],
            "missed": [one.name for one in self.missed],
            "notes": self.notes,
        }

    @property
    def missed(self) -> list[Figure]:
        """Figures that do not beat their target."""
        return [one for one in self.figures if one.target is not None and not one.target.met(one)]

    def table(self) -> str:
        """For people."""
        rows = [("", "median", "p95", "p99", "n", "target", "")]
        for one in self.figures:
            target = one.target.told(one.unit) if one.target else ""
            met = "" if one.target is None else "ok" if one.target.met(one) else "MISSED"
            median, p95, p99 = (_told(value, one.unit) for value in (one.median, one.p95, one.p99))
            rows.append((one.name, median, p95, p99, str(one.count), target, met))
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        lines.insert(1, "-" * max(len(line) for line in lines))
        lines += ["", "Machine: " + ", ".join(f"{key} {value}" for key, value in self.machine.items())]
        lines += [f"Note: {note}" for note in self.notes]
        return "\n".join(lines)


def _told(value: float, unit: str) -> str:
    return f"{value:,.3g} {unit}" if abs(value) < 100 else f"{value:,.0f} {unit}"
