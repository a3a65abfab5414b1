"""That the account finds what must not be: a check that cannot fail proves nothing."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.slack.ids import MESSAGE_EVENT
from tests.fleet.account import account_of
from tests.fleet.alertmanager import Acknowledged
from tests.fleet.alerts import outage
from tests.fleet.rows import Rows
from tools.incident_store.database import Database
from tools.incident_store.migrate import migrate
from tools.incident_store.slack_tables import MessageRecord
from tools.incident_store.tables import AlertRecord, ExecutionRecord, IncidentRecord, TimelineRecord

AT = datetime(2026, 1, 1, 3, tzinfo=UTC)
LATER = datetime(2026, 1, 1, 4, tzinfo=UTC)
Json = dict[str, Any]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with its tables, made once."""
    file = tmp_path_factory.mktemp("empty") / "agentops.sqlite"
    database = Database(f"sqlite:///{file}")
    migrate(database)
    database.close()
    return file


@pytest.fixture
def rows(tmp_path: Path, empty: Path) -> Iterator[Rows]:
    database = Database(f"sqlite:///{shutil.copy(empty, tmp_path)}")
    yield Rows(database)
    database.close()


def keep(rows: Rows, *records: Any) -> None:
    with rows.database.write() as session:
        session.add_all(records)


def incident(number: int, **values: Any) -> IncidentRecord:
    fields: Json = {"key": "model-000/prod", "model": "model-000", "environment": "prod", "tier": 2, "listed": True}
    fields |= {"channel": "fleet-0", "state": "new", "severity": "critical"}
    fields |= {"started_at": AT, "opened_at": AT, "changed_at": AT, "id": f"INC-{number}"}
    return IncidentRecord(**(fields | values))


def execution(id: str, state: str) -> ExecutionRecord:
    fields: Json = {"proposal_id": f"p{id}", "incident_id": "INC-1", "model": "model-000", "kind": "RollbackEndpoint"}
    return ExecutionRecord(**fields, id=id, target=f"endpoint/{id}", state=state, created_at=AT)


def message(id: int, ts: str | None, **values: Any) -> MessageRecord:
    fields: Json = {"incident_id": "INC-1", "channel": "fleet-0", "kind": "note", "subject": str(id), "created_at": AT}
    return MessageRecord(**(fields | values), id=id, ts=ts, sent_revision=int(ts is not None))


def standing(id: int, ts: str) -> Json:
    payload = {"message_id": id, "kind": "note"}
    metadata = {"event_type": MESSAGE_EVENT, "event_payload": payload}
    return {"ts": ts, "thread_ts": "1.0", "channel": "CFLEET0", "metadata": metadata}


def call(execution: str, outcome: str = "ok") -> Json:
    return {"role_session_name": execution, "outcome": outcome}


async def test_an_acknowledged_alert_that_is_not_stored_is_lost(rows: Rows) -> None:
    kept, lost = outage("model-000", 2, since=AT)
    keep(rows, AlertRecord(fingerprint=kept.fingerprint, starts_at=AT, status="firing", received_at=AT))
    acknowledged = Acknowledged()
    acknowledged.note([kept, lost])
    account = await account_of(rows, acknowledged, [], [])
    assert account.faults == [f"lost: {lost.episode}"]


async def test_an_acknowledged_resolve_that_still_fires_is_lost(rows: Rows) -> None:
    (alert,) = outage("model-000", 1, since=AT)
    keep(rows, AlertRecord(fingerprint=alert.fingerprint, starts_at=AT, status="firing", received_at=AT))
    acknowledged = Acknowledged()
    acknowledged.note([alert.resolved(LATER)])
    assert (await account_of(rows, acknowledged, [], [])).faults == [f"resolve lost: {alert.episode}"]


async def test_an_alert_told_twice_in_the_timeline_is_doubled(rows: Rows) -> None:
    told: Json = {"fingerprint": "f", "starts_at": AT.isoformat()}
    entry: Json = {"incident_id": "INC-1", "at": AT, "actor": "alertmanager", "text": "", "previous": "", "hash": ""}
    keep(
        rows,
        TimelineRecord(number=1, kind="alert_fired", details=told, **entry),
        TimelineRecord(number=2, kind="alert_joined", details={"alerts": [told]}, **entry),
    )
    assert [one.partition(":")[0] for one in (await account_of(rows, Acknowledged(), [], [])).faults] == ["doubled"]


async def test_two_incidents_of_one_key_at_once_are_found(rows: Rows) -> None:
    keep(rows, incident(1, state="closed", resolved_at=LATER), incident(2))
    assert (
        "two incidents at once: model-000/prod: INC-1 and INC-2"
        in (await account_of(rows, Acknowledged(), [], [])).faults
    )


@pytest.mark.parametrize(
    ("state", "calls", "wrong"),
    [
        ("succeeded", ["ok"], False),
        ("succeeded", ["ok", "error"], False),
        ("succeeded", [], True),
        ("succeeded", ["ok", "ok"], True),
        ("stale", ["ok"], True),
        ("failed", ["ok", "ok"], True),
        ("executing", ["ok"], True),
        ("needs_verification", ["ok"], True),
    ],
)
async def test_an_execution_has_exactly_one_changing_call(
    rows: Rows, state: str, calls: list[str], wrong: bool
) -> None:
    keep(rows, execution("x1", state))
    account = await account_of(rows, Acknowledged(), [], [call("x1", outcome) for outcome in calls])
    assert bool(account.calls_wrong) is wrong


async def test_an_execution_that_needs_verification_is_well_once_a_person_is_told(rows: Rows) -> None:
    keep(rows, execution("x1", "needs_verification"), message(1, "2.0", kind="escalation", subject="x1"))
    account = await account_of(rows, Acknowledged(), [standing(1, "2.0")], [call("x1")])
    assert account.faults == []


async def test_a_changing_call_of_no_execution_is_found(rows: Rows) -> None:
    account = await account_of(rows, Acknowledged(), [], [call("x9")])
    assert account.calls_wrong == ["1 calls of x9, which is no execution"]


async def test_posts_that_are_doubled_missing_old_or_out_of_order_are_found(rows: Rows) -> None:
    keep(
        rows,
        message(1, "1.0", kind="root", subject=""),
        message(2, "5.0", root_id=1),
        message(3, "4.0", root_id=1),
        message(4, None, root_id=1),
        message(5, "6.0", root_id=1, wanted_revision=2),
        message(6, None, root_id=1, given_up=True, error="nothing to show"),
    )
    stands = [standing(1, "1.0"), standing(2, "5.0"), standing(2, "5.5"), standing(3, "4.0"), standing(5, "6.0")]
    account = await account_of(rows, Acknowledged(), stands, [])
    assert account.posts_doubled == ["message 2 stands 2 times: 5.0, 5.5"]
    assert [one.split()[1] for one in account.posts_missing] == ["4", "5"]
    assert [one.split()[1] for one in account.out_of_order] == ["3"]
    assert account.given_up == {"nothing to show": 1}
