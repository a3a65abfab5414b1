"""The figures of evidence: every number, time and date that it holds, and which of a sentence's stand in none."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from agents.moments import Day, clock_known, clock_of, clocks_in, days_in, unknown_day, vague_moment
from agents.numbers import PURE, Number, numbers_in, says
from agents.spelling import plain
from incidents.evidence import Evidence, EvidenceKind

_RANGE = re.compile(r"\[(\d+)(ms|[smhd])(?::\w*)?\]")
_RANGE_UNIT = {"ms": "ms", "s": "s", "m": "min", "h": "h", "d": "d"}
_UNITS = {"ratio": "ratio", "s": "s", "times": "x", "1/s": "1/s", "PSI": PURE, "count": PURE}
_LOOKED = re.compile(
    r"\b(?:as of|read|looked|look|now|until|by|at present|currently|window|between|checked)\b", re.IGNORECASE
)
_A_SHARE = re.compile(r"\b(?:ratio|share|rate|fraction|proportion)\b", re.IGNORECASE)
_MOST = re.compile(
    r"\b(?:(?P<nearly>(?:nearly|almost|practically) (?:all|every|none|no))|most of|"
    r"(?:the|a) (?:large |vast |great )?majority of|the bulk of|"
    r"most (?:requests|rows|records|values|users|customers|predictions))\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[A-Za-z]+")


@dataclass(frozen=True)
class Figures:
    """The figures of one piece of evidence.

    Attributes:
        numbers: its figures, and those in its words.
        clocks: times of day at which something happened.
        looked: times of day between which was looked, and when it was read.
        days: dates of all of these.
        read: the day on which it was read.
        words: the words of what was found, for what is counted.
        found: what was found, as it stands.
    """

    numbers: tuple[Number, ...]
    clocks: frozenset[str]
    looked: frozenset[str]
    days: frozenset[Day]
    read: date
    words: frozenset[str]
    found: str


def figures_of(evidence: Evidence) -> Figures:
    """The figures of evidence, in what was found and, of the question, how far back was looked.

    What a language model asked another source is its own words, which such sources like to repeat; they must not become
    evidence for it, so numbers and times of the question count for nothing there.
    """
    read = [number for _, number in read_figures(evidence)]
    found = list(numbers_in(evidence.found))
    if _A_SHARE.search(evidence.found):
        shares = [Number(one.text, one.value, "ratio") for one in found if not one.unit and 0 < one.value < 1]
        found += shares
    asked = [Number(m[0], float(m[1]), _RANGE_UNIT[m[2]]) for m in _RANGE.finditer(evidence.asked)]
    clocks, asked_clocks = clocks_in(evidence.found), clocks_in(evidence.asked)
    if evidence.kind is EvidenceKind.OTHER_SOURCE:
        own = {one.value for one in numbers_in(evidence.asked)}
        found, asked = [one for one in found if one.value not in own], []
        clocks, asked_clocks = clocks - asked_clocks, set[str]()
    moments = [evidence.read_at, *(evidence.window or ())]
    days = {day for _, day in days_in(evidence.found)} | {(at.year, at.month, at.day) for at in moments}
    return Figures(
        numbers=(*read, *found, *asked),
        clocks=frozenset(clocks | asked_clocks),
        looked=frozenset(clock_of(at) for at in moments),
        days=frozenset(days),
        read=evidence.read_at.date(),
        words=frozenset(_stems(evidence.found)),
        found=evidence.found,
    )


def read_figures(evidence: Evidence) -> list[tuple[str, Number]]:
    """The figures of evidence by name, as numbers in sentences are."""
    return [(one.name, Number(one.name, one.value, _UNITS.get(one.unit, ""))) for one in evidence.figures]


def unfounded(text: str, figures: Sequence[Figures], *, listed: int = 0) -> str | None:
    """The first number, time or date of a text that stands in none of the figures, or None.

    `listed`: how many things the text may count by itself, e.g. how many pieces of evidence it names.
    """
    for number in numbers_in(text):
        if not _stands(number, figures) and not _counts_itself(number, listed):
            return number.text
    for match in _MOST.finditer(text):
        least = 0.9 if match["nearly"] else 0.5
        if not any(_share(number) >= least for one in figures for number in one.numbers):
            return match[0]
    said = plain(text)
    known = frozenset[str]().union(*(one.clocks for one in figures))
    if _LOOKED.search(said):
        known |= frozenset[str]().union(*(one.looked for one in figures))
    for clock in sorted(clocks_in(said)):
        if not clock_known(clock, known):
            return clock
    if vague := vague_moment(said, " ".join(one.found for one in figures)):
        return vague
    days = {day for one in figures for day in one.days}
    return unknown_day(said, days, max((one.read for one in figures), default=None))


def _share(number: Number) -> float:
    return number.value if number.unit == "ratio" else number.value / 100 if number.unit == "%" else 0.0


def measured_in(text: str) -> list[Number]:
    """The measured numbers of a text; a count says too little of what is meant."""
    return [one for one in numbers_in(text) if not one.noun and not one.text.isalpha()]


def holds_one(numbers: Iterable[Number], figures: Figures) -> bool:
    """Whether any of the numbers stands in these figures."""
    return any(_stands(one, [figures]) for one in numbers)


def _stands(number: Number, figures: Sequence[Figures]) -> bool:
    return any(
        says(number, known)
        for one in figures
        if not number.noun or number.noun in one.words
        for known in one.numbers
        if not number.noun or known.unit in {"", PURE}
    )


def _counts_itself(number: Number, listed: int) -> bool:
    return number.text.isalpha() and not number.unit and 2 <= number.value == listed


def _stems(text: str) -> set[str]:
    words = {word.lower() for word in _WORD.findall(text)}
    return words | {word.removesuffix("s") for word in words}
