"""What became of each Slack message, and whose turn it is to send.

One process sends at a time, since Slack counts by channel whoever calls. Before each call it notes that it begins, in
one transaction with a look at its fence: what another process finds begun and not ended may stand in Slack.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from incidents.message import OutboxMessage, SendingTurn
from tools.incident_store import due_messages
from tools.incident_store.database import Database
from tools.incident_store.replica_tables import LeaseRecord
from tools.incident_store.slack_tables import MessageRecord, SlackHoldRecord
from tools.incident_store.writer.leases import LeaseWriter
from tools.incident_store.writer.messages import NO_THREAD

LEASE = "outbox"


class OutboxWriter:
    """The sender's side of the messages. Each method is one transaction."""

    def __init__(self, database: Database) -> None:
        """`database` is where the rows are."""
        self._database = database
        self._leases = LeaseWriter(database)

    def take_turn(self, owner: str, now: datetime, lease: timedelta) -> int | None:
        """Begin or go on to be the one who sends, until `now + lease`: the fence, None while it is another's turn."""
        return self._leases.take(LEASE, owner, now, lease)

    def end_turn(self, owner: str, fence: int, now: datetime) -> None:
        """Let another send at once."""
        self._leases.release(LEASE, owner, fence, now)

    def due(self, now: datetime, limit: int) -> list[OutboxMessage]:
        """What should be sent now: about `limit` first posts, then at most `limit` updates of each rank.

        Of a thread only the oldest message not yet posted is due, a reply only once its thread's first message is
        posted. Posts come by priority and age, updates by rank and by how long ago the message was touched.
        """
        with self._database.read() as session:
            return [*due_messages.posts(session, now, limit), *due_messages.updates(session, now, limit)]

    def begin(self, message: OutboxMessage, turn: SendingTurn, now: datetime, look_at: datetime | None) -> bool:
        """Note that `message` is about to leave. False: the turn is over, or the row is not what it was; do not send.

        With `look_at` Slack will be searched for a double then.
        """
        with self._database.write() as session:
            if not _holds(session, turn, now):
                return False
            values: dict[str, object] = {
                "begun_by": turn.instance,
                "begun_at": func.coalesce(col(MessageRecord.begun_at), now),
            }
            if look_at is not None:
                values["look_at"] = look_at
            as_it_was = col(MessageRecord.ts).is_(None) if message.ts is None else col(MessageRecord.ts) == message.ts
            changed = session.exec(
                update(MessageRecord)
                .where(col(MessageRecord.id) == message.id, as_it_was, col(MessageRecord.given_up).is_(False))
                .values(**values)
            )
            return changed.rowcount == 1

    def sent(self, id: int, revision: int, ts: str, at: datetime, channel: str | None = None) -> str:
        """`revision` of the message stands in Slack as `ts`; `channel` is the id Slack answered with.

        Returns the ts that the message has now: another than `ts` means that it was posted before, and that `ts` is a
        double. An older revision that arrives over a newer one makes the message due again.
        """
        with self._database.write() as session:
            record = session.exec(select(MessageRecord).where(col(MessageRecord.id) == id).with_for_update()).first()
            if record is None:
                return ts
            if record.ts is not None and record.ts != ts:
                return record.ts
            if revision < record.sent_revision:
                record.wanted_revision += 1
            else:
                record.ts, record.sent_revision, record.sent_at = ts, revision, at
                record.attempts, record.error, record.not_before = 0, "", None
                record.begun_by = record.begun_at = None
                record.posted_channel = channel or record.posted_channel
            session.add(record)
            return ts

    def failed(self, id: int, error: str, retry_at: datetime) -> None:
        """It could not be sent; try again at `retry_at`."""
        with self._database.write() as session:
            session.exec(
                update(MessageRecord)
                .where(col(MessageRecord.id) == id)
                .values(error=error, not_before=retry_at, attempts=col(MessageRecord.attempts) + 1)
            )

    def given_up(self, id: int, error: str) -> None:
        """It can never be sent as it is; `error` says why. Replies to a first post that never stood end with it."""
        of = MessageRecord
        with self._database.write() as session:
            session.exec(update(of).where(col(of.id) == id).values(error=error, given_up=True))
            never = select(of.id).where(col(of.id) == id, col(of.ts).is_(None)).scalar_subquery()
            replies = update(of).where(col(of.root_id) == never, col(of.ts).is_(None), col(of.given_up).is_(False))
            options = {"synchronize_session": False}
            session.exec(replies.values(error=NO_THREAD, given_up=True).execution_options(**options))

    def to_look_for(self, now: datetime, limit: int) -> list[OutboxMessage]:
        """Messages of which a double may stand in Slack by now."""
        with self._database.read() as session:
            return due_messages.to_look_for(session, now, limit)

    def looked(self, id: int, again_at: datetime | None, *, show_again: bool) -> None:
        """Slack was searched for doubles of it; search again at `again_at`. `show_again`: it is to be updated, too."""
        with self._database.write() as session:
            more = 1 if show_again else 0
            session.exec(
                update(MessageRecord)
                .where(col(MessageRecord.id) == id)
                .values(look_at=again_at, wanted_revision=col(MessageRecord.wanted_revision) + more)
            )

    def hold(self, what: str, until: datetime) -> None:
        """Slack asked to wait with `what`, whoever calls."""
        insert = sqlite.insert if self._database.is_sqlite else postgresql.insert
        with self._database.write() as session:
            session.exec(delete(SlackHoldRecord).where(col(SlackHoldRecord.until) < until - timedelta(days=1)))
            statement = insert(SlackHoldRecord).values(what=what, until=until)
            session.connection().execute(
                statement.on_conflict_do_update(index_elements=["what"], set_={"until": statement.excluded.until})
            )

    def holds(self, now: datetime) -> list[tuple[str, datetime]]:
        """What Slack asked to wait with and until when, as far as it is not over."""
        with self._database.read() as session:
            return [
                (one.what, one.until)
                for one in session.exec(select(SlackHoldRecord).where(col(SlackHoldRecord.until) > now))
            ]

    def latest_posts(self, limit: int) -> Sequence[tuple[str, str, str]]:
        """The latest posts, newest first: our name of the channel, Slack's id of it, and the ts."""
        of = MessageRecord
        with self._database.read() as session:
            return session.exec(
                select(of.channel, func.coalesce(of.posted_channel, of.channel), func.coalesce(of.ts, ""))
                .where(col(of.ts).is_not(None))
                .order_by(col(of.ts).desc())
                .limit(limit)
            ).all()


def _holds(session: Session, turn: SendingTurn, now: datetime) -> bool:
    found = session.exec(
        select(LeaseRecord.name)
        .where(
            col(LeaseRecord.name) == LEASE,
            col(LeaseRecord.owner) == turn.owner,
            col(LeaseRecord.fence) == turn.fence,
            col(LeaseRecord.until) > now,
        )
        # Whoever takes the lease waits for this transaction, and sees then what it began.
        .with_for_update(read=True)
    ).first()
    return found is not None
