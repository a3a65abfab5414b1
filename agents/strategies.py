"""One strategy for each kind of alert: which questions come first, and what answers them.

Each question comes before those whose answers it would explain: broken data before drift, drift and a change before a
loss of quality. Triage by the rules names what to look at in this order, and a language model is told the questions.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from incidents.alert import AlertKind


@dataclass(frozen=True)
class Question:
    """What is asked, and the tools or catalogue signals that answer it."""

    asks: str
    look_at: tuple[str, ...]


_BROKEN = Question(
    "Is the data broken: nulls, schema, types, ranges?", ("data_quality", "null_rate", "schema_violations")
)
_VOLUME = Question("Do rows and requests come as always, and fresh ones?", ("input_volume_low", "capacity"))
_CHANGED = Question("Was the endpoint's config changed just before it began?", ("recent_changes",))
_DRIFTED = Question("Which inputs drifted, and since when?", ("feature_drift",))
_HARMED = Question("Was quality lost after that, by labels that are not late?", ("accuracy_drop", "f1_drop"))
_SATURATED = Question("Is the endpoint saturated, or does far more traffic come?", ("capacity",))
_BEFORE = Question("Was it like this before: a past incident, the same hour of last week?", ("search_incidents",))

STRATEGIES: Mapping[AlertKind, Sequence[Question]] = {
    AlertKind.DATA_QUALITY: (
        _BROKEN,
        Question(
            "Since when, and where does that data come from?", ("null_rate", "schema_violations", "recent_changes")
        ),
        Question("What follows from it: drift, loss of quality?", ("feature_drift", "accuracy_drop")),
    ),
    AlertKind.DATA_VOLUME: (_VOLUME, _BROKEN, _CHANGED, _BEFORE),
    AlertKind.LATENCY: (
        _CHANGED,
        Question("When did it get slow, and does it fail, too?", ("latency_p99", "error_rate")),
        _SATURATED,
    ),
    AlertKind.ERROR_RATE: (
        _CHANGED,
        Question("When did it begin to fail?", ("error_rate", "latency_p99")),
        _SATURATED,
        _BROKEN,
    ),
    AlertKind.FEATURE_DRIFT: (_BROKEN, _DRIFTED, _HARMED, _CHANGED, _BEFORE),
    AlertKind.PREDICTION_DRIFT: (_BROKEN, _CHANGED, _DRIFTED, _HARMED),
    AlertKind.ACCURACY_DROP: (
        _BROKEN,
        _CHANGED,
        _DRIFTED,
        Question("Are the labels late, so that the loss is not real yet?", ("accuracy_drop",)),
    ),
    AlertKind.ANOMALY_SPIKE: (_BROKEN, _VOLUME, _DRIFTED, _CHANGED),
    AlertKind.PIPELINE: (
        Question("Which run failed, and what was changed about it?", ("recent_changes",)),
        _BROKEN,
        _BEFORE,
    ),
    AlertKind.COST: (
        Question("Which jobs and instances run, and since when?", ("recent_changes", "capacity")),
        _SATURATED,
    ),
    AlertKind.OTHER: (
        Question("Which signal is past its limit?", ("all_signals",)),
        _CHANGED,
        Question("What do the runbooks and other sources say of it?", ("search_runbooks",)),
    ),
}
MOST_TO_LOOK_AT = 3


def look_first(kind: AlertKind) -> tuple[str, ...]:
    """The tools and signals that answer the first questions of a kind, each once."""
    wanted = [one for question in STRATEGIES[kind] for one in question.look_at]
    return tuple(dict.fromkeys(wanted))[:MOST_TO_LOOK_AT]


def in_words(kinds: Iterable[AlertKind]) -> str:
    """The strategies of some kinds as a list, for a language model; empty where there is no kind."""
    lines: list[str] = []
    for kind in dict.fromkeys(kinds):
        questions = " ".join(f"{number}. {one.asks}" for number, one in enumerate(STRATEGIES[kind], start=1))
        lines.append(f"- {kind.value}: {questions}")
    return "\n".join(lines)
