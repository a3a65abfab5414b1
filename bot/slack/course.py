"""The course of an incident, step by step: how it was found and what was decided, decisions not to act included."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, assert_never

from bot.slack.blocks.text import duration, line, plural, unescaped
from bot.slack.blocks.verification import VERDICT
from bot.slack.blocks.wording import (
    APPROVAL,
    CONFIDENCE,
    EXECUTION,
    OUTCOME,
    alert_words,
    culprit_words,
    inside_a_sentence,
    signal_words,
    trouble_lasted,
    why_nothing,
)
from bot.slack.looks import found_again
from incidents.alert import Alert
from incidents.approval import ApprovalState
from incidents.cause_words import CAUSE
from incidents.evidence import EvidenceKind
from incidents.execution import Execution, ExecutionState
from incidents.incident import Incident
from incidents.investigation import Findings
from incidents.ledger import IncidentFile, InvestigationView, ProposalView, VerificationView
from incidents.policy import Allow, Forbid, RequireApproval
from incidents.report import closed_by_hand
from incidents.timeline import TimelineEntry

MOST_LOOKS = 3
MOST_GAPS = 3
MOST_NOT_DONE = 6
MOST_STEPS = 22
LONGEST = 220

Mood = Literal["plain", "good", "bad", "not_done"]
_REASONS = frozenset({"triage", "diagnosis", "remediation"})
"""Steps of an investigation that ask no partner anything."""
_WELL = frozenset({"recovered", "step_done", "candidate_ready"})
"""States of a verification after which all is as it should be."""
_OPEN = frozenset({"watching", "overtaken"})
"""States of one that says neither."""
_NOT_DONE: dict[str, str] = {
    "forbidden": "The policy forbids it",
    "not_proposed": "Not proposed",
    "refused": "A decision was refused",
    "skipped": "Not looked into",
    "execution_paused": "Held back: changes are paused",
    "call_refused": "Not sent",
    "investigation_failed": "The investigation could not be finished",
}
"""Timeline entries about what was not done and stands in no row of its own."""


@dataclass(frozen=True)
class Step:
    """One step. Without `ended` it is a moment.

    Attributes:
        gaps: what could not be read in it.
        mood: how it is marked; `not_done` is a decision not to act.
    """

    began: datetime
    title: str
    ended: datetime | None = None
    details: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    mood: Mood = "plain"


@dataclass(frozen=True)
class Course:
    """All steps in order of time. `left_out` more were left out."""

    title: str
    steps: tuple[Step, ...]
    left_out: int = 0


def course_of(file: IncidentFile) -> Course | None:
    """The course of an incident as it stands; None where nothing was found out about it."""
    looks = [one for one in reversed(file.investigations) if one.findings is not None]
    if not looks:
        return None
    steps = [*_beginning(file.incident, looks[-1])]
    said: set[str] = set()
    for look in looks[-MOST_LOOKS:]:
        proposed = [view.proposal.created_at for view in file.proposals]
        steps += _looked_again(look) if found_again(file, look) else _look(look, proposed, said)
    for view in file.proposals:
        steps += _proposal(view, among_others=len(file.proposals) > 1)
    titles = {view.proposal.id: view.proposal.title for view in file.proposals}
    steps += [
        _change(one, one.started_at, titles.get(one.proposal_id, one.target))
        for one in file.executions
        if one.started_at is not None
    ]
    steps += [_check(one) for one in file.verifications]
    steps += [*_not_done(file.timeline), *_end(file)]
    steps.sort(key=lambda step: step.began)
    shown = steps if len(steps) <= MOST_STEPS else [*steps[: MOST_STEPS - 2], *steps[-2:]]
    return Course(f"{file.incident.model}: how this was found and decided", tuple(shown), len(steps) - len(shown))


def in_words(course: Course, most: int) -> str:
    """Every step in a sentence, for those who cannot see the picture; details are cut before a step is left out."""
    for longest in (LONGEST, 110, 60, 0):
        told = [_sentence(step, longest) for step in course.steps]
        if course.left_out:
            told.append(f"{plural(course.left_out, 'more step')} left out.")
        if len(words := " ".join(told)) <= most:
            return words
    return line(words, most)


def _sentence(step: Step, longest: int) -> str:
    took = f" ({duration(step.ended - step.began)})" if step.ended and step.ended > step.began else ""
    more = [*step.details, *(f"gap: {gap}" for gap in step.gaps)] if longest else []
    told = [line(step.title, 120) + took, *(line(one, longest).rstrip(".") for one in more)]
    return f"{step.began.astimezone(UTC):%H:%M:%S} {'; '.join(told)}."


def _beginning(incident: Incident, newest: InvestigationView) -> Iterator[Step]:
    onset = newest.findings.diagnosis.onset if newest.findings else None
    if onset is not None and onset < incident.started_at:
        yield Step(onset, "Trouble begins", details=("first sign in the metrics",))
    names = list(dict.fromkeys(inside_a_sentence(unescaped(alert_words(alert.name))) for alert in incident.alerts))
    if names:
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        ended = _last_end(incident.alerts)
        told = () if ended else ("not cleared yet",)
        yield Step(incident.started_at, f"Alert: {', '.join(names[:3])}{more}", ended=ended, details=told)
    else:
        yield Step(incident.opened_at, "A person asks for a look")


def _last_end(alerts: Sequence[Alert]) -> datetime | None:
    """When the last of them cleared; None while one fires."""
    ends = [alert.ends_at for alert in alerts if alert.status != "firing" and alert.ends_at is not None]
    return max(ends) if ends and len(ends) == len(alerts) else None


def _look(look: InvestigationView, proposed: Sequence[datetime], said: set[str]) -> Iterator[Step]:
    """`said`: answers on retraining that stand in the course already; one is not said twice."""
    findings = look.findings
    if findings is None:
        return
    began = look.started_at or look.created_at
    finished = look.finished_at or began
    # Proposals are made of the diagnosis, a moment before both are written down.
    ended = min([finished, *(at for at in proposed if began <= at <= finished)])
    read = [one for one in findings.evidence if one.kind is not EvidenceKind.GAP]
    sources = len({one.source for one in read})
    asked = [
        f"{step.title}: {step.detail or 'done'}"
        for step in look.steps
        if step.key not in _REASONS and step.status == "complete"
    ]
    gaps = list(findings.diagnosis.gaps)
    more = [f"and {len(gaps) - MOST_GAPS} more"] if len(gaps) > MOST_GAPS else []
    yield Step(
        began,
        f"Evidence: {plural(len(read), 'fact')} from {plural(sources, 'source')}",
        ended=ended,
        details=("; ".join(asked),) if asked else (),
        gaps=(*gaps[:MOST_GAPS], *more),
    )
    yield from _diagnosis(findings, ended, said)


def _looked_again(look: InvestigationView) -> Iterator[Step]:
    began = look.started_at or look.created_at
    gaps = tuple(look.findings.diagnosis.gaps[:MOST_GAPS]) if look.findings else ()
    yield Step(began, "Looked again: the diagnosis stays", ended=look.finished_at, gaps=gaps)


def _diagnosis(findings: Findings, at: datetime, said: set[str]) -> Iterator[Step]:
    diagnosis = findings.diagnosis
    culprit = culprit_words(diagnosis.culprit)
    what = CAUSE[diagnosis.root_cause] + (f": {culprit}" if culprit else "")
    who = "offline rules" if diagnosis.reasoner.offline else diagnosis.reasoner.name
    yield Step(at, f"Diagnosis: {what}", details=(f"{CONFIDENCE[diagnosis.confidence]}, by {who}",))
    verdict = diagnosis.retraining
    mood: Mood = "plain" if verdict.retrain else "not_done"
    if verdict.because not in said:
        said.add(verdict.because)
        yield Step(at, f"Retrain? {'Yes' if verdict.retrain else 'No'}", details=(verdict.because,), mood=mood)
    if not findings.plan.choices:
        yield Step(at, "Nothing is proposed", details=(why_nothing(findings.plan.explanation),), mood="not_done")


def _proposal(view: ProposalView, *, among_others: bool) -> Iterator[Step]:
    """`among_others`: a decision has to say which of them it is about."""
    proposal, approval = view.proposal, view.approval
    which = (proposal.title,) if among_others else ()
    by = " by hand" if view.chosen_by else ""
    yield Step(
        proposal.created_at,
        f"Proposed{by}: {proposal.title}",
        ended=approval.decided_at,
        details=(_asked(view),),
    )
    if approval.state is ApprovalState.PENDING:
        return
    at = approval.decided_at or proposal.expires_at
    _, word = APPROVAL[approval.state]
    if approval.state is not ApprovalState.APPROVED:
        told = (approval.reason,) if approval.reason else ()
        if approval.state is ApprovalState.EXPIRED:
            told = told or ("nobody decided in time",)
        yield Step(at, word, details=(*which, *told), mood="not_done")
    elif view.broke_glass:
        yield Step(at, "Approved by break-glass", details=(*which, approval.reason), mood="good")
    elif approval.votes or not isinstance(proposal.decision.effect, Allow):
        by_people = f" by {plural(len(approval.votes), 'person', 'people')}" if approval.votes else ""
        yield Step(at, f"{word}{by_people}", details=which, mood="good")


def _asked(view: ProposalView) -> str:
    effect = view.proposal.decision.effect
    match effect:
        case RequireApproval():
            people = "one approver" if effect.count == 1 else f"{effect.count} approvers"
            return f"the policy asks for {people} within {effect.within_minutes:g} min"
        case Allow():
            return "the policy lets it run without people"
        case Forbid():
            return f"the policy forbids it: {effect.because}"
        case _:
            assert_never(effect)


def _change(execution: Execution, began: datetime, title: str) -> Step:
    _, word = EXECUTION[execution.state]
    mood: Mood = "plain"
    if execution.state is ExecutionState.SUCCEEDED:
        mood = "good"
    elif execution.state not in {ExecutionState.QUEUED, ExecutionState.EXECUTING}:
        mood = "bad"
    told = (execution.error,) if execution.error else ()
    return Step(began, f"{word}: {title}", ended=execution.finished_at, details=told, mood=mood)


def _check(view: VerificationView) -> Step:
    told = [
        f"{unescaped(signal_words(check.threshold.alert, check.subject))}: {OUTCOME[check.outcome]}"
        for check in view.checks
    ]
    told = list(dict.fromkeys(told))[:4]
    mood: Mood = "good" if view.state in _WELL else "plain" if view.state in _OPEN else "bad"
    _, word = VERDICT.get(view.state, ("", view.state))
    return Step(
        view.began_at,
        f"Verification: {word[0].lower()}{word[1:]}",
        ended=view.finished_at,
        details=tuple(one for one in ("; ".join(told), view.note) if one),
        mood=mood,
    )


def _not_done(timeline: Sequence[TimelineEntry]) -> Iterator[Step]:
    found = [entry for entry in timeline if entry.kind in _NOT_DONE]
    for entry in found[:MOST_NOT_DONE]:
        yield Step(entry.at, _NOT_DONE[entry.kind], details=(entry.text,), mood="not_done")
    if len(found) > MOST_NOT_DONE:
        yield Step(found[-1].at, f"{len(found) - MOST_NOT_DONE} more that were refused or skipped", mood="not_done")


def _end(file: IncidentFile) -> Iterator[Step]:
    incident = file.incident
    closed = closed_by_hand(file.timeline)
    if closed is not None:
        yield Step(closed.at, "Closed by hand", details=(closed.text,))
    elif incident.resolved_at is not None:
        cleared = next((entry.text for entry in file.timeline if entry.kind == "resolved"), "")
        lasted = trouble_lasted(incident, file.findings.diagnosis.onset if file.findings else None)
        after = f" after {duration(lasted)}" if lasted else ""
        yield Step(incident.resolved_at, f"Recovered{after}", details=(cleared,) if cleared else (), mood="good")


def shortened(text: str) -> str:
    """Words from outside as the picture shows them: one clean line."""
    return line(text, LONGEST)
