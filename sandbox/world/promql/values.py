"""Values of PromQL and the small label algebra they need."""

import math
from dataclasses import dataclass

from sandbox.world.tsdb import NAME, Labels


class PromqlError(Exception):
    """The expression cannot be parsed or evaluated. `kind` is Prometheus's errorType."""

    def __init__(self, message: str, kind: str = "bad_data") -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Point:
    """One element of an instant vector."""

    labels: Labels
    value: float


@dataclass(frozen=True, slots=True)
class Window:
    """One element of a range vector, with the bounds it was selected for (milliseconds)."""

    labels: Labels
    samples: list[tuple[int, float]]
    start_ms: int
    end_ms: int


Vector = list[Point]
Matrix = list[Window]
Value = float | str | Vector | Matrix


def without_name(labels: Labels) -> Labels:
    """Labels without the metric's name."""
    return tuple(pair for pair in labels if pair[0] != NAME)


def keep(labels: Labels, names: frozenset[str]) -> Labels:
    """Only the labels named."""
    return tuple(pair for pair in labels if pair[0] in names)


def drop(labels: Labels, names: frozenset[str]) -> Labels:
    """All but the labels named."""
    return tuple(pair for pair in labels if pair[0] not in names)


def with_label(labels: Labels, name: str, value: str) -> Labels:
    """Labels with one set, or removed when the value is empty."""
    merged = {**dict(labels), name: value}
    return tuple(sorted((key, text) for key, text in merged.items() if text))


def divide(a: float, b: float) -> float:
    """Division as floating point numbers divide: by zero it is infinite or NaN, never an error."""
    if b == 0:
        return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1.0, b)
    return a / b


def format_value(value: float) -> str:
    """A sample value as Prometheus writes it in JSON."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    text = repr(value)
    if "e" in text and 1e-6 <= abs(value) < 1e21:
        text = f"{value:.20f}".rstrip("0")
    return text


def describe(labels: Labels) -> str:
    """Labels as Prometheus writes them in messages."""
    return "{" + ", ".join(f'{name}="{value}"' for name, value in labels) + "}"
