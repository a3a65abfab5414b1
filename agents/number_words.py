"""Numbers that are written as words: `forty-two per cent`, `doubled`, `half of`, `two thirds`, `a dozen`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_ONES = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen".split()
    )
}
_TENS = {
    word: 10 * value
    for value, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2)
}
_LARGE = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
_COUNTING = {"dozen": 12, "dozens": 12, "couple": 2, "hundreds": 100, "thousands": 1_000, "millions": 1_000_000}
_WORD = "|".join([*_ONES, *_TENS, *_LARGE, *_COUNTING])
_SPELT = re.compile(
    rf"\b(?:a |an )?(?:{_WORD})(?:(?:[ -]| and )(?:{_WORD}))*(?: point(?: (?:{_WORD}))+)?\b", re.IGNORECASE
)
_PART = re.compile(
    r"\b(?:(?P<count>a|one|two|three)[ -])?(?P<part>half|halves|thirds?|quarters?|fifths?|tenths?)"
    r"(?= (?:of|the|its|as|a|an)\b|[.,;:)]|$)(?! an? (?:hour|minute|day))",
    re.IGNORECASE,
)
_ORDINAL_BEFORE = re.compile(r"(?:first|second|last|other|the|every|per|next|this)\s+$", re.IGNORECASE)
_TIMES = re.compile(
    r"\b(?P<by>doubl(?:ed|es|ing|e)|twice|tripl(?:ed|es|ing|e)|thrice|quadrupl(?:ed|es|ing|e)|"
    rf"(?P<fold>{_WORD})[ -]?fold|halv(?:ed|es|ing))\b",
    re.IGNORECASE,
)
_ENDS = ("e", "ed", "es", "ing")
_HINTS = frozenset(
    [
        *(f"{word}{end}" for word in _WORD.split("|") for end in ("", "fold")),
        *(f"{stem}{end}" for stem in ("doubl", "tripl", "quadrupl", "halv") for end in _ENDS),
        *"twice thrice half halves".split(),
        *(f"{part}{end}" for part in ("third", "quarter", "fifth", "tenth") for end in ("", "s")),
    ]
)
"""Words without one of which no pattern above matches: most sentences have none, and are spared the search."""
_LETTERS = re.compile(r"[a-z]+")
_PARTS = {"half": 2, "halves": 2, "third": 3, "quarter": 4, "fifth": 5, "tenth": 10}
_BY = {"doubl": 2.0, "twice": 2.0, "tripl": 3.0, "thrice": 3.0, "quadrupl": 4.0}


@dataclass(frozen=True)
class Spelt:
    """A number in words: where it stands, its value, and `x` for a factor or `%` for a share."""

    start: int
    end: int
    text: str
    value: float
    unit: str = ""


def spelt_in(text: str) -> Iterator[Spelt]:
    """Every number in words, but for a bare `one`, which is hardly ever a number."""
    if text.isascii() and _HINTS.isdisjoint(_LETTERS.findall(text.lower())):
        return
    times = list(_TIMES.finditer(text))
    for found in times:
        word = found[0].lower()
        if word.startswith("halv"):
            yield Spelt(found.start(), found.end(), found[0], 50.0, "%")
        else:
            fold = found["fold"]
            value = float(_value(fold.lower())) if fold else next(v for k, v in _BY.items() if word.startswith(k))
            yield Spelt(found.start(), found.end(), found[0], value, "x")
    shares = [
        found for found in _PART.finditer(text) if found["count"] or not _ORDINAL_BEFORE.search(text[: found.start()])
    ]
    for found in shares:
        whole = _PARTS[found["part"].lower().removesuffix("s") if found["part"].lower() != "halves" else "halves"]
        count = {"two": 2, "three": 3}.get((found["count"] or "a").lower(), 1)
        yield Spelt(found.start(), found.end(), found[0], 100.0 * count / whole, "%")
    for found in _SPELT.finditer(text):
        words = found[0].lower().removeprefix("a ").removeprefix("an ")
        within = any(one.start() <= found.start() < one.end() for one in [*shares, *times])
        if words not in {"one", "zero"} and not within:
            yield Spelt(found.start(), found.end(), found[0], _value(words))


def _value(words: str) -> float:
    whole, _, decimals = words.replace("-", " ").partition(" point ")
    total, current = 0, 0
    for word in whole.replace(" and ", " ").split():
        if word in _ONES or word in _TENS:
            current += _ONES.get(word, 0) + _TENS.get(word, 0)
        elif word in _COUNTING:
            current = max(1, current) * _COUNTING[word]
        elif word == "hundred":
            current = max(1, current) * 100
        elif word in _LARGE:
            total, current = total + max(1, current) * _LARGE[word], 0
    digits = "".join(str(_ONES.get(word, 0)) for word in decimals.split())
    return float(f"{total + current}.{digits or 0}")
