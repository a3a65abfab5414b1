"""The audit of a timeline over rows, as somebody with access to the database would change them."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import text

from incidents.audit import AuditResult, anchor_of, verify
from incidents.execution import ExecutionState
from tests.incidents.builders import later
from tests.tools.incident_store.stage import LEASE, Stage
from tools.incident_store.chain_reader import chain_of
from tools.incident_store.database import Database
from tools.incident_store.reader import StoreReader
from tools.incident_store.tables import TimelineRecord
from tools.incident_store.writer.timeline import append, locked_incident


@pytest.fixture
def incident_id(stage: Stage) -> str:
    """An incident that was told of from alert to a finished execution, a refusal among it."""
    incident_id = stage.awaiting()
    stage.writer.decisions.refuse("p1", "USTRANGER", "not an approver", later(seconds=20, microseconds=123_456))
    assert stage.approve(at=later(minutes=1, microseconds=1)).result == "approved"
    fence = stage.writer.executions.claim("xp1", "bot-1", later(minutes=2), LEASE)
    assert fence is not None and stage.writer.executions.intend("xp1", fence, 0, later(minutes=2))
    sent: dict[str, Any] = {"request": {"weight": 0.1, "Ünïcode": "模型", "b": 1, "a": [1e22, -0.0, None]}}
    stage.writer.executions.sent(
        "xp1",
        fence,
        0,
        result={},
        progress="sent",
        text="sent",
        details=sent,
        now=later(minutes=2),
        next_step_at=later(minutes=3),
    )
    stage.writer.executions.finish("xp1", fence, ExecutionState.SUCCEEDED, text="done", now=later(minutes=4))
    return incident_id


@pytest.fixture
def run(database: Database) -> Callable[..., None]:
    def statement(sql: str, **values: Any) -> None:
        with database.write() as session:
            session.connection().execute(text(sql), values)

    return statement


def audited(database: Database, incident_id: str) -> AuditResult:
    return verify(StoreReader(database).chain(incident_id))


def fault(database: Database, incident_id: str) -> tuple[int, str] | None:
    found = audited(database, incident_id).broken
    return (found.number, found.fault) if found else None


def test_an_untouched_timeline_is_intact(database: Database, incident_id: str, stage: Stage) -> None:
    result = audited(database, incident_id)
    assert result.intact and result.length == len(stage.told(incident_id)) > 8
    with pytest.raises(LookupError):
        audited(database, "INC-404")


# By column: what it is set to, and what the audit says of it.
COLUMNS: dict[str, tuple[str, str]] = {
    "at": ("'2026-11-20 12:00:00.000001+00:00'", "changed"),
    "actor": ("'UOTHER'", "changed"),
    "kind": ("'denied'", "changed"),
    "text": ("text || ' '", "changed"),
    "details": ("""'{"proposal": "p2"}'""", "changed"),
    "previous": (f"'{'f' * 64}'", "changed"),
    "hash": (f"'{'f' * 64}'", "changed"),
    "number": ("number + 1000", "missing"),
    "incident_id": ("'INC-2'", "missing"),
}


def test_every_column_is_tried() -> None:
    assert set(COLUMNS) == {column.name for column in TimelineRecord.__table__.columns} - {"id"}  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType] sqlmodel does not declare it


@pytest.mark.parametrize("column", COLUMNS)
def test_a_changed_column_is_found_at_its_entry(
    column: str, database: Database, incident_id: str, run: Callable[..., None]
) -> None:
    length = audited(database, incident_id).length
    value, expected = COLUMNS[column]
    run("CREATE TABLE kept AS SELECT * FROM timeline")
    try:
        for number in range(1, length + 1):
            cut = column in {"number", "incident_id"} and number == length
            run(f'UPDATE timeline SET "{column}" = {value} WHERE number = :n', n=number)  # noqa: S608 - the test's own words
            wanted = "cut_off" if cut and column == "incident_id" else expected
            assert fault(database, incident_id) == (number, wanted), (column, number)
            run("DELETE FROM timeline")
            run("INSERT INTO timeline SELECT * FROM kept")
    finally:
        run("DROP TABLE kept")
    assert audited(database, incident_id).intact


def test_rows_that_are_no_entries_any_more_are_named_and_not_stumbled_over(
    database: Database, incident_id: str, run: Callable[..., None]
) -> None:
    run("UPDATE timeline SET details = :it WHERE number = 3", it="[1]")
    assert fault(database, incident_id) == (3, "changed")
    if database.is_sqlite:  # PostgreSQL does not take these
        for column in ("details", "at"):
            run(f'UPDATE timeline SET "{column}" = :it WHERE number = 2', it="{not json")  # noqa: S608 - the test's own words
            assert fault(database, incident_id) == (2, "changed")


def test_details_written_otherwise_and_saying_the_same_are_no_break(
    database: Database, incident_id: str, run: Callable[..., None]
) -> None:
    """What a copy of the database, or another driver, may do to them."""
    entry = next(e for e in StoreReader(database).timeline(incident_id) if e.kind == "call_sent")
    request = '"request": {"a": [1e+22, -0.0, null], "b": 1, "\\u00dcn\\u00efcode": "\\u6a21\\u578b", "weight": 0.10}'
    run(
        "UPDATE timeline SET details = :it WHERE number = :n",
        it=f' {{ {request}, "fence": {entry.details["fence"]}, "call": 1, "execution": "xp1" }} ',
        n=entry.number,
    )
    assert audited(database, incident_id).intact


def test_removed_entries_are_missing_and_a_cut_tail_shows_by_the_row(
    database: Database, incident_id: str, run: Callable[..., None]
) -> None:
    length = audited(database, incident_id).length
    run("DELETE FROM timeline WHERE number = :n", n=length)
    assert fault(database, incident_id) == (length, "cut_off")
    run("DELETE FROM timeline WHERE number = 3")
    assert fault(database, incident_id) == (3, "missing")
    run("DELETE FROM timeline")
    assert fault(database, incident_id) == (1, "cut_off")


def test_a_cut_tail_with_its_row_fitted_shows_only_by_an_anchor_from_slack(
    database: Database, incident_id: str, stage: Stage, run: Callable[..., None]
) -> None:
    entries = stage.reader.timeline(incident_id)
    run("DELETE FROM timeline WHERE number > 4")
    run("UPDATE incident SET chain_length = 4, chain_head = :head", head=entries[3].hash)
    chain = stage.reader.chain(incident_id)
    assert verify(chain).intact
    found = verify(chain, [anchor_of(entries[-1])]).broken
    assert found is not None and (found.number, found.fault) == (len(entries), "not_as_shown")


def test_entries_that_swapped_places_are_found(database: Database, incident_id: str, run: Callable[..., None]) -> None:
    run("UPDATE timeline SET number = -1 WHERE number = 3")
    run("UPDATE timeline SET number = 3 WHERE number = 4")
    run("UPDATE timeline SET number = 4 WHERE number = -1")
    assert fault(database, incident_id) == (3, "changed")


@pytest.mark.parametrize(("column", "value"), [("chain_length", "2"), ("chain_head", f"'{'e' * 64}'")])
def test_a_changed_row_of_the_incident_is_found(
    column: str, value: str, database: Database, incident_id: str, run: Callable[..., None]
) -> None:
    run(f"UPDATE incident SET {column} = {value}")  # noqa: S608 - the test's own words
    assert fault(database, incident_id) in {(3, "added"), (audited(database, incident_id).length, "rewritten")}


def test_anything_that_may_be_appended_is_read_back_as_it_was_hashed(
    database: Database, incident_id: str, stage: Stage
) -> None:
    odd: dict[str, Any] = {
        "zeta": 1,
        "alpha": {"b": [0.1 + 0.2, 1e-7, 1e308, -0.0, 2**70], "ä": "\u202e\ud83d\ude00 🙂"},
        "nul\0": "a\0b",
        "not a number": [float("nan"), float("inf")],
        "when": later(microseconds=999_999),
        "pair": (1, (2, 3)),
        "words": frozenset({"b", "a"}),
        "half": "\ud800",
        "by number": {10: "ten", 9: "nine"},
    }
    moments: list[datetime] = [
        later(microseconds=1),
        later(microseconds=999_999).astimezone(timezone(timedelta(hours=-9, minutes=-30))),
        later(days=400).replace(microsecond=0),
    ]
    for at in moments:
        with database.write() as session:
            incident = locked_incident(session, incident_id)
            append(session, incident, at=at, actor="U\0", kind="note", text="nul \0 half \udc00 – ok", details=odd)
    result = audited(database, incident_id)
    assert result.broken is None
    last = stage.reader.timeline(incident_id)[-1]
    assert last.details["not a number"] == ["nan", "inf"] and last.details["alpha"]["b"][0] == 0.1 + 0.2
    assert last.at == moments[-1]


def test_entries_written_while_the_audit_reads_are_no_break(database: Database, incident_id: str) -> None:
    """What is appended between two reads of one audit must not look like a change."""
    with database.snapshot() as session:
        before = chain_of(session, incident_id)
        with database.write() as other:
            append(other, locked_incident(other, incident_id), at=later(hours=1), actor="a", kind="note", text="late")
        again = chain_of(session, incident_id)
    assert verify(before).intact and again.entries == before.entries and verify(again).intact
    assert audited(database, incident_id).length == len(before.entries) + 1
