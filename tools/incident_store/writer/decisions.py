"""Decisions: one compare-and-set from pending, in the transaction that creates the execution."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from incidents.approval import ApprovalState
from incidents.incident import LIVE_STATES, IncidentState
from incidents.message import MessageKind
from incidents.origin import AnyOrigin
from incidents.policy import Decision, Forbid, RequireApproval
from incidents.spec import SIDES
from tools.incident_store.database import Database
from tools.incident_store.records import proposal_of
from tools.incident_store.tables import IncidentRecord, InvestigationRecord, ProposalRecord, VoteRecord
from tools.incident_store.writer.executions import in_flight, queue_execution
from tools.incident_store.writer.messages import want
from tools.incident_store.writer.states import clear, fires, make_way, move, pending, supersede
from tools.incident_store.writer.timeline import append, locked_incident

Result = Literal[
    "approved",
    "voted",
    "voted_before",
    "denied",
    "decided_before",
    "expired",
    "forbidden",
    "busy",
    "not_permitted",
    "not_needed",
]


CLOCKS_APART = timedelta(minutes=1)
"""How far the clocks of two replicas may be apart; a proposal from further in the future tells of one that jumped."""
CLOCK_WENT_BACK = "The clock went back, so how long this has waited is not known"


@dataclass(frozen=True)
class Verdict:
    """What became of a decision. `by` and `at` name who was first where somebody was."""

    result: Result
    incident_id: str
    state: ApprovalState
    votes: int = 0
    needed: int = 0
    by: str | None = None
    at: datetime | None = None
    why: str = ""


class DecisionWriter:
    """Each method is one transaction."""

    def __init__(self, database: Database) -> None:
        """`database` is where the rows are."""
        self._database = database

    def approve(
        self, proposal_id: str, person: str, policy_now: Decision, now: datetime, *, break_glass: str = ""
    ) -> Verdict:
        """Count one yes; with enough of them, approve and queue the execution.

        `policy_now` is the policy's word at the moment of the click: a stricter one asks for more people, or stops.
        `break_glass` is the reason of somebody who acts for two, where both the card and `policy_now` permit it.
        Raises `LookupError` when there is no such proposal.
        """
        try:
            with self._database.write() as session:
                return self._approve(session, proposal_id, person, policy_now, now, break_glass)
        except IntegrityError:
            # The unique index on targets in flight spoke: another replica queued an execution in the same moment.
            with self._database.write() as session:
                record, incident = _locked(session, proposal_id)
                self._refused(session, incident, record, person, "another remediation is under way", now)
                return Verdict(
                    "busy", record.incident_id, ApprovalState(record.state), why="another remediation is under way"
                )

    def _approve(
        self, session: Session, proposal_id: str, person: str, policy_now: Decision, now: datetime, break_glass: str
    ) -> Verdict:
        record, incident = _locked(session, proposal_id)
        state = ApprovalState(record.state)
        if state is not ApprovalState.PENDING:
            return self._too_late(session, incident, record, person, now)
        if _over(record, now):
            _expire(session, record, incident, now)
            return Verdict("expired", incident.id, ApprovalState.EXPIRED, at=record.expires_at)
        effect = policy_now.effect
        if isinstance(effect, Forbid):
            self._refused(session, incident, record, person, effect.because, now)
            return Verdict("forbidden", incident.id, state, why=effect.because)
        if in_flight(session, record.target) is not None:
            self._refused(session, incident, record, person, "another remediation is under way", now)
            return Verdict("busy", incident.id, state, why="another remediation is under way")
        if isinstance(effect, RequireApproval) and effect.count > record.needed:
            record.needed = effect.count
            session.add(record)
        if break_glass:
            stopped = self._glass_holds(session, record, incident, person, policy_now, now)
            if stopped is not None:
                return stopped
            _break_glass(session, record, incident, person, break_glass, now)
        return _count(session, record, incident, person, now, again=bool(break_glass))

    def _glass_holds(
        self,
        session: Session,
        record: ProposalRecord,
        incident: IncidentRecord,
        person: str,
        policy_now: Decision,
        now: datetime,
    ) -> Verdict | None:
        """Why nobody may act for two here, or None when somebody may."""
        on_card = proposal_of(record).decision.effect
        state = ApprovalState(record.state)
        if record.needed < 2:
            return Verdict("not_needed", incident.id, state, needed=record.needed)
        permitted = all(isinstance(one, RequireApproval) and one.break_glass for one in (on_card, policy_now.effect))
        if record.broke_glass is not None or not permitted:
            why = "somebody acts for two already" if record.broke_glass else "the policy does not permit break-glass"
            self._refused(session, incident, record, person, why, now)
            return Verdict("not_permitted", incident.id, state, by=record.broke_glass, why=why)
        return None

    def deny(self, proposal_id: str, person: str, reason: str, now: datetime) -> Verdict:
        """A final no. Raises `LookupError` when there is no such proposal."""
        with self._database.write() as session:
            record, incident = _locked(session, proposal_id)
            if ApprovalState(record.state) is not ApprovalState.PENDING:
                return self._too_late(session, incident, record, person, now)
            if _over(record, now):
                _expire(session, record, incident, now)
                return Verdict("expired", incident.id, ApprovalState.EXPIRED, at=record.expires_at)
            record.state, record.decided_by, record.decided_at = ApprovalState.DENIED.value, person, now
            record.reason = reason
            session.add(record)
            append(
                session,
                incident,
                at=now,
                actor=person,
                kind="denied",
                text=f"Denied: {reason}",
                details={"proposal": proposal_id, "digest": record.digest},
            )
            incident.changed_at = now
            want(session, incident, MessageKind.PROPOSAL, proposal_id)
            want(session, incident, MessageKind.ROOT)
            if not pending(session, incident.id) and incident.state == IncidentState.AWAITING_DECISION.value:
                move(session, incident, IncidentState.MONITORING, now)
                if not fires(session, incident.id):
                    clear(session, incident, now)
            return Verdict("denied", incident.id, ApprovalState.DENIED, by=person, at=now)

    def refuse(self, proposal_id: str, person: str, why: str, now: datetime) -> None:
        """Write down that somebody tried who may not; the card stays as it is."""
        with self._database.write() as session:
            record = _proposal(session, proposal_id)
            self._refused(session, locked_incident(session, record.incident_id), record, person, why, now)

    def expire(self, now: datetime) -> list[str]:
        """Expire what was not decided in time; the incident escalates. Returns the ids of the incidents.

        What a storm holds back waits: its time to decide begins when its card can be seen.
        """
        held = select(IncidentRecord.id).where(col(IncidentRecord.held).is_(True))
        with self._database.read() as session:
            overdue = session.exec(
                select(ProposalRecord.id).where(
                    col(ProposalRecord.state) == ApprovalState.PENDING.value,
                    col(ProposalRecord.incident_id).not_in(held),
                    (col(ProposalRecord.expires_at) <= now) | (col(ProposalRecord.created_at) > now + CLOCKS_APART),
                )
            ).all()
        expired: list[str] = []
        for proposal_id in overdue:
            with self._database.write() as session:
                record, incident = _locked(session, proposal_id)
                if ApprovalState(record.state) is ApprovalState.PENDING:
                    _expire(session, record, incident, now)
                    expired.append(incident.id)
        return expired

    def supersede_changed(
        self, target: str, why: Callable[[AnyOrigin], str | None], investigation_id: str, now: datetime
    ) -> list[str]:
        """Proposals on `target` whose origin has changed, as `why` tells, are void; a new look begins in each incident.

        Returns the ids of the incidents.
        """
        touched: list[str] = []
        with self._database.write() as session:
            records = session.exec(
                select(ProposalRecord).where(
                    col(ProposalRecord.state) == ApprovalState.PENDING.value, col(ProposalRecord.target) == target
                )
            ).all()
            for record in records:
                reason = why(proposal_of(record).origin)
                if reason is None or record.incident_id in touched:
                    continue
                incident = locked_incident(session, record.incident_id)
                supersede(session, incident, reason, now, only=lambda one: one.kind not in SIDES)
                session.add(
                    InvestigationRecord(
                        id=f"{investigation_id}-{len(touched)}",
                        incident_id=incident.id,
                        state="queued",
                        not_before=now,
                        created_at=now,
                    )
                )
                touched.append(incident.id)
        return touched

    def close_resolved(self, before: datetime, now: datetime) -> int:
        """Close what was resolved before `before`; returns how many."""
        with self._database.read() as session:
            over = session.exec(
                select(IncidentRecord.id).where(
                    col(IncidentRecord.state) == IncidentState.RESOLVED.value, col(IncidentRecord.resolved_at) <= before
                )
            ).all()
        closed = 0
        for incident_id in over:
            with self._database.write() as session:
                incident = locked_incident(session, incident_id)
                if IncidentState(incident.state) is IncidentState.RESOLVED:
                    move(session, incident, IncidentState.CLOSED, now)
                    append(session, incident, at=now, actor="agentops", kind="closed", text="Closed")
                    closed += 1
        return closed

    def _too_late(
        self, session: Session, incident: IncidentRecord, record: ProposalRecord, person: str, now: datetime
    ) -> Verdict:
        """Somebody was first; that another click came is told, too, be it the second of the same person."""
        again = record.decided_by == person
        why = "it is the second of the same person" if again else "it came too late"
        self._refused(session, incident, record, person, f"{why}, this is {record.state} already", now)
        return _decided_before(record)

    def _refused(
        self, session: Session, incident: IncidentRecord, record: ProposalRecord, person: str, why: str, now: datetime
    ) -> None:
        append(
            session,
            incident,
            at=now,
            actor=person,
            kind="refused",
            text=f"A decision was refused: {why}",
            details={"proposal": record.id, "digest": record.digest},
        )


def _count(
    session: Session, record: ProposalRecord, incident: IncidentRecord, person: str, now: datetime, *, again: bool
) -> Verdict:
    """Count the yes of `person`, who may have voted before where `again` is set; enough of them decide."""
    state = ApprovalState(record.state)
    votes = session.exec(select(VoteRecord.person).where(col(VoteRecord.proposal_id) == record.id)).all()
    glass = 1 if record.broke_glass is not None else 0
    if person in votes and not again:
        return Verdict("voted_before", incident.id, state, votes=len(votes) + glass, needed=record.needed)
    if person not in votes:
        session.add(VoteRecord(proposal_id=record.id, person=person, at=now))
    count = len({*votes, person}) + glass
    incident.changed_at = now
    details = {"proposal": record.id, "digest": record.digest, "votes": count, "needed": record.needed}
    want(session, incident, MessageKind.PROPOSAL, record.id)
    if count < record.needed:
        want(session, incident, MessageKind.ROOT)
        append(session, incident, at=now, actor=person, kind="vote", text="One approval of several", details=details)
        return Verdict("voted", incident.id, state, votes=count, needed=record.needed)
    record.state, record.decided_by, record.decided_at = ApprovalState.APPROVED.value, person, now
    session.add(record)
    append(session, incident, at=now, actor=person, kind="approved", text="Approved", details=details)
    approved = proposal_of(record)
    make_way(session, incident, approved, "another proposal of this incident was approved", now)
    queue_execution(session, incident, approved, actor=person, now=now)
    return Verdict(
        "approved", incident.id, ApprovalState.APPROVED, votes=count, needed=record.needed, by=person, at=now
    )


def _break_glass(
    session: Session, record: ProposalRecord, incident: IncidentRecord, person: str, reason: str, now: datetime
) -> None:
    """Somebody acts for two, and the other group is called into the thread."""
    record.broke_glass, record.reason = person, reason
    session.add(record)
    append(
        session,
        incident,
        at=now,
        actor=person,
        kind="broke_glass",
        text=f"Acts for two: {reason}",
        details={"proposal": record.id, "digest": record.digest, "needed": record.needed},
    )
    want(session, incident, MessageKind.BROKE_GLASS, record.id, urgent=True)


def _proposal(session: Session, proposal_id: str) -> ProposalRecord:
    record = session.exec(select(ProposalRecord).where(col(ProposalRecord.id) == proposal_id)).one_or_none()
    if record is None:
        raise LookupError(proposal_id)
    return record


def _locked(session: Session, proposal_id: str) -> tuple[ProposalRecord, IncidentRecord]:
    """The proposal as it is once its incident is locked: no other decision about the incident is under way then."""
    record = _proposal(session, proposal_id)
    incident = locked_incident(session, record.incident_id)
    session.refresh(record)
    return record, incident


def _decided_before(record: ProposalRecord) -> Verdict:
    return Verdict(
        "decided_before",
        record.incident_id,
        ApprovalState(record.state),
        by=record.decided_by,
        at=record.decided_at,
        why=record.reason,
    )


def _over(record: ProposalRecord, now: datetime) -> bool:
    """Is the time to decide over, or can nobody tell, because the clock went back since the proposal was made?"""
    return record.expires_at <= now or record.created_at > now + CLOCKS_APART


def _expire(session: Session, record: ProposalRecord, incident: IncidentRecord, now: datetime) -> None:
    record.state, record.decided_at = ApprovalState.EXPIRED.value, now
    record.reason = "" if record.expires_at <= now else CLOCK_WENT_BACK
    session.add(record)
    session.flush()
    append(
        session,
        incident,
        at=now,
        actor="agentops",
        kind="expired",
        text=record.reason or "Nobody decided in time",
        details={"proposal": record.id, "digest": record.digest},
    )
    incident.changed_at = now
    want(session, incident, MessageKind.PROPOSAL, record.id)
    waiting = incident.state == IncidentState.AWAITING_DECISION.value
    if waiting and not pending(session, incident.id) and IncidentState(incident.state) in LIVE_STATES:
        move(session, incident, IncidentState.ESCALATED, now)
        want(session, incident, MessageKind.ESCALATION, record.id, urgent=True)
