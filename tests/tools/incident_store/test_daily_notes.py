"""One note a channel and day, whoever writes it, and its message."""

from datetime import timedelta

from sqlmodel import select

from incidents.daily_note import DailyNote, ModelDay
from incidents.message import MessageKind
from tests.incidents.builders import START
from tests.tools.incident_store.stage import Stage, at_once
from tools.incident_store.daily_note_table import DailyNoteRecord
from tools.incident_store.slack_tables import MessageRecord


def note(channel: str = "ml-incidents", day: str = "2026-11-20") -> DailyNote:
    models = (ModelDay(model="fraud-detector", signals=()),)
    return DailyNote(channel=channel, day=day, since=START - timedelta(days=1), until=START, models=models)


def messages(stage: Stage) -> list[tuple[str, str | None]]:
    with stage.database.read() as session:
        rows = session.exec(select(MessageRecord)).all()
    return [(row.channel, row.incident_id) for row in rows if row.kind == MessageKind.DAILY_NOTE.value]


def test_of_replicas_that_tell_at_once_one_does(stage: Stage) -> None:
    notes = stage.writer.daily_notes
    assert sorted(at_once(*[lambda: notes.tell(note(), START)] * 4)) == [False, False, False, True]
    assert messages(stage) == [("ml-incidents", None)]


def test_a_channel_is_told_once_on_each_day_and_the_note_is_kept_as_it_was(stage: Stage) -> None:
    notes = stage.writer.daily_notes
    assert notes.untold(["ml-incidents", "ml-platform"], "2026-11-20") == ["ml-incidents", "ml-platform"]
    assert notes.tell(note(), START)
    assert notes.untold(["ml-incidents", "ml-platform"], "2026-11-20") == ["ml-platform"]
    assert notes.tell(note(day="2026-11-21"), START + timedelta(days=1))
    with stage.database.read() as session:
        first, _ = session.exec(select(DailyNoteRecord)).all()
    assert notes.note(first.id or 0) == note()
    assert notes.note(999) is None


def test_its_message_is_due_though_it_is_of_no_incident(stage: Stage) -> None:
    stage.writer.daily_notes.tell(note(), START)
    (due,) = stage.writer.outbox.due(START, 10)
    assert (due.kind, due.channel, due.incident_id) == (MessageKind.DAILY_NOTE, "ml-incidents", None)
    found = stage.writer.daily_notes.note(int(due.subject))
    assert found == note()


def test_old_notes_are_not_kept(stage: Stage) -> None:
    stage.writer.daily_notes.tell(note(), START)
    stage.writer.daily_notes.tell(note(day="2026-12-31"), START + timedelta(days=41))
    with stage.database.read() as session:
        assert [row.day for row in session.exec(select(DailyNoteRecord)).all()] == ["2026-12-31"]
