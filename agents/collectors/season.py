"""What moved, against the same hour a day and a week ago: is it a season, or is it new?"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from agents.collectors.capacity import traffic_query
from agents.collectors.lens import Lens, why
from agents.collectors.signals import SOURCE
from agents.onset import UNIT_FLOORS
from agents.readings.dossier import Dossier
from agents.readings.found import Found
from agents.readings.metrics import SeasonReading
from agents.wording import sentence, value_in_words
from incidents.alert import AlertKind
from incidents.evidence import EvidenceKind, Figure
from tools.errors import UpstreamError

MOST_QUERIES = 3
"""What is compared: traffic, then the worst signals. Each is asked for twice."""
MOST_SERIES = 3
"""Sentences that are told; a drift of every feature has the same season in all of them."""
ALIKE = 0.25
"""A level is as it was then within a quarter of it."""

_Then = Mapping[str | None, float]
"""The usual level of an hour, by feature; None for what has no features."""


@dataclass(frozen=True)
class _Asked:
    """One measure to compare."""

    name: str
    feature: str | None
    words: str
    unit: str
    now: float
    onset: datetime | None
    promql: str


async def season(lens: Lens, dossier: Dossier) -> Sequence[Found]:
    """A sentence for each measure that is past its limit, or has left its level and is not back. At most 6 requests.

    One gap where Prometheus keeps nothing that old, or does not answer. The input volume is left out: it is measured
    against the same hour of last week already. Where it is past its limit, traffic tells whether rows or requests are
    unusual, and whether today or last week is.
    """
    asked = _asked(lens, dossier)
    queries = list(dict.fromkeys(one.promql for one in asked))[:MOST_QUERIES]
    if not queries:
        return ()
    timing = lens.timing
    answers = await asyncio.gather(
        *(_hour(lens, promql, back) for promql in queries for back in (timing.day, timing.week)), return_exceptions=True
    )
    for answer in answers:
        if isinstance(answer, UpstreamError):
            return (lens.gap(SOURCE, "season", "; ".join(queries), why(answer, SOURCE)),)
        if isinstance(answer, BaseException):
            raise answer
    known = [answer for answer in answers if not isinstance(answer, BaseException)]
    then = {promql: (known[2 * at], known[2 * at + 1]) for at, promql in enumerate(queries)}
    compared = [_compared(lens, one, *then[one.promql]) for one in asked if one.promql in then]
    found = [one for one in compared if one is not None][:MOST_SERIES]
    if not found:
        return (lens.gap(SOURCE, "season", "; ".join(queries), "Prometheus has no samples that old", failed=False),)
    return found


def _asked(lens: Lens, dossier: Dossier) -> list[_Asked]:
    """Traffic first, then the signals in the order of the dossier: the worst come first."""
    model, asked = lens.model, list[_Asked]()
    if model is None:
        return asked
    traffic = dossier.capacity.get("traffic")
    volume = any(one.kind is AlertKind.DATA_VOLUME and one.severity is not None for one in dossier.signals)
    moved = traffic is not None and traffic.onset is not None and not traffic.back
    if traffic is not None and model.endpoint is not None and (moved or volume):
        promql = traffic_query(lens, model.endpoint.name)
        asked.append(_Asked("traffic", None, traffic.words, traffic.unit, traffic.now, traffic.onset, promql))
    for one in dossier.signals:
        moved = one.severity is not None or (one.departed and not one.back)
        if moved and one.now is not None and one.kind is not AlertKind.DATA_VOLUME:
            promql = model.query_of(model.signals[one.signal])
            asked.append(_Asked(one.signal, one.feature, one.words, one.unit, one.now, one.onset, promql))
    return asked


async def _hour(lens: Lens, promql: str, back: timedelta) -> _Then:
    """The median of the hour around the same moment then."""
    middle, half = lens.now - back, lens.timing.half_hour
    step = max(half / 6, lens.timing.step)
    series = await lens.sources.prometheus.query_range(promql, middle - half, middle + half, step)
    values = {one.labels.get("feature"): [s.value for s in one.samples if s.value == s.value] for one in series}
    return {feature: median(told) for feature, told in values.items() if told}


def _rounded(value: float) -> float:
    """Four digits say all of it."""
    return float(f"{value:.4g}")


def _compared(lens: Lens, asked: _Asked, yesterday: _Then, last_week: _Then) -> Found | None:
    day, week = yesterday.get(asked.feature), last_week.get(asked.feature)
    then = week if week is not None else day
    if then is None:
        return None
    usual = abs(asked.now - then) <= max(ALIKE * abs(then), UNIT_FLOORS.get(asked.unit, 0.0))
    told = [f"{value_in_words(day, asked.unit)} a day ago" if day is not None else ""]
    told.append(f"{value_in_words(week, asked.unit)} a week ago" if week is not None else "")
    levels = " and ".join(one for one in told if one)
    if asked.onset is None:
        verdict = "so it is not new" if usual else "so it is new since then"
    else:
        verdict = "usual for this hour" if usual else "not usual for this hour"
    figures = [Figure(name="now", value=asked.now, unit=asked.unit)]
    figures += [Figure(name="a day ago", value=day, unit=asked.unit)] if day is not None else []
    figures += [Figure(name="a week ago", value=week, unit=asked.unit)] if week is not None else []
    evidence = lens.fact(
        EvidenceKind.METRIC,
        SOURCE,
        f"{asked.promql} at the same hour",
        sentence(f"{asked.words} is {value_in_words(asked.now, asked.unit)}; at this hour it was {levels}: {verdict}"),
        figures=tuple(figures),
        subject=asked.feature,
        link=lens.sources.prometheus.graph_url(asked.promql, lens.now - lens.timing.week, lens.now),
    )
    reading = SeasonReading(
        signal=asked.name,
        feature=asked.feature,
        now=_rounded(asked.now),
        yesterday=_rounded(day) if day is not None else None,
        last_week=_rounded(week) if week is not None else None,
        usual=usual,
    )
    return Found(evidence, reading)
