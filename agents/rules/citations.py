"""Which runbook passages a diagnosis by the rules cites."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from agents.readings import PassageReading
from agents.rules.casefile import Casefile
from incidents.diagnosis import RootCause, RunbookCitation

SEARCHES: Mapping[RootCause, str] = {
    RootCause.DATA_QUALITY: "null values in a feature: quarantine the data, re-run the data pipeline, do not retrain",
    RootCause.FEATURE_DRIFT: "features drifted and accuracy fell: retrain on recent clean data",
    RootCause.CONCEPT_DRIFT: "accuracy fell without input drift: retrain on recent labels",
    RootCause.TRAINING_SERVING_SKEW: "features prepared differently in training and serving after a deployment",
    RootCause.BAD_DEPLOYMENT: "latency or errors right after a deployment: roll back the endpoint config",
    RootCause.INFRASTRUCTURE: "endpoint CPU saturated, latency high, config unchanged: scale out instances",
    RootCause.TRAFFIC_ANOMALY: "unusual request volume",
    RootCause.BENIGN: "drift without loss of accuracy: watch, do not retrain",
    RootCause.UNKNOWN: "cause not known: escalation",
}
"""What is searched in the runbooks once the cause is decided."""

MUST_SAY: Mapping[RootCause, re.Pattern[str]] = {
    RootCause.DATA_QUALITY: re.compile(r"quarantin|re-?run|null|schema|volume|stale", re.IGNORECASE),
    RootCause.FEATURE_DRIFT: re.compile(r"retrain", re.IGNORECASE),
    RootCause.CONCEPT_DRIFT: re.compile(r"concept drift|newest labels|recent labels", re.IGNORECASE),
    RootCause.TRAINING_SERVING_SKEW: re.compile(r"skew|serving|deploy", re.IGNORECASE),
    RootCause.BAD_DEPLOYMENT: re.compile(r"roll(?:s|ed|ing)? ?back|deploy|new config|config change", re.IGNORECASE),
    RootCause.INFRASTRUCTURE: re.compile(r"scale|scaling|saturat|instances|cpu|dependenc", re.IGNORECASE),
    RootCause.TRAFFIC_ANOMALY: re.compile(r"traffic|volume|requests", re.IGNORECASE),
    RootCause.BENIGN: re.compile(r"without (?:harm|loss|a loss)|watch|season|unchanged|as before", re.IGNORECASE),
    RootCause.UNKNOWN: re.compile(r"escalat|unknown|page |ask ", re.IGNORECASE),
}
"""A passage about the decision says one of these."""
MUST_NOT_SAY: Mapping[RootCause, re.Pattern[str]] = {
    RootCause.FEATURE_DRIFT: re.compile(r"not retrain|no retrain|never retrain|concept drift|nulls? (?:or|rose)", re.I),
    RootCause.BAD_DEPLOYMENT: re.compile(r"not roll back|not a rollback|config is unchanged|no deploy", re.IGNORECASE),
    RootCause.INFRASTRUCTURE: re.compile(r"after an endpoint config change|right after a deploy", re.IGNORECASE),
    RootCause.BENIGN: re.compile(r"nulls|quarantin|saturat|roll back|inputs (?:are )?unchanged", re.IGNORECASE),
    RootCause.CONCEPT_DRIFT: re.compile(r"features drifted before", re.IGNORECASE),
}
"""A passage that says one of these is about another decision."""

MOST_CITATIONS = 3
MOST_OF_ONE_FILE = 2
HALF_AS_TELLING = 0.5
"""A passage worth less than this share of the best one is left out."""
_WORD = re.compile(r"[a-z0-9]+")


def citations(case: Casefile, cause: RootCause) -> tuple[RunbookCitation, ...]:
    """The passages that have most to do with the decision: rare words shared with its search, nearness, place."""
    said, unsaid = MUST_SAY[cause], MUST_NOT_SAY.get(cause)
    fitting = [p for p in case.citable() if said.search(p.quote) and not (unsaid and unsaid.search(p.quote))]
    rarity = _rarity(fitting)
    wanted = set(_WORD.findall(SEARCHES[cause].lower()))
    alerts = {alert.name for alert in case.dossier.alerts}

    def worth(passage: PassageReading) -> float:
        shared = sum(rarity[word] for word in wanted.intersection(_WORD.findall(passage.quote.lower())))
        own_page = any(passage.file.endswith(f"{name}.md") for name in alerts)
        # What to do comes before what it means; the lines under the title only say when the alert fires.
        place = 0.5 if passage.heading.endswith(("Mitigation", "Diagnosis")) else 0.0
        return shared + passage.score + place + (0.5 if own_page else 0.0) - (passage.heading == passage.title)

    ranked = sorted(fitting, key=worth, reverse=True)
    chosen: list[PassageReading] = []
    for passage in ranked:
        enough_of_it = sum(p.file == passage.file for p in chosen) >= MOST_OF_ONE_FILE
        if enough_of_it or any(p.quote == passage.quote for p in chosen):
            continue
        if len(chosen) == MOST_CITATIONS or worth(passage) < HALF_AS_TELLING * worth(ranked[0]):
            break
        chosen.append(passage)
    return tuple(RunbookCitation(file=p.file, heading=p.heading, quote=p.quote, lines=p.lines) for p in chosen)


def _rarity(passages: Sequence[PassageReading]) -> Mapping[str, float]:
    """A weight for each word, less the more passages have it (inverse document frequency)."""
    have: Counter[str] = Counter()
    for passage in passages:
        have.update(set(_WORD.findall(passage.quote.lower())))
    return {word: math.log(1 + len(passages) / count) for word, count in have.items()}
