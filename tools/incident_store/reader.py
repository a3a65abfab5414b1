"""Reading the store. Nothing here changes a row."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from incidents.alert import Alert
from incidents.approval import ApprovalState
from incidents.audit import Chain
from incidents.comparison import Comparison
from incidents.execution import ExecutionState
from incidents.incident import LIVE_STATES, Incident
from incidents.investigation import Findings, ProgressStep
from incidents.ledger import IncidentFile, InvestigationView, ProposalView, Provenance, ThreadRef, VerificationView
from incidents.message import MessageKind
from incidents.pause import EVERYTHING, Pause
from incidents.remediation import RemediationKind
from incidents.risk import CHANGING
from incidents.timeline import TimelineEntry
from incidents.verification import SignalCheck
from tools.incident_store.chain_reader import chain_of
from tools.incident_store.database import Database
from tools.incident_store.records import alert_of, approval_of, entry_of, execution_of, incident_of, proposal_of
from tools.incident_store.tables import (
    AlertRecord,
    ConfigSeenRecord,
    ExecutionRecord,
    IncidentRecord,
    InvestigationRecord,
    MessageRecord,
    PauseRecord,
    ProposalRecord,
    TimelineRecord,
    VerificationRecord,
    VoteRecord,
)


class StoreReader:
    """Questions to the store; each is one short read."""

    def __init__(self, database: Database) -> None:
        """`database` is where the rows are."""
        self._database = database

    def incident(self, id: str) -> Incident:
        """One incident with its alerts. Raises `LookupError`."""
        with self._database.read() as session:
            return _incidents(session, [_incident(session, id)])[0]

    def incidents(self, *, live: bool, limit: int = 20, offset: int = 0, model: str | None = None) -> list[Incident]:
        """Incidents, newest first; only live ones where `live` is set."""
        query = select(IncidentRecord).order_by(col(IncidentRecord.opened_at).desc()).limit(limit).offset(offset)
        if live:
            query = query.where(col(IncidentRecord.state).in_(LIVE_STATES))
        if model is not None:
            query = query.where(col(IncidentRecord.model) == model)
        with self._database.read() as session:
            return _incidents(session, session.exec(query).all())

    def count_incidents(self, *, live: bool) -> int:
        """How many there are."""
        query = select(func.count()).select_from(IncidentRecord)
        if live:
            query = query.where(col(IncidentRecord.state).in_(LIVE_STATES))
        with self._database.read() as session:
            return session.exec(query).one()

    def file(self, incident_id: str) -> IncidentFile:
        """Everything about one incident. Raises `LookupError`."""
        with self._database.read() as session:
            incident = _incidents(session, [_incident(session, incident_id)])[0]
            of = InvestigationRecord
            investigations = session.exec(
                select(of).where(col(of.incident_id) == incident_id).order_by(col(of.created_at).desc())
            ).all()
            proposals = session.exec(
                select(ProposalRecord)
                .where(col(ProposalRecord.incident_id) == incident_id)
                .order_by(col(ProposalRecord.created_at), col(ProposalRecord.rank))
            ).all()
            executions = session.exec(
                select(ExecutionRecord)
                .where(col(ExecutionRecord.incident_id) == incident_id)
                .order_by(col(ExecutionRecord.created_at))
            ).all()
            verifications = session.exec(
                select(VerificationRecord).where(col(VerificationRecord.incident_id) == incident_id)
            ).all()
            return IncidentFile(
                incident=incident,
                investigations=tuple(_investigation_view(record) for record in investigations),
                proposals=tuple(_proposal_view(session, record) for record in proposals),
                executions=tuple(execution_of(record) for record in executions),
                verifications=tuple(_verification_view(record) for record in verifications),
                timeline=tuple(_timeline(session, incident_id)),
                thread=_threads(session, [incident_id]).get(incident_id),
            )

    def investigation(self, id: str) -> InvestigationView:
        """One investigation. Raises `LookupError`."""
        with self._database.read() as session:
            record = session.get(InvestigationRecord, id)
            if record is None:
                raise LookupError(id)
            return _investigation_view(record)

    def proposal(self, id: str) -> ProposalView:
        """One proposal and how its decision stands. Raises `LookupError`."""
        with self._database.read() as session:
            record = session.get(ProposalRecord, id)
            if record is None:
                raise LookupError(id)
            return _proposal_view(session, record)

    def pending_proposals(self, limit: int = 50) -> list[ProposalView]:
        """Proposals that wait for a decision, oldest first."""
        with self._database.read() as session:
            records = session.exec(
                select(ProposalRecord)
                .where(col(ProposalRecord.state) == ApprovalState.PENDING.value)
                .order_by(col(ProposalRecord.created_at))
                .limit(limit)
            ).all()
            return [_proposal_view(session, record) for record in records]

    def execution_record(self, id: str) -> ExecutionRecord:
        """The row of an execution, lease and fence included. Raises `LookupError`."""
        with self._database.read() as session:
            record = session.get(ExecutionRecord, id)
            if record is None:
                raise LookupError(id)
            return record

    def executions_under_way(self) -> list[ExecutionRecord]:
        """Queued or executing, oldest first."""
        under_way = [ExecutionState.QUEUED.value, ExecutionState.EXECUTING.value]
        with self._database.read() as session:
            return list(
                session.exec(
                    select(ExecutionRecord)
                    .where(col(ExecutionRecord.state).in_(under_way))
                    .order_by(col(ExecutionRecord.created_at))
                )
            )

    def last_change(self, model: str) -> ExecutionRecord | None:
        """The last change of a model that was sent, or may have been, and ended; the cooldown counts from it."""
        with self._database.read() as session:
            return session.exec(
                select(ExecutionRecord)
                .where(
                    col(ExecutionRecord.model) == model,
                    col(ExecutionRecord.finished_at).is_not(None),
                    _changed_something(),
                )
                .order_by(col(ExecutionRecord.finished_at).desc())
                .limit(1)
            ).first()

    def changes_since(self, moment: datetime) -> list[ExecutionRecord]:
        """Changes of the whole fleet that ended since `moment`, were sent since, or are under way; oldest first."""
        under_way = [ExecutionState.QUEUED.value, ExecutionState.EXECUTING.value]
        since = func.coalesce(col(ExecutionRecord.finished_at), col(ExecutionRecord.sent_at))
        query = select(ExecutionRecord).where(
            (col(ExecutionRecord.state).in_(under_way) & col(ExecutionRecord.kind).in_(CHANGING))
            | (_changed_something() & (since >= moment))
        )
        with self._database.read() as session:
            return list(session.exec(query.order_by(col(ExecutionRecord.created_at), col(ExecutionRecord.id))))

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

    def verification(self, execution_id: str) -> VerificationView:
        """One verification. Raises `LookupError`."""
        with self._database.read() as session:
            record = session.get(VerificationRecord, execution_id)
            if record is None:
                raise LookupError(execution_id)
            return _verification_view(record)

    def timeline(self, incident_id: str) -> list[TimelineEntry]:
        """All entries of an incident, in order."""
        with self._database.read() as session:
            return _timeline(session, incident_id)

    def chain(self, incident_id: str) -> Chain:
        """The timeline as it stands in the rows, for an audit. Raises `LookupError`."""
        with self._database.snapshot() as session:
            return chain_of(session, incident_id)

    def threads(self, incident_ids: Sequence[str]) -> dict[str, ThreadRef]:
        """Where the incidents' threads stand; incidents not yet posted are missing."""
        with self._database.read() as session:
            return _threads(session, incident_ids)

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

    def incident_of_thread(self, channel: str, ts: str) -> str | None:
        """The incident whose thread begins with this message."""
        with self._database.read() as session:
            return session.exec(
                select(MessageRecord.incident_id).where(
                    col(MessageRecord.ts) == ts,
                    col(MessageRecord.kind) == MessageKind.ROOT.value,
                    (col(MessageRecord.posted_channel) == channel) | (col(MessageRecord.channel) == channel),
                )
            ).first()

    def configs_seen(self, endpoint: str) -> list[tuple[str, datetime]]:
        """Configs that were live on an endpoint and when last, newest first."""
        with self._database.read() as session:
            records = session.exec(
                select(ConfigSeenRecord)
                .where(col(ConfigSeenRecord.endpoint) == endpoint)
                .order_by(col(ConfigSeenRecord.last_seen).desc())
            ).all()
            return [(record.config, record.last_seen) for record in records]

    def configs_live(self) -> dict[str, tuple[str, datetime, datetime]]:
        """By endpoint: the config seen last, since when it is live, and when it was seen last."""
        with self._database.read() as session:
            records = session.exec(select(ConfigSeenRecord).order_by(col(ConfigSeenRecord.last_seen))).all()
            return {record.endpoint: (record.config, record.live_since, record.last_seen) for record in records}

    def pauses(self) -> dict[str, Pause]:
        """Standing pauses by scope."""
        with self._database.read() as session:
            return {
                record.scope: Pause(scope=record.scope, by=record.by, at=record.at)
                for record in session.exec(select(PauseRecord))
            }

    def paused(self, model: str) -> Pause | None:
        """The pause that holds for a model, its own or that of everything."""
        standing = self.pauses()
        return standing.get(EVERYTHING) or standing.get(model)

    def done_lately(self, limit: int = 10) -> list[ExecutionRecord]:
        """Executions that ended, newest first."""
        with self._database.read() as session:
            return list(
                session.exec(
                    select(ExecutionRecord)
                    .where(col(ExecutionRecord.finished_at).is_not(None))
                    .order_by(col(ExecutionRecord.finished_at).desc())
                    .limit(limit)
                )
            )

    def outbox_depth(self) -> int:
        """Messages that wait to be sent."""
        with self._database.read() as session:
            return session.exec(
                select(func.count())
                .select_from(MessageRecord)
                .where(
                    col(MessageRecord.wanted_revision) > col(MessageRecord.sent_revision),
                    col(MessageRecord.given_up).is_(False),
                )
            ).one()


