"""From rows to the domain's types."""

from incidents.alert import Alert, Severity
from incidents.approval import ApprovalState, ApprovalView, Vote
from incidents.execution import Execution, ExecutionState
from incidents.incident import Incident, IncidentState
from incidents.proposal import Proposal
from incidents.timeline import TimelineEntry
from tools.incident_store.tables import (
    AlertRecord,
    ExecutionRecord,
    IncidentRecord,
    ProposalRecord,
    TimelineRecord,
    VoteRecord,
)


def alert_of(record: AlertRecord) -> Alert:
    """The alert as it stands now."""
    return Alert(
        fingerprint=record.fingerprint,
        starts_at=record.starts_at,
        status=record.status,
        ends_at=record.ends_at,
        labels=record.labels,
        annotations=record.annotations,
        generator_url=record.generator_url,
    )


def incident_of(record: IncidentRecord, alerts: tuple[Alert, ...]) -> Incident:
    """The incident with its alerts."""
    return Incident(
        id=record.id,
        key=record.key,
        model=record.model,
        environment=record.environment,
        tier=record.tier,
        listed=record.listed,
        unlisted_reason=record.unlisted_reason,
        channel=record.channel,
        state=IncidentState(record.state),
        severity=Severity(record.severity),
        started_at=record.started_at,
        opened_at=record.opened_at,
        resolved_at=record.resolved_at,
        alerts=alerts,
        previous=record.previous,
        acked_by=record.acked_by,
        acked_at=record.acked_at,
        false_alarm_by=record.false_alarm_by,
        false_alarm_at=record.false_alarm_at,
        flapping_since=record.flapping_since,
        pruned_at=record.pruned_at,
    )


def proposal_of(record: ProposalRecord) -> Proposal:
    """The proposal as it was made."""
    return Proposal.model_validate(record.body)


def approval_of(record: ProposalRecord, votes: list[VoteRecord]) -> ApprovalView:
    """How its decision stands."""
    return ApprovalView(
        state=ApprovalState(record.state),
        needed=record.needed,
        votes=tuple(Vote(person=vote.person, at=vote.at) for vote in votes),
        decided_by=record.decided_by,
        decided_at=record.decided_at,
        reason=record.reason,
    )


def execution_of(record: ExecutionRecord) -> Execution:
    """The execution as it stands now."""
    return Execution(
        id=record.id,
        proposal_id=record.proposal_id,
        incident_id=record.incident_id,
        target=record.target,
        state=ExecutionState(record.state),
        fence=record.fence,
        started_at=record.started_at,
        finished_at=record.finished_at,
        intent_at=record.intent_at,
        result=record.result,
        progress=record.progress,
        error=record.error,
        automatic=record.automatic,
    )


def entry_of(record: TimelineRecord) -> TimelineEntry:
    """The timeline entry, hash included."""
    return TimelineEntry(
        incident_id=record.incident_id,
        number=record.number,
        at=record.at,
        actor=record.actor,
        kind=record.kind,
        text=record.text,
        details=record.details,
        previous=record.previous,
        hash=record.hash,
    )
