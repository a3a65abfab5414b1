"""Everything that the store knows of one incident, read in one moment, for an audit."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from incidents.audit import Chain
from incidents.message import MessageKind
from tools.incident_store.chain_reader import chain_of
from tools.incident_store.database import Database
from tools.incident_store.slack_tables import MessageRecord
from tools.incident_store.tables import (
    AlertRecord,
    ExecutionRecord,
    IncidentRecord,
    InvestigationRecord,
    IssueRecord,
    PolicyRecord,
    ProposalRecord,
    VerificationRecord,
    VoteRecord,
)


@dataclass(frozen=True)
class IncidentRows:
    """The rows as they stand, each kind in an order of its own that never changes."""

    incident: IncidentRecord
    chain: Chain
    alerts: Sequence[AlertRecord]
    investigations: Sequence[InvestigationRecord]
    proposals: Sequence[ProposalRecord]
    votes: Sequence[VoteRecord]
    executions: Sequence[ExecutionRecord]
    verifications: Sequence[VerificationRecord]
    policies: Sequence[PolicyRecord]
    """Those that the proposals name; one that was never kept is missing."""
    issue: IssueRecord | None
    thread: tuple[str, str] | None
    """Channel and ts of the thread in Slack."""


class AuditReader:
    """Questions of an auditor. Nothing here changes a row."""

    def __init__(self, database: Database) -> None:
        """`database` is where the rows are."""
        self._database = database

    def incident_ids(self) -> list[str]:
        """Every incident, oldest first."""
        with self._database.read() as session:
            return list(session.exec(select(IncidentRecord.id).order_by(col(IncidentRecord.number))))

    def chain(self, incident_id: str) -> Chain:
        """The timeline as it stands in the rows. Raises `LookupError`."""
        with self._database.snapshot() as session:
            return chain_of(session, incident_id)

    def rows(self, incident_id: str) -> IncidentRows:
        """All rows of an incident, of one moment. Raises `LookupError`."""
        with self._database.snapshot() as session:
            chain = chain_of(session, incident_id)
            proposals = session.exec(
                select(ProposalRecord)
                .where(col(ProposalRecord.incident_id) == incident_id)
                .order_by(col(ProposalRecord.created_at), col(ProposalRecord.rank), col(ProposalRecord.id))
            ).all()
            return IncidentRows(
                incident=session.exec(select(IncidentRecord).where(col(IncidentRecord.id) == incident_id)).one(),
                chain=chain,
                alerts=session.exec(
                    select(AlertRecord).where(col(AlertRecord.incident_id) == incident_id).order_by(col(AlertRecord.id))
                ).all(),
                investigations=session.exec(
                    select(InvestigationRecord)
                    .where(col(InvestigationRecord.incident_id) == incident_id)
                    .order_by(col(InvestigationRecord.created_at), col(InvestigationRecord.id))
                ).all(),
                proposals=proposals,
                votes=session.exec(
                    select(VoteRecord)
                    .where(col(VoteRecord.proposal_id).in_([one.id for one in proposals]))
                    .order_by(col(VoteRecord.at), col(VoteRecord.person))
                ).all(),
                executions=session.exec(
                    select(ExecutionRecord)
                    .where(col(ExecutionRecord.incident_id) == incident_id)
                    .order_by(col(ExecutionRecord.created_at), col(ExecutionRecord.id))
                ).all(),
                verifications=session.exec(
                    select(VerificationRecord)
                    .where(col(VerificationRecord.incident_id) == incident_id)
                    .order_by(col(VerificationRecord.began_at), col(VerificationRecord.execution_id))
                ).all(),
                policies=_policies(session, proposals),
                issue=session.get(IssueRecord, incident_id),
                thread=_thread(session, incident_id),
            )


def _policies(session: Session, proposals: Sequence[ProposalRecord]) -> Sequence[PolicyRecord]:
    named = sorted({str(one.body.get("policy_hash", "")) for one in proposals})
    return session.exec(
        select(PolicyRecord)
        .where(col(PolicyRecord.hash).in_(named))
        .order_by(col(PolicyRecord.first_seen), col(PolicyRecord.hash))
    ).all()


def _thread(session: Session, incident_id: str) -> tuple[str, str] | None:
    root = session.exec(
        select(MessageRecord).where(
            col(MessageRecord.incident_id) == incident_id,
            col(MessageRecord.kind) == MessageKind.ROOT.value,
            col(MessageRecord.ts).is_not(None),
        )
    ).first()
    return None if root is None else (root.posted_channel or root.channel, root.ts or "")
