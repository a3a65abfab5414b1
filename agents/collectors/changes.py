"""What was changed lately, what is live, and what was live before."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

from agents.collectors.lens import Lens, why
from agents.readings.found import Found
from agents.readings.serving import ChangeReading, EndpointReading, LiveConfigReading, NoChangesReading
from agents.redaction import redact
from agents.wording import cut, in_its_words, moment_in_words
from incidents.catalogue import EndpointSpec, ModelSpec
from incidents.evidence import EvidenceKind
from tools.errors import UpstreamError
from tools.sagemaker.changes import RUN_ENDED
from tools.sagemaker.states import Change, EndpointState

SOURCE = "SageMaker"
_ENDED = re.compile(r"ended (\w+)(?:: (.*))?$", re.DOTALL)
_OUTCOMES: Mapping[str, Literal["succeeded", "failed"]] = {"Succeeded": "succeeded", "Failed": "failed"}
_NO_CAPACITY = re.compile(r"\bCapacityError\b|\bInsufficientInstanceCapacity\b|\bResourceLimitExceeded\b")
"""Errors by which AWS says that it has no machine, or that a quota is used up."""
MOST_CHANGES = 12
MOST_CONFIGS = 20
MOST_TIMES = 12
"""Times that a config was live; of more, the last ones."""
_SETTLING = timedelta(hours=1)
"""The end of an endpoint's creation, some minutes after its beginning, also counts as a change."""


async def endpoint_state(lens: Lens) -> Sequence[Found]:
    """The endpoint as it stands, with the configs that were made before the live one."""
    model = lens.model
    if model is None or model.endpoint is None:
        return ()
    name = model.endpoint.name
    asked = f"DescribeEndpoint {name}"
    try:
        state, configs = await asyncio.gather(
            lens.sources.sagemaker.endpoint(name),
            lens.sources.sagemaker.endpoint_configs(f"{model.name}-", MOST_CONFIGS),
        )
    except UpstreamError as error:
        return (lens.gap(SOURCE, "endpoint", asked, why(error, SOURCE)),)
    made = {config.name: config.created_at for config in configs}
    live_since = made.get(state.config_name)
    others = [c for c in sorted(configs, key=lambda c: c.created_at, reverse=True) if c.name != state.config_name]
    older = tuple(c.name for c in others if live_since is None or c.created_at <= live_since)
    newer = tuple(c.name for c in others if live_since is not None and c.created_at > live_since)
    settled = state.created_at + _SETTLING / lens.timing.speed
    newer_config = live_since is not None and live_since > state.created_at
    updated = state.last_modified if newer_config or state.last_modified > settled else None
    reading = EndpointReading(
        endpoint=name,
        config=state.config_name,
        status=state.status,
        updated_at=updated,
        made_at=live_since,
        older_configs=older,
        newer_configs=newer,
    )
    evidence = lens.fact(
        EvidenceKind.CHANGE, SOURCE, asked, _state_in_words(name, state, reading), subject=state.config_name
    )
    return (Found(evidence, reading),)


def _state_in_words(name: str, state: EndpointState, reading: EndpointReading) -> str:
    instances = sum(variant.current_instances or 0 for variant in state.variants)
    changed = (
        f"last changed at {moment_in_words(reading.updated_at)} on {reading.updated_at:%d %b}"
        if reading.updated_at
        else "not changed since it was created"
    )
    before = f"; the config made before it is {reading.older_configs[0]}" if reading.older_configs else ""
    failed = in_its_words(redact(state.failure_reason), 200) if state.failure_reason else ""
    return f"{name} is {state.status} on {state.config_name} with {instances} instances, {changed}{before}.{failed}"


async def recent_changes(lens: Lens) -> Sequence[Found]:
    """Changes SageMaker knows of, and the config the metrics saw live."""
    model = lens.model
    if model is None:
        return ()
    told, live = await asyncio.gather(_from_sagemaker(lens, model), _from_metrics(lens, model))
    return (*told, *live)


async def _from_sagemaker(lens: Lens, model: ModelSpec) -> Sequence[Found]:
    since = lens.now - lens.timing.changes_lookback
    asked = f"changes of {model.name} since {moment_in_words(since)}"
    try:
        changes = await lens.sources.sagemaker.recent_changes(model, since)
    except UpstreamError as error:
        return (lens.gap(SOURCE, "changes", asked, why(error, SOURCE)),)
    if not changes:
        evidence = lens.fact(
            EvidenceKind.CHANGE,
            SOURCE,
            asked,
            f"Nothing of {model.name} was changed in SageMaker since {moment_in_words(since)} on {since:%d %b}.",
        )
        return (Found(evidence, NoChangesReading(since=since)),)
    return [_change(lens, asked, change, model.endpoint) for change in changes[:MOST_CHANGES]]


