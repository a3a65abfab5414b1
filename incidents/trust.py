"""Trust: what became of the remediations that were proposed, by model, kind and month. Counted, never felt."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median
from typing import assert_never

from pydantic import BaseModel, ConfigDict

from incidents.approval import ApprovalState
from incidents.clock import Moment
from incidents.effect import RiskClass
from incidents.execution import ExecutionState
from incidents.remediation import RemediationKind


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Outcome(StrEnum):
    """How a proposal stands or ended: exactly one of these holds for each."""

    WAITING = "waiting"
    """Nobody has decided yet."""
    DENIED = "denied"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    """The world moved on, or another proposal ran."""
    WITHDRAWN = "withdrawn"
    UNDER_WAY = "under_way"
    """It may run, and it is not over."""
    STOPPED = "stopped"
    """It might have run, and a last check stopped it before anything was sent."""
    VERIFIED = "verified"
    """It was done, and the recovery was proven."""
    FAILED = "failed"
    """It was tried and did not bring the recovery, or nobody can say what it did."""
    REVERTED = "reverted"
    """It was done and taken back by its undo."""
    UNPROVEN = "unproven"
    """It was done; nothing proves that it helped, or that it did not. Side remediations end so."""


DECIDED_TO_RUN = frozenset(
    {
        Outcome.UNDER_WAY,
        Outcome.STOPPED,
        Outcome.VERIFIED,
        Outcome.FAILED,
        Outcome.REVERTED,
        Outcome.UNPROVEN,
    }
)

PROVEN = frozenset({"recovered", "step_done", "candidate_ready"})
"""Endings of a verification that prove what was to be proven."""
DISPROVEN = frozenset({"failed", "refired", "candidate_refused"})
"""Endings that prove that it did not help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handled:
    """One proposal and what became of it. Moments are of UTC. A plain class, since a year has a hundred thousand."""

    id: str
    incident_id: str
    model: str
    kind: RemediationKind
    risk: RiskClass
    made_at: datetime
    posted_at: datetime | None = None
    """When its card stood in Slack."""
    state: ApprovalState
    automatic: bool = False
    """The policy decided in people's stead."""
    decided_at: datetime | None = None
    reason: str = ""
    """The words of whoever denied it."""
    execution: ExecutionState | None = None
    sent: bool = False
    """At least one request was answered, or its effect found."""
    verification: str | None = None
    """``watching``, or how the verification ended."""
    undone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One incident: when what happened, as far as it did. Moments are of UTC."""

    incident_id: str
    model: str
    opened_at: datetime
    onset: datetime | None = None
    """From the diagnosis."""
    received_at: datetime | None = None
    """When its first alert was received."""
    diagnosed_at: datetime | None = None
    recovered_at: datetime | None = None
    false_alarm: bool = False


class Counts(_Frozen):
    """How many. `proposed` is the sum of all outcomes; `approved` and `automatic` together are all that might run."""

    proposed: int = 0
    waiting: int = 0
    denied: int = 0
    expired: int = 0
    superseded: int = 0
    withdrawn: int = 0
    approved: int = 0
    """By people."""
    automatic: int = 0
    """By the policy."""
    under_way: int = 0
    stopped: int = 0
    executed: int = 0
    """Something was sent, whatever became of it."""
    verified: int = 0
    failed: int = 0
    reverted: int = 0
    unproven: int = 0


class Times(_Frozen):
    """Medians; None where nothing was measured. What a clock that jumped made negative is left out."""

    detect: timedelta | None = None
    """From the onset to the alert's receipt."""
    diagnose: timedelta | None = None
    """From the alert's receipt to the diagnosis."""
    decide: timedelta | None = None
    """From the card in Slack to people's yes or no."""
    recover: timedelta | None = None
    """From the alert's receipt to the recovery."""


class Denial(_Frozen):
    """Why somebody said no."""

    at: Moment
    reason: str


class Month(_Frozen):
    """One month of UTC, ``2026-11``, by when the proposals were made."""

    month: str
    counts: Counts
    false_alarms: int = 0


class TrustLine(_Frozen):
    """One kind of remediation for one model."""

    model: str
    kind: RemediationKind
    risk: RiskClass
    counts: Counts
    false_alarms: int
    """Incidents marked as false alarms in which it was proposed."""
    times: Times
    months: tuple[Month, ...]
    denials: tuple[Denial, ...]
    """Newest first."""
    suggestion: str


class ModelTrust(_Frozen):
    """All incidents of one model, those without a proposal too."""

    model: str
    incidents: int
    false_alarms: int
    times: Times


Suggest = Callable[[RiskClass, Sequence[Handled], int, Moment], str]
"""From risk, proposals of one kind and model, false alarms among their incidents and now: words."""


class Trust(_Frozen):
    """What is shown. Lines by model, most proposed first; months in order, without gaps."""

    since: Moment
    as_of: Moment
    models: tuple[ModelTrust, ...]
    lines: tuple[TrustLine, ...]
    months: tuple[Month, ...]


def outcome_of(one: Handled) -> Outcome:
    """How it stands or ended."""
    match one.state:
        case ApprovalState.PENDING:
            return Outcome.WAITING
        case ApprovalState.DENIED:
            return Outcome.DENIED
        case ApprovalState.EXPIRED:
            return Outcome.EXPIRED
        case ApprovalState.SUPERSEDED:
            return Outcome.SUPERSEDED
        case ApprovalState.WITHDRAWN:
            return Outcome.WITHDRAWN
        case ApprovalState.APPROVED:
            return _outcome_of_execution(one)
        case _:
            assert_never(one.state)


