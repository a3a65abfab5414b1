"""The sense of a sentence against its evidence: which way a figure went, on which side of its limit, who told it."""

import re
from collections.abc import Iterator, Sequence

from agents.figures import read_figures
from agents.numbers import Number, numbers_in, says
from agents.spelling import plain
from incidents.evidence import Evidence, EvidenceKind

_UP = re.compile(
    r"\b(?:rose|rises?|rising|risen|increas\w+|grew|grows?|growing|grown|climb\w*|jump(?:ed|s)?|soar\w*|spik(?:ed|es)|"
    r"surg(?:ed|es)|went up|goes up|higher|got slow(?:er)?|slower|worsen\w*|doubl\w+|tripl\w+)\b",
    re.IGNORECASE,
)
_DOWN = re.compile(
    r"\b(?:fell|falls?|falling|fallen|dropp\w+|drops|decreas\w+|declin\w+|shr[aiu]nk\w*|sank|sinks?|went down|"
    r"goes down|lower(?:ed)?|improv\w+|recover\w*|halv\w+|faster|plunged?|collapsed?)\b",
    re.IGNORECASE,
)
_LOSS = re.compile(r"\b(?:drops? (?:in|of|against)|loss(?:es)? (?:in|of)|lost|degrad\w+|shortfall)\b", re.IGNORECASE)
_NOT = re.compile(
    r"\b(?:no|not|none|nothing|never|neither|nor|without|cannot|free of|zero|cleared|unchanged|unaffected)\b|n['’]t\b",
    re.IGNORECASE,
)
_WELL = re.compile(
    r"\b(?:clean|valid|sound|intact|fine|same|as before|inside|within|healthy|in order|passed|stayed|whole|steady|"
    r"stable|complete|normal|quiet|consistent|constant|remains?|remained|excluded?|ruled out|speaks? against)\b",
    re.IGNORECASE,
)
_NONE_FOUND = re.compile(r"^(?:No|Nothing)\b|\bfound no\b")
_STILL = re.compile(r", as before\b|\binside its limit\b|\bunchanged\b")
_INSIDE = re.compile(r"\b(?:inside|within|below|under) (?:its|the|their) (?:limit|threshold|bound)s?\b", re.IGNORECASE)
_PAST = re.compile(
    r"\b(?:past|over|above|beyond|exceed\w*|breach\w*|cross\w*|out of|outside) (?:of )?"
    r"(?:its|the|their) (?:limit|threshold|bound)s?\b",
    re.IGNORECASE,
)
_LIMIT = re.compile(r"\b(?:limit|threshold|bound)s?\b[\s:=]*(?:of|is|was|at|being)?(?=\s?\d)", re.IGNORECASE)
_BEFORE = re.compile(
    r"(?P<told>\d[\d.,]*\s?(?:%|[a-z]{1,7})?) (?:before|earlier|previously)\b(?! (?:the|it|that|v?\d))", re.IGNORECASE
)
_FROM_TO = re.compile(r"\bfrom\b(?P<first>[^;]{1,24}?)\bto\b(?P<then>[^;]{1,24})", re.IGNORECASE)
MEASURED = frozenset(
    {EvidenceKind.METRIC, EvidenceKind.DRIFT, EvidenceKind.DATA_QUALITY, EvidenceKind.MODEL_COMPARISON}
)
_SAYS = r"(?:says?|said|tells?|advises?|recommends?|asks?|wants?|has|have|calls?|states?|requires?|shows?|holds?)"
_RUNBOOK = r"(?:run|play)-?books?"
_BY = r"(?:as|according to|by|per) (?:the|its|our|this|their)"
_LOGS = r"(?:logs?|stack ?traces?|tracebacks?)"
_SOURCES: Sequence[tuple[re.Pattern[str], frozenset[EvidenceKind], str]] = (
    (
        re.compile(rf"\b{_RUNBOOK} {_SAYS}\b|\b{_BY} {_RUNBOOK}\b", re.IGNORECASE),
        frozenset({EvidenceKind.RUNBOOK}),
        "no runbook passage is among that evidence",
    ),
    (
        re.compile(
            r"\b(?:past|earlier|similar|previous|last|prior) (?:incident|outage|occasion)|\blast time\b|"
            r"\bhappened before\b",
            re.IGNORECASE,
        ),
        frozenset({EvidenceKind.PAST_INCIDENT}),
        "no past incident is among that evidence",
    ),
    (
        re.compile(
            rf"\b{_LOGS} (?:of|contains?|reads?|{_SAYS})\b|\b{_BY} {_LOGS}\b|\bin (?:its|the) logs?\b|\bstack ?trace\b|"
            r"\btraceback\b",
            re.IGNORECASE,
        ),
        frozenset({EvidenceKind.LOG, EvidenceKind.OTHER_SOURCE}),
        "no log is among that evidence",
    ),
)
_WORDS_OF = re.compile(r"“([^”]+)”|\"([^\"]+)\"|‘([^’]+)’|`([^`]+)`|«([^»]+)»")
FEWEST_WORDS = 3
"""Of a quotation; fewer are a name or a word that somebody wants to stress."""


