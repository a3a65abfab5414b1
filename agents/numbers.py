"""Numbers in sentences: found with their units, and compared as people round them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from agents.moments import without_moments
from agents.number_words import spelt_in
from agents.spelling import apart, plain

_UNITS = (
    r"percentage points?|points?|%|per ?cent|ms|milliseconds?|s|sec|seconds?|min|minutes?|h|hrs?|hours?|days?|weeks?|"
    r"times|x|fold|[KMGT]i?B|bytes?|USD|EUR|dollars?|requests?/s|req/s|rps|qps|requests (?:a|per) second"
)
_COUNTED = (
    r"rows?|records?|instances?|requests?|alerts?|customers?|users?|features?|columns?|errors?|pods?|nodes?|hosts?|"
    r"jobs?|versions?|deployments?|configs?|transactions?|orders?|incidents?|violations?|models?|endpoints?|pipelines?|"
    r"replicas?|workers?|retries|samples?|series|predictions?|events?|files?|GPUs?|cores?"
)
_NUMBER = re.compile(
    rf"(?<![\w.,:-])(?P<money>[$€£])?(?P<sign>-)?(?P<money_too>[$€£])?(?P<whole>\d{{1,3}}(?:,\d{{3}})+|\d+)"
    rf"(?:\.(?P<decimals>\d+))?(?P<power>e[+-]?\d+)?(?P<scale>[kMm](?![\w%])|bn\b)?"
    rf"(?:[\s-]?(?P<unit>{_UNITS})(?![\w/])|\s(?:\w+\s)?(?P<noun>{_COUNTED})\b)?(?![\w])(?!\.\d)",
    re.IGNORECASE,
)
_CANONICAL = {
    "%": "%", "percent": "%", "per cent": "%", "point": "%", "points": "%", "percentage point": "%",
    "percentage points": "%", "ms": "ms", "millisecond": "ms", "milliseconds": "ms",
    "s": "s", "sec": "s", "second": "s", "seconds": "s", "min": "min", "minute": "min", "minutes": "min",
    "h": "h", "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "day": "d", "days": "d", "week": "w", "weeks": "w",
    "times": "x", "x": "x", "fold": "x", "usd": "$", "dollar": "$", "dollars": "$", "eur": "€",
    "request/s": "1/s", "requests/s": "1/s", "req/s": "1/s", "rps": "1/s", "qps": "1/s",
    "requests a second": "1/s", "requests per second": "1/s", "request a second": "1/s",
}  # fmt: skip
_SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604_800.0}
_SCALE = {"k": 1e3, "m": 1e6, "bn": 1e9}
_FOLLOWED = re.compile(rf"[\s-]?(?P<unit>{_UNITS})(?![\w/])|\s(?:\w+\s)?(?P<noun>{_COUNTED})\b", re.IGNORECASE)
_FACTOR = re.compile(r"\s?(?:slower|faster|higher|lower|more|less|longer|larger|smaller|as|its|the|that|what)\b")
PURE = "n"
"""The unit of a number that is no share and no measure: a PSI, a count."""


@dataclass(frozen=True)
class Number:
    """A number as it stands in a text. `decimals`: how finely it was written; `noun`: what is counted, if it says."""

    text: str
    value: float
    unit: str = ""
    decimals: int = 0
    noun: str = ""

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
    """Numbers in digits and in words, without dates, times of day, and digits of a name (p99, v24, E3)."""
    text = apart(without_moments(plain(text)))
    for match in _NUMBER.finditer(text):
        decimals = match["decimals"] or ""
        value = float(f"{match['whole'].replace(',', '')}.{decimals or 0}{match['power'] or ''}")
        scale = _SCALE.get((match["scale"] or "").lower(), 1.0)
        unit = _unit(match["unit"], "$" if match["money"] or match["money_too"] else "")
        unit = "" if unit == "x" and _counts(match["unit"], text[match.end() :]) else unit
        signed = (-value if match["sign"] else value) * scale
        places = len(decimals) if scale == 1.0 else 0
        yield Number(match[0].strip(), signed, unit, places, _stem(match["noun"]))
    for spelt in spelt_in(text):
        after = _FOLLOWED.match(text, spelt.end)
        unit = spelt.unit or _unit(after["unit"] if after else None, "")
        noun = _stem(after["noun"]) if after and not spelt.unit else ""
        yield Number(spelt.text, spelt.value, unit, 0, noun)


def says(number: Number, known: Number) -> bool:
    """Whether `number` is `known`, rounded, in the same or another unit of the same thing."""
    return any(abs(number.value - value) <= number.tolerance for value in _in_unit_of(number.unit, known))


def _counts(unit: str | None, after: str) -> bool:
    """Whether `3 times` says how often, and not how much more."""
    return (unit or "").lower() == "times" and _FACTOR.match(after) is None


def _unit(written: str | None, money: str) -> str:
    if money or not written:
        return money
    name = " ".join(written.lower().split())
    return _CANONICAL.get(name, written.upper().removesuffix("S").replace("I", ""))


def _stem(noun: str | None) -> str:
    word = (noun or "").lower()
    return word if word in {"series", "retries"} else word.removesuffix("s")


def _in_unit_of(unit: str, known: Number) -> list[float]:
    value = known.value
    match unit:
        case "%":
            return [value] if known.unit == "%" else [value * 100] if known.unit == "ratio" else []
        case "":
            if known.unit == "%":
                return [value, value / 100]
            return [value, value * 100] if known.unit == "ratio" else [value]
        case "x":
            return [value] if known.unit == "x" else []
        case _ if unit in _SECONDS:
            return [value * _SECONDS[known.unit] / _SECONDS[unit]] if known.unit in _SECONDS else []
        case _:
            return [value] if known.unit == unit else []
