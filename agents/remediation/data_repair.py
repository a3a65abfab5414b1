"""Broken data: keep its window out of training, then fill it again where that can help. Never retrain on it."""

import re

from pydantic import ValidationError

from agents.collectors.lens import Lens
from agents.permitted_step import Step
from agents.rules.broken_data import broken, source_first, window_end, window_start
from agents.rules.symptoms import Symptoms
from incidents.catalogue import ModelSpec
from incidents.clock import Moment
from incidents.proposal import When
from incidents.remediation import QuarantineData, RerunDataPipeline
from tools.errors import UpstreamError

_S3 = re.compile(r"^s3://([^/]+)/(.+?)/?$")


async def steps(lens: Lens, model: ModelSpec, symptoms: Symptoms) -> tuple[Step, ...]:
    """Quarantine at once, the pipeline after it; nothing where the readings do not tell since when.

    Where the source itself has to change first, no run is offered: it would fill in the same fault, and its card would
    come before anybody can know that it helps. A person proposes it when the source is right.
    """
    begin = window_start(symptoms)
    if not broken(symptoms) or begin is None:
        return ()
    # Captured requests reach S3 some time after they were answered: up to now, so that what was read is marked as well.
    quarantine = _quarantine(model, begin, window_end(symptoms) or lens.sources.clock())
    first = (Step(remediation=quarantine),) if quarantine else ()
    if source_first(symptoms):
        return first
    return (*first, *await _rerun(lens, model, begin, follows=bool(first)))


def _quarantine(model: ModelSpec, begin: Moment, end: Moment) -> QuarantineData | None:
    place = _S3.match(model.data.capture or "")
    if place is None:
        return None
    try:
        return QuarantineData(bucket=place[1], prefix=f"{place[2]}/", window_start=begin, window_end=end)
    except ValidationError:
        return None


async def _rerun(lens: Lens, model: ModelSpec, begin: Moment, *, follows: bool) -> tuple[Step, ...]:
    name = model.data.pipeline
    if name is None:
        return ()
    try:
        pipeline = await lens.sources.sagemaker.pipeline(name)
    except UpstreamError:
        return ()
    if pipeline.status != "Active":
        return ()
    rerun = RerunDataPipeline(pipeline=name, window_start=begin)
    if not follows:
        return (Step(remediation=rerun),)
    source = model.data.source or "the source"
    condition = f"After the quarantine, and only once {source} delivers right values: before, it fills in the same."
    return (Step(remediation=rerun, when=When.AFTER_PREVIOUS, condition=condition),)
