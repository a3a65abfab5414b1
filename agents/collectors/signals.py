"""Every signal of the catalogue, now against before, all asked at once."""

import asyncio
import math
from collections.abc import Mapping, Sequence
from datetime import datetime

from agents.collectors.lens import Lens, why
from agents.onset import Shape, shape_of
from agents.readings import Found, SignalReading
from agents.sources import SeriesLike
from agents.wording import bound_in_words, moment_in_words, sentence, value_in_words
from incidents.alert import AlertKind, Severity
from incidents.catalogue import ModelSpec, Signal
from incidents.evidence import EvidenceKind, Figure
from tools.errors import UpstreamError

SOURCE = "Prometheus"

_WORDS: Mapping[str, str] = {
    "feature_psi": "PSI of feature {feature} of {model}",
    "aggregate_psi": "aggregate PSI of {model}",
    "prediction_psi": "PSI of the predictions of {model}",
    "accuracy_drop": "drop in accuracy of {model} against its baseline",
    "f1_drop": "drop in F1 of {model} against its baseline",
    "precision_drop": "drop in precision of {model} against its baseline",
    "recall_drop": "drop in recall of {model} against its baseline",
    "auc_drop": "drop in AUC of {model} against its baseline",
    "latency_p99": "p99 latency of {endpoint}",
    "error_rate": "error rate of {endpoint}",
    "anomaly_rate": "share of anomalous inputs of {model}",
    "null_rate": "null ratio of feature {feature} of {model}",
    "schema_violations": "share of rows of {model} that violate the schema",
    "input_volume_low": "input volume of {model} against the same hour a week ago",
    "input_volume_high": "input volume of {model} against the same hour a week ago",
    "cpu_saturation": "CPU utilisation of {endpoint}",
}
_EVIDENCE_KIND: Mapping[AlertKind, EvidenceKind] = {
    AlertKind.FEATURE_DRIFT: EvidenceKind.DRIFT,
    AlertKind.PREDICTION_DRIFT: EvidenceKind.DRIFT,
    AlertKind.DATA_QUALITY: EvidenceKind.DATA_QUALITY,
    AlertKind.DATA_VOLUME: EvidenceKind.DATA_QUALITY,
    AlertKind.ACCURACY_DROP: EvidenceKind.MODEL_COMPARISON,
}
MOST_FEATURES = 12
"""Series of one signal that are told; the worst come first."""


async def all_signals(lens: Lens) -> Sequence[Found]:
    """Every signal, the breached ones first. One gap stands for all when Prometheus answers nothing at all."""
    if lens.model is None:
        return ()
    names = list(lens.model.signals)
    answers = await asyncio.gather(*(_read(lens, name) for name in names))
    errors = [answer for answer in answers if isinstance(answer, UpstreamError)]
    if errors and len(errors) == len(names):
        return (lens.gap(SOURCE, "signals", "every signal of the catalogue", why(errors[0], SOURCE)),)
    found: list[Found] = []
    for name, answer in zip(names, answers, strict=True):
        if isinstance(answer, UpstreamError):
            found.append(lens.gap(SOURCE, name, _query(lens.model, name), why(answer, SOURCE)))
        else:
            found.extend(answer)
    return sorted(found, key=_rank)


async def one_signal(lens: Lens, name: str) -> Sequence[Found]:
    """One signal by its name in the catalogue; a gap where it cannot be read."""
    if lens.model is None or name not in lens.model.signals:
        return ()
    answer = await _read(lens, name)
    if isinstance(answer, UpstreamError):
        return (lens.gap(SOURCE, name, _query(lens.model, name), why(answer, SOURCE)),)
    return sorted(answer, key=_rank)


def words_for(signal: str, model: ModelSpec, feature: str | None) -> str:
    """The thing a signal measures, as it stands in a sentence; for a signal of one's own, its name."""
    template = _WORDS.get(signal, f"{signal.replace('_', ' ')} of {{model}}")
    endpoint = model.endpoint.name if model.endpoint else model.name
    return template.format(feature=feature or "(all)", model=model.name, endpoint=endpoint)


