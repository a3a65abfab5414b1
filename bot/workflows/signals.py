"""The signals of an incident after a change: which are watched, for how long, and what they say.

What is watched is the alert's own expression, from the rules, without its comparison; quality metrics wait for labels,
so proxies of the catalogue stand in for them. A ratio proves nothing while hardly anything is asked of the endpoint.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.workflows.ports import Deps
from incidents.alert import Alert, AlertKind
from incidents.catalogue import ModelSpec
from incidents.verification import Outcome, SignalCheck, Threshold, judge, window_length
from tools.prometheus.series import AlertRule, Series
from tools.prometheus.thresholds import UnsplittableRule, rate_range, rules_for, series_of, split
from tools.prometheus.traffic import traffic_of

PROXIES = ("prediction_psi", "error_rate", "latency_p99")
"""Catalogue signals that stand in for quality metrics, which wait for labels, and that a promotion must not harm."""

SAMPLES = 30
"""How many samples a window has at least, where the scrape interval allows."""

FLOOR_PER_SECOND = 0.1
"""Less traffic than this (30 requests in a rate's 5 minutes) and a ratio of it proves nothing."""


@dataclass(frozen=True)
class Watched:
    """One expression and its bound; the alert it is about, or None where it stands in for one."""

    threshold: Threshold
    alert: Alert | None = None


@dataclass(frozen=True)
class Reading:
    """What the signals say: `window` is how long they must stay well, `notes` what stands in for what."""

    checks: tuple[SignalCheck, ...]
    window: timedelta
    notes: tuple[str, ...]

    @property
    def recovered(self) -> bool:
        """Is every one of them well, and is there one?"""
        return bool(self.checks) and all(check.outcome is Outcome.RECOVERED for check in self.checks)


async def read_signals(
    deps: Deps,
    model: ModelSpec,
    alerts: Sequence[Alert],
    now: datetime,
    *,
    proxies: bool = False,
    at_least: timedelta = timedelta(0),
) -> Reading:
    """Look at every signal of the incident over its window up to `now`.

    Args:
        deps: the readers.
        model: the entry of the catalogue.
        alerts: of the incident.
        now: the end of the window.
        proxies: watch the catalogue's `PROXIES` too, as after a promotion.
        at_least: the shortest window.

    Raises `UpstreamError` where rules or series cannot be read.
    """
    watched, notes = watch(await deps.rules(), alerts, model, proxies=proxies)
    windows = [max(at_least, window_of(deps, one.threshold)) for one in watched]
    asked = _Asked(deps, now)
    checks = await asyncio.gather(*(_check(asked, one, window) for one, window in zip(watched, windows, strict=True)))
    return Reading(tuple(checks), max(windows, default=timedelta(0)), tuple(notes))


def watch(
    rules: Sequence[AlertRule], alerts: Sequence[Alert], model: ModelSpec, *, proxies: bool = False
) -> tuple[list[Watched], list[str]]:
    """What is watched for each alert of the incident, and in plain words what stands in for what."""
    watched: list[Watched] = []
    notes: list[str] = []
    seen: set[tuple[str, str]] = set()
    waits_for_labels = any(alert.kind is AlertKind.ACCURACY_DROP for alert in alerts)
    for alert in alerts:
        if alert.kind is AlertKind.ACCURACY_DROP or (alert.name, alert.fingerprint) in seen:
            continue
        seen.add((alert.name, alert.fingerprint))
        found = rules_for(rules, alert.labels)
        if not found:
            notes.append(f"{alert.name} has no rule that can be found")
        for rule in found:
            try:
                watched.append(Watched(split(rule), alert))
            except UnsplittableRule as error:
                notes.append(f"{alert.name} cannot be watched: {error.detail}")
    if waits_for_labels:
        notes.append(
            "Quality figures are known only once labels arrive; prediction drift, errors and latency were judged in "
            "their place"
        )
    if waits_for_labels or proxies:
        watched.extend(Watched(_proxy(model, name)) for name in PROXIES if name in model.signals)
    return watched, notes


def window_of(deps: Deps, threshold: Threshold) -> timedelta:
    """How long this signal must stay well."""
    return window_length(
        rate_range=rate_range(threshold.expression), hold=threshold.hold, group_interval=deps.pace.group_interval
    )


def fired_again(deps: Deps, rules: Sequence[AlertRule], alerts: Sequence[Alert], since: datetime) -> Alert | None:
    """An alert that began to fire after the change had ended.

    One that had fired before in this incident and cleared fires again. Another one counts only when it cannot be the
    tail of what was: its rate still looks back at the time before the change, and its `for` counts from then.
    """
    for alert in alerts:
        if alert.starts_at <= since:
            continue
        before = any(one.fingerprint == alert.fingerprint and one.starts_at < alert.starts_at for one in alerts)
        if before or alert.starts_at > since + _tail(rules, alert):
            return alert
    return None


def words_of(span: timedelta) -> str:
    """A span as people say it."""
    seconds = max(1, round(span.total_seconds()))
    return f"{seconds} s" if seconds < 120 else f"{round(seconds / 60)} min"


def _tail(rules: Sequence[AlertRule], alert: Alert) -> timedelta:
    longest = timedelta(0)
    for rule in rules_for(rules, alert.labels):
        try:
            threshold = split(rule)
        except UnsplittableRule:
            continue
        longest = max(longest, rate_range(threshold.expression) + threshold.hold)
    return longest


def _proxy(model: ModelSpec, name: str) -> Threshold:
    signal = model.signals[name]
    return Threshold(
        alert=name, expression=model.query_of(signal), comparison=signal.comparison, bound=signal.loosest_bound
    )


class _Asked:
    """What Prometheus was asked in one look: once for each expression, however many alerts are of its rule."""

    def __init__(self, deps: Deps, now: datetime) -> None:
        self._deps, self.now = deps, now
        self._answers: dict[tuple[str, timedelta], asyncio.Task[list[Series]]] = {}

    async def series(self, expression: str, window: timedelta) -> list[Series]:
        """Of the `window` up to now."""
        question = (expression, window)
        if question not in self._answers:
            asking = self._deps.prometheus.query_range(expression, self.now - window, self.now, _step_of(window))
            self._answers[question] = asyncio.ensure_future(asking)
        return await self._answers[question]


def _step_of(window: timedelta) -> timedelta:
    """How far apart its samples are."""
    return max(timedelta(seconds=1), window / SAMPLES)


async def _check(asked: _Asked, one: Watched, window: timedelta) -> SignalCheck:
    now, step = asked.now, _step_of(window)
    found = await asked.series(one.threshold.expression, window)
    series = series_of(one.alert.labels, found) if one.alert is not None else found
    check = judge(one.threshold, [each.samples for each in series], window=(now - window, now), step=step)
    subject = one.alert.labels.get("feature", "") if one.alert is not None else ""
    check = check.model_copy(update={"subject": subject, "own": one.alert is not None})
    traffic = traffic_of(one.threshold.expression)
    if check.outcome is not Outcome.RECOVERED or traffic is None:
        return check
    busy = await asked.series(traffic, window)
    served = series_of(one.alert.labels, busy) if one.alert is not None else busy
    floor = Threshold(alert=one.threshold.alert, expression=traffic, comparison="<", bound=FLOOR_PER_SECOND)
    enough = judge(floor, [each.samples for each in served], window=(now - window, now), step=step)
    if enough.outcome is Outcome.RECOVERED:
        return check
    why = f"too little traffic to tell: fewer than {FLOOR_PER_SECOND:g} requests a second"
    return check.model_copy(update={"outcome": Outcome.INCONCLUSIVE, "why": why})
