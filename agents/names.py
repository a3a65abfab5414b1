"""Names in sentences: features, endpoints, versions, files, addresses. Each has to stand in evidence or catalogue."""

import re
from collections.abc import Iterable, Iterator, Set

from agents.spelling import plain
from incidents.alert import AlertKind
from incidents.catalogue import ModelSpec
from incidents.diagnosis import Advice, RootCause
from incidents.incident import Incident

_TOKEN = re.compile(r"https?://\S+|www\.\S+|[^\s“”\"`‘’()\[\]{}<>|,;!?…*~]+")
_EDGES = ".:'/-–—=+&@#"
_PARTS = re.compile(r"[^A-Za-z0-9]+")
_MOST_PARTS = 8
"""Of a part of a longer name; longer ones are known whole or not at all."""
_ID = re.compile(r"E\d+")
_CAMEL = re.compile(r"[a-z][A-Z]")
_INNER = re.compile(r"\w[_@#=:]\w|\w[./\\](?=\w{2})\w")
_OF_INFRASTRUCTURE = frozenset(
    "prod production dev stage staging test canary train config endpoint pipeline service detector predictor "
    "recommender ranker scorer classifier features store bucket cluster db api".split()
)
_ORDINARY_HYPHENS = frozenset(
    "up-to-date end-to-end day-to-day state-of-the-art week-over-week hour-by-hour step-by-step out-of-range "
    "point-in-time time-to-time week-on-week one-by-one out-of-date training-serving".split()
)
_ORDINARY = frozenset(
    "utc psi f1 auc p99 ml slo sla id ok e.g i.e etc vs and/or requests/s 1/s before/after yes/no i a.m p.m "
    "sagemaker prometheus alertmanager slack agentops ai llm 3 on-call".split()
)
_ACRONYM = re.compile(r"(?<![\w./:@-])(?P<word>[A-Z]{2,})\b(?![\w./:@-]*[\d_@])")
_CAPITAL = re.compile(r"(?<![.!?:•\n“”\"(])\s(?P<word>[A-Z][a-z]{2,})\b(?![\w./:@-]*[\d_@])")
_MONTH = re.compile(r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*$")
_DAY = re.compile(r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?$")
_KIND = r"(?:features?|columns?|fields?|datasets?|tables?|pipelines?|services?|hosts?)"
_VERB = (
    r"(?:is|was|are|were|has|had|have|rose|fell|drifts?|drifted|changed?|moved|shifted|went|shows?|showed|arrives?|"
    r"arrived|broke|failed|holds?|lost|jumped|dropped|became|got|caused?|stopped|never)"
)
_CALLED = re.compile(rf"\b{_KIND}\s+(?:called\s+|named\s+)?[`“\"'‘]?(?P<word>[a-z][a-z0-9]+)[`”\"'’]?\s+{_VERB}\b")
_QUOTED = re.compile(rf"\b{_KIND}\s+(?:called\s+|named\s+)?[`“\"'‘](?P<word>[a-z][a-z0-9]+)[`”\"'’]")
_BEFORE = re.compile(r"\b(?:[Tt]he|of)\s+(?P<word>[a-z][a-z0-9]+)\s+(?:feature|column|field|table)\b")
_SERVES = re.compile(r"\b(?P<word>[a-z][a-z0-9]+)\s+(?:service|database|queue|cluster|load balancer)\b")
_SHORT_QUOTE = re.compile(r"[“\"‘`«](?P<word>[^\s“”\"‘’`«»]{2,})[”\"’`»]")
_WHO = re.compile(
    r"\b(?P<word>[A-Z][a-z]+) (?:deployed|pushed|merged|approved|deleted|restarted|released|committed|promoted|paged)\b"
)
_NO_NAME = frozenset(
    "drift drifts data value values null nulls set store distribution distributions quality volume shift run runs that "
    "which this itself also alone affected drifted broken worst top first last same other only main single next served "
    "input numeric categorical missing upstream whole new old live each every any no one another most least culprit "
    "important named mentioned second third training prediction never the its their our your an other this upstream "
    "downstream dependent external internal shared somebody someone nobody people they who it team customers on-call "
    "and or new web".split()
)


def names_in(text: str) -> Iterator[str]:
    """Words that can only be names: with digits, inner signs or capitals, addresses, and what is called a feature."""
    text = plain(text)
    for match in _TOKEN.finditer(text):
        word = match[0].strip(_EDGES)
        word = word.removesuffix("'s").removesuffix("’s")
        if _is_name(word) or match[0][0] in "@#" and word:
            yield word
    for pattern in (_CALLED, _QUOTED, _BEFORE, _SERVES, _SHORT_QUOTE, _WHO):
        for match in pattern.finditer(text):
            if match["word"].casefold() not in _NO_NAME:
                yield match["word"]


def features_in(text: str, features: Iterable[str]) -> Iterator[str]:
    """The features that a text names. `amount of` is no feature."""
    text = plain(text)
    for feature in features:
        if re.search(rf"(?<![\w-]){re.escape(feature)}(?![\w-])(?! of\b)", text):
            yield feature


def capitalised_in(text: str) -> Iterator[str]:
    """Words with a capital in the midst of a sentence: in English only names have one."""
    text = plain(text)
    yield from (match["word"] for match in _ACRONYM.finditer(text))
    for match in _CAPITAL.finditer(text):
        if not _MONTH.match(match["word"]) and not _DAY.match(match["word"]):
            yield match["word"]


class Vocabulary:
    """Names that are known: whole, and as parts of longer ones (`v24` of `shop-v24`)."""

    def __init__(self, texts: Iterable[str]) -> None:
        """From everything that may be named."""
        self._words = frozenset(
            match[0].strip(_EDGES).casefold() for text in texts for match in _TOKEN.finditer(plain(text))
        )
        # Each name's parts with blanks around them, one name a line: so whole parts in their order are looked up.
        self._parts = "\n".join(f" {' '.join(parts)} " for word in self._words if (parts := _parts(word)))

    def knows(self, name: str) -> bool:
        """Whether a name is one of these, or whole parts of one in their order."""
        word = name.casefold()
        if word in self._words or word in ORDINARY:
            return True
        if word.startswith(("http:", "https:", "www.")):
            return False
        parts = _parts(word)
        if not 0 < len(parts) <= _MOST_PARTS:
            return False
        whole = " ".join(parts)
        return f" {whole} " in self._parts or f" {whole.removesuffix('s')} " in self._parts


def _parts(word: str) -> list[str]:
    return [part for part in _PARTS.split(word) if part]


def names_of_case(incident: Incident, model: ModelSpec | None) -> tuple[str, ...]:
    """What may be named whatever was read: the incident and the catalogue's entry, but not its features."""
    names = [incident.id, incident.model, incident.environment]
    if model is not None:
        endpoint = [model.endpoint.name] if model.endpoint else []
        pipeline = [model.retraining.pipeline] if model.retraining else []
        data = [one for one in (model.data.source, model.data.pipeline) if one]
        names += [model.name, *endpoint, *pipeline, *data, *model.signals]
        names += [model.owners] if model.owners else []
    return tuple(names)


ORDINARY: Set[str] = _ORDINARY | {one.value for kind in (RootCause, Advice, AlertKind) for one in kind}


def _is_name(word: str) -> bool:
    if len(word) < 2:
        return False
    if any(one.isdigit() for one in word):
        return any(one.isalpha() for one in word) and not _is_measure(word) or word.count(".") > 1
    if _INNER.search(word) or _CAMEL.search(word) or "://" in word or word.startswith("www."):
        return True
    parts = word.casefold().split("-")
    if len(parts) > 1 and word.casefold() not in _ORDINARY_HYPHENS:
        return len(parts) > 2 or bool(_OF_INFRASTRUCTURE.intersection(parts))
    return any(ord(one) > 0x24F for one in word if one.isalpha())


_MEASURE = re.compile(
    r"[+-]?[$€£]?[\d.,:/-]+(?:%|ms|s|min|h|d|x|k|K|M|bn|[KMGT]i?B|USD|EUR|rps|qps|e[+-]?\d+|am|pm|-fold|-times)?"
    r"|\d{4}-\d{2}-\d{2}T[\d:.]+(?:Z|[+-][\d:]+)?|\d{1,2}(?:st|nd|rd|th)|\d+-(?:minute|hour|second|day|week)s?",
    re.IGNORECASE,
)


def _is_measure(word: str) -> bool:
    """Digits with a unit, which are read as numbers, or a moment."""
    return _MEASURE.fullmatch(word.replace("−", "-")) is not None


def is_evidence_id(name: str) -> bool:
    """Whether it is the id of a piece of evidence."""
    return _ID.fullmatch(name) is not None
