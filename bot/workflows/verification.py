"""Has the world provably recovered? The alert's own expression, at every sample of a window, decides."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from bot.workflows.engine import Engine
from bot.workflows.gate import judge_candidate
from bot.workflows.planning import model_of
from bot.workflows.ports import Deps
from incidents.alert import Alert, AlertKind
from incidents.catalogue import ModelSpec
from incidents.ledger import VerificationView
from incidents.remediation import StartRetraining
from incidents.verification import Outcome, SignalCheck, Threshold, judge, window_length
from tools.errors import UpstreamError
from tools.incident_store.writer.verifications import Ending
from tools.prometheus.series import AlertRule
from tools.prometheus.thresholds import UnsplittableRule, rate_range, rules_for, series_of, split

log = structlog.get_logger(__name__)

VERIFY = "verify_v1"

PROXIES = ("prediction_psi", "error_rate", "latency_p99")
"""Catalogue signals that stand in for quality metrics, which wait for labels."""

SAMPLES = 30
"""How many samples a window has at least, where the scrape interval allows."""


def register(engine: Engine, deps: Deps) -> None:
    """Register the workflow."""

    @engine.step("verify_v1.look")
    async def look(execution_id: str) -> None:
        await _look(deps, execution_id)
        deps.wake_outbox()
        deps.wake_dispatcher()

    @engine.workflow(VERIFY)
    async def verify(execution_id: str) -> None:
        await look(execution_id)


async def _look(deps: Deps, execution_id: str) -> None:
    record = await asyncio.to_thread(deps.reader.execution_record, execution_id)
    proposal = (await asyncio.to_thread(deps.reader.proposal, record.proposal_id)).proposal
    incident = await asyncio.to_thread(deps.reader.incident, record.incident_id)
    watch = await asyncio.to_thread(deps.reader.verification, execution_id)
    model = model_of(deps, incident)
    with structlog.contextvars.bound_contextvars(incident=incident.id, execution=execution_id):
        if model is None:
            await _finish(deps, execution_id, "inconclusive", (), "The model is no longer in the catalogue.")
            return
        match proposal.remediation:
            case StartRetraining():
                await _verify_candidate(deps, model, record.result, watch)
            case _:
                await _verify_signals(deps, model, incident.alerts, watch)


async def _verify_candidate(deps: Deps, model: ModelSpec, result: dict[str, str], watch: VerificationView) -> None:
    try:
        passed, text = await judge_candidate(deps, model, result.get("candidate", ""))
    except UpstreamError as error:
        await _wait_or_give_up(deps, watch, (), f"the candidate's evaluation cannot be read ({error.service})")
        return
    await _finish(deps, watch.execution_id, "candidate_ready" if passed else "candidate_refused", (), text)


async def _verify_signals(deps: Deps, model: ModelSpec, alerts: Sequence[Alert], watch: VerificationView) -> None:
    now = deps.clock()
    try:
        rules = await deps.rules()
        watched, notes = _watched(rules, alerts, model)
        window = max((_window(deps, threshold) for threshold, _ in watched), default=timedelta(0))
        checks = await asyncio.gather(
            *(_check(deps, threshold, alert, _window(deps, threshold), now) for threshold, alert in watched)
        )
    except UpstreamError as error:
        await _wait_or_give_up(deps, watch, (), f"the signals cannot be read ({error.service})")
        return
    said = "; ".join(notes)
    if not checks:
        await _finish(deps, watch.execution_id, "inconclusive", (), said or "No alert expression could be watched.")
    elif now - watch.began_at < window:
        remaining = _words(window - (now - watch.began_at))
        await _wait(deps, watch, checks, "; ".join([f"watching for another {remaining}", *notes]))
    elif all(check.outcome is Outcome.RECOVERED for check in checks):
        text = f"Every watched signal stayed inside its threshold for {_words(window)}"
        await _finish(deps, watch.execution_id, "recovered", checks, ". ".join([text, *notes]))
    else:
        worst = next(check for check in checks if check.outcome is not Outcome.RECOVERED)
        await _wait_or_give_up(deps, watch, checks, f"{worst.threshold.alert}: {worst.why}")


def _watched(
    rules: Sequence[AlertRule], alerts: Sequence[Alert], model: ModelSpec
) -> tuple[list[tuple[Threshold, Alert | None]], list[str]]:
    """What is watched for each alert of the incident, and in plain words what stands in for what."""
    watched: list[tuple[Threshold, Alert | None]] = []
    notes: list[str] = []
    seen: set[tuple[str, str]] = set()
    for alert in alerts:
        if alert.kind is AlertKind.ACCURACY_DROP:
            notes = ["quality metrics wait for labels, so prediction drift, errors and latency stand in for them"]
            continue
        if (alert.name, alert.fingerprint) in seen:
            continue
        seen.add((alert.name, alert.fingerprint))
        found = rules_for(rules, alert.labels)
        if not found:
            notes.append(f"{alert.name} has no rule that can be found")
        for rule in found:
            try:
                watched.append((split(rule), alert))
            except UnsplittableRule as error:
                notes.append(f"{alert.name} cannot be watched: {error.detail}")
    if any(alert.kind is AlertKind.ACCURACY_DROP for alert in alerts):
        watched.extend((_proxy(model, name), None) for name in PROXIES if name in model.signals)
    return watched, notes


def _words(span: timedelta) -> str:
    seconds = max(1, round(span.total_seconds()))
    return f"{seconds} s" if seconds < 120 else f"{round(seconds / 60)} min"


def _proxy(model: ModelSpec, name: str) -> Threshold:
    signal = model.signals[name]
    return Threshold(
        alert=name, expression=model.query_of(signal), comparison=signal.comparison, bound=signal.loosest_bound
    )


def _window(deps: Deps, threshold: Threshold) -> timedelta:
    return window_length(
        rate_range=rate_range(threshold.expression), hold=threshold.hold, group_interval=deps.pace.group_interval
    )


async def _check(
    deps: Deps, threshold: Threshold, alert: Alert | None, window: timedelta, now: datetime
) -> SignalCheck:
    step = max(timedelta(seconds=1), window / SAMPLES)
    found = await deps.prometheus.query_range(threshold.expression, now - window, now, step)
    series = series_of(alert.labels, found) if alert is not None else found
    return judge(threshold, [one.samples for one in series], window=(now - window, now), step=step)


async def _wait_or_give_up(deps: Deps, watch: VerificationView, checks: Sequence[SignalCheck], why: str) -> None:
    if deps.clock() < watch.deadline:
        await _wait(deps, watch, checks, f"not recovered yet: {why}")
        return
    breached = any(check.outcome is Outcome.STILL_BREACHED for check in checks)
    ending: Ending = "failed" if breached else "inconclusive"
    words = "The world did not recover in time" if breached else "It could not be shown that the world recovered"
    await _finish(deps, watch.execution_id, ending, checks, f"{words}: {why}.")


async def _wait(deps: Deps, watch: VerificationView, checks: Sequence[SignalCheck], note: str) -> None:
    now = deps.clock()
    await asyncio.to_thread(
        deps.writer.verifications.note, watch.execution_id, checks, note, now=now, next_step_at=now + deps.pace.poll
    )


async def _finish(deps: Deps, execution_id: str, ending: Ending, checks: Sequence[SignalCheck], text: str) -> None:
    await asyncio.to_thread(deps.writer.verifications.finish, execution_id, ending, checks, text, deps.clock())
    log.info("verification.finished", ending=ending)
