"""Which investigations may begin now, which wait for what, and what the last hour has cost. Counted from rows."""

from datetime import datetime

from sqlalchemy import select as select_columns
from sqlmodel import Session, col, func, select

from incidents.alert import Severity
from incidents.budget import HOUR, Candidate, InvestigationBudget, Turn, WaitsFor, next_in_turn
from tools.incident_store.answer_table import AnswerCostRecord
from tools.incident_store.tables import IncidentRecord, InvestigationRecord

LOOKED_AT = 5_000
"""Queued investigations that are ranked in one go, the oldest first."""


def turn(session: Session, budget: InvestigationBudget, now: datetime) -> Turn:
    """Who may begin, best first, and what the others wait for. An incident is looked at by one at a time."""
    of, incident = InvestigationRecord.metadata.tables["investigation"].c, IncidentRecord.metadata.tables["incident"].c
    columns = (of.id, of.incident_id, of.created_at, of.asked_by, incident.severity, incident.tier)
    busy = select_columns(of.incident_id).where(of.state == "running")
    rows = session.connection().execute(
        select_columns(*columns)
        .join(incident.id.table, incident.id == of.incident_id)
        .where(of.state == "queued", of.not_before <= now, of.incident_id.not_in(busy))
        .order_by(of.not_before)
        .limit(LOOKED_AT)
    )
    one_each: dict[str, Candidate] = {}
    for row in rows:
        one = Candidate(row.id, Severity(row.severity), row.tier, row.created_at, row.asked_by is not None)
        other = one_each.get(row.incident_id)
        # A question and a look that nobody asked for, in one incident: the question first, the other after it.
        if other is None or (one.asked and not other.asked):
            one_each[row.incident_id] = one
    if not one_each:
        return Turn((), ())
    return next_in_turn(budget, one_each.values(), running=running(session), begun=begun_since(session, now))


def may_begin(session: Session, record: InvestigationRecord, budget: InvestigationBudget, now: datetime) -> bool:
    """Is there still room for it? Others may have begun since it was chosen."""
    if running(session) >= budget.at_once:
        return False
    return record.asked_by is not None or begun_since(session, now) < budget.per_hour


def running(session: Session) -> int:
    """How many are under way."""
    return session.exec(select(func.count()).where(col(InvestigationRecord.state) == "running")).one()


def begun_since(session: Session, now: datetime) -> int:
    """How many were begun within the last hour."""
    return session.exec(select(func.count()).where(col(InvestigationRecord.begun_at) > now - HOUR)).one()


def spent(session: Session, now: datetime) -> float:
    """What language models have cost within the last hour, in USD: investigations that ended, and answers."""
    of, answer = InvestigationRecord, AnswerCostRecord
    looks = select(func.coalesce(func.sum(col(of.cost_usd)), 0.0)).where(
        col(of.begun_at) > now - 2 * HOUR, col(of.finished_at) > now - HOUR
    )
    answers = select(func.coalesce(func.sum(col(answer.cost_usd)), 0.0)).where(col(answer.at) > now - HOUR)
    return float(session.exec(looks).one()) + float(session.exec(answers).one())


def waiting(session: Session) -> dict[WaitsFor, int]:
    """How many wait for their turn although they could run, by what they wait for."""
    of = InvestigationRecord
    query = (
        select(of.waits_for, func.count())
        .where(col(of.state) == "queued", col(of.waits_for) != WaitsFor.NOTHING.value)
        .group_by(of.waits_for)
    )
    return {WaitsFor(reason): count for reason, count in session.exec(query)}
