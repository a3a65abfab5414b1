"""Every signal of the catalogue, now against before, all asked at once."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from agents.collectors.labels import label_delay
from agents.collectors.lens import Lens, why
from agents.collectors.older_trouble import Seen, looked_further_back
from agents.onset import Shape, refined, shape_of, since_last_well
from agents.readings.found import Found
from agents.readings.metrics import SignalReading
from agents.wording import bound_in_words, moment_in_words, sentence, value_in_words
from incidents.alert import AlertKind, Severity
from incidents.catalogue import ModelSpec, Signal
from incidents.evidence import EvidenceKind, Figure
from incidents.verification import Sample
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
_TOLD_BY_VERSION = frozenset(
    {AlertKind.LATENCY, AlertKind.ERROR_RATE, AlertKind.ACCURACY_DROP, AlertKind.PREDICTION_DRIFT}
)
"""Kinds that tell whether a version serves well."""
MOST_TIMES = 8
"""Times past a bound that one signal tells of."""
MOST_FINE_POINTS = 300
"""Samples of a closer look."""
MOST_FEATURES = 12
"""Series of one signal that are told; the worst come first."""


async def all_signals(lens: Lens) -> Sequence[Found]:
    """Every signal, the breached ones first, then how late labels are. One gap stands for all that is not answered."""
    if lens.model is None:
        return ()
    names = list(lens.model.signals)
    late, answers = await asyncio.gather(label_delay(lens), asyncio.gather(*(_read(lens, name) for name in names)))
    errors = [answer for answer in answers if isinstance(answer, UpstreamError)]
    if errors and len(errors) == len(names):
        return (lens.gap(SOURCE, "signals", "every signal of the catalogue", why(errors[0], SOURCE)),)
    found: list[Found] = []
    for name, answer in zip(names, answers, strict=True):
        if isinstance(answer, UpstreamError):
            found.append(lens.gap(SOURCE, name, _query(lens.model, name), why(answer, SOURCE)))
        else:
            found.extend(answer)
    return [*sorted(found, key=_rank), *late]


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
    signal = lens.model.signals[name]
    query = _query(lens.model, name)
    try:
        series = await lens.sources.prometheus.query_range(query, lens.start, lens.now, lens.timing.step)
        seen = [(one.labels, _shape(lens, signal, one.samples)) for one in series]
        seen = await _looked_closer(lens, signal, query, seen)
        measured = [Seen(labels, shape, one.samples) for (labels, shape), one in zip(seen, series, strict=True)]
        measured = await looked_further_back(
            lens, signal, query, measured, lambda s, step: _shape(lens, signal, s, step)
        )
    except UpstreamError as error:
        return error
    found: list[Found] = []
    for one in measured:
        if one.shape.now is None:
            continue
        found.append(_reading(lens, lens.model, name, query, one))
    if not found:
        return (lens.gap(SOURCE, name, query, "Prometheus has no recent samples of it", failed=False),)
    return sorted(found, key=_rank)[:MOST_FEATURES]


def _shape(lens: Lens, signal: Signal, samples: Sequence[Sample], step: timedelta | None = None) -> Shape:
    shape = shape_of(samples, unit=signal.unit, end=lens.now, step=step or lens.timing.step)
    return since_last_well(shape, samples, lambda value: signal.severity_of(value) is not None, unit=signal.unit)


async def _looked_closer(
    lens: Lens, signal: Signal, query: str, seen: list[tuple[dict[str, str], Shape]]
) -> list[tuple[dict[str, str], Shape]]:
    """Finer samples around the onsets of what is past its limit: a time to the minute and a half convicts nobody."""
    step, fine = lens.timing.step, lens.timing.fine_step
    onsets = [
        shape.onset
        for _, shape in seen
        if shape.onset is not None and shape.now is not None and signal.severity_of(shape.now) is not None
    ]
    if not onsets or fine >= step:
        return seen
    start = min(onsets) - 2 * step
    end = min(max(onsets) + 3 * step, start + fine * MOST_FINE_POINTS, lens.now)
    closer = await lens.sources.prometheus.query_range(query, start, end, fine)
    samples = {tuple(sorted(one.labels.items())): one.samples for one in closer}
    return [(labels, refined(shape, samples.get(tuple(sorted(labels.items())), ()))) for labels, shape in seen]


def _query(model: ModelSpec, name: str) -> str:
    return model.query_of(model.signals[name])


def first_breach(signal: Signal, samples: Sequence[Sample]) -> datetime | None:
    """The first sample past a bound; None where it was past it from the first sample on, so that it began before."""
    past = _past(signal, samples)
    return samples[past.index(True)].at if True in past and not past[0] else None


def last_breach(signal: Signal, samples: Sequence[Sample]) -> datetime | None:
    """The last sample past a bound."""
    past = _past(signal, samples)
    return samples[-1 - past[::-1].index(True)].at if True in past else None


def times_past_a_bound(signal: Signal, samples: Sequence[Sample]) -> tuple[tuple[datetime, datetime], ...]:
    """First and last sample of each run of samples past a bound; of many, the last ones."""
    times: list[tuple[datetime, datetime]] = []
    lasts = False
    for sample, past in zip(samples, _past(signal, samples), strict=True):
        if past and lasts:
            times[-1] = (times[-1][0], sample.at)
        elif past:
            times.append((sample.at, sample.at))
        lasts = past
    return tuple(times[-MOST_TIMES:])


def _past(signal: Signal, samples: Sequence[Sample]) -> list[bool]:
    """Which samples earn a severity: those past the bound that is crossed first."""
    bound = signal.loosest_bound
    if signal.comparison == ">":
        return [sample.value > bound for sample in samples]
    return [sample.value < bound for sample in samples]


def _reading(lens: Lens, model: ModelSpec, name: str, query: str, seen: Seen) -> Found:
    shape, feature = seen.shape, seen.labels.get("feature")
    assert shape.now is not None  # noqa: S101 - for the type checker: the caller has asked
    signal = model.signals[name]
    words = words_for(name, model, feature)
    about_data = signal.kind is AlertKind.DATA_QUALITY
    breach = last_breach(signal, seen.samples) if about_data else None
    severity = signal.severity_of(shape.now)
    bound = _bound(signal, severity)
    always = shape.before is not None and signal.severity_of(shape.before) is not None
    figures = [Figure(name="now", value=shape.now, unit=signal.unit)]
    if shape.before is not None:
        figures.append(Figure(name="before", value=shape.before, unit=signal.unit))
    figures.append(Figure(name="limit", value=bound, unit=signal.unit))
    evidence = lens.fact(
        _EVIDENCE_KIND.get(signal.kind, EvidenceKind.METRIC),
        SOURCE,
        query if feature is None else f"{query} (feature {feature})",
        told(words, shape, signal.unit, bound, past=severity is not None, always=always, read_at=lens.now)
        + (f" It was past its limit until {_when(breach, lens.now)}." if breach and severity is None else ""),
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
        back=shape.back or None,
        severity=severity,
        bound=bound,
        needs_labels=signal.needs_labels,
        first_breach=first_breach(signal, seen.samples) if about_data else None,
        last_breach=breach,
        breached=times_past_a_bound(signal, seen.samples) if signal.kind in _TOLD_BY_VERSION else None,
    )
    return Found(evidence, reading)


def told(
    words: str,
    shape: Shape,
    unit: str,
    bound: float | None,
    *,
    past: bool = False,
    always: bool = False,
    read_at: datetime | None = None,
) -> str:
    """What a series did, in one sentence. `past`: it is past its limit; `always`: it was so before, too.

    `read_at`: an onset of another day than that is told with its day.
    """
    assert shape.now is not None  # noqa: S101 - for the type checker: callers have no sentence for a missing value
    now = value_in_words(shape.now, unit)
    limit = f" its limit of {bound_in_words(bound, unit)}" if bound is not None else ""
    beyond = f", past{limit}" if past else ""
    if shape.onset is not None and shape.before is not None:
        before = value_in_words(shape.before, unit)
        if shape.back:
            left = f"{words} left its level of {before} at {_when(shape.onset, read_at)}"
            return sentence(f"{left} and is {now} again{beyond}")
        return sentence(f"{words} {shape.verb} from {before} to {now} at {_when(shape.onset, read_at)}{beyond}")
    if past:
        return sentence(f"{words} is {now}{beyond}{', and was so before' if always else ''}")
    return sentence(f"{words} is {now}, {f'inside{limit}' if limit else 'as before'}")


def _when(moment: datetime, read_at: datetime | None) -> str:
    """The time of the day, and the day where it is not that of the reading."""
    day = f" on {moment:%d %b}" if read_at is not None and moment.date() != read_at.date() else ""
    return f"{moment_in_words(moment)}{day}"


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
