"""What this package asks of the rest of the bot. Implemented above and beside it, passed in by bootstrap.

Where nothing else is said a method may raise anything; the listeners then tell the person, with the incident's id
where it is known, and log the rest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from bot.slack.listing import Listing
from bot.slack.rendered import FilePost, Rendered
from bot.slack.views import (
    AnswerView,
    DecisionReply,
    HandledReply,
    HomeView,
    IncidentsView,
    InvestigateReply,
    Note,
    PutUpReply,
    RunbooksView,
    StatusView,
    SwitchReply,
)
from incidents.approval import Person
from incidents.daily_note import DailyNote
from incidents.ledger import IncidentFile
from incidents.message import OutboxMessage, SendingTurn
from incidents.storm import Digest
from incidents.trust import Trust

Via = Literal["button", "command", "home"]
DeliveryKind = Literal[
    "approve",
    "deny",
    "approve_by_digest",
    "break_glass",
    "ask_again",
    "investigate",
    "mention",
    "pause",
    "resume",
    "ack",
    "close",
    "false_alarm",
    "propose",
]


@dataclass(frozen=True)
class Delivery:
    """Something Slack delivered that must not be lost. `id` is unique by Slack's own ids; `payload` is plain JSON."""

    id: str
    kind: DeliveryKind
    payload: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class TrustReply:
    """What became of the remediations, and the chart or the words in its place; None where there is nothing to draw."""

    trust: Trust
    chart: FilePost | Rendered | None = None


class Desk(Protocol):
    """Whom the listeners hand off to."""

    async def record(self, delivery: Delivery) -> bool:
        """Store it before it is acked; False when it was stored before. Must answer within a second."""
        ...

    async def handled(self, delivery_id: str) -> None:
        """It has been dealt with; a sweep need not look at it again."""
        ...

    async def status(self, asked: Listing) -> StatusView:
        """One line a model, in well under a second. Raises `UnknownModel`."""
        ...

    async def incidents(self, asked: Listing) -> IncidentsView:
        """Incidents, open ones where no state is asked for, newest first; a page past the end is empty."""
        ...

    async def home(self) -> HomeView:
        """What the App Home shows to a full member."""
        ...

    async def trust(self, model: str | None) -> TrustReply:
        """What became of the remediations of one model, or of all, within a year. Raises `UnknownModel`."""
        ...

    async def investigate(self, model: str, question: str, person: Person) -> InvestigateReply:
        """Look into a model now; the work follows in the model's thread. Raises `UnknownModel`."""
        ...

    async def runbooks(self, question: str) -> RunbooksView:
        """The passages nearest to a question."""
        ...

    async def ask(self, question: str, person: Person, channel: str, thread_ts: str) -> AnswerView | None:
        """Answer a question asked in a thread. None when the answer follows through the outbox instead."""
        ...

    async def approve(self, proposal_id: str, person: Person, via: Via) -> DecisionReply:
        """Count one yes. Checks who may; never raises for a person who may not."""
        ...

    async def approve_by_digest(self, proposal_id: str, digest8: str, person: Person) -> DecisionReply:
        """The same from the command line, where the digest's characters prove which card was read."""
        ...

    async def pause(self, model: str, person: Person) -> SwitchReply:
        """Stop every change of a model, of all where `model` is empty. Raises `UnknownModel`."""
        ...

    async def resume(self, model: str, person: Person) -> SwitchReply:
        """Let changes go on. Raises `UnknownModel`; a person who may not is told in the reply."""
        ...

    async def deny(self, proposal_id: str, reason: str, person: Person, via: Via) -> DecisionReply:
        """A final no, with its reason."""
        ...

    async def break_glass(self, proposal_id: str, reason: str, person: Person) -> DecisionReply:
        """One yes that counts for two, with its reason, where the policy permits it."""
        ...

    async def ask_again(self, proposal_id: str, person: Person) -> PutUpReply:
        """Put a proposal up again that expired undecided, on the world as it is now."""
        ...

    async def propose(self, words: str, person: Person, *, dry_run: bool) -> PutUpReply:
        """Put up what a person asks for in words, through the policy; with `dry_run` only show it and write nothing.

        Raises `UnknownModel`.
        """
        ...

    async def ack(self, incident_id: str, person: Person) -> HandledReply:
        """Take an incident."""
        ...

    async def close(self, incident_id: str, reason: str, person: Person) -> HandledReply:
        """End an incident: nothing that waits is decided any more, nothing queued runs."""
        ...

    async def false_alarm(self, incident_id: str, person: Person) -> HandledReply:
        """Mark an incident as a false alarm; once more by the same person takes the mark off."""
        ...


