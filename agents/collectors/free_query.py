"""A query that a reasoner wrote itself, held short."""

import math
from collections.abc import Mapping, Sequence

from agents.collectors.lens import Lens, why
from agents.collectors.signals import SOURCE
from agents.readings import Found, QueryReading
from agents.wording import cut
from incidents.evidence import EvidenceKind, Figure
from tools.errors import UpstreamError

LONGEST_QUERY = 600
MOST_SERIES = 20


async def query_prometheus(lens: Lens, promql: str) -> Sequence[Found]:
    """The value of an expression now, for the first series of it."""
    promql = promql.strip()
    if not promql or len(promql) > LONGEST_QUERY:
        return (
            lens.gap(SOURCE, "query", cut(promql, 80), f"a query has 1 to {LONGEST_QUERY} characters", failed=False),
        )
    try:
        samples = await lens.sources.prometheus.query(promql, lens.now)
    except UpstreamError as error:
        return (lens.gap(SOURCE, "query", promql, why(error, SOURCE), failed=False),)
    values = [(_labels(s.labels), s.value) for s in samples[:MOST_SERIES] if math.isfinite(s.value)]
    if not values:
        return (lens.gap(SOURCE, "query", promql, "Prometheus has no samples of it", failed=False),)
    shown = "; ".join(f"{labels} is {value:.6g}" for labels, value in values)
    more = f"; {len(samples) - MOST_SERIES} more series left out" if len(samples) > MOST_SERIES else ""
    evidence = lens.fact(
        EvidenceKind.METRIC,
        SOURCE,
        promql,
        f"{shown}{more}.",
        figures=tuple(Figure(name=labels, value=value) for labels, value in values),
    )
    return (Found(evidence, QueryReading(values=tuple(values))),)


def _labels(labels: Mapping[str, str]) -> str:
    return cut(", ".join(f"{k}={v}" for k, v in sorted(labels.items()) if k != "__name__") or "value", 160)