def _outcome_of_execution(one: Handled) -> Outcome:
    match one.execution:
        case None:
            return Outcome.STOPPED
        case ExecutionState.QUEUED | ExecutionState.EXECUTING:
            return Outcome.UNDER_WAY
        case ExecutionState.FAILED | ExecutionState.STALE:
            return Outcome.FAILED if one.sent else Outcome.STOPPED
        case ExecutionState.NEEDS_VERIFICATION:
            return Outcome.FAILED
        case ExecutionState.SUCCEEDED:
            return _outcome_of_verification(one)
        case _:
            assert_never(one.execution)


def _outcome_of_verification(one: Handled) -> Outcome:
    if one.undone:
        return Outcome.REVERTED
    if one.verification == "watching":
        return Outcome.UNDER_WAY
    if one.verification in PROVEN:
        return Outcome.VERIFIED
    return Outcome.FAILED if one.verification in DISPROVEN else Outcome.UNPROVEN


def count(handled: Iterable[Handled]) -> Counts:
    """Count proposals by what became of them."""
    ones = [(one, outcome_of(one)) for one in handled]
    found = Counter(outcome for _, outcome in ones)
    by_outcome = {outcome.value: found[outcome] for outcome in Outcome}
    run = [(one, outcome) for one, outcome in ones if outcome in DECIDED_TO_RUN]
    return Counts(
        proposed=len(ones),
        approved=sum(not one.automatic for one, _ in run),
        automatic=sum(one.automatic for one, _ in run),
        executed=sum(one.sent or outcome not in {Outcome.UNDER_WAY, Outcome.STOPPED} for one, outcome in run),
        **by_outcome,
    )


def times(handled: Sequence[Handled], episodes: Sequence[Episode]) -> Times:
    """Medians over these proposals and incidents."""
    people = [
        one for one in handled if not one.automatic and one.state in {ApprovalState.APPROVED, ApprovalState.DENIED}
    ]
    return Times(
        detect=_median((one.onset, one.received_at) for one in episodes),
        diagnose=_median((one.received_at, one.diagnosed_at) for one in episodes),
        decide=_median((one.posted_at, one.decided_at) for one in people),
        recover=_median((one.received_at, one.recovered_at) for one in episodes),
    )


def _median(spans: Iterable[tuple[Moment | None, Moment | None]]) -> timedelta | None:
    found = [(end - start).total_seconds() for start, end in spans if start is not None and end is not None]
    fit = [seconds for seconds in found if seconds >= 0]
    return timedelta(seconds=median(fit)) if fit else None


def trust(
    handled: Sequence[Handled],
    episodes: Sequence[Episode],
    *,
    since: Moment,
    as_of: Moment,
    suggest: Suggest,
) -> Trust:
    """The whole table. `suggest` words what might be considered for a line; see `incidents.autonomy_advice`."""
    by_line: dict[tuple[str, RemediationKind], list[Handled]] = {}
    by_model: dict[str, tuple[list[Handled], list[Episode]]] = {}
    for one in handled:
        by_line.setdefault((one.model, one.kind), []).append(one)
        by_model.setdefault(one.model, ([], []))[0].append(one)
    for episode in episodes:
        by_model.setdefault(episode.model, ([], []))[1].append(episode)
    by_incident = {one.incident_id: one for one in episodes}
    lines = [_line(model, kind, ones, by_incident, since, as_of, suggest) for (model, kind), ones in by_line.items()]
    return Trust(
        since=since,
        as_of=as_of,
        models=tuple(_model(name, *by_model[name]) for name in sorted(by_model)),
        lines=tuple(sorted(lines, key=lambda line: (line.model, -line.counts.proposed, line.kind))),
        months=_months(handled, [one for one in episodes if one.false_alarm], since, as_of),
    )


def _line(
    model: str,
    kind: RemediationKind,
    ones: Sequence[Handled],
    episodes: Mapping[str, Episode],
    since: Moment,
    as_of: Moment,
    suggest: Suggest,
) -> TrustLine:
    own = [episodes[id] for id in dict.fromkeys(one.incident_id for one in ones) if id in episodes]
    false = [one for one in own if one.false_alarm]
    newest = max(ones, key=lambda one: one.made_at)
    denied = [one for one in ones if one.state is ApprovalState.DENIED]
    denials = [Denial(at=one.decided_at or one.made_at, reason=one.reason) for one in denied]
    return TrustLine(
        model=model,
        kind=kind,
        risk=newest.risk,
        counts=count(ones),
        false_alarms=len(false),
        times=times(ones, own),
        months=_months(ones, false, since, as_of),
        denials=tuple(sorted(denials, key=lambda one: one.at, reverse=True)),
        suggestion=suggest(newest.risk, ones, len(false), as_of),
    )


def _model(name: str, handled: Sequence[Handled], own: Sequence[Episode]) -> ModelTrust:
    return ModelTrust(
        model=name,
        incidents=len(own),
        false_alarms=sum(one.false_alarm for one in own),
        times=times(handled, own),
    )


def _months(handled: Sequence[Handled], false: Sequence[Episode], since: Moment, as_of: Moment) -> tuple[Month, ...]:
    """Every month from `since` to `as_of`, and any that a clock that jumped put outside."""
    made: dict[str, list[Handled]] = {}
    for one in handled:
        made.setdefault(month_of(one.made_at), []).append(one)
    names = set(made) | {month_of(one.opened_at) for one in false}
    at = since
    while month_of(at) <= month_of(as_of):
        names.add(month_of(at))
        at = (at.replace(day=1) + timedelta(days=32)).replace(day=1)
    return tuple(
        Month(
            month=name,
            counts=count(made.get(name, ())),
            false_alarms=sum(month_of(one.opened_at) == name for one in false),
        )
        for name in sorted(names)
    )


def month_of(at: Moment) -> str:
    """``2026-11``."""
    return f"{at:%Y-%m}"