class OutboxStore(Protocol):
    """The table of messages, and whose turn it is to send. Synchronous: called in a worker thread."""

    def take_turn(self, owner: str, now: datetime, lease: timedelta) -> int | None:
        """Begin or go on to be the one who sends: the fence, None while it is another's turn."""
        ...

    def end_turn(self, owner: str, fence: int, now: datetime) -> None:
        """Let another send at once."""
        ...

    def due(self, now: datetime, limit: int) -> list[OutboxMessage]:
        """What should be sent now: about `limit` first posts, then at most `limit` updates of each rank, in order.

        Of a thread only the oldest message not yet posted, and a reply only once its thread's first message has a ts.
        """
        ...

    def begin(self, message: OutboxMessage, turn: SendingTurn, now: datetime, look_at: datetime | None) -> bool:
        """Note that it is about to leave; False when the turn is over or the row not what it was: it must not leave.

        With `look_at` a double of it will be searched for then.
        """
        ...

    def sent(self, id: int, revision: int, ts: str, at: datetime, channel: str | None = None) -> str:
        """`revision` stands in Slack as `ts`; `channel` is the id Slack answered with.

        Returns the ts of the row: another than `ts` says that `ts` is a double.
        """
        ...

    def failed(self, id: int, error: str, retry_at: datetime) -> None:
        """It could not be sent; try again at `retry_at`. Counts one attempt."""
        ...

    def given_up(self, id: int, error: str) -> None:
        """It can never be sent as it is."""
        ...

    def to_look_for(self, now: datetime, limit: int) -> list[OutboxMessage]:
        """Messages of which doubles are to be searched for now."""
        ...

    def looked(self, id: int, again_at: datetime | None, *, show_again: bool) -> None:
        """It was searched for; search again then. `show_again`: update it once more."""
        ...

    def hold(self, what: str, until: datetime) -> None:
        """Slack asked to wait with `what` (see `pacing.Pacing.what`), whoever calls."""
        ...

    def holds(self, now: datetime) -> list[tuple[str, datetime]]:
        """What Slack asked to wait with and until when, as far as it is not over."""
        ...

    def latest_posts(self, limit: int) -> Sequence[tuple[str, str, str]]:
        """The latest posts, newest first: our name of the channel, Slack's id of it, the ts."""
        ...


class Shelf(Protocol):
    """Where the renderer reads what a message shows."""

    async def file(self, incident_id: str) -> IncidentFile:
        """Everything about one incident. Raises `LookupError`."""
        ...

    async def chart(self, incident_id: str, investigation_id: str) -> "FilePost | Rendered | None":
        """The chart of an investigation (see `blocks.chart`): words where none can be drawn, None without a series.

        With `incidents.message.COURSE` in the investigation's place the picture of the incident's whole course.
        """
        ...

    async def answer(self, incident_id: str, subject: str) -> AnswerView | None:
        """The answer that a message of kind `answer` shows."""
        ...

    async def note(self, incident_id: str, subject: str) -> Note | None:
        """The words of a message of kind `note`, `failure` or `escalation`; None leaves the renderer's own words."""
        ...

    async def daily_note(self, id: int) -> DailyNote | None:
        """What a channel is told of its models on a day."""
        ...

    async def digest(self, storm_id: str) -> Digest:
        """What a storm's digest tells now. Raises `LookupError`."""
        ...

    def owners(self, model: str) -> str | None:
        """The user group that the catalogue names as a model's owners: the only one that a notice may call."""
        ...


class Groups(Protocol):
    """Handles of user groups and their ids, so that an escalation can call one."""

    async def group_ids(self) -> Mapping[str, str]:
        """Id by handle. Raises `LookupFailed`."""
        ...
