"""Numbers in sentences: found with their units, and compared as people round them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from incidents.evidence import Evidence, EvidenceKind

_UNITS = r"%|per ?cent|ms|milliseconds?|s|sec|seconds?|min|minutes?|h|hours?|days?|times|x"
_NUMBER = re.compile(
    rf"(?<![\w.,:/-])(?P<sign>-)?(?P<whole>\d{{1,3}}(?:,\d{{3}})+|\d+)(?:\.(?P<decimals>\d+))?(?:\s?(?P<unit>{_UNITS}))?(?![\w-])(?!\.\d)",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"\b\d{4}-\d{2}-\d{2}(?=[T\s.,;)]|$)|\b\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\b"
)
_RANGE = re.compile(r"\[(\d+)(m|s|h|d)\]")
_CLOCK = re.compile(r"\b(\d{1,2}:\d{2})(:\d{2}(?:\.\d+)?)?(?!\d)")
_CANONICAL = {
    "%": "%", "percent": "%", "per cent": "%", "ms": "ms", "millisecond": "ms", "milliseconds": "ms",
    "s": "s", "sec": "s", "second": "s", "seconds": "s", "min": "min", "minute": "min", "minutes": "min",
    "h": "h", "hour": "h", "hours": "h", "day": "d", "days": "d", "times": "x", "x": "x",
}  # fmt: skip
_SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


@dataclass(frozen=True)
class Number:
    """A number as it stands in a text. `decimals`: how finely it was written."""

    text: str
    value: float
    unit: str = ""
    decimals: int = 0

    @property
    def tolerance(self) -> float:
        """Half of the last digit written; for round integers half of the last digit that is not 0, 3 % at most."""
        half = 0.5 * 10.0**-self.decimals
        if self.decimals == 0 and self.value:
            digits = str(abs(int(self.value)))
            zeros = len(digits) - len(digits.rstrip("0"))
            half = max(half, min(0.5 * 10.0**zeros, 0.03 * abs(self.value)))
        return half * (1 + 1e-9) + 1e-12


def numbers_in(text: str) -> Iterator[Number]:
    """Numbers, without dates, times of day, and digits that are part of a name (p99, v24, E3)."""
    text = _CLOCK.sub(" ", _DATE.sub(" ", text))
    for match in _NUMBER.finditer(text):
        decimals = match["decimals"] or ""
        value = float(f"{match['whole'].replace(',', '')}.{decimals or 0}")
        unit = _CANONICAL.get((match["unit"] or "").lower(), "")
        yield Number(match[0].strip(), -value if match["sign"] else value, unit, len(decimals))


def clocks_in(text: str) -> set[str]:
    """Times of day, as they are written."""
    return {match[0].split(".")[0].zfill(5) for match in _CLOCK.finditer(text)}


def says(number: Number, known: Number) -> bool:
    """Whether `number` is `known`, rounded, in the same or another unit of the same thing."""
    return any(abs(number.value - value) <= number.tolerance for value in _in_unit_of(number.unit, known))


@dataclass(frozen=True)
class Figures:
    """Every number and time of day that one piece of evidence holds: its figures, and those in its words."""

    numbers: tuple[Number, ...]
    clocks: frozenset[str]


def figures_of(evidence: Evidence) -> Figures:
    """The figures of evidence, in what was asked and in what was found.

    What a language model asked another source is its own words, which such sources like to repeat; they must not become
    evidence for it, so numbers and times of the question count for nothing there.
    """
    units = {"ratio": "ratio", "s": "s", "times": "x"}
    asked = _RANGE.sub(r" \1 \2 ", evidence.asked)
    read = [Number(f.name, f.value, units.get(f.unit, "")) for f in evidence.figures]
    found, question = list(numbers_in(evidence.found)), list(numbers_in(asked))
    clocks, asked_clocks = clocks_in(evidence.found), clocks_in(evidence.asked)
    if evidence.kind is EvidenceKind.OTHER_SOURCE:
        own = {one.value for one in question}
        found, question = [one for one in found if one.value not in own], []
        clocks, asked_clocks = clocks - asked_clocks, set[str]()
    clocks |= asked_clocks | {_clock(evidence.read_at)}
    if evidence.window:
        clocks |= {_clock(moment) for moment in evidence.window}
    return Figures((*read, *found, *question), frozenset(clocks))


def unfounded(text: str, figures: Sequence[Figures]) -> str | None:
    """The first number or time of a text that stands in none of the figures, or None."""
    for number in numbers_in(text):
        if not any(says(number, known) for one in figures for known in one.numbers):
            return number.text
    for clock in sorted(clocks_in(text)):
        if not any(clock_known(clock, one.clocks) for one in figures):
            return clock
    return None


def clock_known(clock: str, known: Iterable[str]) -> bool:
    """Whether a time of day is among the known ones, to the minute or to the second."""
    return any(other.startswith(clock) for other in known)


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M:%S}"


def _in_unit_of(unit: str, known: Number) -> list[float]:
    value = known.value
    if unit == "%":
        return [value] if known.unit == "%" else [value * 100, value] if known.unit == "" else [value * 100]
    if unit in _SECONDS:
        if known.unit in _SECONDS:
            return [value * _SECONDS[known.unit] / _SECONDS[unit]]
        return [value] if known.unit == "" else []
    if known.unit == "%":
        return [value, value / 100]
    if known.unit == "ratio":
        return [value, value * 100]
    return [value]
