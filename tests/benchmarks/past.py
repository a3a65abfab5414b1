"""A database with a past: closed incidents with what belongs to each, and a few that are open now.

The proportions are those of the scenarios: three alerts, eight messages, a dozen timeline entries, one investigation an
incident; a proposal in seven of ten, an execution and its verification in half.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import insert

from incidents.incident import IncidentState
from incidents.message import MessageKind
from tests.incidents.builders import findings, proposal
from tools.incident_store.database import Database
from tools.incident_store.slack_tables import MessageRecord
from tools.incident_store.tables import (
    AlertRecord,
    ExecutionRecord,
    IncidentRecord,
    InvestigationRecord,
    ProposalRecord,
    Table,
    TimelineRecord,
    VerificationRecord,
    VoteRecord,
)

ALERTS, ENTRIES = 3, 12
MESSAGES = [
    MessageKind.ROOT,
    MessageKind.PROGRESS,
    MessageKind.CHART,
    MessageKind.DIAGNOSIS,
    MessageKind.EVIDENCE,
    MessageKind.PROPOSAL,
    MessageKind.EXECUTION,
    MessageKind.REPORT,
]
AT_ONCE = 2_000
"""Incidents in one transaction."""
SEVERITIES = ("critical", "warning", "info")

Row = dict[str, Any]


def seed(database: Database, *, incidents: int, models: list[str], now: datetime, live: int = 0) -> int:
    """Write them, the newest `live` of them open, evenly over a year; how many rows that are."""
    body = proposal("p", "INC-1").model_dump(mode="json")
    found = findings().model_dump(mode="json")
    numbers = iter(range(1, incidents + 1))
    written = 0
    while batch := list(islice(numbers, AT_ONCE)):
        rows: dict[type[Table], list[Row]] = {}
        for number in batch:
            opened = now - timedelta(days=365) * (1 - number / incidents)
            state = IncidentState.ESCALATED if number > incidents - live else IncidentState.CLOSED
            for of, row in _rows_of(number, models[number % len(models)], state, opened, body, found):
                rows.setdefault(of, []).append(row)
        with database.write() as session:
            for of, many in rows.items():
                session.connection().execute(insert(of), many)
                written += len(many)
    if not database.is_sqlite:  # there it happens by itself, here it never does
        with database.engine.connect() as connection:
            connection.exec_driver_sql("ANALYZE")
            connection.commit()
    return written


def _rows_of(
    number: int, model: str, state: IncidentState, at: datetime, body: Row, found: Row
) -> Iterator[tuple[type[Table], Row]]:
    id, closed = f"INC-{number}", state is IncidentState.CLOSED
    yield (
        IncidentRecord,
        {
            "number": number,
            "id": id,
            "key": f"prod/{model}",
            "model": model,
            "environment": "prod",
            "tier": 1 + number % 3,
            "listed": True,
            "channel": "C1",
            "state": state.value,
            "severity": SEVERITIES[number % 3],
            "started_at": at,
            "opened_at": at,
            "changed_at": at + timedelta(hours=25),
            "first_alert_at": at,
            "diagnosed_at": at + timedelta(minutes=1),
            "onset": at - timedelta(minutes=5),
            "resolved_at": at + timedelta(hours=1) if closed else None,
            "chain_length": ENTRIES,
            "chain_head": "0" * 64,
            "names": {},
        },
    )
    for n in range(ALERTS):
        yield (
            AlertRecord,
            {
                "fingerprint": f"{number:x}-{n}",
                "starts_at": at,
                "status": "resolved" if closed else "firing",
                "labels": {"alertname": "EndpointLatencyP99High", "model": model, "severity": SEVERITIES[number % 3]},
                "annotations": {"summary": "p99 is 2.4 s (limit 0.5 s)"},
                "revision": 2,
                "handled_revision": 2,
                "incident_id": id,
                "received_at": at,
            },
        )
    for n in range(1, ENTRIES + 1):
        yield (
            TimelineRecord,
            {
                "incident_id": id,
                "number": n,
                "at": at + timedelta(minutes=n),
                "actor": "agentops",
                "kind": "progress",
                "text": "Something was seen, decided or done",
                "details": {"execution": f"x{number}", "note": "as it would be told"},
                "previous": "0" * 64,
                "hash": f"{number:032x}{n:032x}",
            },
        )
    for kind in MESSAGES:
        yield (
            MessageRecord,
            {
                "incident_id": id,
                "channel": "C1",
                "posted_channel": "C1",
                "kind": kind.value,
                "subject": f"p{number}" if kind is MessageKind.PROPOSAL else "",
                "ts": f"{at.timestamp():.6f}",
                "sent_revision": 1,
                "created_at": at,
                "sent_at": at,
            },
        )
    yield (
        InvestigationRecord,
        {
            "id": f"v{number}",
            "incident_id": id,
            "state": "done",
            "not_before": at,
            "created_at": at,
            "started_at": at,
            "begun_at": at,
            "finished_at": at + timedelta(minutes=1),
            "progress": {"steps": [{"key": str(n), "title": "looked", "status": "complete"} for n in range(6)]},
            "findings": found,
        },
    )
    if number % 10 < 7:
        yield from _decided(number, id, model, at, body)


def _decided(number: int, id: str, model: str, at: datetime, body: Row) -> Iterator[tuple[type[Table], Row]]:
    approved = number % 10 < 5
    yield (
        ProposalRecord,
        {
            "id": f"p{number}",
            "incident_id": id,
            "investigation_id": f"v{number}",
            "rank": 1,
            "model": model,
            "kind": body["remediation"]["kind"],
            "target": f"{model}-prod",
            "digest": "0" * 64,
            "body": {**body, "id": f"p{number}", "incident_id": id},
            "state": "approved" if approved else "denied",
            "needed": 1,
            "approvers": {"who": ["ml-oncall"]},
            "created_at": at + timedelta(minutes=1),
            "expires_at": at + timedelta(minutes=6),
            "decided_by": "UONCALL",
            "decided_at": at + timedelta(minutes=3),
        },
    )
    if not approved:
        return
    yield VoteRecord, {"proposal_id": f"p{number}", "person": "UONCALL", "at": at + timedelta(minutes=3)}
    yield (
        ExecutionRecord,
        {
            "id": f"xp{number}",
            "proposal_id": f"p{number}",
            "incident_id": id,
            "model": model,
            "kind": body["remediation"]["kind"],
            "target": f"{model}-prod",
            "state": "needs_verification" if number % 1000 == 0 else "succeeded",
            "step": 1,
            "fence": 1,
            "sent_at": at + timedelta(minutes=4),
            "created_at": at + timedelta(minutes=3),
            "started_at": at + timedelta(minutes=4),
            "finished_at": at + timedelta(minutes=9),
            "result": {},
        },
    )
    yield (
        VerificationRecord,
        {
            "execution_id": f"xp{number}",
            "incident_id": id,
            "state": "recovered",
            "began_at": at + timedelta(minutes=9),
            "deadline": at + timedelta(minutes=39),
            "finished_at": at + timedelta(minutes=20),
            "checks": {},
        },
    )
