"""Rows that the version before wrote: what is asked of them now is put beside them, or still found where it was."""

from collections.abc import Callable, Generator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import MetaData, Table, insert, text

from tests.incidents.builders import START, diagnosis, findings, later
from tests.thoroughness import DATABASES
from tools.incident_store.database import Database
from tools.incident_store.migrate import config_for, migrate
from tools.incident_store.trust_reader import TrustReader

BEFORE = "0004"


@pytest.fixture(params=DATABASES)
def before(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Database]:
    """A database as the version before left it."""
    new: Callable[[str], str] = request.getfixturevalue("new_postgresql") if request.param != "sqlite" else str
    url = new("template1") if request.param != "sqlite" else f"sqlite:///{tmp_path / 'agentops.sqlite'}"
    database = Database(url)
    with database.engine.connect() as connection, connection.begin():
        command.upgrade(config_for(connection), BEFORE)
    yield database
    database.close()


def tables(database: Database) -> dict[str, Table]:
    known = MetaData()
    with database.engine.connect() as connection:
        known.reflect(connection)
    return dict(known.tables)


def incident(id: str) -> dict[str, Any]:
    empty: dict[str, Any] = {"names": {}, "untold": {}, "chain_length": 0, "chain_head": "", "unlisted_reason": ""}
    named = {"id": id, "key": f"prod/{id}", "model": "fraud-detector", "environment": "prod", "channel": "C1"}
    moments = dict.fromkeys(("started_at", "opened_at", "changed_at", "first_alert_at"), START)
    return {**empty, **named, **moments, "tier": 1, "listed": True, "state": "closed", "severity": "critical"}


def look(
    id: str, incident_id: str, finished_at: datetime, onset: datetime | None, state: str = "done"
) -> dict[str, Any]:
    found = findings().model_copy(update={"diagnosis": diagnosis(onset=onset)}).model_dump(mode="json")
    moments = {"not_before": START, "created_at": START, "finished_at": finished_at}
    return {
        "id": id,
        "incident_id": incident_id,
        "state": state,
        "question": "",
        "progress": {},
        "findings": found,
        **moments,
    }


def episodes(database: Database) -> dict[str, tuple[datetime | None, datetime | None]]:
    _, found = TrustReader(database).record(START - timedelta(days=1))
    return {one.incident_id: (one.onset, one.diagnosed_at) for one in found}


LOOKS = [
    look("v1", "INC-1", later(minutes=9), later(minutes=-20)),
    look("v2", "INC-1", later(minutes=1), None),
    look("v3", "INC-1", later(minutes=5), later(minutes=-7, microseconds=250)),
    look("v4", "INC-1", later(seconds=1), later(minutes=-99), state="failed"),
    look("v5", "INC-2", later(minutes=2), None),
]
KNOWN = {
    "INC-1": (later(minutes=-7, microseconds=250), later(minutes=1)),
    "INC-2": (None, later(minutes=2)),
    "INC-3": (None, None),
}
"""The earliest look that was done, and the earliest that dated an onset."""


def written(database: Database) -> None:
    known = tables(database)
    with database.engine.begin() as connection:
        connection.execute(insert(known["incident"]), [incident(id) for id in KNOWN])
        connection.execute(insert(known["investigation"]), LOOKS)


def test_both_moments_of_past_incidents_are_put_into_their_rows(before: Database) -> None:
    written(before)
    migrate(before)
    with before.engine.begin() as connection:
        connection.execute(text("DELETE FROM investigation"))
    found = episodes(before)
    assert {id: diagnosed for id, (_, diagnosed) in found.items()} == {id: at for id, (_, at) in KNOWN.items()}
    for id, (onset, _) in KNOWN.items():
        told = found[id][0]
        assert (told is None) is (onset is None)
        assert told is None or onset is None or abs(told - onset) < timedelta(milliseconds=1)


def test_what_the_version_before_writes_while_a_deploy_rolls_is_found_where_it_was(before: Database) -> None:
    migrate(before)
    written(before)
    assert episodes(before) == KNOWN