def sense_problem(text: str, evidence: Sequence[Evidence]) -> str | None:
    """What a statement says otherwise than the evidence it names, or None."""
    text = plain(text)
    return _direction(text, evidence) or _limit(text, evidence) or _there_was_none(text, evidence)


def source_problem(text: str, evidence: Sequence[Evidence]) -> str | None:
    """What a statement says a runbook, a log or a past incident told, where none is among the evidence; or None."""
    for pattern, kinds, words in _SOURCES:
        if pattern.search(text) and not any(one.kind in kinds or one.kind is EvidenceKind.GAP for one in evidence):
            return words
    return None


def quotations_in(text: str) -> Iterator[str]:
    """The words between quotation marks, spelt as `lines_of` spells those of evidence."""
    for match in _WORDS_OF.finditer(text):
        quoted = _one_line(next(group for group in match.groups() if group))
        if len(quoted.split()) >= FEWEST_WORDS:
            yield quoted


def lines_of(evidence: Evidence) -> tuple[str, ...]:
    """What may be quoted of a piece of evidence, each text on one line."""
    return tuple(_one_line(words) for words in (evidence.found, evidence.asked, evidence.heading) if words)


def _direction(text: str, evidence: Sequence[Evidence]) -> str | None:
    up, down = _UP.search(text) is not None, _DOWN.search(text) is not None
    if up == down or _NOT.search(text) or not all(one.kind in MEASURED for one in evidence):
        return _turned_round(text, evidence)
    said = [one.found for one in evidence]
    if up and not any(_UP.search(found) and (not _LOSS.search(found) or _LOSS.search(text)) for found in said):
        return "that evidence does not say that it rose"
    if down and not any(_DOWN.search(found) or _LOSS.search(found) for found in said):
        return "that evidence does not say that it fell"
    return _turned_round(text, evidence)


def _turned_round(text: str, evidence: Sequence[Evidence]) -> str | None:
    """Whether a statement says `from A to B` where the evidence says `from B to A`."""
    for first, then in _pairs(text):
        known = [pair for one in evidence for pair in _pairs(plain(one.found))]
        forward = any(says(first, a) and says(then, b) for a, b in known)
        if not forward and any(says(first, b) and says(then, a) for a, b in known):
            return f"that evidence says it the other way round than from {first.text} to {then.text}"
    return None


def _pairs(text: str) -> list[tuple[Number, Number]]:
    found: list[tuple[Number, Number]] = []
    for match in _FROM_TO.finditer(text):
        first, then = next(numbers_in(match["first"]), None), next(numbers_in(match["then"]), None)
        if first is not None and then is not None:
            found.append((first, then))
    return found


def _limit(text: str, evidence: Sequence[Evidence]) -> str | None:
    inside, past = _INSIDE.search(text) is not None, _PAST.search(text) is not None
    said_inside = any(_INSIDE.search(one.found) for one in evidence)
    said_past = any(_PAST.search(one.found) for one in evidence)
    if inside and not past and said_past and not said_inside and not _NOT.search(text):
        return "that evidence says that it is past its limit"
    if past and not inside and said_inside and not said_past and not _NOT.search(text):
        return "that evidence says that it is inside its limit"
    limits = [text[match.end() : match.end() + 16] for match in _LIMIT.finditer(text)]
    before = [match["told"] for match in _BEFORE.finditer(text)]
    return _other(limits, "limit", evidence) or _other(before, "before", evidence)


def _other(told: Sequence[str], name: str, evidence: Sequence[Evidence]) -> str | None:
    """Whether a figure that is told as the limit, or as what was before, is another one in the evidence."""
    known = [number for one in evidence for called, number in read_figures(one) if called == name]
    for words in told:
        stated = next(numbers_in(words), None)
        if known and stated is not None and not any(says(stated, one) for one in known):
            return (
                f"{stated.text} is not the {name} of that evidence"
                if name == "limit"
                else f"{stated.text} is not what that evidence has from before"
            )
    return None


def _there_was_none(text: str, evidence: Sequence[Evidence]) -> str | None:
    if (
        evidence
        and all(_NONE_FOUND.search(one.found) for one in evidence)
        and not _NOT.search(text)
        and not _WELL.search(text)
    ):
        return "that evidence says that there was none"
    return None


def _one_line(text: str) -> str:
    return " ".join(plain(text).replace("’", "'").split())
