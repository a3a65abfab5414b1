"""What the captured requests themselves show since the trouble began, against the training data and the time before.

It stands beside the metrics, and in for them where Prometheus does not answer. Read only for trouble of data or of
predictions: a slow endpoint is not explained by its inputs.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from agents.collectors.lens import Lens, why
from agents.readings.data import CapturedFeatureReading, CaptureReading
from agents.readings.found import Found
from agents.readings.metrics import SignalReading
from agents.redaction import redact
from agents.wording import as_name, duration_in_words, listed, moment_in_words, sentence, value_in_words
from incidents.alert import AlertKind
from incidents.catalogue import ModelSpec
from incidents.evidence import EvidenceKind, Figure
from tools.datasets.captured import CapturedData, CapturedFeature, Reference
from tools.datasets.feature_drift import NULLS_ROSE
from tools.datasets.window import Window
from tools.errors import NotFound, UpstreamError

SOURCE = "Data Capture"
MOST_FEATURES = 4
"""Features that are told one by one; the worst come first."""
MOST_NAMES = 8
OUTSIDE = 0.05
"""Share of values outside of the training data's range from which on it is told."""
_ABOUT_DATA = frozenset(
    {
        AlertKind.FEATURE_DRIFT,
        AlertKind.PREDICTION_DRIFT,
        AlertKind.ACCURACY_DROP,
        AlertKind.DATA_QUALITY,
        AlertKind.DATA_VOLUME,
        AlertKind.ANOMALY_SPIKE,
    }
)


async def captured_data(lens: Lens, signals: Sequence[Found]) -> Sequence[Found]:
    """One fact about the capture, then the features that are not as they should be, worst first, and the predictions.

    Args:
        lens: the partners and the case.
        signals: what the metrics said; nothing where they could not be read.
    """
    model = lens.model
    if model is None or model.data.capture is None or model.endpoint is None or not _about_data(lens, signals):
        return ()
    window = Window(_since(lens, signals), lens.now)
    # Onsets are known to some samples: what lies that near to one belongs to neither side.
    before = Window(lens.start, max(lens.start, window.start - lens.timing.together))
    asked = (
        f"captured requests of {model.endpoint.name} from {moment_in_words(window.start)} "
        f"to {moment_in_words(window.end)}"
    )
    try:
        found = await lens.sources.datasets.captured(model, window, before)
    except NotFound:
        words = f"No request of {model.name} lies under {model.data.capture}: its data capture may be off."
        evidence = lens.fact(EvidenceKind.DATA_QUALITY, SOURCE, asked, words)
        return (Found(evidence, CaptureReading(rows=0, since=window.start)),)
    except UpstreamError as error:
        # The metrics and the monitor tell of the data, too: what this lacks makes nobody less sure of them.
        return (lens.gap(SOURCE, "captured_data", asked, why(error, "S3"), failed=False),)
    return _told(lens, model, asked, found)


def _about_data(lens: Lens, signals: Sequence[Found]) -> bool:
    kinds = {alert.kind for alert in lens.case.incident.alerts}
    kinds |= {r.kind for _, r in signals if isinstance(r, SignalReading) and r.severity is not None}
    return bool(kinds & _ABOUT_DATA)


def _since(lens: Lens, signals: Sequence[Found]) -> datetime:
    """The first onset among signals of the data and predictions past their limits, else when the alerts began."""
    readings = [r for _, r in signals if isinstance(r, SignalReading) and r.severity is not None]
    onsets = [r.onset for r in readings if r.kind in _ABOUT_DATA and r.onset is not None]
    since = min(onsets, default=lens.case.incident.started_at)
    return min(max(since, lens.start), lens.now - timedelta(seconds=1))


def _told(lens: Lens, model: ModelSpec, asked: str, found: CapturedData) -> Sequence[Found]:
    facts = [_summary(lens, model, asked, found)]
    against = _REFERENCES[found.reference or "earlier"]
    told = [one for one in found.features if one.verdict != "stable"][:MOST_FEATURES]
    facts += [_feature(lens, asked, one, against) for one in told]
    if found.predictions is not None:
        facts.append(_predictions(lens, asked, found.predictions))
    return facts


def _summary(lens: Lens, model: ModelSpec, asked: str, found: CapturedData) -> Found:
    age = (lens.now - found.newest).total_seconds() if found.newest else None
    newest = f"the newest is {duration_in_words(max(age, 0.0))} old" if age is not None else "none is there"
    if not found.rows:
        words = f"No request of {model.name} was captured since {moment_in_words(found.since)}; {newest}"
    else:
        verdicts = {v: [as_name(f.feature) for f in found.features if f.verdict == v] for v in _VERDICTS}
        states = [f"{_names(names)} {_VERDICTS[v][len(names) > 1]}" for v, names in verdicts.items() if names]
        compared = f" against {_reference(found)}: {'; '.join(states)}" if states else ""
        words = f"{found.rows} rows captured since {moment_in_words(found.since)}{compared}; {newest}"
    more = [_volume(found), _taken(found), _binning(found), *found.gaps]
    figures = [Figure(name="captured rows", value=found.rows, unit="count")]
    if age is not None:
        figures.append(Figure(name="age of the newest", value=age, unit="s"))
    evidence = lens.fact(
        EvidenceKind.DATA_QUALITY,
        SOURCE,
        asked,
        " ".join(sentence(part) for part in (words, *more) if part),
        figures=tuple(figures),
        subject=model.endpoint.name if model.endpoint else None,
    )
    volume = None
    if found.per_minute is not None and found.per_minute_before:
        volume = found.per_minute / found.per_minute_before
    stable = tuple(as_name(one.feature) for one in found.features if one.verdict == "stable")
    reading = CaptureReading(rows=found.rows, since=found.since, stable=stable, age=age, volume=volume)
    return Found(evidence, reading)


