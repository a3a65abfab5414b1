"""The first post of an incident's thread: the channel alone tells the state of the world."""

from collections.abc import Iterator
from datetime import timedelta

from bot.slack.blocks.kit import context, rendered, section
from bot.slack.blocks.links import Links
from bot.slack.blocks.text import date, duration, mrkdwn, person, plural
from bot.slack.blocks.waiting import WHY
from bot.slack.blocks.wording import (
    CONFIDENCE,
    SEVERITY,
    STATE,
    approvers_words,
    culprit_words,
    trouble_lasted,
    what_fired,
    why_nothing,
)
from bot.slack.rendered import Rendered
from incidents.approval import ApprovalState
from incidents.cause_words import CAUSE
from incidents.evidence import Evidence
from incidents.execution import FINAL_EXECUTION_STATES, ExecutionState
from incidents.incident import Incident, IncidentState
from incidents.investigation import Findings
from incidents.ledger import IncidentFile, ProposalView
from incidents.report import closed_by_hand
from incidents.timeline import TimelineEntry

_OVER = frozenset({IncidentState.RESOLVED, IncidentState.CLOSED})
_SIGNALS_TOLD = 2


def root_message(file: IncidentFile, links: Links) -> Rendered:
    """What is wrong with which model, since when, and what is being done about it now."""
    incident = file.incident
    sign, state = STATE[incident.state]
    by_hand = _closed(file)
    if by_hand is not None:
        state = f"closed by {person(by_hand.actor)}"
    elif incident.state in _OVER and incident.resolved_at is not None:
        closed = "; closed" if incident.state is IncidentState.CLOSED else ""
        lasted = trouble_lasted(incident, file.findings.diagnosis.onset if file.findings else None)
        state = f"recovered after {duration(lasted or timedelta())}{closed}"
    model = mrkdwn(incident.model, 80)
    fired = what_fired(incident.firing or incident.alerts)
    now = [*_taken(incident), *_restless(file), *_now(file)]
    blocks = [section(f"{sign} *{model}* – {state}\n{fired}")]
    if now:
        blocks.append(section("\n".join(now)))
    blocks.append(context(" · ".join(_facts(incident))))
    found = _links(incident, links)
    if found:
        blocks.append(context(" · ".join(found)))
    return rendered(f"{model}: {state}. {fired}. {mrkdwn(incident.id, 40)}", blocks)


def _closed(file: IncidentFile) -> TimelineEntry | None:
    return closed_by_hand(file.timeline) if file.incident.state is IncidentState.CLOSED else None


def _taken(incident: Incident) -> Iterator[str]:
    if incident.false_alarm_by is not None:
        yield f":no_bell: *Marked as a false alarm* by {person(incident.false_alarm_by)}"
    if incident.acked_by is not None and incident.state not in _OVER:
        yield f":raising_hand: {person(incident.acked_by)} is on it"


def _restless(file: IncidentFile) -> Iterator[str]:
    """That it flaps, and what its next look waits for."""
    incident = file.incident
    if incident.state in _OVER:
        return
    if incident.flapping_since is not None:
        yield ":warning: *Flapping:* it fires and clears again and again, and is looked at when it is calm"
    waits = next((one.waits_for for one in file.investigations if one.state == "queued" and WHY[one.waits_for]), None)
    if waits is not None:
        yield f":hourglass: *Its investigation waits:* {WHY[waits]}"


def _facts(incident: Incident) -> list[str]:
    facts = [
        f"was {incident.severity}" if incident.state in _OVER else SEVERITY[incident.severity],
        f"tier {incident.tier}",
        mrkdwn(incident.environment, 40),
        f"since {date(incident.started_at)}",
        f"*{mrkdwn(incident.id, 40)}*",
    ]
    if incident.previous:
        facts.append(f"after {mrkdwn(incident.previous, 40)}")
    if not incident.listed:
        facts.append("not in the catalogue, read-only")
    return facts


def _links(incident: Incident, links: Links) -> list[str]:
    """Where to look: the worst alert's own addresses, as far as their hosts are allowed."""
    found: dict[str, str] = {}
    for alert in incident.firing or incident.alerts:
        own_runbook = alert.annotations.get("runbook_url")
        for label, url in (
            ("Dashboard", links.safe(alert.annotations.get("dashboard_url"))),
            ("Runbook", links.safe(own_runbook) or links.runbook(f"{alert.name}.md")),
            ("Prometheus", links.safe(alert.generator_url)),
        ):
            if url is not None and label not in found:
                found[label] = links.mrkdwn(url, label)
    return [found[label] for label in ("Dashboard", "Runbook", "Prometheus") if label in found]


