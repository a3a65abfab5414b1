"""A query that a reasoner wrote itself, held short. What it wrote there is its own word and becomes no evidence for it.

A number that is written in the query and comes back as its value proves nothing (``0 * up + 0.42``), and neither does a
label that the query set itself (``label_replace``): both are left out of what was found.
"""

import math
import re
from collections.abc import Mapping, Sequence

from agents.collectors.lens import Lens, why
from agents.collectors.signals import SOURCE
from agents.readings.found import Found
from agents.readings.metrics import QueryReading
from agents.wording import cut
from incidents.evidence import EvidenceKind, Figure
from tools.errors import UpstreamError

LONGEST_QUERY = 600
MOST_SERIES = 20
_NUMBER = re.compile(r"(?<![\w.:])(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.:])")
"""As PromQL writes one by itself: no part of a name, and no duration."""
_TEXT = re.compile(r"\"[^\"]*\"|'[^']*'|`[^`]*`")
_RENAMES = re.compile(r"\blabel_(?:replace|join)\b")
"""Functions that put words of the query into labels: of such a query no label with a digit is told."""


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
    finite = [s for s in samples[:MOST_SERIES] if math.isfinite(s.value)]
    if not finite:
        return (lens.gap(SOURCE, "query", promql, "Prometheus has no samples of it", failed=False),)
    own = {float(number) for number in _NUMBER.findall(promql)}
    values = [(_labels(s.labels, promql), s.value) for s in finite if abs(s.value) not in own]
    if not values:
        why_not = "its values are numbers that the query itself gives, and prove nothing"
        return (lens.gap(SOURCE, "query", promql, why_not, failed=False),)
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


def _labels(labels: Mapping[str, str], promql: str) -> str:
    """Those that tell the series apart; what the query wrote itself, as a selector or as a new label, does not."""
    own = {literal.strip("\"'`") for literal in _TEXT.findall(promql)}
    renamed = _RENAMES.search(promql) is not None
    found = {
        k: v
        for k, v in labels.items()
        if k != "__name__" and v not in own and not (renamed and any(c.isdigit() for c in v))
    }
    return cut(", ".join(f"{k}={v}" for k, v in sorted(found.items())) or "value", 160)
