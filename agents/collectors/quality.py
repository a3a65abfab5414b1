"""What Model Monitor says about the data itself: violations of its constraints, and the statistics behind them."""

from collections.abc import Sequence

from agents.collectors.lens import Lens, why
from agents.readings.data import MonitorReading, MonitorStatisticsReading, ViolationReading
from agents.readings.found import Found
from agents.redaction import redact
from agents.wording import as_name, duration_in_words, in_its_words, moment_in_words, sentence, value_in_words
from incidents.catalogue import ModelSpec
from incidents.evidence import EvidenceKind, Figure
from tools.datasets.monitored import MonitoredData, MonitoredFeature
from tools.errors import NotFound, UpstreamError

SOURCE = "Model Monitor"
MOST_VIOLATIONS = 12
MOST_FEATURES = 4
"""Features whose statistics are told one by one; the worst come first."""
_SHIFT_CHECKS = ("drift", "distribution")
"""Checks whose names hold one of these tell of a shift; all others (completeness, types, columns) of broken data."""


async def data_quality(lens: Lens) -> Sequence[Found]:
    """The constraint violations of the last monitoring run, and its statistics beside those of the training data."""
    model = lens.model
    if model is None or model.data.monitor is None:
        return ()
    asked = f"constraint violations under {model.data.monitor}"
    try:
        violations = await lens.sources.datasets.violations(model)
    except UpstreamError as error:
        return (lens.gap(SOURCE, "violations", asked, why(error, SOURCE)),)
    count = len(violations)
    words = "one constraint violation" if count == 1 else f"{count or 'no'} constraint violations"
    found = f"The last monitoring run of {model.name} found {words}."
    facts = [Found(lens.fact(EvidenceKind.DATA_QUALITY, SOURCE, asked, found), MonitorReading(violations=count))]
    for violation in violations[:MOST_VIOLATIONS]:
        feature, check = as_name(violation.feature), as_name(violation.check)
        evidence = lens.fact(
            EvidenceKind.DATA_QUALITY,
            SOURCE,
            asked,
            f"Model Monitor's {check} failed for {feature}.{in_its_words(redact(violation.description), 240)}",
            subject=feature,
        )
        breaks = not any(word in check.lower() for word in _SHIFT_CHECKS)
        facts.append(Found(evidence, ViolationReading(feature=feature, check=check, breaks_data=breaks)))
    return [*facts, *await _statistics(lens, model)]


async def _statistics(lens: Lens, model: ModelSpec) -> Sequence[Found]:
    asked = f"statistics under {model.data.monitor}"
    try:
        monitored = await lens.sources.datasets.monitored(model)
    except NotFound:
        return ()
    except UpstreamError as error:
        # The violations are there, and say what is wrong; these would have said how far.
        return (lens.gap(SOURCE, "statistics", asked, why(error, SOURCE), failed=False),)
    if monitored is None or not monitored.features:
        return ()
    changed = [one for one in monitored.features if one.verdict != "stable" or _is_constant(one)][:MOST_FEATURES]
    if changed:
        return [_feature(lens, asked, monitored, one) for one in changed]
    most = max((one.psi for one in monitored.features if one.psi is not None), default=None)
    drift = f"; the highest PSI is {most:.2f}" if most is not None else ""
    found = f"{_run(lens, monitored)}: no feature differs from the training data{drift}"
    evidence = lens.fact(EvidenceKind.DATA_QUALITY, SOURCE, asked, sentence(found))
    return [Found(evidence, MonitorStatisticsReading(verdict="stable"))]


def _feature(lens: Lens, asked: str, monitored: MonitoredData, one: MonitoredFeature) -> Found:
    name = as_name(one.feature)
    parts = [
        f"{value_in_words(one.nulls.current, 'ratio')} of {name} have no value, "
        f"{value_in_words(one.nulls.reference, 'ratio')} in the training data"
    ]
    figures = [
        Figure(name="nulls", value=one.nulls.current, unit="ratio"),
        Figure(name="nulls in the training data", value=one.nulls.reference, unit="ratio"),
    ]
    for what, pair in (("mean", one.means), ("standard deviation", one.deviations)):
        if pair is not None:
            parts.append(f"{what} {pair[1]:.4g}, {pair[0]:.4g} there")
            figures += [Figure(name=what, value=pair[1]), Figure(name=f"{what} there", value=pair[0])]
    if one.psi is not None:
        parts.append(f"PSI {one.psi:.2f} over {one.binning}")
        figures.append(Figure(name="PSI", value=one.psi, unit="PSI"))
    evidence = lens.fact(
        EvidenceKind.DATA_QUALITY,
        SOURCE,
        asked,
        sentence(f"{_run(lens, monitored)}: {'; '.join(parts)}"),
        figures=tuple(figures),
        subject=name,
    )
    return Found(evidence, MonitorStatisticsReading(feature=name, verdict=one.verdict, constant=_is_constant(one)))


def _is_constant(one: MonitoredFeature) -> bool:
    """Whether all rows have the same value, where those of the training data had not."""
    return one.deviations is not None and one.deviations[0] > 0 and one.deviations[1] == 0


def _run(lens: Lens, monitored: MonitoredData) -> str:
    age = max((lens.now - monitored.at).total_seconds(), 0.0)
    return (
        f"Model Monitor's run of {moment_in_words(monitored.at)} ({duration_in_words(age)} old, {monitored.rows} rows)"
    )
