"""What people and Prometheus ask goes by indexes, so that a hundred thousand past incidents cost nothing."""

import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from bot.slack.listing import Listing
from bot.slack.overview import Overview
from tests.benchmarks.past import seed
from tests.incidents.builders import START, catalogue, later
from tools.incident_store.database import Database
from tools.incident_store.reader import StoreReader
from tools.incident_store.standing_reader import StandingReader
from tools.incident_store.writer.retention import RetentionWriter

GROWING = "incident|alert|message|timeline|investigation|proposal|execution|verification|vote|click"
"""Tables that get longer with every incident. The newest page of one is read by an index, never the table."""

Asked = list[tuple[str, Any]]


@contextmanager
def statements(database: Database) -> Generator[Asked]:
    """The reads that are sent meanwhile, with their parameters."""
    sent: Asked = []
    engine = database._reading  # pyright: ignore[reportPrivateUsage] what is sent, not what is meant, is looked at

    def note(_c: object, _cursor: object, statement: str, parameters: Any, _context: object, _many: bool) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            sent.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


def whole_tables(database: Database, asked: Asked) -> list[str]:
    """The statements that read a growing table from end to end."""
    found: list[str] = []
    with database.engine.connect() as connection:
        if not database.is_sqlite:
            # So few rows are read fastest one after the other; what is asked is whether an index would do.
            connection.exec_driver_sql("SET enable_seqscan = off")
        for statement, parameters in asked:
            explain = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
            plan = "\n".join(str(row[-1]) for row in connection.exec_driver_sql(explain + statement, parameters))
            if re.search(rf"\bSCAN (?:TABLE )?(?:{GROWING})\b(?! USING)|Seq Scan on (?:{GROWING})\b", plan):
                found.append(f"{statement}\n{plan}")
    return found


@pytest.fixture
def with_a_past(database: Database) -> Database:
    seed(database, incidents=300, models=list(catalogue().models), now=START, live=1)
    return database


LISTS = ["", "critical", "state=closed page 3", "any", "closed warning", "closed fraud-detector", "open env=prod"]


@pytest.mark.parametrize("words", LISTS)
def test_lists_are_read_by_index(with_a_past: Database, words: str) -> None:
    overview = Overview(StoreReader(with_a_past), catalogue(), lambda: START)
    asked = Listing.of(words)
    with statements(with_a_past) as sent:
        overview.status(asked)
        overview.incidents(asked)
    assert len(sent) > 5
    assert whole_tables(with_a_past, sent) == []


ASKED: list[tuple[str, Callable[[Database], object]]] = [
    ("home", lambda database: Overview(StoreReader(database), catalogue(), lambda: START).home()),
    ("scrape", lambda database: StandingReader(database).standing(START, timedelta(seconds=30))),
    ("policy facts", lambda database: StoreReader(database).changes_since(later(days=-1))),
    ("cooldown", lambda database: StoreReader(database).last_change("fraud-detector")),
    ("one incident", lambda database: StoreReader(database).file("INC-7")),
    ("a thread", lambda database: StoreReader(database).incident_of_thread("C1", "1.0")),
]


@pytest.mark.parametrize(("what", "ask"), ASKED, ids=[what for what, _ in ASKED])
def test_reads_go_by_index(with_a_past: Database, what: str, ask: Callable[[Database], object]) -> None:
    with statements(with_a_past) as sent:
        ask(with_a_past)
    assert sent
    assert whole_tables(with_a_past, sent) == []


def test_a_page_of_status_is_narrowed_and_the_worst_comes_first(with_a_past: Database) -> None:
    overview = Overview(StoreReader(with_a_past), catalogue(), lambda: START)
    view = overview.status(Listing())
    assert (view.total, view.troubled, view.pages) == (len(catalogue().models), 1, 1)
    assert [one.incident_id for one in view.models][0] == "INC-300"
    assert view.models[0].thread is not None
    two = overview.status(Listing(page=2), on_a_page=1)
    assert (len(two.models), two.pages) == (1, view.total)
    assert two.models[0].incident_id is None
    assert overview.status(Listing(state="ok")).total == view.total - 1
    assert overview.status(Listing(page=9)).models == ()


def test_past_incidents_are_found_by_state_model_and_severity(with_a_past: Database) -> None:
    overview = Overview(StoreReader(with_a_past), catalogue(), lambda: START)
    assert (overview.incidents(Listing()).total, overview.incidents(Listing(state="closed")).total) == (1, 299)
    critical = overview.incidents(Listing(state="any", severity="critical"))
    assert critical.total == 100 and critical.pages == 5
    assert {one.severity.value for one in critical.incidents} == {"critical"}
    assert [one.id for one in overview.incidents(Listing(state="any", page=2)).incidents][0] == "INC-280"
    some = next(iter(catalogue().models))
    assert {one.model for one in overview.incidents(Listing(state="closed", model=f"{some[:4]}*")).incidents} == {some}
    assert overview.incidents(Listing(state="closed", environment="nowhere")).total == 0


def test_retention_looks_by_index(with_a_past: Database) -> None:
    writer = RetentionWriter(with_a_past)
    sent: Asked = []

    def note(_c: object, _cursor: object, statement: str, parameters: Any, _context: object, _many: bool) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            sent.append((statement.replace(" FOR UPDATE SKIP LOCKED", ""), parameters))

    event.listen(with_a_past.engine, "before_cursor_execute", note)
    writer.prune_incidents(START, START)
    for prune in (writer.prune_clicks, writer.prune_strays, writer.prune_digests):
        prune(START)
    event.remove(with_a_past.engine, "before_cursor_execute", note)
    assert len(sent) > 5
    assert whole_tables(with_a_past, sent) == []
