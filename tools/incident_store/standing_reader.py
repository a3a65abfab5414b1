"""How things stand right now, in a few cheap reads: what waits and since when. For the bot's own metrics.

Every read goes by an index over the few rows that are not done yet, so that a hundred thousand past incidents cost
nothing; a test looks at the query plans.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, literal_column
from sqlmodel import Session, col, func, select

from incidents.approval import ApprovalState
from incidents.execution import ExecutionState
from incidents.incident import LIVE_STATES
from tools.incident_store.investigation_queue import spent
from tools.incident_store.reading import Reading
from tools.incident_store.replica_tables import ReplicaRecord
from tools.incident_store.slack_tables import ClickRecord, MessageRecord
from tools.incident_store.tables import (
    AlertRecord,
    ExecutionRecord,
    IncidentRecord,
    InvestigationRecord,
    ProposalRecord,
    StormRecord,
)


@dataclass(frozen=True)
class Waiting:
    """How many rows wait, and since when the oldest does; None where none waits."""

    count: int
    since: datetime | None = None

    def age(self, now: datetime) -> float:
        """Seconds that the oldest has waited; 0 where none waits or its time has not come yet."""
        return max(0.0, (now - self.since).total_seconds()) if self.since is not None else 0.0


@dataclass(frozen=True)
class Standing:
    """What waits.

    Attributes:
        alerts: alerts whose latest change has no place in an incident yet. `since` counts new alerts only: when a known
            one changed is not kept.
        investigations: queued and due, since they are due.
        running: investigations under way, since their start.
        messages: Slack messages that are not sent in their latest revision. `since` counts first posts only.
        held: messages of threads that a storm holds back.
        executions: queued or executing, since they were approved.
        unsure: executions at `needs_verification` whose incident is still open, since they ended there.
        approvals: proposals that wait for people, since they were made.
        clicks: deliveries from Slack that are stored and not dealt with.
        live_incidents: open incidents by (state, severity).
        replicas: processes whose heartbeat is fresh.
        llm_cost_usd: what language models cost within the last hour, as the budget counts it.
        storms: storms under way; flapping: open incidents that flap.
    """

    alerts: Waiting
    investigations: Waiting
    running: Waiting
    messages: Waiting
    held: Waiting
    executions: Waiting
    unsure: Waiting
    approvals: Waiting
    clicks: Waiting
    live_incidents: Mapping[tuple[str, str], int]
    replicas: int
    llm_cost_usd: float
    storms: int
    flapping: int


class StandingReader(Reading):
    """Questions about everything that is not done yet."""

    def standing(self, now: datetime, fresh: timedelta) -> Standing:
        """How things stand at `now`; `fresh` is how old a living replica's heartbeat may be."""
        with self._database.read() as session:
            return Standing(
                alerts=_alerts(session),
                investigations=_queued(session, now),
                running=_running(session),
                messages=_messages(session, held=False),
                held=_messages(session, held=True),
                executions=_executions(session),
                unsure=_unsure(session),
                approvals=_approvals(session),
                clicks=_clicks(session),
                live_incidents=_live_incidents(session),
                replicas=_replicas(session, now - fresh),
                llm_cost_usd=spent(session, now),
                storms=session.exec(select(func.count()).where(col(StormRecord.ended_at).is_(None))).one(),
                flapping=_flapping(session),
            )


_NOT_GIVEN_UP: ColumnElement[bool] = literal_column("NOT message.given_up")


def _alerts(session: Session) -> Waiting:
    of = AlertRecord
    unhandled = col(of.revision) > col(of.handled_revision)
    count = session.exec(select(func.count()).select_from(of).where(unhandled)).one()
    since = session.exec(select(func.min(of.received_at)).where(unhandled, col(of.handled_revision) == 0)).one()
    return Waiting(count, since)


def _queued(session: Session, now: datetime) -> Waiting:
    of = InvestigationRecord
    query = select(func.count(), func.min(of.not_before)).where(col(of.state) == "queued", col(of.not_before) <= now)
    return Waiting(*session.exec(query).one())


def _running(session: Session) -> Waiting:
    of = InvestigationRecord
    return Waiting(*session.exec(select(func.count(), func.min(of.started_at)).where(col(of.state) == "running")).one())


def _messages(session: Session, *, held: bool) -> Waiting:
    of = MessageRecord
    # Spelled as in the partial index: SQLite uses one only where it finds its very words.
    due = (col(of.wanted_revision) > col(of.sent_revision)) & _NOT_GIVEN_UP & col(of.held).is_(held)
    count = session.exec(select(func.count()).select_from(of).where(due)).one()
    since = session.exec(select(func.min(of.created_at)).where(due, col(of.sent_revision) == 0)).one()
    return Waiting(count, since)


def _executions(session: Session) -> Waiting:
    of = ExecutionRecord
    under_way = [ExecutionState.QUEUED.value, ExecutionState.EXECUTING.value]
    query = select(func.count(), func.min(of.created_at)).where(col(of.state).in_(under_way))
    return Waiting(*session.exec(query).one())


def _unsure(session: Session) -> Waiting:
    of = ExecutionRecord
    query = (
        select(func.count(), func.min(of.finished_at))
        .join(IncidentRecord, col(IncidentRecord.id) == col(of.incident_id))
        .where(
            col(of.state) == ExecutionState.NEEDS_VERIFICATION.value,
            col(IncidentRecord.state).in_(sorted(LIVE_STATES)),
        )
    )
    return Waiting(*session.exec(query).one())


def _approvals(session: Session) -> Waiting:
    of = ProposalRecord
    query = select(func.count(), func.min(of.created_at)).where(col(of.state) == ApprovalState.PENDING.value)
    return Waiting(*session.exec(query).one())


def _clicks(session: Session) -> Waiting:
    of = ClickRecord
    query = select(func.count(), func.min(of.received_at)).where(col(of.handled_at).is_(None))
    return Waiting(*session.exec(query).one())


def _live_incidents(session: Session) -> dict[tuple[str, str], int]:
    of = IncidentRecord
    query = (
        select(of.state, of.severity, func.count())
        .where(col(of.state).in_(sorted(LIVE_STATES)))
        .group_by(col(of.state), col(of.severity))
    )
    return {(state, severity): count for state, severity, count in session.exec(query)}


def _flapping(session: Session) -> int:
    of = IncidentRecord
    query = select(func.count()).where(col(of.flapping_since).is_not(None), col(of.state).in_(sorted(LIVE_STATES)))
    return session.exec(query).one()


def _replicas(session: Session, since: datetime) -> int:
    of = ReplicaRecord
    query = select(func.count()).where(col(of.state) == "running", col(of.seen_at) >= since)
    return session.exec(query).one()
