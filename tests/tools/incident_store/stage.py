"""A store with short words for what tests do to it."""

import secrets
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import count
from typing import TypeVar

from sqlmodel import col, select

from incidents.alert import Alert
from incidents.incident import Incident
from incidents.message import MessageKind
from incidents.policy import Decision
from incidents.proposal import Proposal, RemediationChoice
from incidents.timeline import first_break
from tests.incidents.builders import START, alert, catalogue, findings, later, needs, proposal
from tools.incident_store.database import Database
from tools.incident_store.limits import STANDARD, Limits
from tools.incident_store.reader import StoreReader
from tools.incident_store.slack_tables import MessageRecord
from tools.incident_store.tables import InvestigationRecord
from tools.incident_store.writer.decisions import Verdict
from tools.incident_store.writer.store import open_writer

T = TypeVar("T")

LEASE = timedelta(seconds=45)


def at_once(*calls: Callable[[], T]) -> list[T]:
    """The results of calls that start in the same moment, each in a thread of its own."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], T]) -> T:
        barrier.wait(10)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [one.result(60) for one in [pool.submit(run, call) for call in calls]]


class Stage:
    def __init__(self, database: Database, salt: str | None = None, limits: Limits = STANDARD) -> None:
        """`salt` makes its ids the same each time, for one stage over a database of its own."""
        self.database = database
        self.reader = StoreReader(database)
        self._ids = count(1)
        self._salt = salt or secrets.token_hex(2)
        self.writer = open_writer(database, catalogue(), settle=timedelta(0), new_id=self.new_id, limits=limits)

    def new_id(self) -> str:
        """One that no other stage over the same database gives out either."""
        return f"i{next(self._ids)}-{self._salt}"

    def take(self, *alerts: Alert, at: datetime = START) -> list[str]:
        """Store alerts and group them; the incidents touched."""
        self.writer.intake.store(alerts, at)
        return self.writer.grouping.group(at)

    def open(self, *alerts: Alert, at: datetime = START) -> str:
        """An incident with these alerts, by default one."""
        (incident_id,) = self.take(*(alerts or (alert(),)), at=at)
        return incident_id

    def propose(
        self,
        incident_id: str,
        *proposals: Proposal,
        at: datetime = START,
        later_steps: Sequence[RemediationChoice] = (),
    ) -> None:
        """Run the incident's newest investigation to its end with these proposals, and steps that are not due yet."""
        with self.database.read() as session:
            of = InvestigationRecord
            id = session.exec(select(of.id).where(col(of.incident_id) == incident_id, col(of.state) == "queued")).one()
        assert self.writer.investigations.begin(id, at)
        found = findings(*(one.remediation for one in proposals))
        plan = found.plan.model_copy(update={"choices": (*found.plan.choices, *later_steps)})
        found = found.model_copy(update={"plan": plan})
        assert self.writer.investigations.finish(id, found, proposals, at)

    def awaiting(self, *proposals: Proposal, decision: Decision | None = None) -> str:
        """An incident that waits for a decision, by default on proposal p1."""
        incident_id = self.open()
        made = proposals or (proposal("p1", incident_id, decision=decision),)
        self.propose(incident_id, *made)
        return incident_id

    def approve(
        self, id: str = "p1", person: str = "UONCALL", policy_now: Decision | None = None, at: datetime | None = None
    ) -> Verdict:
        return self.writer.decisions.approve(id, person, policy_now or needs(), at or later(minutes=1))

    def deny(self, id: str = "p1", person: str = "UONCALL", at: datetime | None = None) -> Verdict:
        return self.writer.decisions.deny(id, person, "no", at or later(minutes=1))

    def executing(self, at: datetime | None = None, owner: str = "bot-1") -> tuple[str, str, int]:
        """An execution that was approved and claimed: incident, execution and fence."""
        incident_id = self.awaiting()
        assert self.approve().result == "approved"
        fence = self.writer.executions.claim("xp1", owner, at or later(minutes=2), LEASE)
        assert fence is not None
        return incident_id, "xp1", fence

    def incident(self, id: str) -> Incident:
        return self.reader.incident(id)

    def told(self, incident_id: str) -> list[str]:
        """The kinds of the timeline's entries, in order; the chain must hold."""
        entries = self.reader.timeline(incident_id)
        assert first_break(entries) is None
        return [entry.kind for entry in entries]

    def fired(self, incident_id: str) -> list[str]:
        """The fingerprints of the alerts that the timeline tells of, sorted; what is gathered is told first."""
        self.writer.grouping.tell_gathered(later(days=1))
        details = [
            one.details for one in self.reader.timeline(incident_id) if one.kind in {"alert_fired", "alert_joined"}
        ]
        return sorted(alert["fingerprint"] for one in details for alert in one.get("alerts", [one]))

    def messages(self, incident_id: str) -> list[tuple[MessageKind, str, int]]:
        """What is wanted of the incident's thread: kind, subject and revision."""
        with self.database.read() as session:
            records = session.exec(
                select(MessageRecord)
                .where(col(MessageRecord.incident_id) == incident_id)
                .order_by(col(MessageRecord.id))
            ).all()
        return [(MessageKind(one.kind), one.subject, one.wanted_revision) for one in records]

    def post_everything(self, at: datetime) -> None:
        """Slack has every message in its latest revision."""
        with self.database.write() as session:
            for one in session.exec(select(MessageRecord)):
                one.sent_revision, one.sent_at = one.wanted_revision, at
                one.ts = one.ts or f"{1_700_000_000 + (one.id or 0)}.000100"
                session.add(one)

    def kinds(self, incident_id: str) -> Sequence[MessageKind]:
        return [kind for kind, _, _ in self.messages(incident_id)]