async def _read(lens: Lens, name: str) -> Sequence[Found] | UpstreamError:
    assert lens.model is not None  # noqa: S101 - for the type checker: both callers have asked
    query = _query(lens.model, name)
    try:
        series = await lens.sources.prometheus.query_range(query, lens.start, lens.now, lens.timing.step)
    except UpstreamError as error:
        return error
    signal = lens.model.signals[name]
    found = [_reading(lens, lens.model, name, signal, query, one) for one in series]
    usable = [f for f in found if f is not None]
    if not usable:
        return (lens.gap(SOURCE, name, query, "Prometheus has no recent samples of it", failed=False),)
    return sorted(usable, key=_rank)[:MOST_FEATURES]


def _query(model: ModelSpec, name: str) -> str:
    return model.query_of(model.signals[name])


def _reading(lens: Lens, model: ModelSpec, name: str, signal: Signal, query: str, series: SeriesLike) -> Found | None:
    shape = shape_of(series.samples, unit=signal.unit, end=lens.now, step=lens.timing.step)
    if shape.now is None or not math.isfinite(shape.now):
        return None
    feature = series.labels.get("feature")
    words = words_for(name, model, feature)
    severity = signal.severity_of(shape.now)
    bound = _bound(signal, severity)
    figures = [Figure(name="now", value=shape.now, unit=signal.unit)]
    if shape.before is not None:
        figures.append(Figure(name="before", value=shape.before, unit=signal.unit))
    figures.append(Figure(name="limit", value=bound, unit=signal.unit))
    evidence = lens.fact(
        _EVIDENCE_KIND.get(signal.kind, EvidenceKind.METRIC),
        SOURCE,
        query if feature is None else f"{query} (feature {feature})",
        told(words, shape, signal.unit, severity, bound, shape.onset),
        figures=tuple(figures),
        subject=feature or (model.endpoint.name if model.endpoint and "{endpoint}" in _WORDS.get(name, "") else None),
        link=lens.sources.prometheus.graph_url(query, lens.start, lens.now),
        windowed=True,
    )
    reading = SignalReading(
        signal=name,
        kind=signal.kind,
        words=words,
        feature=feature,
        unit=signal.unit,
        now=shape.now,
        before=shape.before,
        onset=shape.onset,
        departed=shape.departed,
        severity=severity,
        bound=bound,
    )
    return Found(evidence, reading)


def told(
    words: str, shape: Shape, unit: str, severity: Severity | None, bound: float | None, onset: datetime | None
) -> str:
    """What a series did, in one sentence, with the limit where it is past one."""
    assert shape.now is not None  # noqa: S101 - for the type checker: callers have no sentence for a missing value
    now = value_in_words(shape.now, unit)
    past = f", past its limit of {bound_in_words(bound, unit)}" if severity and bound is not None else ""
    if shape.departed and onset is not None and shape.before is not None:
        before = value_in_words(shape.before, unit)
        return sentence(f"{words} {shape.verb} from {before} to {now} at {moment_in_words(onset)}{past}")
    if severity:
        return sentence(f"{words} is {now}{past}, and was so at the start of the window")
    if bound is None:
        return sentence(f"{words} is {now}, as before")
    return sentence(f"{words} is {now}, inside its limit of {bound_in_words(bound, unit)}")


def _bound(signal: Signal, severity: Severity | None) -> float:
    if severity is Severity.CRITICAL and signal.critical is not None:
        return signal.critical
    if severity is Severity.WARNING and signal.warning is not None:
        return signal.warning
    return signal.loosest_bound


def _rank(found: Found) -> tuple[int, int, float]:
    """Breached first, worst first, then those that moved."""
    reading = found.reading
    if not isinstance(reading, SignalReading):
        return (4, 0, 0.0)
    severity = reading.severity.rank if reading.severity else 3
    over = abs(reading.now or 0.0) / reading.bound if reading.bound else 0.0
    return (severity, 0 if reading.departed else 1, -over)
