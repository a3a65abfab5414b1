"""Stand-ins for what the lead's floors give: a store of message rows in memory, and a desk that remembers."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from bot.slack.listing import Listing
from bot.slack.ports import Delivery, TrustReply, Via
from bot.slack.rendered import FilePost, Rendered
from bot.slack.views import (
    AnswerView,
    DecisionReply,
    DecisionResult,
    HandledReply,
    HandledResult,
    HomeView,
    IncidentsView,
    InvestigateReply,
    PutUpReply,
    RunbooksView,
    StatusView,
    SwitchReply,
)
from incidents.approval import ApprovalState, Person
from incidents.errors import UnknownModel
from incidents.message import MessageKind, OutboxMessage, Priority, SendingTurn
from tests.bot.slack import samples
from tests.bot.slack.trust_samples import record

KNOWN = ("fraud-detector", "churn-predictor", "product-recommender")


@dataclass
class Row:
    """One message row."""

    id: int
    channel: str
    kind: MessageKind
    root_id: int | None
    priority: Priority
    ts: str | None = None
    wanted: int = 1
    sent: int = 0
    attempts: int = 0
    not_before: datetime | None = None
    given_up: str = ""
    error: str = ""
    begun_by: str | None = None
    begun_at: datetime | None = None
    look_at: datetime | None = None


class FakeStore:
    """Message rows in memory, with the same order and rules as the real table. Safe across threads."""

    def __init__(self) -> None:
        self.rows: dict[int, Row] = {}
        self.broken: Exception | None = None
        self.refused = 0
        """How often it could not be read or written."""
        self.lose_sent = 0
        self.held: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def want(
        self,
        channel: str = "CINCIDENTS",
        kind: MessageKind = MessageKind.ROOT,
        *,
        root: int | None = None,
        urgent: bool = False,
    ) -> int:
        with self._lock:
            id = len(self.rows) + 1
            self.rows[id] = Row(id, channel, kind, root, Priority.URGENT if urgent else Priority.USUAL)
            return id

    def change(self, id: int) -> None:
        with self._lock:
            self.rows[id].wanted += 1

    def take_turn(self, owner: str, now: datetime, lease: timedelta) -> int | None:
        return 1

    def end_turn(self, owner: str, fence: int, now: datetime) -> None:
        pass

    def due(self, now: datetime, limit: int) -> list[OutboxMessage]:
        with self._lock:
            self._fail()
            rows = [row for row in self.rows.values() if self._is_due(row, now)]
            rows.sort(key=lambda row: (row.ts is not None, row.priority, row.id))
            return [self._message(row) for row in rows if row.ts or not self._waits_for_another(row)]

    def begin(self, message: OutboxMessage, turn: SendingTurn, now: datetime, look_at: datetime | None) -> bool:
        with self._lock:
            row = self.rows[message.id]
            row.begun_by, row.begun_at, row.look_at = turn.instance, row.begun_at or now, look_at or row.look_at
            return row.ts == message.ts

    def to_look_for(self, now: datetime, limit: int) -> list[OutboxMessage]:
        with self._lock:
            rows = [row for row in self.rows.values() if row.ts and row.look_at and row.look_at <= now]
            return [self._message(row) for row in rows[:limit]]

    def looked(self, id: int, again_at: datetime | None, *, show_again: bool) -> None:
        with self._lock:
            self.rows[id].look_at = again_at
            self.rows[id].wanted += int(show_again)

    def hold(self, what: str, until: datetime) -> None:
        self.held[what] = until

    def holds(self, now: datetime) -> list[tuple[str, datetime]]:
        return [(what, until) for what, until in self.held.items() if until > now]

    def latest_posts(self, limit: int) -> Sequence[tuple[str, str, str]]:
        with self._lock:
            return [(row.channel, row.channel, row.ts) for row in self.rows.values() if row.ts]

    def sent(self, id: int, revision: int, ts: str, at: datetime, channel: str | None = None) -> str:
        with self._lock:
            if self.lose_sent:
                self.lose_sent -= 1
                raise ConnectionError("the database went away")
            self._fail()
            row = self.rows[id]
            if revision > row.sent:
                row.sent, row.ts, row.channel, row.attempts = revision, ts, channel or row.channel, 0
                row.begun_by = row.begun_at = None
            return row.ts or ts

    def failed(self, id: int, error: str, retry_at: datetime) -> None:
        with self._lock:
            row = self.rows[id]
            row.error, row.not_before, row.attempts = error, retry_at, row.attempts + 1

    def given_up(self, id: int, error: str) -> None:
        with self._lock:
            self.rows[id].given_up = error

    @property
    def settled(self) -> bool:
        return all(row.given_up or row.sent == row.wanted for row in self.rows.values())

    def _fail(self) -> None:
        if self.broken is not None:
            self.refused += 1
            raise self.broken

    def _is_due(self, row: Row, now: datetime) -> bool:
        ready = row.root_id is None or self.rows[row.root_id].ts is not None
        in_time = row.not_before is None or row.not_before <= now
        return row.wanted > row.sent and not row.given_up and ready and in_time

    def _waits_for_another(self, row: Row) -> bool:
        thread = row.root_id or row.id
        before = (one for one in self.rows.values() if thread in (one.id, one.root_id) and one.id < row.id)
        return any(one.ts is None and not one.given_up for one in before)

    def _message(self, row: Row) -> OutboxMessage:
        root = self.rows[row.root_id] if row.root_id is not None else None
        return OutboxMessage(
            id=row.id,
            channel=root.channel if root else row.channel,
            kind=row.kind,
            incident_id="INC-1",
            subject="",
            priority=row.priority,
            root_id=row.root_id,
            root_ts=root.ts if root else None,
            ts=row.ts,
            wanted_revision=row.wanted,
            sent_revision=row.sent,
            attempts=row.attempts,
            begun_by=row.begun_by,
            begun_at=row.begun_at,
        )


async def render_plainly(message: OutboxMessage) -> Rendered:
    """`message 3 revision 2`."""
    text = f"message {message.id} revision {message.wanted_revision}"
    return Rendered(text, [{"type": "section", "text": {"type": "plain_text", "text": text}}])


@dataclass
class FakeDesk:
    """Remembers what it was handed; answers with samples."""

    deliveries: dict[str, Delivery] = field(default_factory=dict[str, Delivery])
    done: list[str] = field(default_factory=list[str])
    calls: list[tuple[Any, ...]] = field(default_factory=list[tuple[Any, ...]])
    result: DecisionResult = "approved"
    store_delay: float = 0.0
    fail: Exception | None = None
    chart: FilePost | Rendered | None = None

    async def record(self, delivery: Delivery) -> bool:
        await asyncio.sleep(self.store_delay)
        if delivery.id in self.deliveries:
            return False
        self.deliveries[delivery.id] = delivery
        return True

    async def handled(self, delivery_id: str) -> None:
        self.done.append(delivery_id)

    async def status(self, asked: Listing) -> StatusView:
        self._called("status", asked)
        self._known(asked.model or None)
        return replace(samples.status(), pages=3, asked=asked)

    async def incidents(self, asked: Listing) -> IncidentsView:
        self._called("incidents", asked)
        return replace(samples.incidents(), page=asked.page, asked=asked)

    async def home(self) -> HomeView:
        self._called("home")
        return samples.home()

    async def trust(self, model: str | None) -> TrustReply:
        self._called("trust", model)
        self._known(model)
        return TrustReply(record(), self.chart)

    async def investigate(self, model: str, question: str, person: Person) -> InvestigateReply:
        self._called("investigate", model, question, person.id)
        self._known(model)
        return InvestigateReply(model, "INC-7", samples.THREAD)

    async def runbooks(self, question: str) -> RunbooksView:
        self._called("runbooks", question)
        return samples.runbooks()

    async def ask(self, question: str, person: Person, channel: str, thread_ts: str) -> AnswerView | None:
        self._called("ask", question, person.id, channel, thread_ts)
        return samples.answer()

    async def approve(self, proposal_id: str, person: Person, via: Via) -> DecisionReply:
        self._called("approve", proposal_id, person, via)
        return self._reply(proposal_id)

    async def approve_by_digest(self, proposal_id: str, digest8: str, person: Person) -> DecisionReply:
        self._called("approve_by_digest", proposal_id, digest8, person)
        return self._reply(proposal_id)

    async def pause(self, model: str, person: Person) -> SwitchReply:
        self._called("pause", model, person.id)
        self._known(model or None)
        return SwitchReply("paused", model, person.id, samples.minute(4))

    async def resume(self, model: str, person: Person) -> SwitchReply:
        self._called("resume", model, person.groups)
        if not person.groups:
            return SwitchReply("refused", model, why="You are not among the approvers that the policy names for this.")
        return SwitchReply("resumed", model, "UVIEWER")

    async def deny(self, proposal_id: str, reason: str, person: Person, via: Via) -> DecisionReply:
        self._called("deny", proposal_id, reason, person, via)
        return DecisionReply("denied" if self.result == "approved" else self.result, proposal_id, "INC-7", "Roll back")

    async def break_glass(self, proposal_id: str, reason: str, person: Person) -> DecisionReply:
        self._called("break_glass", proposal_id, reason, person)
        return self._reply(proposal_id)

    async def ask_again(self, proposal_id: str, person: Person) -> PutUpReply:
        self._called("ask_again", proposal_id, person.id)
        return PutUpReply("put_up", "Roll back", "p5", "INC-7", samples.THREAD)

    async def propose(self, words: str, person: Person, *, dry_run: bool) -> PutUpReply:
        self._called("propose", words, person.id, dry_run)
        if dry_run:
            return PutUpReply("shown", model="product-recommender", proposal=samples.proposal())
        return PutUpReply("put_up", "Roll back", "p5", "INC-7", samples.THREAD)

    async def ack(self, incident_id: str, person: Person) -> HandledReply:
        return self._handled("acked", "ack", incident_id, person.id)

    async def close(self, incident_id: str, reason: str, person: Person) -> HandledReply:
        return self._handled("closed", "close", incident_id, reason, person.id)

    async def false_alarm(self, incident_id: str, person: Person) -> HandledReply:
        return self._handled("false_alarm", "false_alarm", incident_id, person.id)

    def named(self, name: str) -> list[tuple[Any, ...]]:
        return [call for call in self.calls if call[0] == name]

    def _called(self, *call: Any) -> None:
        self.calls.append(call)
        if self.fail is not None:
            raise self.fail

    def _handled(self, result: HandledResult, name: str, incident_id: str, *given: str) -> HandledReply:
        self._called(name, incident_id, *given)
        return HandledReply(result, incident_id, "product-recommender")

    def _known(self, model: str | None) -> None:
        if model is not None and model not in KNOWN:
            raise UnknownModel(model, KNOWN)

    def _reply(self, proposal_id: str) -> DecisionReply:
        return DecisionReply(
            self.result,
            proposal_id,
            "INC-7",
            "Roll product-recommender-prod back to product-recommender-v23",
            ApprovalState.APPROVED if self.result == "approved" else ApprovalState.DENIED,
            1,
            1,
            "USECOND",
            samples.minute(4),
            "You are not among the approvers that the policy names for this." if self.result == "refused" else "",
        )


async def eventually(condition: Callable[[], bool | Awaitable[bool]], *, within: float = 10.0) -> None:
    """Wait for a condition; fail when it does not come true in time."""
    async with asyncio.timeout(within):
        while True:
            value = condition()
            if value if isinstance(value, bool) else await value:
                return
            await asyncio.sleep(0.01)
