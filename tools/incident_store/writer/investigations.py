"""The rows of investigations: begun once, held under a lease, progress shown, findings kept."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from incidents.approval import ApprovalState
from incidents.budget import InvestigationBudget, WaitsFor
from incidents.incident import IncidentState
from incidents.investigation import Findings, ProgressStep
from incidents.ledger import Provenance
from incidents.message import MessageKind
from incidents.proposal import Proposal
from incidents.sameness import says_the_same
from incidents.spec import SIDES
from tools.incident_store.answer_table import AnswerCostRecord
from tools.incident_store.database import Database
from tools.incident_store.investigation_queue import LOOKED_AT, may_begin, spent, turn
from tools.incident_store.records import proposal_of
from tools.incident_store.slack_tables import MessageRecord
from tools.incident_store.tables import IncidentRecord, InvestigationRecord, ProposalRecord
from tools.incident_store.writer.messages import want
from tools.incident_store.writer.proposals import LOOKABLE, add_proposal, first_to_run, let_run
from tools.incident_store.writer.serial import one_at_a_time
from tools.incident_store.writer.states import clear, fires, move, pending, supersede
from tools.incident_store.writer.timeline import append, locked_incident

ONCE_MORE = timedelta(seconds=1)
"""Until what found no room is tried again."""


@dataclass(frozen=True)
class Hold:
    """What a process has once it holds an investigation; `taken_over` where another, or an earlier life, began it."""

    fence: int
    taken_over: bool


class InvestigationWriter:
    """Each method is one transaction; those that are given a fence change nothing once another holder took over."""

    def __init__(self, database: Database, budget: InvestigationBudget) -> None:
        """`budget`: how much may be investigated, in the whole deployment."""
        self._database = database
        self._budget = budget

    def due(self, now: datetime, stale: timedelta) -> list[tuple[str, str]]:
        """Investigations that should run: those whose turn it is, and those running that nobody holds any more.

        That is so once the lease of whoever ran it is over, or after `stale` in any case. Each as its id and the name
        of its next attempt, the same from every replica; `incidents.budget` says whose turn it is.
        """
        of = InvestigationRecord
        abandoned = (col(of.lease_until) <= now) | (col(of.started_at) < now - stale)
        with self._database.read() as session:
            left = session.exec(
                select(of.id, of.started_at).where(col(of.state) == "running", abandoned).order_by(col(of.started_at))
            ).all()
            begin = turn(session, self._budget, now).begin
            first = dict(session.exec(select(of.id, of.not_before).where(col(of.id).in_(begin))).all())
        return [
            *((id, f"{id}:{started_at.timestamp() if started_at else 0:.3f}") for id, started_at in left),
            *((id, f"{id}:queued:{first[id].timestamp():.3f}") for id in begin),
        ]

    def tell_waiting(self, now: datetime, limit: int = 50) -> int:
        """Keep with each queued investigation what it waits for, and tell it in its thread; how many have news."""
        with self._database.read() as session:
            told = dict(turn(session, self._budget, now).waiting)
            of = InvestigationRecord
            kept = session.exec(select(of.id, of.waits_for).where(col(of.id).in_(list(told)[:LOOKED_AT]))).all()
        news = [id for id, waits_for in kept if waits_for != told[id].value][:limit]
        for id in news:
            with self._database.write() as session:
                found = _locked(session, id)
                if found is None or found[0].state != "queued":
                    continue
                record, incident = found
                record.waits_for = told[id].value
                session.add(record)
                want(session, incident, MessageKind.ROOT)
        return len(news)

    def over_budget(self, now: datetime) -> str:
        """Why no language model is to be asked now, in plain words; empty where one may be."""
        with self._database.read() as session:
            used = spent(session, now)
        limit = self._budget.llm_usd_per_hour
        return (
            f"language models have cost {used:.2f} USD within the hour, of {limit:g} allowed" if used >= limit else ""
        )

    def answered(self, cost_usd: float, now: datetime) -> None:
        """An answer to a question cost so much; it counts for the hour. Older ones are forgotten."""
        of = AnswerCostRecord
        with self._database.write() as session:
            session.exec(delete(of).where(col(of.at) < now - timedelta(days=1)))
            session.add(of(at=now, cost_usd=cost_usd))

    def begin(self, id: str, now: datetime, owner: str | None = None, lease: timedelta | None = None) -> Hold | None:
        """Take it up for `lease`; None when it is finished, its incident is over or another holds it."""
        with self._database.write() as session:
            found = _locked(session, id)
            if found is None or found[0].state not in {"queued", "running"}:
                return None
            record, incident = found
            if record.state == "running" and record.lease_until is not None and record.lease_until > now:
                return None
            if IncidentState(incident.state) not in LOOKABLE:
                record.state, record.finished_at = "failed", now
                session.add(record)
                append(
                    session,
                    incident,
                    at=now,
                    actor="agentops",
                    kind="skipped",
                    text=f"Investigation not begun: the incident is {incident.state.replace('_', ' ')}",
                    details={"investigation": id, "question": record.question},
                )
                return None
            first = record.state == "queued"
            if first:
                one_at_a_time(session, "investigations")
                if not may_begin(session, record, self._budget, now):
                    # Another was first. With another time its next attempt has another name.
                    record.not_before = now + ONCE_MORE
                    session.add(record)
                    return None
                record.begun_at, record.waits_for = now, WaitsFor.NOTHING.value
            else:
                _tell_taken_over(session, incident, record, owner, now)
            record.state, record.started_at = "running", now
            _held_by(record, owner, now, lease)
            session.add(record)
            if first:
                if IncidentState(incident.state) is IncidentState.NEW:
                    move(session, incident, IncidentState.INVESTIGATING, now)
                asked = f" because {record.asked_by} asked" if record.asked_by else ""
                append(
                    session,
                    incident,
                    at=now,
                    actor=record.asked_by or "agentops",
                    kind="investigating",
                    text=f"Investigation begins{asked}",
                    details={"investigation": id, "question": record.question},
                )
            want(session, incident, MessageKind.PROGRESS, id)
            return Hold(record.fence, taken_over=not first)

    def hold(self, id: str, began: int | None, owner: str, now: datetime, lease: timedelta) -> Hold | None:
        """Keep for `lease` what was begun, to work on it now; None when it is another's or finished.

        `began` is the fence that `begin` answered. A process that carries on after a crash, its own or another's, comes
        with a fence that is long past; it gets the investigation once nobody's lease stands in the way.
        """
        with self._database.write() as session:
            found = _locked(session, id)
            if found is None or found[0].state != "running":
                return None
            record, incident = found
            moved_on = record.fence != began
            if moved_on and record.lease_until is not None and record.lease_until > now:
                return None
            # One killed right after it began leaves its fence to who carries on.
            taken_over = moved_on or record.owner != owner
            if taken_over:
                _tell_taken_over(session, incident, record, owner, now)
            record.started_at = now
            _held_by(record, owner, now, lease)
            session.add(record)
            return Hold(record.fence, taken_over)

    def renew(self, id: str, fence: int, now: datetime, lease: timedelta) -> bool:
        """A sign of life; False once another took it over."""
        with self._database.write() as session:
            ours = (col(InvestigationRecord.id) == id, col(InvestigationRecord.fence) == fence)
            running = col(InvestigationRecord.state) == "running"
            changed = session.exec(update(InvestigationRecord).where(*ours, running).values(lease_until=now + lease))
            return (
                changed.rowcount == 1 or session.exec(select(InvestigationRecord.id).where(*ours)).first() is not None
            )

    def progress(self, id: str, steps: Sequence[ProgressStep], fence: int | None = None) -> None:
        """Show how far it is."""
        with self._database.write() as session:
            ours = [col(InvestigationRecord.id) == id]
            if fence is not None:
                ours.append(col(InvestigationRecord.fence) == fence)
            changed = session.exec(
                update(InvestigationRecord)
                .where(*ours)
                .values(progress={"steps": [step.model_dump(mode="json") for step in steps]})
            )
            if changed.rowcount == 0:
                return
            session.exec(
                update(MessageRecord)
                .where(col(MessageRecord.kind) == MessageKind.PROGRESS.value, col(MessageRecord.subject) == id)
                .values(wanted_revision=col(MessageRecord.wanted_revision) + 1)
            )

    def finish(
        self, id: str, findings: Findings, proposals: Sequence[Proposal], now: datetime, fence: int | None = None
    ) -> bool:
        """Keep the findings and the proposals, want their messages, move the incident on. False if done before.

        A proposal that the policy forbids is kept in the timeline and shown as advice, without a button.
        """
        with self._database.write() as session:
            found = _running(session, id, fence)
            if found is None:
                return False
            record, incident = found
            record.state, record.finished_at, record.lease_until = "done", now, None
            # Through text: a figure may be NaN, which JSON has no number for and PostgreSQL refuses.
            record.findings = json.loads(findings.model_dump_json())
            record.cost_usd = float(findings.diagnosis.reasoner.cost_usd or 0)
            session.add(record)
            diagnosis = findings.diagnosis
            append(
                session,
                incident,
                at=now,
                actor=diagnosis.reasoner.name,
                kind="diagnosed",
                text=f"{diagnosis.root_cause.replace('_', ' ')}: {diagnosis.culprit.name} "
                f"({diagnosis.confidence} confidence)",
                details={"investigation": id, "retrain": diagnosis.retraining.retrain},
            )
            incident.changed_at = now
            incident.diagnosed_at, incident.onset = incident.diagnosed_at or now, incident.onset or diagnosis.onset
            for kind in (MessageKind.PROGRESS, MessageKind.CHART, MessageKind.DIAGNOSIS, MessageKind.EVIDENCE):
                want(session, incident, kind, id)
            want(session, incident, MessageKind.ROOT)
            if IncidentState(incident.state) not in LOOKABLE:
                return True
            # What is proposed once more keeps its card, its votes and its time.
            waiting = _pending(session, incident.id)
            kept = {old.id for old in waiting if any(says_the_same(old, one) for one in proposals)}
            there = {one.id for one in proposals if any(says_the_same(old, one) for old in waiting)}
            supersede(
                session,
                incident,
                "a newer diagnosis took its place",
                now,
                only=lambda one: _of_an_earlier_plan(one) and one.id not in kept,
            )
            added = [
                one
                for rank, one in enumerate(proposals, start=1)
                if one.id not in there
                and add_proposal(session, incident, one, Provenance(investigation_id=id, rank=rank), now)
            ]
            main = [one for one in added if one.remediation.kind not in SIDES]
            if main or pending(session, incident.id):
                move(session, incident, IncidentState.AWAITING_DECISION, now)
            else:
                self._nothing_to_decide(session, incident, id, findings, now)
            best = first_to_run(main)
            for one in added:
                if one is best or one.remediation.kind in SIDES:
                    let_run(session, incident, one, now)
            if IncidentState(incident.state) is IncidentState.MONITORING and not fires(session, incident.id):
                clear(session, incident, now)
            return True

    def _nothing_to_decide(
        self, session: Session, incident: IncidentRecord, id: str, findings: Findings, now: datetime
    ) -> None:
        want(session, incident, MessageKind.ADVICE, id)
        if IncidentState(incident.state) in {IncidentState.INVESTIGATING, IncidentState.AWAITING_DECISION}:
            move(session, incident, IncidentState.MONITORING, now)
        append(
            session,
            incident,
            at=now,
            actor="agentops",
            kind="nothing_proposed",
            text=findings.plan.explanation,
            details={"advice": [advice.value for advice in findings.diagnosis.advice]},
        )

    def fail(self, id: str, now: datetime, fence: int | None = None) -> None:
        """It could not be done at all; a person is told."""
        with self._database.write() as session:
            found = _running(session, id, fence)
            if found is None:
                return
            record, incident = found
            record.state, record.finished_at, record.lease_until = "failed", now, None
            session.add(record)
            incident.changed_at = now
            append(
                session,
                incident,
                at=now,
                actor="agentops",
                kind="investigation_failed",
                text="The investigation failed",
            )
            want(session, incident, MessageKind.FAILURE, id)
            if IncidentState(incident.state) is IncidentState.INVESTIGATING:
                move(session, incident, IncidentState.MONITORING, now)


def _pending(session: Session, incident_id: str) -> list[Proposal]:
    of = ProposalRecord
    query = select(of).where(col(of.incident_id) == incident_id, col(of.state) == ApprovalState.PENDING.value)
    return [proposal_of(record) for record in session.exec(query)]


def _of_an_earlier_plan(record: ProposalRecord) -> bool:
    """What a person asked for, and what follows from a change that was made, a new diagnosis does not take back."""
    return record.chosen_by is None and not record.body.get("follows")


def _locked(session: Session, id: str) -> tuple[InvestigationRecord, IncidentRecord] | None:
    """The investigation as it is once its incident is locked."""
    record = session.get(InvestigationRecord, id)
    if record is None:
        return None
    incident = locked_incident(session, record.incident_id)
    session.refresh(record)
    return record, incident


def _running(session: Session, id: str, fence: int | None) -> tuple[InvestigationRecord, IncidentRecord] | None:
    """The investigation while it runs, under this fence where one is given."""
    found = _locked(session, id)
    if found is None or found[0].state != "running" or (fence is not None and found[0].fence != fence):
        return None
    return found


def _held_by(record: InvestigationRecord, owner: str | None, now: datetime, lease: timedelta | None) -> None:
    record.owner, record.fence = owner, record.fence + 1
    record.lease_until = None if lease is None else now + lease


def _tell_taken_over(
    session: Session, incident: IncidentRecord, record: InvestigationRecord, owner: str | None, now: datetime
) -> None:
    append(
        session,
        incident,
        at=now,
        actor="agentops",
        kind="taken_over",
        text="The investigation was interrupted and is carried on",
        details={"investigation": record.id, "from": record.owner or "", "by": owner or ""},
    )
