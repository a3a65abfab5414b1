"""The timeline as rows, for an audit: what somebody tampered with must be told of, not stumbled over."""

from pydantic import ValidationError
from sqlalchemy.exc import StatementError
from sqlmodel import Session, col, select

from incidents.audit import Chain, ChainHead, Unreadable
from incidents.timeline import TimelineEntry
from tools.incident_store.records import entry_of
from tools.incident_store.tables import IncidentRecord, TimelineRecord


def chain_of(session: Session, incident_id: str) -> Chain:
    """Every entry by its number, with the length and the head that the incident's row keeps.

    `session` must be a snapshot, or an entry written meanwhile would look like a break. Raises `LookupError`.
    """
    of = IncidentRecord
    row = session.exec(select(of.chain_length, of.chain_head).where(col(of.id) == incident_id)).one_or_none()
    if row is None:
        raise LookupError(incident_id)
    length, head = row
    return Chain(
        incident_id=incident_id, kept=ChainHead(length=length, head=head), entries=_entries(session, incident_id)
    )


def _entries(session: Session, incident_id: str) -> tuple[TimelineEntry | Unreadable, ...]:
    of = TimelineRecord
    query = select(of).where(col(of.incident_id) == incident_id).order_by(col(of.number))
    try:
        return tuple(entry_of(record) for record in session.exec(query))
    except (ValueError, TypeError, StatementError, ValidationError):
        # One of them cannot be read at all: read each by itself to name it. Never the way of a timeline in order.
        keys = session.exec(select(of.id, of.number).where(col(of.incident_id) == incident_id).order_by(col(of.number)))
        return tuple(_entry(session, key, number) for key, number in keys.all())


def _entry(session: Session, key: int | None, number: int) -> TimelineEntry | Unreadable:
    try:
        return entry_of(session.exec(select(TimelineRecord).where(col(TimelineRecord.id) == key)).one())
    except (ValueError, TypeError, StatementError, ValidationError):
        return Unreadable(number=number)