def _change(lens: Lens, asked: str, change: Change, endpoint: EndpointSpec | None) -> Found:
    evidence = lens.fact(
        EvidenceKind.CHANGE,
        SOURCE,
        asked,
        f"At {moment_in_words(change.at)} on {change.at:%d %b}: {cut(change.what, 80)} {cut(change.subject, 120)}."
        f"{in_its_words(redact(change.detail), 200)}",
        subject=change.subject,
    )
    deployment = endpoint is not None and change.subject == endpoint.name and "updated" in change.what
    ended = (
        _ENDED.match(change.detail.removeprefix(f"a run of {change.subject} ")) if change.what == RUN_ENDED else None
    )
    reading = ChangeReading(
        at=change.at,
        what=change.what,
        subject=change.subject,
        deployment=deployment,
        run=_OUTCOMES.get(ended[1]) if ended else None,
        for_capacity=ended is not None and _NO_CAPACITY.search(ended[2] or "") is not None,
    )
    return Found(evidence, reading)


async def _from_metrics(lens: Lens, model: ModelSpec) -> Sequence[Found]:
    if model.endpoint is None:
        return ()
    name = model.endpoint.name
    promql = f'ml_endpoint_config_info{{endpoint="{name}"}}'
    try:
        series = await lens.sources.prometheus.query_range(promql, lens.start, lens.now, lens.timing.step)
    except UpstreamError as error:
        return (lens.gap("Prometheus", "live_config", promql, why(error, "Prometheus")),)
    seen = sorted(
        (sample.at, one.labels["config"]) for one in series if one.labels.get("config") for sample in one.samples
    )
    config, previous, since = _last_switch(seen)
    if not config:
        return ()
    if since and previous:
        text = (
            f"{name} was switched from {previous} to {config} at {moment_in_words(since)}, as its metrics show."
            f"{_switches_before(seen, since)}"
        )
    else:
        text = f"{config} was live on {name} during the whole window."
    evidence = lens.fact(
        EvidenceKind.CHANGE,
        "Prometheus",
        promql,
        text,
        subject=config,
        link=lens.sources.prometheus.graph_url(promql, lens.start, lens.now),
        windowed=True,
    )
    reading = LiveConfigReading(
        endpoint=name,
        config=config,
        previous=previous,
        since=since,
        seen_from=seen[0][0],
        earlier=_earlier(seen, config, since) if since else (),
        times=_times(seen),
    )
    return (Found(evidence, reading),)


def _switches_before(seen: Sequence[tuple[datetime, str]], since: datetime) -> str:
    """The one or two switches before the last one, so that who reads of it knows what came before."""
    times = _times(seen)
    told = [
        f"from {times[at - 1][0]} to {config} at {moment_in_words(begin)}"
        for at, (config, begin, _) in enumerate(times)
        if at > 0 and begin < since
    ]
    return f" Before that it was switched {' and '.join(told[-2:])}." if told else ""


def _last_switch(seen: Sequence[tuple[datetime, str]]) -> tuple[str, str | None, datetime | None]:
    """The config that is live, the one before it, and since when; `seen` is who was seen when, in order.

    Configs may come and go more than once in a window. For some minutes after a switch the old one may still be
    answered beside the new one: the new one is the one that began later.
    """
    if not seen:
        return "", None, None
    at_last = {config for at, config in seen if at == seen[-1][0]}
    began = {config: _began(seen, config) for config in at_last}
    live = max(began, key=lambda config: began[config])
    before = [config for at, config in seen if config != live and at < began[live]]
    return (live, before[-1], began[live]) if before else (live, None, None)


def _began(seen: Sequence[tuple[datetime, str]], config: str) -> datetime:
    """Since when a config was seen without another one alone in between."""
    moments: dict[datetime, bool] = {}
    for at, one in seen:
        moments[at] = moments.get(at, False) or one == config
    since = seen[-1][0]
    for at in reversed(moments):
        if not moments[at]:
            break
        since = at
    return since


def _times(seen: Sequence[tuple[datetime, str]]) -> tuple[tuple[str, datetime, datetime], ...]:
    """Each config's times from its first to its last sample, without a moment that it was not seen at in between."""
    moments: dict[datetime, set[str]] = {}
    for at, config in seen:
        moments.setdefault(at, set()).add(config)
    times: list[tuple[str, datetime, datetime]] = []
    live: dict[str, int] = {}
    for at, configs in moments.items():
        for config in configs - live.keys():
            live[config] = len(times)
            times.append((config, at, at))
        for config in live.keys() - configs:
            del live[config]
        for config, place in live.items():
            times[place] = (config, times[place][1], at)
    return tuple(times[-MOST_TIMES:])


def _earlier(
    seen: Sequence[tuple[datetime, str]], config: str, since: datetime
) -> tuple[tuple[datetime, datetime], ...]:
    """The times before `since` that the config was live, each from its first to its last sample without another one."""
    times: list[tuple[datetime, datetime]] = []
    together = False
    for at, one in seen:
        if at >= since:
            break
        if one != config:
            together = False
        elif together:
            times[-1] = (times[-1][0], at)
        else:
            times.append((at, at))
            together = True
    return tuple(times)
