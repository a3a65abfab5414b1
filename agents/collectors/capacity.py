"""How much the endpoint has to do, and what it has to do it with: CPU, memory, instances, traffic, throttling."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from agents.collectors.lens import Lens, why
from agents.collectors.signals import SOURCE, told
from agents.onset import shape_of
from agents.readings.found import Found
from agents.readings.metrics import CapacityReading, Resource
from incidents.evidence import EvidenceKind, Figure
from incidents.verification import Sample
from tools.errors import UpstreamError

_REQUESTS = 'sum(rate(ml_inference_requests_total{{endpoint="{endpoint}"}}[5m]))'
_INSTANCES = 'ml_endpoint_instances{{endpoint="{endpoint}"}}'
_QUERIES: Sequence[tuple[Resource, str, str, str]] = (
    ("cpu", "CPU utilisation of {endpoint}", 'ml_endpoint_cpu_utilization_ratio{{endpoint="{endpoint}"}}', "ratio"),
    (
        "memory",
        "memory utilisation of {endpoint}",
        'ml_endpoint_memory_utilization_ratio{{endpoint="{endpoint}"}}',
        "ratio",
    ),
    ("instances", "number of instances of {endpoint}", _INSTANCES, "count"),
    ("traffic", "traffic of {endpoint}", _REQUESTS, "1/s"),
    (
        "throttled",
        "throttled requests (429) of {endpoint}",
        'sum(rate(ml_inference_throttled_total{{endpoint="{endpoint}"}}[5m]))',
        "1/s",
    ),
)


@dataclass(frozen=True)
class _Seen:
    """What was read of one resource."""

    what: Resource
    words: str
    promql: str
    unit: str
    samples: Sequence[Sample]


async def capacity(lens: Lens) -> Sequence[Found]:
    """Each now against before, and requests per instance. One gap stands for all that could not be read.

    What the endpoint's metrics do not have is left out: not every exporter counts throttled requests.
    """
    model = lens.model
    if model is None or model.endpoint is None:
        return ()
    endpoint = model.endpoint.name
    answers = await asyncio.gather(*(_read(lens, endpoint, *row) for row in _QUERIES))
    seen = [answer for answer in answers if isinstance(answer, _Seen)]
    per_instance = _per_instance(lens, endpoint, seen)
    told_of = [_found(lens, endpoint, one) for one in (*seen, *per_instance)]
    found = [one for one in told_of if one is not None]
    errors = [answer for answer in answers if isinstance(answer, UpstreamError)]
    if errors:
        asked = f"CPU, memory, instances, traffic and throttled requests of {endpoint}"
        found.append(lens.gap(SOURCE, "capacity", asked, why(errors[0], SOURCE)))
    return found


def traffic_query(lens: Lens, endpoint: str) -> str:
    """Requests per second, as they are asked for here."""
    return lens.timing.scaled(_REQUESTS.format(endpoint=endpoint))


async def _read(
    lens: Lens, endpoint: str, what: Resource, words: str, query: str, unit: str
) -> _Seen | UpstreamError | None:
    promql = lens.timing.scaled(query.format(endpoint=endpoint))
    try:
        series = await lens.sources.prometheus.query_range(promql, lens.start, lens.now, lens.timing.step)
    except UpstreamError as error:
        return error
    return _Seen(what, words.format(endpoint=endpoint), promql, unit, series[0].samples) if series else None


def _per_instance(lens: Lens, endpoint: str, seen: Sequence[_Seen]) -> Sequence[_Seen]:
    """CloudWatch's `InvocationsPerInstance`: of the two that were read, at the moments that both have."""
    by = {one.what: one for one in seen}
    if "traffic" not in by or "instances" not in by:
        return ()
    instances = {one.at: one.value for one in by["instances"].samples}
    samples = [
        Sample(at=one.at, value=one.value / count)
        for one in by["traffic"].samples
        if (count := instances.get(one.at, 0.0)) > 0
    ]
    promql = lens.timing.scaled(f"{_REQUESTS} / sum({_INSTANCES})".format(endpoint=endpoint))
    return (_Seen("per_instance", f"requests per instance of {endpoint}", promql, "1/s", samples),)


def _found(lens: Lens, endpoint: str, seen: _Seen) -> Found | None:
    shape = shape_of(seen.samples, unit=seen.unit, end=lens.now, step=lens.timing.step)
    if shape.now is None or shape.before is None:
        return None
    figures = [
        Figure(name="now", value=shape.now, unit=seen.unit),
        Figure(name="before", value=shape.before, unit=seen.unit),
    ]
    if seen.what == "traffic" and shape.before > 0:
        figures.append(Figure(name="now over before", value=shape.now / shape.before, unit="times"))
    evidence = lens.fact(
        EvidenceKind.METRIC,
        SOURCE,
        seen.promql,
        told(seen.words, shape, seen.unit, None),
        figures=tuple(figures),
        subject=endpoint,
        link=lens.sources.prometheus.graph_url(seen.promql, lens.start, lens.now),
        windowed=True,
    )
    reading = CapacityReading(
        what=seen.what,
        words=seen.words,
        unit=seen.unit,
        now=shape.now,
        before=shape.before,
        onset=shape.onset,
        back=shape.back or None,
    )
    return Found(evidence, reading)
