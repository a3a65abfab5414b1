"""Which Slack messages are due: a few of each channel and rank, found by index however many wait.

Of a thread only the oldest message that is not posted yet can go; it is found here and not by the reader of the rows,
so that a thread with a thousand messages hides no other.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Integer,
    Row,
    Select,
    Subquery,
    bindparam,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from incidents.message import MessageKind, OutboxMessage, Priority, UpdateRank, update_rank
from tools.incident_store.slack_tables import MessageRecord
from tools.incident_store.table import UtcDateTime

of = MessageRecord
_root = aliased(MessageRecord, name="root")
_sibling = aliased(MessageRecord, name="sibling")


def _called(column: Any, name: str) -> ColumnElement[Any]:
    return col(column).label(name)


LEAST = 5
"""Of each channel, however many channels there are: Slack takes a burst of three."""
_GIVEN_UP = "NOT {table}.given_up"
"""Spelled as in the partial indexes: SQLite uses one only where it finds its very words."""
_NOT_HELD: ColumnElement[bool] = literal_column("NOT message.held")
_OUT_OF_DATE: ColumnElement[bool] = literal_column("message.wanted_revision > message.sent_revision")
_COLUMNS: tuple[Any, ...] = (
    col(of.id),
    col(of.channel),
    col(of.posted_channel),
    col(of.kind),
    col(of.incident_id),
    col(of.subject),
    col(of.priority),
    col(of.root_id),
    col(of.ts),
    col(of.wanted_revision),
    col(of.sent_revision),
    col(of.attempts),
    col(of.sent_at),
    col(of.begun_by),
    col(of.begun_at),
    _called(_root.ts, "root_ts"),
    _called(_root.posted_channel, "root_channel"),
)


def _with_its_root() -> Select[*tuple[Any, ...]]:
    return select(*_COLUMNS).select_from(of).outerjoin(_root, col(of.root_id) == col(_root.id))


def _in_time() -> ColumnElement[bool]:
    return (col(of.not_before).is_(None)) | (col(of.not_before) <= bindparam("now", type_=UtcDateTime))


def _not_given_up(table: str) -> ColumnElement[bool]:
    return literal_column(_GIVEN_UP.format(table=table))


def _channels() -> Select[str]:
    return (
        select(col(of.channel))
        .where(col(of.ts).is_(None), _not_given_up("message"), _NOT_HELD)
        .group_by(col(of.channel))
        .order_by(col(of.channel))
    )


def _posts() -> Select[*tuple[Any, ...]]:
    before_it = select(col(_sibling.id)).where(
        col(_sibling.root_id) == col(of.root_id),
        col(_sibling.id) < col(of.id),
        col(_sibling.ts).is_(None),
        _not_given_up("sibling"),
    )
    return (
        _with_its_root()
        .where(
            col(of.channel) == bindparam("channel"),
            col(of.ts).is_(None),
            _not_given_up("message"),
            _NOT_HELD,
            _in_time(),
            (col(of.root_id).is_(None)) | (col(_root.ts).is_not(None)),
            ~before_it.exists(),
        )
        .order_by(col(of.priority), col(of.id))
        .limit(bindparam("limit", type_=Integer))
    )


def _updates() -> CompoundSelect[*tuple[Any, ...]]:
    ranks = [
        _oldest(union_all(*(select(_updates_of(kind)) for kind in MessageKind if update_rank(kind) is rank)).subquery())
        for rank in UpdateRank
    ]
    return union_all(*(select(rank) for rank in ranks))


def _updates_of(kind: MessageKind) -> Subquery:
    """Kind by kind, since only so the index has them in order: else PostgreSQL reads and sorts all that wait."""
    found = _with_its_root().where(
        col(of.kind) == literal_column(f"'{kind.value}'"),
        col(of.ts).is_not(None),
        _OUT_OF_DATE,
        _not_given_up("message"),
        _NOT_HELD,
        _in_time(),
    )
    return found.order_by(col(of.sent_at)).limit(bindparam("limit", type_=Integer)).subquery()


def _oldest(found: Subquery) -> Subquery:
    return select(found).order_by(found.c.sent_at).limit(bindparam("limit", type_=Integer)).subquery()


_CHANNELS, _POSTS, _UPDATES = _channels(), _posts(), _updates()
"""Built once: building them takes longer than running them."""


def posts(session: Session, now: datetime, limit: int) -> Iterator[OutboxMessage]:
    """The first messages of each channel that may be posted, one a thread: by priority, then by age.

    About `limit` in all; of each channel at least `LEAST`.
    """
    connection = session.connection()
    channels = connection.scalars(_CHANNELS).all()
    each = max(LEAST, limit // max(1, len(channels)))
    for channel in channels:
        yield from map(message_of, connection.execute(_POSTS, {"channel": channel, "now": now, "limit": each}))


def updates(session: Session, now: datetime, limit: int) -> list[OutboxMessage]:
    """Of each rank the `limit` posted messages out of date that were touched longest ago, by rank."""
    found = session.connection().execute(_UPDATES, {"now": now, "limit": limit})
    return sorted(map(message_of, found), key=lambda message: update_rank(message.kind))


def to_look_for(session: Session, now: datetime, limit: int) -> list[OutboxMessage]:
    """Posted messages of which a double may stand in Slack, and whose time to be searched for has come."""
    query = _with_its_root().where(col(of.look_at) <= now, col(of.ts).is_not(None)).order_by(col(of.look_at))
    return [message_of(row) for row in session.connection().execute(query.limit(limit))]


def message_of(row: Row[Any]) -> OutboxMessage:
    """The row as the outbox sees it; the channel is the id that Slack gave it, once it is known."""
    return OutboxMessage(
        id=row.id,
        channel=row.posted_channel or row.root_channel or row.channel,
        kind=MessageKind(row.kind),
        incident_id=row.incident_id,
        subject=row.subject,
        priority=Priority(row.priority),
        root_id=row.root_id,
        root_ts=row.root_ts,
        ts=row.ts,
        wanted_revision=row.wanted_revision,
        sent_revision=row.sent_revision,
        attempts=row.attempts,
        sent_at=row.sent_at,
        begun_by=row.begun_by,
        begun_at=row.begun_at,
    )
