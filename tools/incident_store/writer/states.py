"""Moving an incident from state to state, inside the caller's transaction."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from incidents.approval import ApprovalState
from incidents.incident import IncidentState, transition
from incidents.message import MessageKind
from incidents.proposal import Proposal
from incidents.spec import SIDES
from tools.incident_store.tables import AlertRecord, IncidentRecord, InvestigationRecord, ProposalRecord
from tools.incident_store.writer.messages import want, want_the_end
from tools.incident_store.writer.timeline import append

VERIFICATION_DECIDES = frozenset({IncidentState.EXECUTING, IncidentState.VERIFYING})
"""While something is being changed, a cleared alert is not enough: the verification has to prove the recovery."""


def move(session: Session, incident: IncidentRecord, after: IncidentState, now: datetime) -> None:
    """Change the state, or raise `IllegalTransition`. Staying where it is is no change."""
    before = IncidentState(incident.state)
    if before is after:
        return
    incident.state = transition(before, after).value
    incident.changed_at = now
    if after is IncidentState.RESOLVED:
        incident.resolved_at = now
    session.add(incident)
    want(session, incident, MessageKind.ROOT)


def clear(session: Session, incident: IncidentRecord, now: datetime) -> None:
    """Every alert of the incident has cleared: resolve it, unless a verification is to decide or it flaps."""
    state = IncidentState(incident.state)
    if state in VERIFICATION_DECIDES or state in {IncidentState.RESOLVED, IncidentState.CLOSED}:
        return
    if incident.flapping_since is not None:
        return  # it will fire again: it stays one thread until it is calm
    supersede(session, incident, "the alert cleared by itself", now)
    skip_queued(session, incident, "Investigation not begun: every alert cleared first", now, asked_too=True)
    move(session, incident, IncidentState.RESOLVED, now)
    append(session, incident, at=now, actor="alertmanager", kind="resolved", text="Every alert cleared")
    want_the_end(session, incident)


def skip_queued(
    session: Session, incident: IncidentRecord, why: str, now: datetime, *, asked_too: bool = False
) -> None:
    """Take back what has not begun, `asked_too` also what people asked for; the timeline says why."""
    of = InvestigationRecord
    query = update(of).where(col(of.incident_id) == incident.id, col(of.state) == "queued")
    if not asked_too:
        query = query.where(col(of.asked_by).is_(None))
    skipped = session.exec(query.values(state="failed", finished_at=now).returning(col(of.id))).all()
    for (id,) in sorted(skipped):
        append(
            session,
            incident,
            at=now,
            actor="agentops",
            kind="skipped",
            text=why,
            details={"investigation": id},
        )


def fires(session: Session, incident_id: str, besides: int | None = None) -> bool:
    """Does an alert of the incident still fire, `besides` left out?

    One that has cleared but was not placed yet counts as firing: the last of them ends the incident.
    """
    unsettled = (col(AlertRecord.status) == "firing") | (col(AlertRecord.revision) > col(AlertRecord.handled_revision))
    query = select(AlertRecord.id).where(col(AlertRecord.incident_id) == incident_id, unsettled)
    if besides is not None:
        query = query.where(col(AlertRecord.id) != besides)
    return session.exec(query.limit(1)).first() is not None


def pending(session: Session, incident_id: str) -> bool:
    """Does the incident wait for a decision? A side remediation that nobody decided holds nothing up."""
    query = select(ProposalRecord.id).where(
        col(ProposalRecord.incident_id) == incident_id,
        col(ProposalRecord.state) == ApprovalState.PENDING.value,
        col(ProposalRecord.kind).not_in(SIDES),
    )
    return session.exec(query.limit(1)).first() is not None


def make_way(session: Session, incident: IncidentRecord, proposal: Proposal, reason: str, now: datetime) -> None:
    """Take back what `proposal`, which is decided, competes with: side remediations compete with nothing."""
    if proposal.remediation.kind in SIDES:
        return
    supersede(session, incident, reason, now, only=lambda one: one.id != proposal.id and one.kind not in SIDES)


def supersede(
    session: Session,
    incident: IncidentRecord,
    reason: str,
    now: datetime,
    *,
    besides: str | None = None,
    only: Callable[[ProposalRecord], bool] = lambda _: True,
) -> None:
    """Take the pending proposals of the incident back, but `besides` and those not wanted; their cards say why."""
    found = session.exec(
        select(ProposalRecord).where(
            col(ProposalRecord.incident_id) == incident.id,
            col(ProposalRecord.state) == ApprovalState.PENDING.value,
            col(ProposalRecord.id) != (besides or ""),
        )
    ).all()
    for proposal in found:
        if not only(proposal):
            continue
        proposal.state = ApprovalState.SUPERSEDED.value
        proposal.decided_at = now
        proposal.reason = reason
        session.add(proposal)
        append(
            session,
            incident,
            at=now,
            actor="agentops",
            kind="superseded",
            text=f"Proposal superseded: {reason}",
            details={"proposal": proposal.id, "digest": proposal.digest},
        )
        want(session, incident, MessageKind.PROPOSAL, proposal.id)
