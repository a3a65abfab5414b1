"""How late the labels are: quality that waits for labels is only as good as they are."""

from collections.abc import Sequence
from datetime import timedelta
from statistics import median

from agents.collectors.lens import Lens, why
from agents.departure import MIN_BASELINE
from agents.readings.found import Found
from agents.readings.metrics import LabelDelayReading
from agents.wording import duration_in_words
from incidents.evidence import EvidenceKind, Figure
from tools.errors import UpstreamError

SOURCE = "Prometheus"


async def label_delay(lens: Lens) -> Sequence[Found]:
    """The delay now against its usual value: that of the week before the metrics window, where samples go back so far.

    A day would not do: labels that come late by one more hour each hour have been late for as long as they are late.

    Nothing for a model whose quality needs no labels, and for one that does not export its delay.
    """
    model = lens.model
    if model is None or not any(signal.needs_labels for signal in model.signals.values()):
        return ()
    promql = f'ml_label_delay_seconds{{model="{model.name}",env="{model.environment}"}}'
    begin = lens.start - lens.timing.week
    step = max((lens.now - begin) / lens.timing.points, lens.timing.step)
    try:
        series = await lens.sources.prometheus.query_range(promql, begin, lens.now, step)
    except UpstreamError as error:
        return (lens.gap(SOURCE, "label_delay", promql, why(error, SOURCE)),)
    samples = [s for s in series[0].samples if s.value == s.value] if series else []
    if not samples or lens.now - samples[-1].at > 5 * step:
        return ()
    before = [s.value for s in samples if s.at < lens.start]
    usual = median(before if len(before) >= MIN_BASELINE else [s.value for s in samples[:MIN_BASELINE]])
    now = samples[-1].value
    found = (
        f"Labels of {model.name} come {duration_in_words(now)} after the prediction; "
        f"usual are {duration_in_words(usual)}."
    )
    evidence = lens.fact(
        EvidenceKind.MODEL_COMPARISON,
        SOURCE,
        promql,
        found,
        figures=(Figure(name="now", value=now, unit="s"), Figure(name="usual", value=usual, unit="s")),
        link=lens.sources.prometheus.graph_url(promql, begin, lens.now),
        windowed=True,
    )
    wait = timedelta(seconds=max(now, 0.0)) / lens.timing.speed
    return (Found(evidence, LabelDelayReading(now=now, usual=usual, wait=wait)),)
