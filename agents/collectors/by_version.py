"""Errors and latency of each version that serves, where the metrics carry a label that tells versions apart.

Two versions serve at once during a canary, a traffic shift and the minutes after a deployment. Then nothing says more
about a new one than the old one beside it, under the same traffic.
"""

import asyncio
import math
from collections.abc import Mapping, Sequence

from agents.collectors.lens import Lens
from agents.collectors.signals import SOURCE
from agents.readings.found import Found
from agents.readings.metrics import ByVersionReading
from agents.wording import as_name, sentence, value_in_words
from incidents.evidence import EvidenceKind, Figure
from tools.errors import UpstreamError

LABELS = ("config", "variant", "version", "model_version")
"""What exporters call a version. The first one whose values differ is the one that is told."""
MOST_VERSIONS = 4
APART = 2.0
"""A version stands out from this multiple of another one's value on."""

_BY = ", ".join(LABELS)
_RATE = 'sum by ({by}) (rate({metric}{{endpoint="{endpoint}"}}[5m]))'
_QUERIES: Sequence[tuple[str, str, str]] = (
    (
        "error rate",
        "ratio",
        f"{_RATE.replace('{metric}', 'ml_inference_errors_total')} / "
        f"{_RATE.replace('{metric}', 'ml_inference_requests_total')}",
    ),
    (
        "p99 latency",
        "s",
        "histogram_quantile(0.99, sum by (le, {by}) "
        '(rate(ml_inference_latency_seconds_bucket{{endpoint="{endpoint}"}}[5m])))',
    ),
)


async def by_version(lens: Lens) -> Sequence[Found]:
    """One fact for each of the two, where more than one version answers; nothing where the metrics know no versions.

    What Prometheus does not answer here, the signals of the catalogue tell for all versions together.
    """
    if lens.model is None or lens.model.endpoint is None:
        return ()
    endpoint = lens.model.endpoint.name
    found = await asyncio.gather(*(_read(lens, endpoint, *row) for row in _QUERIES))
    return [fact for fact in found if fact is not None]


async def _read(lens: Lens, endpoint: str, what: str, unit: str, query: str) -> Found | None:
    promql = lens.timing.scaled(query.format(by=_BY, endpoint=endpoint))
    try:
        samples = await lens.sources.prometheus.query(promql, lens.now)
    except UpstreamError:
        return None
    values = [(sample.labels, sample.value) for sample in samples if math.isfinite(sample.value)]
    label = next((one for one in LABELS if len({labels.get(one, "") for labels, _ in values}) > 1), None)
    if label is None:
        return None
    shown = _worst_first(values, label)
    parts = [f"{name} {value_in_words(value, unit)}" for name, value in shown]
    evidence = lens.fact(
        EvidenceKind.MODEL_COMPARISON,
        SOURCE,
        promql,
        sentence(f"{what} of {endpoint} by {label.replace('_', ' ')}: {', '.join(parts)}"),
        figures=tuple(Figure(name=name, value=value, unit=unit) for name, value in shown),
        subject=endpoint,
        link=lens.sources.prometheus.graph_url(promql, lens.start, lens.now),
    )
    apart = shown[0][1] > APART * shown[-1][1]
    return Found(evidence, ByVersionReading(what=what, values=tuple(shown), apart=apart))


def _worst_first(values: Sequence[tuple[Mapping[str, str], float]], label: str) -> list[tuple[str, float]]:
    worst: dict[str, float] = {}
    for labels, value in values:
        name = as_name(labels.get(label, ""))
        worst[name] = max(value, worst.get(name, value))
    return sorted(worst.items(), key=lambda row: (-row[1], row[0]))[:MOST_VERSIONS]
