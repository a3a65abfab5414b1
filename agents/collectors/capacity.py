"""How much the endpoint has to do, and what it has to do it with: CPU, memory, instances, traffic."""

import asyncio
from collections.abc import Sequence
from typing import Literal

from agents.collectors.lens import Lens, why
from agents.collectors.signals import SOURCE, told
from agents.onset import shape_of
from agents.readings import CapacityReading, Found
from incidents.evidence import EvidenceKind, Figure
from tools.errors import UpstreamError

What = Literal["cpu", "memory", "instances", "traffic"]

_QUERIES: Sequence[tuple[What, str, str, str]] = (
    ("cpu", "CPU utilisation of {endpoint}", 'ml_endpoint_cpu_utilization_ratio{{endpoint="{endpoint}"}}', "ratio"),
    (
        "memory",
        "memory utilisation of {endpoint}",
        'ml_endpoint_memory_utilization_ratio{{endpoint="{endpoint}"}}',
        "ratio",
    ),
    ("instances", "number of instances of {endpoint}", 'ml_endpoint_instances{{endpoint="{endpoint}"}}', "count"),
    (
        "traffic",
        "traffic of {endpoint}",
        'sum(rate(ml_inference_requests_total{{endpoint="{endpoint}"}}[5m]))',
        "1/s",
    ),
)


async def capacity(lens: Lens) -> Sequence[Found]:
    """The four, now against before. One gap stands for all that could not be read."""
    model = lens.model
    if model is None or model.endpoint is None:
        return ()
    endpoint = model.endpoint.name
    answers = await asyncio.gather(*(_read(lens, endpoint, *row) for row in _QUERIES))
    found = [answer for answer in answers if isinstance(answer, Found)]
    errors = [answer for answer in answers if isinstance(answer, UpstreamError)]
    if errors:
        found.append(
            lens.gap(SOURCE, "capacity", f"CPU, memory, instances and traffic of {endpoint}", why(errors[0], SOURCE))
        )
    return found


async def _read(
    lens: Lens, endpoint: str, what: What, words: str, query: str, unit: str
) -> Found | UpstreamError | None:
    promql = lens.timing.scaled(query.format(endpoint=endpoint))
    try:
        series = await lens.sources.prometheus.query_range(promql, lens.start, lens.now, lens.timing.step)
    except UpstreamError as error:
        return error
    if not series:
        return None
    shape = shape_of(series[0].samples, unit=unit, end=lens.now, step=lens.timing.step)
    if shape.now is None or shape.before is None:
        return None
    about = words.format(endpoint=endpoint)
    figures = [
        Figure(name="now", value=shape.now, unit=unit),
        Figure(name="before", value=shape.before, unit=unit),
    ]
    if what == "traffic" and shape.before > 0:
        figures.append(Figure(name="now over before", value=shape.now / shape.before, unit="times"))
    evidence = lens.fact(
        EvidenceKind.METRIC,
        SOURCE,
        promql,
        told(about, shape, unit, None),
        figures=tuple(figures),
        subject=endpoint,
        link=lens.sources.prometheus.graph_url(promql, lens.start, lens.now),
        windowed=True,
    )
    reading = CapacityReading(what=what, words=about, unit=unit, now=shape.now, before=shape.before, onset=shape.onset)
    return Found(evidence, reading)