def _changed_something() -> ColumnElement[bool]:
    """Sent, or perhaps sent; what only tells people is no change, and neither is a call that was refused."""
    refused = (col(ExecutionRecord.state) == ExecutionState.FAILED.value) & (col(ExecutionRecord.step) == 0)
    may_have_been = (
        col(ExecutionRecord.sent_at).is_not(None)
        | (col(ExecutionRecord.intent_at).is_not(None) & ~refused)
        | (col(ExecutionRecord.state) == ExecutionState.NEEDS_VERIFICATION.value)
    )
    return may_have_been & col(ExecutionRecord.kind).in_(CHANGING)


def _incident(session: Session, id: str) -> IncidentRecord:
    record = session.exec(select(IncidentRecord).where(col(IncidentRecord.id) == id)).one_or_none()
    if record is None:
        raise LookupError(id)
    return record


def _incidents(session: Session, records: Sequence[IncidentRecord]) -> list[Incident]:
    alerts: dict[str, list[Alert]] = {record.id: [] for record in records}
    for alert in session.exec(
        select(AlertRecord).where(col(AlertRecord.incident_id).in_(list(alerts))).order_by(col(AlertRecord.id))
    ):
        alerts[alert.incident_id or ""].append(alert_of(alert))
    return [incident_of(record, tuple(alerts[record.id])) for record in records]


def _investigation_view(record: InvestigationRecord) -> InvestigationView:
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
    )


def _proposal_view(session: Session, record: ProposalRecord) -> ProposalView:
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


def _verification_view(record: VerificationRecord) -> VerificationView:
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


def _timeline(session: Session, incident_id: str) -> list[TimelineEntry]:
    of = TimelineRecord
    return [
        entry_of(record)
        for record in session.exec(select(of).where(col(of.incident_id) == incident_id).order_by(col(of.number)))
    ]


def _threads(session: Session, incident_ids: Sequence[str]) -> dict[str, ThreadRef]:
    of = MessageRecord
    records = session.exec(
        select(of).where(
            col(of.incident_id).in_(list(incident_ids)), col(of.kind) == MessageKind.ROOT.value, col(of.ts).is_not(None)
        )
    ).all()
    return {
        record.incident_id or "": ThreadRef(channel=record.posted_channel or record.channel, ts=record.ts or "")
        for record in records
    }
