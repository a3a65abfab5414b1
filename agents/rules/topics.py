"""What a decision is about, in the words of runbooks: what is searched for it, and which sentences speak of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from agents.rules.symptoms import Symptoms
from incidents.alert import Severity
from incidents.diagnosis import RootCause

MOST_PAGES = 3
"""Alerts whose own pages are searched for the decision."""


@dataclass(frozen=True)
class Topic:
    """One decision.

    Attributes:
        search: the decision in a few words.
        says: a passage about it says one of these.
        decides: a passage that says what to do says one of these.
        unsaid: a passage that says one of these is about another decision, or against this one.
    """

    search: str
    says: re.Pattern[str]
    decides: re.Pattern[str]
    unsaid: re.Pattern[str] | None = None


def _topic(search: str, *, says: str, decides: str, unsaid: str | None = None) -> Topic:
    def words(pattern: str) -> re.Pattern[str]:
        return re.compile(pattern, re.IGNORECASE)

    return Topic(search, words(says), words(decides), words(unsaid) if unsaid else None)


TOPICS: Mapping[RootCause, Topic] = {
    RootCause.DATA_QUALITY: _topic(
        "null values in a feature: quarantine the data, re-run the data pipeline, do not retrain",
        says=r"quarantin|re-?run|\bnulls?\b|schema",
        decides=r"quarantin|re-?run",
    ),
    RootCause.FEATURE_DRIFT: _topic(
        "features drifted and accuracy fell: retrain on recent clean data",
        says=r"retrain",
        decides=r"(?:^|, |: )retrain",
        unsaid=r"not retrain|no retrain|never retrain|concept drift|nulls? (?:or|rose)",
    ),
    RootCause.CONCEPT_DRIFT: _topic(
        "accuracy fell without input drift: retrain on recent labels",
        says=r"concept drift|newest labels|recent labels",
        decides=r"retrain with|newest labels",
        unsaid=r"features drifted before",
    ),
    RootCause.TRAINING_SERVING_SKEW: _topic(
        "one feature moved right after the endpoint config changed: training-serving skew, roll back",
        says=r"skew|deployment.*unchanged|config chang.*unchanged",
        decides=r"roll(?:ed)? back",
        unsaid=r"not roll(?:ed)? back|not a rollback|will not help|no deploy",
    ),
    RootCause.BAD_DEPLOYMENT: _topic(
        "endpoint config changed just before the onset, inputs unchanged: roll back to the last known good config",
        says=r"roll(?:s|ed|ing)? ?back|deploy|new config|config change",
        decides=r"roll(?:ed)? back",
        unsaid=r"not roll(?:ed)? back|not a rollback|rollback changes|will not help|not for |neither a rollback|"
        r"config is (?:un|not )changed|no deploy|without a change",
    ),
    RootCause.INFRASTRUCTURE: _topic(
        "endpoint CPU saturated, latency high, config unchanged: scale out instances",
        says=r"scale|scaling|saturat|instances|cpu",
        decides=r"scale out|scaling",
        unsaid=r"after an endpoint config change|right after a deploy|dearer",
    ),
    RootCause.TRAFFIC_ANOMALY: _topic(
        "unusual request volume: campaign, holiday, bot",
        says=r"traffic|volume|callers",
        decides=r"volume is high|traffic anomaly|few callers|campaign",
        unsaid=r"volume is low|ml_\w+\{",
    ),
    RootCause.BENIGN: _topic(
        "drift without loss of accuracy, quality unchanged: watch, do not retrain",
        says=r"without (?:harm|loss|a loss)|\bwatch\b|season",
        decides=r"\bwatch\b|no retrain",
        unsaid=r"nulls|quarantin|saturat|roll back|inputs (?:are )?unchanged|latency|labels are (?:late|missing)",
    ),
    RootCause.UNKNOWN: _topic(
        "no line above fits, cause not known: say so and escalate",
        says=r"escalat|none fits|no line above|say so",
        decides=r"escalat|none fits|no line above|say so",
        unsaid=r"are unchanged|Above \d",
    ),
}

STRONG_DRIFT = _topic(
    "PSI above 0.25 and fresh labels show no harm: watch for 24 hours, tell the model's team",
    says=r"without (?:harm|loss|a loss)|show no harm|quality holds",
    decides=r"\bwatch\b|no retrain",
    unsaid=r"nulls|quarantin|saturat|roll back|latency|p99|labels are (?:late|missing)",
)
QUIET = _topic(
    "recovered means: below its limit at every sample",
    says=r"recovered means",
    decides=r"recovered means",
)
SCORES_ALONE = _topic(
    "nothing else moved: watch the scores for one full day",
    says=r"nothing else moved|without (?:harm|loss)|\bwatch\b",
    decides=r"\bwatch\b",
    unsaid=r"nulls|quarantin|saturat|roll back|latency|p99|labels are (?:late|missing)",
)
ODD_LAST_WEEK = _topic(
    "a public holiday, a campaign or an outage last week makes the volume alert fire by itself",
    says=r"last week|two weeks ago",
    decides=r"fire by itself",
)
LATE_LABELS = _topic(
    "label delay above twice its usual value: quality unconfirmed, wait for the labels, do not retrain",
    says=r"label",
    decides=r"twice its usual|unconfirmed|unreliable|wait for (?:the labels|them)",
    unsaid=r"roll back|nulls",
)
ODD_TRAFFIC = _topic(
    "anomalous rows with a high volume from few callers: traffic anomaly, block the source, exclude from training",
    says=r"traffic anomaly|few (?:callers|sources)|rate-limit|replay|load test|attack|\bbot\b",
    decides=r"block|rate-limit|exclude",
)
CALLERS_GONE = _topic(
    "volume low: do requests reach the endpoint, callers do not reach us",
    says=r"\blow\b.*(?:requests|callers|source)|callers do not reach",
    decides=r"\blow\b",
    unsaid=r"is p99",
)
STALE_SOURCE = _topic(
    "volume low and the source late: re-run the data pipeline when the source is back, do not retrain",
    says=r"\blow\b|stale|source is (?:late|back)|partial",
    decides=r"re-?run",
)
UNIT_CHANGED = _topic(
    "a type or a unit changed upstream: ask the source's owner to revert, quarantine the window",
    says=r"\bunits?\b|cents|\btype\b.*(?:upstream|changed)|values 100 times",
    decides=r"quarantin|revert",
)
DEPENDENCY = _topic(
    "CPU and config unremarkable: suspect a dependency, page its owner",
    says=r"dependenc|feature store",
    decides=r"page|suspect",
)


def topic_of(symptoms: Symptoms, cause: RootCause) -> Topic:
    """The decision behind a class, as the symptoms have it."""
    s = symptoms
    match cause:
        case RootCause.BAD_DEPLOYMENT if s.over_with and not s.serving_harm:
            return QUIET
        case RootCause.BENIGN:
            return _of_no_harm(s)
        case RootCause.FEATURE_DRIFT if s.labels_late and not s.quality_harm:
            return LATE_LABELS
        case RootCause.TRAFFIC_ANOMALY if s.odd_rows_on_top:
            return ODD_TRAFFIC
        case RootCause.TRAFFIC_ANOMALY if s.volume_low:
            return CALLERS_GONE
        case RootCause.DATA_QUALITY if (s.volume_low or s.stale) and not (s.nulls or s.schema):
            return STALE_SOURCE
        case RootCause.DATA_QUALITY if s.unit_changed or s.rescaled or any("type" in v.check for v in s.broken):
            return TOPICS[cause] if s.nulls else UNIT_CHANGED
        case RootCause.INFRASTRUCTURE if not (s.full or s.too_few):
            return DEPENDENCY
        case _:
            return TOPICS[cause]


def _of_no_harm(s: Symptoms) -> Topic:
    if s.odd_last_week:
        return ODD_LAST_WEEK
    if s.quality_unconfirmed:
        return LATE_LABELS
    if s.predictions_drifted and not (s.drifted or s.anomalies):
        return SCORES_ALONE
    if not (s.drifted or s.predictions_drifted or s.anomalies):
        return QUIET
    if any(d.severity is Severity.CRITICAL for d in s.drifted):
        return STRONG_DRIFT
    return TOPICS[RootCause.BENIGN]


def searches(symptoms: Symptoms, cause: RootCause) -> list[str]:
    """What is searched once the cause is decided: the decision in the alerts' own pages first, then everywhere."""
    text = topic_of(symptoms, cause).search
    return [*(f"{name}: {text}" for name in asked_pages(symptoms)), text]


def asked_pages(symptoms: Symptoms) -> list[str]:
    """The alerts whose pages matter: those that fire, the worst first; the resolved ones where none fires."""
    alerts = symptoms.dossier.alerts
    firing = [alert for alert in alerts if alert.firing] or alerts
    return list(dict.fromkeys(alert.name for alert in firing))[:MOST_PAGES]
