"""The rows of proposals: made from a plan, asked for by a person, or following from an execution."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from sqlmodel import Session, col, select

from incidents.approval import ApprovalState
from incidents.incident import IncidentState
from incidents.ledger import Provenance
from incidents.message import MessageKind
from incidents.policy import Allow, Forbid, RequireApproval
from incidents.proposal import Proposal
from incidents.spec import SIDES
from tools.incident_store.database import Database
from tools.incident_store.tables import IncidentRecord, ProposalRecord
from tools.incident_store.writer.executions import in_flight, queue_execution
from tools.incident_store.writer.messages import want
from tools.incident_store.writer.states import make_way, move
from tools.incident_store.writer.timeline import append, locked_incident

LOOKABLE = frozenset(
    {
        IncidentState.NEW,
        IncidentState.INVESTIGATING,
        IncidentState.MONITORING,
        IncidentState.ESCALATED,
        IncidentState.AWAITING_DECISION,
    }
)
"""States in which something new may be proposed: nothing is being changed, and the incident is not over."""

Added = Literal["added", "forbidden", "under_way", "over", "asked_before"]


class ProposalWriter:
    """Each method is one transaction."""

    def __init__(self, database: Database) -> None:
        """`database` is where the rows are."""
        self._database = database

    def add(self, proposal: Proposal, provenance: Provenance, now: datetime) -> Added:
        """Propose it in its incident, which then waits for a decision; where the policy allows it, queue it.

        Nothing is added while a change of the incident is under way, once the incident is over, or where somebody has
        asked for the same proposal again already. What the policy forbids is told in the timeline.
        """
        with self._database.write() as session:
            incident = locked_incident(session, proposal.incident_id)
            state = IncidentState(incident.state)
            if state not in LOOKABLE:
                return "over" if state in {IncidentState.RESOLVED, IncidentState.CLOSED} else "under_way"
            if provenance.replaces is not None and _asked_again(session, provenance.replaces):
                return "asked_before"
            incident.changed_at = now
            if not add_proposal(session, incident, proposal, provenance, now):
                return "forbidden"
            if proposal.remediation.kind not in SIDES:
                if state is IncidentState.NEW:
                    move(session, incident, IncidentState.INVESTIGATING, now)
                move(session, incident, IncidentState.AWAITING_DECISION, now)
            let_run(session, incident, proposal, now)
            return "added"

    def not_proposed(self, incident_id: str, person: str, text: str, now: datetime) -> None:
        """Write down what somebody asked for and why it is not proposed; `text` may hold names from outside."""
        with self._database.write() as session:
            incident = locked_incident(session, incident_id)
            append(session, incident, at=now, actor=person, kind="not_proposed", text=text, details={})


def add_proposal(
    session: Session, incident: IncidentRecord, proposal: Proposal, provenance: Provenance, now: datetime
) -> bool:
    """Add its row, timeline entry and card; False where the policy forbids it, which the timeline tells.

    A side remediation that the policy allows has no card: there is nothing to decide, and its execution is told.
    """
    effect = proposal.decision.effect
    if isinstance(effect, Forbid):
        append(
            session,
            incident,
            at=now,
            actor="policy",
            kind="forbidden",
            text=f"{proposal.title}: {effect.because}",
            details={"rules": list(proposal.decision.rules), "digest": proposal.digest},
        )
        return False
    named = effect.approvers if isinstance(effect, RequireApproval) else ()
    session.add(
        ProposalRecord(
            id=proposal.id,
            incident_id=proposal.incident_id,
            investigation_id=provenance.investigation_id,
            rank=provenance.rank,
            model=incident.model,
            kind=proposal.remediation.kind,
            target=proposal.target,
            digest=proposal.digest,
            body=proposal.model_dump(mode="json"),
            state=ApprovalState.PENDING.value,
            needed=effect.count if isinstance(effect, RequireApproval) else 0,
            approvers={"who": list(named if provenance.approvers is None else provenance.approvers)},
            chosen_by=provenance.chosen_by,
            created_at=now,
            expires_at=proposal.expires_at,
            round=provenance.round,
            replaces=provenance.replaces,
        )
    )
    session.flush()
    append(
        session,
        incident,
        at=now,
        actor=provenance.chosen_by or "agentops",
        kind="proposed",
        text=proposal.title,
        details={
            "proposal": proposal.id,
            "digest": proposal.digest,
            "policy_hash": proposal.policy_hash,
            "rules": list(proposal.decision.rules),
            "requests": [request.model_dump(mode="json") for request in proposal.requests],
            **({"follows": proposal.follows} if proposal.follows else {}),
            **({"round": provenance.round, "replaces": provenance.replaces} if provenance.replaces else {}),
        },
    )
    if not (proposal.remediation.kind in SIDES and isinstance(effect, Allow)):
        want(session, incident, MessageKind.PROPOSAL, proposal.id, urgent=True)
    return True


def let_run(session: Session, incident: IncidentRecord, proposal: Proposal, now: datetime) -> bool:
    """Where the policy allows it and its target is free: decide in people's stead and queue it.

    What it competes with is taken back, as after an approval.
    """
    if not isinstance(proposal.decision.effect, Allow) or in_flight(session, proposal.target) is not None:
        return False
    record = session.get_one(ProposalRecord, proposal.id)
    record.state, record.decided_by, record.decided_at = ApprovalState.APPROVED.value, "policy", now
    session.add(record)
    append(
        session,
        incident,
        at=now,
        actor="policy",
        kind="allowed",
        text=f"Allowed by the policy: {', '.join(proposal.decision.rules)}",
        details={"proposal": proposal.id, "digest": proposal.digest},
    )
    make_way(session, incident, proposal, "another proposal of this incident runs", now)
    queue_execution(session, incident, proposal, actor="policy", now=now)
    return True


def first_to_run(proposals: Sequence[Proposal]) -> Proposal | None:
    """The best of the plan, where the policy lets it run; a lesser step never runs in its place."""
    best = next((one for one in proposals if not isinstance(one.decision.effect, Forbid)), None)
    return best if best is not None and isinstance(best.decision.effect, Allow) else None


def _asked_again(session: Session, replaced: str) -> bool:
    return (
        session.exec(select(ProposalRecord.id).where(col(ProposalRecord.replaces) == replaced).limit(1)).first()
        is not None
    )