_VERDICTS = {
    "broken": ("is broken", "are broken"),
    "drifted": ("has drifted", "have drifted"),
    "moved": ("has moved a little", "have moved a little"),
    "stable": ("is unchanged", "are unchanged"),
}
"""Each as it is said of one and of several."""


def _names(names: Sequence[str]) -> str:
    if len(names) <= MOST_NAMES:
        return listed(list(names))
    return f"{', '.join(names[:MOST_NAMES])} and {len(names) - MOST_NAMES} more"


_REFERENCES: Mapping[Reference, str] = {
    "table": "the training data",
    "statistics": "the statistics of the training data",
    "earlier": "the requests before",
}


def _reference(found: CapturedData) -> str:
    file = f"{as_name(found.reference_name)}, " if found.reference == "table" else ""
    return f"{_REFERENCES[found.reference or 'earlier']} ({file}{found.reference_rows} rows)"


def _volume(found: CapturedData) -> str:
    now, before = found.per_minute, found.per_minute_before
    if now is None or before is None or not found.rows:
        return ""
    return f"{now:.1f} rows a minute, {before:.1f} before"


def _taken(found: CapturedData) -> str:
    parts: list[str] = []
    if not found.whole:
        parts.append(f"a sample, from {found.objects_read} of {found.objects} files")
    if found.unreadable:
        parts.append(f"{found.unreadable} records could not be read ({found.unreadable_why})")
    return "; ".join(parts)


def _binning(found: CapturedData) -> str:
    of_numbers = next((one.binning for one in found.features if one.psi is not None and one.kind == "number"), "")
    return f"PSI of numbers over {of_numbers}" if of_numbers else ""


def _feature(lens: Lens, asked: str, one: CapturedFeature, against: str) -> Found:
    name = as_name(one.feature)
    figures: list[Figure] = []
    parts: list[str] = []
    if one.missing:
        parts.append("no captured request has it any more")
    elif one.nulls.current - one.nulls.reference > NULLS_ROSE:
        parts.append(f"{_share(one.nulls.current)} of its rows have no value{_before(one.nulls_before)}")
        figures.append(Figure(name="nulls", value=one.nulls.current, unit="ratio"))
        if one.nulls_before is None:
            parts[-1] += f", {_share(one.nulls.reference)} in the training data"
    if one.wrong_type > 0:
        parts.append(f"{_share(one.wrong_type)} of its values are no numbers")
        figures.append(Figure(name="values of another type", value=one.wrong_type, unit="ratio"))
    if one.psi is not None:
        before = f", {one.psi_before:.2f} before" if one.psi_before is not None else ""
        parts.append(f"its PSI is {one.psi:.2f}{before}")
        figures.append(Figure(name="PSI", value=one.psi, unit="PSI"))
        parts += _shape(one, figures)
    evidence = lens.fact(
        EvidenceKind.DATA_QUALITY if one.verdict == "broken" else EvidenceKind.DRIFT,
        SOURCE,
        f"{asked}, {name}",
        sentence(f"Captured {name} against {against}: {'; '.join(parts)}"),
        figures=tuple(figures),
        subject=name,
    )
    reading = CapturedFeatureReading(
        feature=name,
        verdict=one.verdict,
        psi=one.psi,
        psi_before=one.psi_before,
        nulls=one.nulls.current,
        medians=one.medians,
    )
    return Found(evidence, reading)


def _shape(one: CapturedFeature, figures: list[Figure]) -> list[str]:
    """How the distribution moved, with its figures added."""
    parts: list[str] = []
    if one.ks is not None:
        parts.append(f"KS {one.ks:.2f}")
        figures.append(Figure(name="KS", value=one.ks))
    if one.medians is not None:
        before, now = one.medians
        parts.append(f"median {now:.4g}, {before:.4g} there")
        figures += [Figure(name="median", value=now), Figure(name="median compared with", value=before)]
    if one.outside is not None and one.outside > OUTSIDE:
        parts.append(f"{_share(one.outside)} of its values lie outside of that range")
        figures.append(Figure(name="outside of the range", value=one.outside, unit="ratio"))
    for shift in one.shifts:
        word = as_name(redact(shift.category), 40)
        parts.append(f"{word} {_share(shift.current)}, {_share(shift.reference)} there")
        figures.append(Figure(name=f"share of {word}", value=shift.current, unit="ratio"))
    return parts


def _predictions(lens: Lens, asked: str, one: CapturedFeature) -> Found:
    figures: list[Figure] = []
    psi = f"PSI {one.psi:.2f}" if one.psi is not None else "their drift cannot be told"
    if one.psi is not None:
        figures.append(Figure(name="PSI", value=one.psi, unit="PSI"))
    parts = [psi, *_shape(one, figures)]
    evidence = lens.fact(
        EvidenceKind.DRIFT,
        SOURCE,
        f"{asked}, predictions",
        sentence(f"Captured predictions against those captured before: {'; '.join(parts)}"),
        figures=tuple(figures),
    )
    reading = CapturedFeatureReading(
        feature=one.feature, prediction=True, verdict=one.verdict, psi=one.psi, nulls=one.nulls.current
    )
    return Found(evidence, reading)


def _share(value: float) -> str:
    return value_in_words(value, "ratio")


def _before(nulls: float | None) -> str:
    return f", {_share(nulls)} before" if nulls is not None else ""
