"""Numbers and moments in plain English, the same everywhere a sentence is written by code."""

import re
from datetime import datetime

from incidents.incident import Incident

_NOT_OF_A_NAME = re.compile(r"[^\w.:/@+-]+")


def value_in_words(value: float, unit: str) -> str:
    """``2.48 s``, ``38.1 %``, ``0.41``; ratios become per cent."""
    value = 0.0 if abs(value) < 0.0005 else value  # no "-0.0 %"
    match unit:
        case "s":
            return f"{value:.2f} s"
        case "ratio":
            return f"{value * 100:.1f} %"
        case "1/s":
            return f"{value:.1f} requests/s"
        case "count":
            return f"{value:.0f}"
        case _:
            return f"{value:.2f}"


def duration_in_words(seconds: float) -> str:
    """``45 s``, ``10 min``, ``6.0 h``, ``1.5 days``."""
    for unit, size in (("days", 86_400.0), ("h", 3_600.0)):
        if seconds >= 1.5 * size or (unit == "h" and seconds >= size):
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"


def bound_in_words(value: float, unit: str) -> str:
    """A limit, without needless zeros: ``1 s``, ``5 %``, ``0.25``."""
    match unit:
        case "s":
            return f"{value:g} s"
        case "ratio":
            return f"{value * 100:g} %"
        case _:
            return f"{value:g}"


def moment_in_words(moment: datetime) -> str:
    """``19:02:10 UTC``."""
    return f"{moment:%H:%M:%S} UTC"


def sentence(text: str) -> str:
    """With a capital at its start, unless it starts with a name or a measure like p99, and one full stop."""
    text = text.strip().rstrip(".")
    first = text.split(" ", 1)[0]
    head = text[0].upper() + text[1:] if text and first.isalpha() and first.islower() else text
    return f"{head}."


def listed(names: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def cut(text: str, limit: int) -> str:
    """Head and tail of a long text, with what was left out counted."""
    if len(text) <= limit:
        return text
    head = limit * 2 // 3
    tail = limit - head
    return f"{text[:head]} [... {len(text) - limit} characters left out ...] {text[-tail:]}"


_OWN_WORDS = " In its own words: “"


def in_its_words(text: str, limit: int) -> str:
    """A partner's words, marked as such, on one line and cut; empty where there are none."""
    words = " ".join(text.replace("“", '"').replace("”", '"').split())
    return f"{_OWN_WORDS}{cut(words, limit)}”" if words else ""


def our_words(text: str) -> str:
    """A sentence of evidence without the partner's words in it: what may be repeated as a statement of ours."""
    return text.split(_OWN_WORDS, 1)[0]


def as_name(text: str, limit: int = 80) -> str:
    """A name that came from outside: one word, so that it cannot hold a sentence."""
    return _NOT_OF_A_NAME.sub("_", cut(text.strip(), limit)) or "unnamed"


def case_in_words(incident: Incident) -> str:
    """What fires, in a few words, for searching and for prompts."""
    names = sorted({alert.name for alert in incident.alerts})
    return f"{listed(names) or 'no alert'} on {incident.model}"
