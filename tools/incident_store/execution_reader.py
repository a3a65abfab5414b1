"""Reading executions and their verifications."""

from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import col, select

from incidents.execution import ExecutionState
from incidents.ledger import VerificationView
from incidents.risk import CHANGING
from tools.incident_store.reading import Reading
from tools.incident_store.tables import ExecutionRecord, VerificationRecord
from tools.incident_store.views import verification_view


class ExecutionReader(Reading):
    """Questions about changes."""

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
        finished_at, sent_at = col(ExecutionRecord.finished_at), col(ExecutionRecord.sent_at)
        # Each branch by an index of its own; coalesce(finished_at, sent_at) would read every execution there was.
        query = select(ExecutionRecord).where(
            (col(ExecutionRecord.state).in_(under_way) & col(ExecutionRecord.kind).in_(CHANGING))
            | (_changed_something() & (finished_at >= moment))
            | (_changed_something() & finished_at.is_(None) & (sent_at >= moment))
        )
        with self._database.read() as session:
            return list(session.exec(query.order_by(col(ExecutionRecord.created_at), col(ExecutionRecord.id))))

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

    def verification(self, execution_id: str) -> VerificationView:
        """One verification. Raises `LookupError`."""
        with self._database.read() as session:
            record = session.get(VerificationRecord, execution_id)
            if record is None:
                raise LookupError(execution_id)
            return verification_view(record)


def _changed_something() -> ColumnElement[bool]:
    """Sent, or perhaps sent; what only tells people is no change, and neither is a call that was refused."""
    refused = (col(ExecutionRecord.state) == ExecutionState.FAILED.value) & (col(ExecutionRecord.step) == 0)
    may_have_been = (
        col(ExecutionRecord.sent_at).is_not(None)
        | (col(ExecutionRecord.intent_at).is_not(None) & ~refused)
        | (col(ExecutionRecord.state) == ExecutionState.NEEDS_VERIFICATION.value)
    )
    return may_have_been & col(ExecutionRecord.kind).in_(CHANGING)