def _now(file: IncidentFile) -> Iterator[str]:
    """The diagnosis in one line, then what is waited for, done or over."""
    findings = file.findings
    if findings is not None:
        diagnosis = findings.diagnosis
        if file.incident.state not in _OVER:
            yield from _how_bad(findings)
        culprit = culprit_words(diagnosis.culprit)
        named = f": {mrkdwn(culprit, 160)}" if culprit else ""
        yield f"*Diagnosis:* {CAUSE[diagnosis.root_cause]}{named} ({CONFIDENCE[diagnosis.confidence]})"
    match file.incident.state:
        case IncidentState.AWAITING_DECISION:
            yield from _to_decide(file)
        case IncidentState.EXECUTING:
            yield from _under_way(file)
        case IncidentState.VERIFYING:
            yield from _watched(file)
        case IncidentState.MONITORING:
            yield from _left_alone(file)
        case IncidentState.ESCALATED:
            yield from _needed(file)
        case IncidentState.RESOLVED | IncidentState.CLOSED:
            by_hand = _closed(file)
            yield from _over(file) if by_hand is None else [f"*Why:* {mrkdwn(by_hand.text, 300)}"]
        case IncidentState.NEW | IncidentState.INVESTIGATING:
            return


def _how_bad(findings: Findings) -> Iterator[str]:
    """The first statements about a signal that is past its limit: from what to what, since when."""
    past = {one.id for one in findings.evidence if _is_past_its_limit(one)}
    told = [claim.text for claim in findings.diagnosis.claims if past.intersection(claim.evidence)]
    if told:
        yield f"*How bad:* {' '.join(mrkdwn(one, 240) for one in told[:_SIGNALS_TOLD])}"


def _is_past_its_limit(one: Evidence) -> bool:
    figures = {figure.name: figure.value for figure in one.figures}
    return "now" in figures and "limit" in figures and figures["now"] > figures["limit"]


def _in_state(file: IncidentFile, state: ApprovalState) -> list[ProposalView]:
    return [view for view in file.proposals if view.approval.state is state]


def _title(file: IncidentFile, proposal_id: str) -> str:
    found = next((v.proposal.title for v in file.proposals if v.proposal.id == proposal_id), proposal_id)
    return mrkdwn(found, 160)


def _to_decide(file: IncidentFile) -> Iterator[str]:
    yield from (_waiting(view) for view in _in_state(file, ApprovalState.PENDING)[:3])
    ready = [watch for watch in file.verifications if watch.state == "candidate_ready"]
    if ready and not _in_state(file, ApprovalState.PENDING):
        yield f"*Decide:* {mrkdwn(ready[-1].note, 300)}"


def _waiting(view: ProposalView) -> str:
    needed, given = view.approval.needed, view.given
    count = f"{plural(needed - given, 'more approval')} of {needed}" if given else plural(needed, "approval")
    return (
        f"*Decide in the thread:* {mrkdwn(view.proposal.title, 160)} – {count} from {approvers_words(view.approvers)}, "
        f"open until {date(view.proposal.expires_at, '{time}')}"
    )


def _under_way(file: IncidentFile) -> Iterator[str]:
    for execution in reversed(file.executions):
        if execution.state not in FINAL_EXECUTION_STATES:
            progress = f" – {mrkdwn(execution.progress, 160)}" if execution.progress else ""
            yield f"*Under way:* {_title(file, execution.proposal_id)}{progress}"
            return


def _watched(file: IncidentFile) -> Iterator[str]:
    if file.executions:
        yield f"*Done:* {_title(file, file.executions[-1].proposal_id)}"
    watching = [v for v in file.verifications if v.finished_at is None]
    if watching:
        until = date(watching[-1].deadline, "{time}")
        yield f"*Now:* every alert has to stay inside its threshold; judged by {until}"


def _left_alone(file: IncidentFile) -> Iterator[str]:
    denied = _in_state(file, ApprovalState.DENIED)
    if denied:
        last = denied[-1].approval
        by = f" by {person(last.decided_by)}" if last.decided_by else ""
        yield f"*Denied*{by}: {mrkdwn(last.reason, 200)}\n*Done:* nothing was changed"
        return
    findings = file.findings
    if findings is not None:
        yield f"*Nothing is proposed:* {mrkdwn(why_nothing(findings.plan.explanation), 300)}"


def _needed(file: IncidentFile) -> Iterator[str]:
    ended = {watch.state for watch in file.verifications}
    if "candidate_refused" in ended:
        yield "*Why:* retraining gave no candidate that is good enough."
    elif "failed" in ended:
        yield "*Why:* the change was made, but the model has not recovered."
    elif "inconclusive" in ended:
        yield "*Why:* the change was made; whether the model has recovered cannot be told."
    elif any(e.state in {ExecutionState.FAILED, ExecutionState.STALE} for e in file.executions):
        yield "*Why:* the change could not be made."
    elif any(e.state is ExecutionState.NEEDS_VERIFICATION for e in file.executions):
        yield "*Why:* it is not known whether the change took effect."
    elif _in_state(file, ApprovalState.EXPIRED):
        yield "*Why:* nobody decided in time. Nothing was changed."


def _over(file: IncidentFile) -> Iterator[str]:
    done = [e for e in file.executions if e.state is ExecutionState.SUCCEEDED]
    yield from (f"*Done:* {_title(file, execution.proposal_id)}" for execution in done[-2:])
    if not done:
        yield "*Done:* nothing was changed; the alerts cleared by themselves."
