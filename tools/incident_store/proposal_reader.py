"""Reading proposals: how they stand, where they came from, whether people could read them."""

from datetime import datetime

from sqlmodel import col, func, select

from incidents.approval import ApprovalState
from incidents.investigation import Findings
from incidents.ledger import ProposalView, Provenance
from incidents.message import MessageKind
from incidents.remediation import RemediationKind
from tools.incident_store.reading import Reading
from tools.incident_store.slack_tables import MessageRecord
from tools.incident_store.tables import InvestigationRecord, ProposalRecord
from tools.incident_store.views import proposal_view


class ProposalReader(Reading):
    """Questions about proposals."""

    def proposal(self, id: str) -> ProposalView:
        """One proposal and how its decision stands. Raises `LookupError`."""
        with self._database.read() as session:
            record = session.get(ProposalRecord, id)
            if record is None:
                raise LookupError(id)
            return proposal_view(session, record)

    def pending_proposals(self, limit: int = 50) -> list[ProposalView]:
        """Proposals that wait for a decision, oldest first."""
        with self._database.read() as session:
            records = session.exec(
                select(ProposalRecord)
                .where(col(ProposalRecord.state) == ApprovalState.PENDING.value)
                .order_by(col(ProposalRecord.created_at))
                .limit(limit)
            ).all()
            return [proposal_view(session, record) for record in records]

    def last_denial(self, model: str, kind: RemediationKind, target: str) -> datetime | None:
        """When people last said no to a remediation of this kind on this target for the model."""
        query = select(func.max(col(ProposalRecord.decided_at))).where(
            col(ProposalRecord.model) == model,
            col(ProposalRecord.kind) == kind,
            col(ProposalRecord.target) == target,
            col(ProposalRecord.state) == ApprovalState.DENIED.value,
        )
        with self._database.read() as session:
            return session.exec(query).one()

    def explained(self, incident_id: str, proposal_id: str) -> bool:
        """Do the proposal's card and every diagnosis of the incident stand in its thread?"""
        of = MessageRecord
        with self._database.read() as session:
            records = session.exec(
                select(of).where(
                    col(of.incident_id) == incident_id,
                    (col(of.kind) == MessageKind.DIAGNOSIS.value)
                    | ((col(of.kind) == MessageKind.PROPOSAL.value) & (col(of.subject) == proposal_id)),
                )
            ).all()
        card = any(one.kind == MessageKind.PROPOSAL.value for one in records)
        return card and all(one.ts is not None and one.sent_revision > 0 for one in records)

    def provenance(self, proposal_id: str) -> Provenance:
        """Where a proposal came from. Raises `LookupError`."""
        with self._database.read() as session:
            record = session.get(ProposalRecord, proposal_id)
            if record is None:
                raise LookupError(proposal_id)
            return Provenance(
                investigation_id=record.investigation_id,
                rank=record.rank,
                chosen_by=record.chosen_by,
                round=record.round,
                replaces=record.replaces,
            )

    def plan_of(self, proposal_id: str) -> tuple[Findings, str] | None:
        """The findings whose plan a proposal is a step of, and their investigation's id; None where it is of none."""
        with self._database.read() as session:
            proposal = session.get(ProposalRecord, proposal_id)
            record = session.get(InvestigationRecord, proposal.investigation_id) if proposal else None
            if record is None or not record.findings:
                return None
            return Findings.model_validate(record.findings), record.id
