"""Daily notes: one a channel and day, with the message that shows it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, select

from incidents.daily_note import DailyNote
from incidents.message import MessageKind
from tools.incident_store.daily_note_table import DailyNoteRecord
from tools.incident_store.database import Database
from tools.incident_store.slack_tables import MessageRecord

KEPT = timedelta(days=30)


class DailyNoteWriter:
    """Each method is one transaction."""

    def __init__(self, database: Database) -> None:
        """`database` is where the rows are."""
        self._database = database

    def untold(self, channels: Sequence[str], day: str) -> list[str]:
        """Those of the channels that have not been told on that day."""
        of = DailyNoteRecord
        with self._database.read() as session:
            told = set(session.exec(select(of.channel).where(col(of.day) == day)))
        return [channel for channel in channels if channel not in told]

    def tell(self, note: DailyNote, now: datetime) -> bool:
        """Keep the note and want its message; False where the channel has been told on that day."""
        insert = sqlite.insert if self._database.is_sqlite else postgresql.insert
        of = DailyNoteRecord
        row = {"channel": note.channel, "day": note.day, "facts": note.model_dump(mode="json"), "created_at": now}
        statement = insert(of).values(row).on_conflict_do_nothing(index_elements=["channel", "day"])
        with self._database.write() as session:
            id = session.connection().execute(statement.returning(col(of.id))).scalar()
            if id is None:
                return False
            session.add(
                MessageRecord(channel=note.channel, kind=MessageKind.DAILY_NOTE.value, subject=str(id), created_at=now)
            )
            session.exec(delete(of).where(col(of.created_at) < now - KEPT))
            return True

    def note(self, id: int) -> DailyNote | None:
        """What was told under that number."""
        with self._database.read() as session:
            found = session.get(DailyNoteRecord, id)
            return DailyNote.model_validate(found.facts) if found is not None else None
