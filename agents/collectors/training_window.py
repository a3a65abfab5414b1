"""Whether the data that a retraining would read was broken at some time, as far back as the metrics go."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from agents.collectors.lens import Lens, why
from agents.collectors.signals import SOURCE, last_breach
from agents.readings.found import Found
from agents.readings.metrics import TrainingWindowReading
from agents.wording import moment_in_words
from incidents.alert import AlertKind
from incidents.evidence import EvidenceKind
from tools.errors import UpstreamError

MOST_POINTS = 1_500
"""Samples of a series: one an hour for eight weeks."""


async def training_window(lens: Lens) -> Sequence[Found]:
    """When null values or schema violations were last past their limits between the window's begin and the metrics
    window, which `all_signals` has read in more detail."""
    model = lens.model
    if model is None or model.retraining is None:
        return ()
    days = model.retraining.window_days
    begin = lens.now - timedelta(days=days) / lens.timing.speed
    signals = {name: s for name, s in model.signals.items() if s.kind is AlertKind.DATA_QUALITY}
    if not signals or begin >= lens.start:
        return ()
    step = max(timedelta(hours=1) / lens.timing.speed, (lens.start - begin) / MOST_POINTS, timedelta(seconds=1))
    asked = " and ".join(sorted(model.query_of(signal) for signal in signals.values()))
    try:
        answers = await asyncio.gather(
            *(
                lens.sources.prometheus.query_range(model.query_of(signal), begin, lens.start, step)
                for signal in signals.values()
            )
        )
    except UpstreamError as error:
        return (lens.gap(SOURCE, "training_window", asked, why(error, SOURCE)),)
    seen: list[datetime] = []
    breaches: list[datetime] = []
    for signal, series in zip(signals.values(), answers, strict=True):
        for one in series:
            seen.extend(sample.at for sample in one.samples[:1])
            if (at := last_breach(signal, one.samples)) is not None:
                breaches.append(at)
    if not seen:
        return ()
    # The truth lies between this sample and the next.
    until = min(max(breaches) + step, lens.start) if breaches else None
    back = f"the metrics of {model.name} go back to {min(seen):%d %b}"
    if until is None:
        found = f"No null ratio and no share of schema violations was past its limit before; {back}."
    else:
        found = (
            f"Null values or schema violations were past their limits until {moment_in_words(until)} on "
            f"{until:%d %b}; {back}."
        )
    evidence = lens.fact(EvidenceKind.DATA_QUALITY, SOURCE, asked, found)
    return (Found(evidence, TrainingWindowReading(broken_until=until)),)
