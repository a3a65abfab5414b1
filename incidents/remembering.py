"""What is remembered of a closed incident, rendered from its rows.

Every word that came from outside (labels, a language model's summary, people's reasons) is redacted and cut here, on
one line each: what is kept is read again by people and by language models.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from incidents.execution import Execution, ExecutionState
from incidents.ledger import IncidentFile, ProposalView, VerificationView
from incidents.past_incident import Attempt, PastIncident, did
from incidents.report import closed_by_hand
from incidents.spec import SIDES, spec_of
from incidents.taken_back import taken_back
from incidents.timeline import TimelineEntry
from incidents.trust import Handled, Outcome, outcome_of

FORM = 1
"""Part of every version: goes up when the same rows are told differently, so that all are rendered again."""

SUMMARY_CHARS = 300
SAID_CHARS = 160
NAME_CHARS = 80
MOST_NAMES = 12
MOST_ATTEMPTS = 6
_JOINED = frozenset({"alert_fired", "alert_joined"})
_SILENT = frozenset({Outcome.SUPERSEDED, Outcome.WITHDRAWN, Outcome.WAITING, Outcome.UNDER_WAY})
"""What became of these says nothing about the remediation."""


def version_of(chain_head: str) -> str:
    """The version under which an incident is kept, from the hash of its timeline's last entry."""
    return f"{FORM}:{chain_head}"


