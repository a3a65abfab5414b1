import math
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, StatementError
from sqlmodel import select

from incidents.timeline import first_break
from tests.incidents.builders import START, evidence, findings, later
from tests.thoroughness import DATABASES
from tests.tools.incident_store.stage import Stage, at_once
from tools.errors import Unavailable
from tools.incident_store.database import Database, reachable
from tools.incident_store.migrate import installation_id, migrate
from tools.incident_store.replica_tables import InstallationRecord
from tools.incident_store.slack_tables import ClickRecord
from tools.incident_store.tables import Table, TimelineRecord

ROOT = Path(__file__).resolve().parents[3]

MIGRATE = """\
import sys
from tools.incident_store.database import Database
from tools.incident_store.migrate import migrate
sys.stdin.readline()
migrate(Database(sys.argv[1]))
"""


@pytest.fixture(params=DATABASES)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.sqlite'}"
    make: Callable[[str], str] = request.getfixturevalue("new_postgresql")
    return make("template1")


def test_migrating_twice_changes_nothing(empty_url: str) -> None:
    database = Database(empty_url)
    migrate(database)
    with database.write() as session:
        session.add(ClickRecord(id="c", kind="action", received_at=START))
    migrate(database)
    with database.read() as session:
        assert session.exec(select(ClickRecord.id)).all() == ["c"]
    database.close()


def test_two_processes_that_migrate_at_once_both_succeed(empty_url: str) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", MIGRATE, empty_url], cwd=ROOT, stdin=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for one in processes:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    for one in processes:
        one.communicate(timeout=60)
    assert [one.returncode for one in processes] == [0, 0]
    database = Database(empty_url)
    assert _differences(database) == []
    database.close()


def _differences(database: Database) -> list[object]:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        return list(compare_metadata(context, Table.metadata))


def test_the_migrated_schema_is_that_of_the_tables(database: Database) -> None:
    assert _differences(database) == []


def test_one_live_incident_a_key_is_held_by_the_database_itself(stage: Stage) -> None:
    id = stage.open()
    columns = (
        "id, key, model, environment, tier, listed, unlisted_reason, channel, state, severity, started_at, opened_at, "
        "changed_at, chain_length, chain_head"
    )
    copied = columns.replace("id,", "'INC-X',", 1)
    copy = text(f"INSERT INTO incident ({columns}) SELECT {copied} FROM incident WHERE id = :id")  # noqa: S608 fixed words
    with pytest.raises(IntegrityError), stage.database.write() as session:
        session.connection().execute(copy, {"id": id})


def test_a_moment_without_a_time_zone_is_refused(database: Database) -> None:
    naive = datetime(2026, 1, 1)  # noqa: DTZ001 that is the point
    with pytest.raises(StatementError, match="time zone"), database.write() as session:
        session.add(ClickRecord(id="c", kind="action", received_at=naive))
        session.flush()


def test_a_moment_comes_back_in_utc_to_the_microsecond(database: Database) -> None:
    there = datetime(2026, 7, 1, 9, 30, 0, 123456, tzinfo=timezone(timedelta(hours=-7)))
    with database.write() as session:
        session.add(ClickRecord(id="c", kind="action", received_at=there))
    with database.read() as session:
        back = session.get_one(ClickRecord, "c").received_at
    assert back == there and back.tzinfo is UTC


def test_a_transaction_that_raises_leaves_nothing(database: Database) -> None:
    with pytest.raises(LookupError), database.write() as session:
        session.add(ClickRecord(id="c", kind="action", received_at=START))
        session.flush()
        raise LookupError
    with database.read() as session:
        assert session.exec(select(ClickRecord.id)).all() == []


def test_work_that_was_overtaken_is_begun_anew(database: Database) -> None:
    attempts: list[int] = []

    def work(session: object) -> str:
        attempts.append(1)
        if len(attempts) < 3:
            raise IntegrityError("INSERT", {}, Exception("a key was taken"))
        return "done"

    assert database.write_anew(work) == "done"
    assert len(attempts) == 3


def test_work_that_can_never_succeed_says_so(database: Database) -> None:
    def work(session: object) -> None:
        raise IntegrityError("INSERT", {}, Exception("a key was taken"))

    with pytest.raises(IntegrityError):
        database.write_anew(work)


def test_a_database_that_cannot_be_reached_is_unavailable(tmp_path: Path) -> None:
    for url in (f"sqlite:///{tmp_path}/no/such/folder/db.sqlite", "postgresql://nobody@127.0.0.1:1/nothing"):
        gone = Database(url)
        assert not reachable(gone)
        with pytest.raises(Unavailable), gone.write() as session:
            session.connection().execute(text("SELECT 1"))
        gone.close()


def test_a_database_that_answers_is_reachable(database: Database) -> None:
    assert reachable(database)


def test_processes_that_ask_at_once_agree_on_the_databases_id(database: Database) -> None:
    ids = at_once(*(lambda n=n: installation_id(database, f"made-up-{n}") for n in range(4)))
    assert len(set(ids)) == 1
    with database.read() as session:
        assert session.exec(select(InstallationRecord.id)).all() == [ids[0]]


def test_a_row_of_the_timeline_that_was_changed_shows_as_a_break(stage: Stage) -> None:
    id = stage.awaiting()
    stage.approve()
    with stage.database.write() as session:
        record = session.exec(select(TimelineRecord).where(TimelineRecord.number == 3)).one()
        record.text = "nothing happened"
        session.add(record)
    assert first_break(stage.reader.timeline(id)) == 3


def test_findings_with_a_figure_that_is_no_number_are_kept(stage: Stage) -> None:
    id = stage.open()
    (view,) = stage.reader.file(id).investigations
    stage.writer.investigations.begin(view.id, START)
    odd = findings().model_copy(update={"evidence": (evidence("E1", math.nan), evidence("E2", math.inf))})
    assert stage.writer.investigations.finish(view.id, odd, [], later(minutes=1))
    kept = stage.reader.investigation(view.id).findings
    assert kept is not None
    assert math.isnan(kept.evidence[0].figures[0].value)
    assert kept.evidence[1].figures[0].value == math.inf


def test_what_a_file_of_an_incident_holds_comes_back_as_it_was(stage: Stage) -> None:
    id, execution, fence = stage.executing()
    file = stage.reader.file(id)
    assert file.findings == findings(file.proposals[0].proposal.remediation)
    assert (file.executions[0].id, file.executions[0].fence) == (execution, fence)
    assert file.proposals[0].approvers == ("ml-oncall",)
    assert file.thread is None
    for missing in (stage.reader.file, stage.reader.incident, stage.reader.proposal, stage.reader.investigation):
        with pytest.raises(LookupError):
            missing("nobody")
