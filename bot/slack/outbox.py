"""Sends what the message rows want: in order within a thread, once, within Slack's limits, from one process at a time.

Order: of a thread's messages not yet posted only the oldest is due, and the next waits until it is in Slack or given
up. Updates of posted messages go beside them; only the latest revision is sent. A failure is kept in memory, not as a
later time in the row: a row that is not due would let the ones behind it overtake after a restart.

Once: the process whose turn it is (`turn`) notes in the row that it begins, right before the call, and afterwards what
came of it. A message is marked with its row's id (message metadata). When the answer to a post was lost, or another
process began a post and did not write down its end, Slack is asked whether the message stands there before it is
posted. Where the app may not look (no `channels:history`), it is posted again and counted: a card that comes twice does
no harm, since both carry the same proposal and its row decides once; a card that never comes does.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.counts import Counts
from bot.slack.delivering import Deliverer, Render
from bot.slack.doubles import Doubles
from bot.slack.failures import HeldBack, Limited, NotSent, NotYet, OutcomeUnknown, Refused
from bot.slack.outage import LONGEST_BACKOFF, Outage
from bot.slack.pacing import POST, Pacing
from bot.slack.ports import OutboxStore
from bot.slack.searching import Searcher
from bot.slack.sending import Sender
from bot.slack.turn import LEASE_SECONDS, Turn
from bot.slack.workers import Workers
from bot.slack.written import WrittenDown
from incidents.clock import now as wall_clock
from incidents.message import OutboxMessage, SendingTurn
from tools.errors import UpstreamError

log = structlog.get_logger(__name__)

AT_ONCE = 60
"""Posts looked at in one go, and updates of each rank: more than Slack takes before the next look."""
SWEEP_SECONDS = 0.5
"""Between two looks when nobody called: rows that another process wrote, and its turn once that is over."""
PAUSE_PER_LOOK = 3.0
"""After a look, as many times as long as it took: a quarter of the time at most is spent looking."""
LONGEST_PAUSE = 0.25
UNREADABLE_SECONDS = 2.0
NOT_YET_SECONDS = 1.0
MOST_ATTEMPTS = 5
"""Of a message that cannot be rendered."""
STOP_SECONDS = 5.0
REPAIR_SECONDS = 20.0
"""Between two tries of what a person has to mend first."""
LATEST_POSTS = 500
"""Read when a turn begins: how Slack calls the channels, and what of their limits is used."""

WHAT_TO_DO = {
    "channel_not_found": "check the channel in manifests/models.yaml, and invite the app if it is private",
    "not_in_channel": "invite the app to the channel: /invite @agentops",
    "is_archived": "unarchive the channel, or name another in manifests/models.yaml",
    "missing_scope": "add the scope of manifests/slack/ and install the app again",
    "invalid_auth": "check SLACK_BOT_TOKEN",
    "token_revoked": "install the app again and set SLACK_BOT_TOKEN",
    "account_inactive": "install the app again and set SLACK_BOT_TOKEN",
}
"""Refusals that a person can mend. An incident must not stay untold, so these are tried again until somebody has."""


@dataclass
class Outbox:
    """The sender of messages. `wake` after every commit that wants one; `run` until cancelled.

    Attributes:
        client: one that does not retry by itself (`clients.outbox_client`).
        store: the message rows.
        render: makes a row's message; None when there is nothing to show.
        owner: the stable name of this replica; instance: of this life of it.
        installation: tells this database's messages from another's in the same channels, e.g. a random id kept in it.
        clock: the wall clock that all replicas share; monotonic: seconds for pacing.
    """

    client: AsyncWebClient
    store: OutboxStore
    render: Render
    owner: str
    instance: str
    installation: str = "agentops"
    clock: Callable[[], datetime] = wall_clock
    monotonic: Callable[[], float] = time.monotonic
    repair_seconds: float = REPAIR_SECONDS
    lease_seconds: float = LEASE_SECONDS
    counts: Counts = field(default_factory=Counts)
    _loop: asyncio.AbstractEventLoop | None = None
    _event: asyncio.Event = field(default_factory=asyncio.Event)
    _held: dict[int, float] = field(default_factory=dict[int, float])
    _busy: dict[int, asyncio.Task[None]] = field(default_factory=dict[int, "asyncio.Task[None]"])
    _began: SendingTurn | None = None

    def __post_init__(self) -> None:
        """Set up what follows from the arguments."""
        self._workers = Workers()
        self._pacing = Pacing(self.monotonic)
        self._outage = Outage(self.monotonic)
        self._turn = Turn(
            self.store,
            self._workers,
            owner=self.owner,
            instance=self.instance,
            clock=self.clock,
            monotonic=self.monotonic,
            lease_seconds=self.lease_seconds,
        )
        searcher = Searcher(self.client, self.installation)
        self._doubles = Doubles(searcher, self.store, self._workers, self._pacing, self.counts, self.clock)
        self._written = WrittenDown(self.store, self._workers, self._doubles, self.clock)
        self._deliverer = Deliverer(
            Sender(self.client, self.installation),
            searcher,
            self.store,
            self.render,
            self._turn,
            workers=self._workers,
            pacing=self._pacing,
            counts=self.counts,
            clock=self.clock,
        )

    @property
    def is_sending(self) -> bool:
        """Is it this process's turn?"""
        return self._turn.now() is not None

    def wake(self) -> None:
        """Something may be due. From any thread."""
        if self._loop is None:
            self._event.set()
            return
        with contextlib.suppress(RuntimeError):  # the loop has ended, and the outbox with it
            self._loop.call_soon_threadsafe(self._event.set)

    async def run(self) -> None:
        """Send until cancelled; what is on its way then is given a moment to be written down, then another may send."""
        self._loop = asyncio.get_running_loop()
        try:
            while True:
                self._event.clear()
                began = self.monotonic()
                wait = await self._look()
                # A look takes long when many rows are due, and every message's end calls for one.
                await asyncio.sleep(min(LONGEST_PAUSE, PAUSE_PER_LOOK * (self.monotonic() - began)))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait):  # not wait_for, which in 3.11 can swallow a cancellation
                        await self._event.wait()
        finally:
            await self._stop()

    async def _stop(self) -> None:
        self._doubles.stop()
        if self._busy:
            await asyncio.wait(self._busy.values(), timeout=STOP_SECONDS)
        for task in self._busy.values():
            task.cancel()
        try:
            await self._turn.give_back()
        except UpstreamError as error:
            log.warning("outbox.turn_not_given_back", error=str(error))
        finally:
            self._workers.close()
            self._loop = None

    async def _look(self) -> float:
        """Begin what may go now; seconds until something else may."""
        try:
            # Also when it is another's turn by now: what was sent may be a double that has to be taken back.
            await self._written.catch_up()
            turn = await self._turn.keep()
            if turn is None:
                return SWEEP_SECONDS
            if turn != self._began:
                await self._begin_turn(turn)
            # From before the read: what ends while the rows are read is still unsent in them.
            busy = set(self._busy)
            rows = await self._workers.run_first(self.store.due, self.clock(), AT_ONCE)
        except Exception:
            # The edge of the process: whatever the database says, the outbox lives on and tries again.
            log.exception("outbox.rows_unreadable")
            return UNREADABLE_SECONDS
        self._doubles.tend(self.monotonic())
        waits = [SWEEP_SECONDS, *(self._begin(row) for row in rows if _lane_of(row) not in busy)]
        return max(0.0, min(waits))

    async def _begin_turn(self, turn: SendingTurn) -> None:
        """Go on where another stopped: Slack counts what that one sent, and what it was asked to wait for holds."""
        now = self.clock()
        posts = await self._workers.run(self.store.latest_posts, LATEST_POSTS)
        holds = await self._workers.run(self.store.holds, now)
        for name, id, _ in posts:
            self._pacing.same(name, id)
        self._pacing.begin(
            [(id, max(0.0, now.timestamp() - float(ts))) for _, id, ts in posts],
            [(what, (until - now).total_seconds()) for what, until in holds],
        )
        self._began = turn
        self.counts.turns += 1

    def _begin(self, row: OutboxMessage) -> float:
        """Begin sending a row, or say in how many seconds it may be."""
        wait = max(
            self._deliverer.wait(row),
            self._outage.wait(),
            self._held.get(_lane_of(row), float("-inf")) - self.monotonic(),
            SWEEP_SECONDS if self._written.is_missing(row.id) else 0.0,
        )
        if wait > 0:
            return wait
        if self._outage.is_being_probed():
            return SWEEP_SECONDS  # its end wakes us
        self._outage.begun()
        self._deliverer.going(row)
        task = asyncio.create_task(self._send(row), name=f"message {row.id}")
        self._busy[_lane_of(row)] = task
        task.add_done_callback(lambda _: self._ended(_lane_of(row)))
        return SWEEP_SECONDS

    def _ended(self, lane: int) -> None:
        self._busy.pop(lane, None)
        self._event.set()

    async def _send(self, row: OutboxMessage) -> None:
        """Send one row and write down what came of it."""
        try:
            posted = await self._deliverer.deliver(row)
        except Limited as limited:
            await self._wait_as_asked(row, limited)
        except NotYet:
            self._hold(row, NOT_YET_SECONDS)
        except HeldBack as held_back:
            log.warning("outbox.held_back", message=row.id, kind=row.kind, why=str(held_back))
        except (NotSent, OutcomeUnknown) as error:
            self._outage.failed(error)
        except Refused as refused:
            self._outage.over()
            if refused.code in WHAT_TO_DO:
                await self._wait_for_repair(row, refused.code)
            else:
                await self._give_up(row, str(refused), "")
        except UpstreamError as error:
            log.warning("outbox.not_rendered_now", message=row.id, kind=row.kind, error=str(error))
            self._hold(row, UNREADABLE_SECONDS)
        except Exception:
            # The edge of the process: a message that cannot be rendered must not stop the others.
            log.exception("outbox.message_failed", message=row.id, kind=row.kind, incident=row.incident_id)
            await self._try_later(row, "it could not be rendered")
        else:
            self._outage.over()
            self._settled(row)
            if posted is not None:
                await self._written.sent(row, posted)
        finally:
            self._outage.ended()

    async def _give_up(self, row: OutboxMessage, error: str, what_to_do: str) -> None:
        self.counts.given_up += 1
        self._settled(row)
        log.error(
            "outbox.given_up",
            message=row.id,
            kind=row.kind,
            incident=row.incident_id,
            channel=row.channel,
            error=error,
            what_to_do=what_to_do,
        )
        await self._note(self.store.given_up, row.id, error)

    async def _wait_for_repair(self, row: OutboxMessage, code: str) -> None:
        self.counts.refused += 1
        log.error(
            "outbox.refused",
            message=row.id,
            kind=row.kind,
            incident=row.incident_id,
            channel=row.channel,
            error=code,
            what_to_do=WHAT_TO_DO[code],
        )
        self._hold(row, self.repair_seconds)
        if row.ts is None:
            # Every other message of the channel would be refused as well.
            self._pacing.hold(self._pacing.what(POST, row.channel), self.repair_seconds)
        await self._note(self.store.failed, row.id, code, self.clock() - timedelta(seconds=1))

    async def _try_later(self, row: OutboxMessage, error: str) -> None:
        """The message's own trouble: its thread waits, longer each time, and in the end goes on without it."""
        if row.attempts + 1 >= MOST_ATTEMPTS:
            await self._give_up(row, error, "look at the log")
            return
        self._hold(row, min(LONGEST_BACKOFF, 0.5 * 2**row.attempts))
        await self._note(self.store.failed, row.id, error, self.clock() - timedelta(seconds=1))

    async def _wait_as_asked(self, row: OutboxMessage, limited: Limited) -> None:
        self.counts.limited += 1
        self._outage.over()
        log.info(
            "outbox.rate_limited",
            message=row.id,
            method=limited.method,
            channel=row.channel,
            seconds=limited.seconds,
        )
        what = self._pacing.limited(limited.method, row.channel, limited.seconds)
        await self._note(self.store.hold, what, self.clock() + timedelta(seconds=limited.seconds))

    async def _note(self, write: Callable[..., None], *args: object) -> None:
        try:
            await self._workers.run(write, *args)
        except Exception:
            # The edge of the process: the row stays due and is tried again.
            log.exception("outbox.not_written_down", args=args[:1])

    def _settled(self, row: OutboxMessage) -> None:
        self._held.pop(_lane_of(row), None)
        self._deliverer.settled(row)

    def _hold(self, row: OutboxMessage, seconds: float) -> None:
        self._held[_lane_of(row)] = self.monotonic() + seconds


def _lane_of(row: OutboxMessage) -> int:
    """What waits together: posts of one thread; updates of one message (ids below zero)."""
    return -row.id if row.ts is not None else (row.root_id or row.id)