def remembered(file: IncidentFile, redact: Callable[[str], str]) -> PastIncident:
    """A closed incident as it is indexed. `redact` takes secrets out of a text."""

    def kept(text: str, limit: int) -> str:
        line = " ".join(redact(text).split())
        return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"

    def names(found: Iterator[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(kept(one, NAME_CHARS) for one in found if one.strip()))[:MOST_NAMES]

    incident, timeline = file.incident, file.timeline
    diagnosis = file.findings.diagnosis if file.findings else None
    culprit = diagnosis.culprit if diagnosis else None
    by_hand = closed_by_hand(timeline)
    ended_at = incident.resolved_at or incident.opened_at
    return PastIncident(
        id=incident.id,
        version=version_of(timeline[-1].hash if timeline else ""),
        model=kept(incident.model, NAME_CHARS),
        environment=kept(incident.environment, NAME_CHARS),
        cause=diagnosis.root_cause if diagnosis else None,
        culprit=culprit.model_copy(update={"name": kept(culprit.name, NAME_CHARS)}) if culprit else None,
        confidence=diagnosis.confidence if diagnosis else None,
        alerts=names(_alert_names(timeline)),
        kinds=tuple(dict.fromkeys(alert.kind.value for alert in incident.alerts)),
        features=names(_features(timeline)),
        summary=kept(diagnosis.summary, SUMMARY_CHARS) if diagnosis else "",
        attempts=tuple(_attempts(file, kept))[-MOST_ATTEMPTS:],
        ended=_ended(timeline, by_hand, ended_at - incident.started_at),
        said=kept(str(by_hand.details.get("reason", "")), SAID_CHARS) if by_hand else "",
        false_alarm=incident.false_alarm_by is not None,
        opened_at=incident.opened_at,
        ended_at=ended_at,
        thread=file.thread,
    )


def _alerts_told(timeline: Sequence[TimelineEntry]) -> Iterator[dict[str, Any]]:
    """Of each alert what the timeline keeps: the rows of alerts are pruned, the timeline stays."""
    for entry in timeline:
        if entry.kind in _JOINED:
            yield from entry.details.get("alerts") or [entry.details]


def _alert_names(timeline: Sequence[TimelineEntry]) -> Iterator[str]:
    for one in _alerts_told(timeline):
        yield str(one.get("name") or one.get("labels", {}).get("alertname") or "")


def _features(timeline: Sequence[TimelineEntry]) -> Iterator[str]:
    for one in _alerts_told(timeline):
        yield str(one.get("labels", {}).get("feature") or "")


def _attempts(file: IncidentFile, kept: Callable[[str, int], str]) -> Iterator[Attempt]:
    executions = {one.proposal_id: one for one in file.executions}
    verifications = {one.execution_id: one for one in file.verifications}
    done = [view.proposal for view in file.proposals if _succeeded(executions.get(view.proposal.id))]
    done.sort(key=lambda one: executions[one.id].started_at or one.created_at)
    undone = taken_back(done)
    for view in file.proposals:
        proposal = view.proposal
        if proposal.remediation.kind in SIDES:
            continue
        execution = executions.get(proposal.id)
        verification = verifications.get(proposal.execution_id)
        outcome = outcome_of(_handled(view, execution, verification, undone=proposal.id in undone))
        if outcome in _SILENT:
            continue
        denied = outcome is Outcome.DENIED
        ending = verification.state if verification else None
        yield Attempt(
            kind=proposal.remediation.kind,
            did=kept(did(proposal.remediation), 160),
            outcome=outcome,
            came_of_it=came_of_it(outcome, ending, _took(execution, verification)),
            said=kept(view.approval.reason, SAID_CHARS) if denied else "",
        )


def _succeeded(execution: Execution | None) -> bool:
    return execution is not None and execution.state is ExecutionState.SUCCEEDED


def _handled(
    view: ProposalView, execution: Execution | None, verification: VerificationView | None, *, undone: bool
) -> Handled:
    return Handled(
        id=view.proposal.id,
        incident_id=view.proposal.incident_id,
        model=view.model,
        kind=view.proposal.remediation.kind,
        risk=spec_of(view.proposal.remediation).risk,
        made_at=view.proposal.created_at,
        state=view.approval.state,
        execution=execution.state if execution else None,
        sent=execution is not None and execution.intent_at is not None,
        verification=verification.state if verification else None,
        undone=undone,
    )


_HOW_IT_FAILED = {
    "candidate_refused": "the candidate failed its gate",
    "refired": "the alert fired again afterwards",
    "failed": "the signals did not recover",
}
_WHAT_WAS_PROVEN = {"candidate_ready": "the candidate passed its gate", "step_done": "done, verified"}


def _took(execution: Execution | None, verification: VerificationView | None) -> timedelta | None:
    """From the change's begin until its recovery was proven."""
    began = execution.started_at if execution else None
    ended = verification.finished_at if verification else None
    return ended - began if began and ended and ended >= began else None


def came_of_it(outcome: Outcome, verification: str | None, took: timedelta | None = None) -> str:
    """What became of a remediation, in words. `verification`: how that ended; `took`: how long until then."""
    state = verification or ""
    match outcome:
        case Outcome.VERIFIED if state in _WHAT_WAS_PROVEN:
            return _WHAT_WAS_PROVEN[state]
        case Outcome.VERIFIED:
            return f"recovered{f' in {_span(took)}' if took is not None else ''}, verified"
        case Outcome.REVERTED:
            how = _HOW_IT_FAILED.get(state)
            return f"taken back, since {how}" if how else "taken back"
        case Outcome.FAILED:
            return _HOW_IT_FAILED.get(state, "could not be carried out to its end")
        case Outcome.DENIED:
            return "denied"
        case Outcome.EXPIRED:
            return "nobody decided in time"
        case Outcome.STOPPED:
            return "approved, and stopped by a last check before it was sent"
        case _:
            return "done, without proof that it helped"


def _ended(timeline: Sequence[TimelineEntry], by_hand: TimelineEntry | None, span: timedelta) -> str:
    kinds = {entry.kind for entry in timeline}
    if by_hand is not None:
        return f"closed by hand after {_span(span)}"
    if "verified" in kinds:
        return f"recovered after {_span(span)}"
    return f"its alerts cleared{'' if 'executed' in kinds else ' by themselves'} after {_span(span)}"


def _span(span: timedelta) -> str:
    minutes = max(span.total_seconds(), 0.0) / 60
    if minutes < 1:
        return f"{round(minutes * 60)} s"
    if minutes < 120:
        return f"{round(minutes)} min"
    hours = minutes / 60
    return f"{round(hours)} h" if hours < 48 else f"{round(hours / 24)} days"
