"""Rows to the views that the bot works with."""

from sqlmodel import Session, col, select

from incidents.budget import WaitsFor
from incidents.comparison import Comparison
from incidents.investigation import Findings, ProgressStep
from incidents.ledger import InvestigationView, ProposalView, VerificationView
from incidents.verification import SignalCheck
from tools.incident_store.records import approval_of, proposal_of
from tools.incident_store.tables import InvestigationRecord, ProposalRecord, VerificationRecord, VoteRecord


def investigation_view(record: InvestigationRecord) -> InvestigationView:
    """One investigation."""
    return InvestigationView(
        id=record.id,
        incident_id=record.incident_id,
        state=record.state,  # pyright: ignore[reportArgumentType] checked by the view's own type
        question=record.question,
        asked_by=record.asked_by,
        steps=tuple(ProgressStep.model_validate(step) for step in record.progress.get("steps", [])),
        findings=Findings.model_validate(record.findings) if record.findings else None,
        created_at=record.created_at,
        started_at=record.started_at,
        finished_at=record.finished_at,
        waits_for=WaitsFor(record.waits_for),
    )


def proposal_view(session: Session, record: ProposalRecord) -> ProposalView:
    """One proposal and its votes."""
    votes = session.exec(
        select(VoteRecord).where(col(VoteRecord.proposal_id) == record.id).order_by(col(VoteRecord.at))
    ).all()
    return ProposalView(
        proposal=proposal_of(record),
        approval=approval_of(record, list(votes)),
        approvers=tuple(record.approvers.get("who", [])),
        model=record.model,
        chosen_by=record.chosen_by,
        broke_glass=record.broke_glass,
        round=record.round,
        replaces=record.replaces,
    )


def verification_view(record: VerificationRecord) -> VerificationView:
    """One verification."""
    return VerificationView(
        execution_id=record.execution_id,
        state=record.state,
        began_at=record.began_at,
        deadline=record.deadline,
        finished_at=record.finished_at,
        checks=tuple(SignalCheck.model_validate(check) for check in record.checks.get("checks", [])),
        note=record.checks.get("note", ""),
        comparison=Comparison.model_validate(kept) if (kept := record.checks.get("comparison")) else None,
    )
