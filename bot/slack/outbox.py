"""Sends what the message rows want: in order within a thread, once, within Slack's limits, also after a restart.

Order: of a thread's messages not yet posted only the oldest is tried, and the next waits until it is in Slack or given
up. Updates of posted messages go beside them; only the latest revision is sent. A failure is kept in memory, not as a
later time in the row: a row that is not due would let the ones behind it overtake after a restart.

Once: a message is marked with its row's id (message metadata). When the answer to a post was lost, or the process began
with rows whose post may have left before it ended, Slack is asked whether the message stands there before it is posted.
Where the app may not look (no `channels:history`), it is posted again and counted: a card that comes twice does no
harm, since both carry the same proposal and its row decides once; a card that never comes does.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.pacing import Pacing
from bot.slack.ports import OutboxStore
from bot.slack.rendered import FilePost, Rendered
from bot.slack.sending import UNFIT, Limited, NotSent, NotYet, OutcomeUnknown, Posted, Refused, Sender
from incidents.clock import now as wall_clock
from incidents.message import OutboxMessage

log = structlog.get_logger(__name__)

Render = Callable[[OutboxMessage], Awaitable[Rendered | FilePost | None]]

AT_ONCE = 500
"""Rows looked at in one go."""
SWEEP_SECONDS = 2.0
"""Between two looks when nobody called: rows that another process wrote."""
PAUSE_PER_LOOK = 3.0
"""After a look, as many times as long as it took: a quarter of the time at most is spent looking."""
LONGEST_PAUSE = 0.25
LONGEST_BACKOFF = 30.0
NOT_YET_SECONDS = 1.0
MOST_ATTEMPTS = 5
"""Of a message that cannot be rendered, or whose picture Slack does not take in."""
STOP_SECONDS = 5.0
PLAIN_LIMIT = 3_500

REPAIR_SECONDS = 20.0
"""Between two tries of what a person has to mend first."""

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
class Counts:
    """What happened since the start, for metrics."""

    posted: int = 0
    updated: int = 0
    limited: int = 0
    given_up: int = 0
    refused: int = 0
    found_again: int = 0
    sent_again_blindly: int = 0


@dataclass
class _Trouble:
    """What is wrong with Slack as a whole."""

    failures: int = 0
    until: float = 0.0
    probing: bool = False


@dataclass
class _Lane:
    """A thread, or a message whose updates are meant: what is held back, and why."""

    attempts: int = 0
    until: float = 0.0


@dataclass
class Outbox:
    """The sender of messages. `wake` after every commit that wants one; `run` until cancelled.

    Attributes:
        client: one that does not retry by itself (`clients.outbox_client`).
        store: the message rows.
        render: makes a row's message; None when there is nothing to show.
        installation: tells this database's messages from another's in the same channels, e.g. a random id kept in it.
        clock: the wall clock; monotonic: seconds for pacing.
    """

    client: AsyncWebClient
    store: OutboxStore
    render: Render
    installation: str = "agentops"
    clock: Callable[[], datetime] = wall_clock
    monotonic: Callable[[], float] = time.monotonic
    repair_seconds: float = REPAIR_SECONDS
    counts: Counts = field(default_factory=Counts)
    _loop: asyncio.AbstractEventLoop | None = None
    _event: asyncio.Event = field(default_factory=asyncio.Event)
    _lanes: dict[int, _Lane] = field(default_factory=dict[int, _Lane])
    _busy: dict[int, asyncio.Task[None]] = field(default_factory=dict[int, "asyncio.Task[None]"])
    _unsure: set[int] = field(default_factory=set[int])
    _lost: set[int] = field(default_factory=set[int])
    _unwritten: dict[int, Posted] = field(default_factory=dict[int, Posted])
    _writing: set[int] = field(default_factory=set[int])
    _uploaded: dict[tuple[int, int], str] = field(default_factory=dict[tuple[int, int], str])
    _trouble: _Trouble = field(default_factory=_Trouble)
    _may_look: bool = True

    def __post_init__(self) -> None:
        """Set up what follows from the arguments."""
        self._sender = Sender(self.client, self.installation)
        self._pacing = Pacing(self.monotonic)

    def wake(self) -> None:
        """Something may be due. From any thread."""
        if self._loop is None:
            self._event.set()
            return
        with contextlib.suppress(RuntimeError):  # the loop has ended, and the outbox with it
            self._loop.call_soon_threadsafe(self._event.set)

    async def run(self) -> None:
        """Send until cancelled; what is on its way then is given a moment to be written down."""
        self._loop = asyncio.get_running_loop()
        first = True
        try:
            while True:
                self._event.clear()
                began = self.monotonic()
                wait = await self._look(first=first)
                first = False
                # A look takes long when many rows are due, and every message's end calls for one.
                await asyncio.sleep(min(LONGEST_PAUSE, PAUSE_PER_LOOK * (self.monotonic() - began)))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait):  # not wait_for, which in 3.11 can swallow a cancellation
                        await self._event.wait()
        finally:
            if self._busy:
                await asyncio.wait(self._busy.values(), timeout=STOP_SECONDS)
            for task in self._busy.values():
                task.cancel()
            self._loop = None

    async def _look(self, *, first: bool) -> float:
        """Begin what may go now; seconds until something else may."""
        try:
            await self._write_down()
            # From before the read: what ends while the rows are read is still unsent in them.
            busy = set(self._busy)
            rows = await asyncio.to_thread(self.store.due, self.clock(), AT_ONCE)
        except Exception:
            # The edge of the process: whatever the database says, the outbox lives on and tries again.
            log.exception("outbox.rows_unreadable")
            return SWEEP_SECONDS
        if first:
            self._unsure.update(row.id for row in rows if row.ts is None)
        waits = [SWEEP_SECONDS, *(self._begin(row) for row in _next_in_line(rows, busy))]
        return max(0.0, min(waits))

    def _begin(self, row: OutboxMessage) -> float:
        """Begin sending a row, or say in how many seconds it may be."""
        now = self.monotonic()
        lane = self._lanes.get(_lane_of(row))
        pace = self._pacing.wait_to_post(row.channel) if row.ts is None else self._pacing.wait_to_update(row.id)
        wait = max(pace, self._trouble.until - now, lane.until - now if lane else 0.0)
        if row.id in self._unwritten:
            wait = max(wait, 0.5)
        if wait > 0:
            return wait
        if self._trouble.failures and self._trouble.probing:
            return SWEEP_SECONDS  # one message finds out whether Slack is back; its end wakes us
        self._trouble.probing = bool(self._trouble.failures)
        if row.ts is None:
            self._pacing.posting(row.channel)
        else:
            self._pacing.updating(row.id)
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
            posted = await self._deliver(row)
        except Limited as limited:
            self._wait_as_asked(row, limited)
        except NotYet:
            self._hold(row, NOT_YET_SECONDS)
        except NotSent as error:
            self._slack_is_down(error)
        except OutcomeUnknown as error:
            self._unsure.add(row.id)
            self._lost.add(row.id)
            self._slack_is_down(error)
        except Refused as refused:
            self._slack_is_up()
            if refused.code in WHAT_TO_DO:
                await self._wait_for_repair(row, refused.code)
            else:
                await self._give_up(row, str(refused), "")
        except Exception:
            # The edge of the process: a message that cannot be rendered must not stop the others.
            log.exception("outbox.message_failed", message=row.id, kind=row.kind, incident=row.incident_id)
            await self._try_later(row, "it could not be rendered")
        else:
            self._slack_is_up()
            self._forget(row)
            if posted is not None:
                self._pacing.same(row.channel, posted.channel)
                await self._sent(row, posted)
        finally:
            self._trouble.probing = False

    async def _deliver(self, row: OutboxMessage) -> Posted | None:
        """The call itself. None when the row is settled without one."""
        if row.ts is None and row.id in self._unsure:
            found = await self._find(row)
            if found is not None:
                self.counts.found_again += 1
                return found
        content = await self.render(row)
        if content is None:
            if row.ts is not None:
                return Posted(row.channel, row.ts, row.wanted_revision)
            await asyncio.to_thread(self.store.given_up, row.id, "nothing to show")
            return None
        if isinstance(content, FilePost):
            return await self._deliver_file(row, content)
        return await self._deliver_message(row, content)

    async def _deliver_message(self, row: OutboxMessage, content: Rendered) -> Posted:
        send = self._post if row.ts is None else self._sender.update
        try:
            posted = await send(row, content)
        except Refused as refused:
            if refused.code not in UNFIT or not content.blocks:
                raise
            log.error(
                "outbox.blocks_refused", message=row.id, kind=row.kind, incident=row.incident_id, why=str(refused)
            )
            posted = await send(row, Rendered(text=content.text[:PLAIN_LIMIT], blocks=[]))
        if row.ts is None:
            self.counts.posted += 1
        else:
            self.counts.updated += 1
        return posted

    async def _post(self, row: OutboxMessage, content: Rendered) -> Posted:
        self._pacing.leaving(row.channel)
        return await self._sender.post(row, content)

    async def _deliver_file(self, row: OutboxMessage, file: FilePost) -> Posted:
        """Upload, then post around it. Slack takes a moment to take a picture in, and refuses the block until then."""
        key = (row.id, row.wanted_revision)
        try:
            if key not in self._uploaded:
                self._uploaded[key] = await self._sender.upload(file)
            content = file.message(self._uploaded[key])
            send = self._post if row.ts is None else self._sender.update
            posted = await send(row, content)
        except Refused as refused:
            lane = self._lanes.get(_lane_of(row))
            if refused.code == "invalid_blocks" and (lane is None or lane.attempts < MOST_ATTEMPTS):
                raise NotYet("the picture is not taken in yet") from refused
            log.error("outbox.picture_refused", message=row.id, incident=row.incident_id, why=str(refused))
            posted = await self._deliver_message(
                row, Rendered(text=f"{file.title}: {file.alt_text}"[:PLAIN_LIMIT], blocks=[])
            )
        self._uploaded.pop(key, None)
        return posted

    async def _find(self, row: OutboxMessage) -> Posted | None:
        """The message, where it is in Slack already and we may look."""
        if self._may_look:
            try:
                return await self._sender.find(row)
            except Refused as refused:
                if refused.code == "missing_scope":
                    self._may_look = False
                    log.warning("outbox.may_not_look_back", why="the scope channels:history is missing")
                elif refused.code == "thread_not_found":
                    return None
        if row.id in self._lost:
            self.counts.sent_again_blindly += 1
            log.warning("outbox.sent_again_blindly", message=row.id, kind=row.kind, incident=row.incident_id)
        return None

    async def _sent(self, row: OutboxMessage, posted: Posted) -> None:
        self._unwritten[row.id] = posted
        try:
            await self._write(row.id, posted)
        except Exception:
            # The edge of the process: it stands in Slack; written down it must be before anything else of it is sent.
            log.exception("outbox.not_written_down", message=row.id)

    async def _write_down(self) -> None:
        """Write down what was sent and could not be written before; what is just being written is left alone."""
        for id, posted in list(self._unwritten.items()):
            if id not in self._writing:
                await self._write(id, posted)

    async def _write(self, id: int, posted: Posted) -> None:
        self._writing.add(id)
        try:
            await asyncio.to_thread(self.store.sent, id, posted.revision, posted.ts, self.clock(), posted.channel)
        finally:
            self._writing.discard(id)
        if self._unwritten.get(id) is posted:
            del self._unwritten[id]

    async def _give_up(self, row: OutboxMessage, error: str, what_to_do: str) -> None:
        self.counts.given_up += 1
        self._forget(row)
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
        await self._note(self.store.failed, row.id, code, self.clock() - timedelta(seconds=1))

    async def _try_later(self, row: OutboxMessage, error: str) -> None:
        """The message's own trouble: its thread waits, longer each time, and in the end goes on without it."""
        if row.attempts + 1 >= MOST_ATTEMPTS:
            await self._give_up(row, error, "look at the log")
            return
        self._hold(row, min(LONGEST_BACKOFF, 0.5 * 2**row.attempts))
        await self._note(self.store.failed, row.id, error, self.clock() - timedelta(seconds=1))

    async def _note(self, write: Callable[..., None], *args: object) -> None:
        try:
            await asyncio.to_thread(write, *args)
        except Exception:
            # The edge of the process: the row stays due and is tried again.
            log.exception("outbox.not_written_down", args=args[:1])

    def _forget(self, row: OutboxMessage) -> None:
        self._lanes.pop(_lane_of(row), None)
        self._unsure.discard(row.id)
        self._lost.discard(row.id)

    def _hold(self, row: OutboxMessage, seconds: float) -> None:
        lane = self._lanes.setdefault(_lane_of(row), _Lane())
        lane.attempts += 1
        lane.until = self.monotonic() + seconds

    def _wait_as_asked(self, row: OutboxMessage, limited: Limited) -> None:
        self.counts.limited += 1
        self._slack_is_up()
        log.info("outbox.rate_limited", message=row.id, channel=row.channel, seconds=limited.seconds)
        if row.ts is None:
            self._pacing.hold_posts(row.channel, limited.seconds)
        else:
            self._pacing.hold_updates(limited.seconds)

    def _slack_is_down(self, error: Exception) -> None:
        """Everything waits, for longer each time; then one message finds out."""
        trouble = self._trouble
        trouble.failures += 1
        trouble.probing = False
        backoff = min(LONGEST_BACKOFF, 0.5 * 2 ** min(trouble.failures - 1, 10))
        trouble.until = self.monotonic() + backoff * random.uniform(0.8, 1.0)  # noqa: S311 - spreads retries, no secret
        log.warning("outbox.slack_is_down", error=str(error), retry_in=round(backoff, 1), failures=trouble.failures)

    def _slack_is_up(self) -> None:
        if self._trouble.failures:
            log.info("outbox.slack_is_back", failures=self._trouble.failures)
        self._trouble = _Trouble()


def _lane_of(row: OutboxMessage) -> int:
    """What waits together: posts of one thread; updates of one message (ids below zero)."""
    return -row.id if row.ts is not None else (row.root_id or row.id)


def _next_in_line(rows: Iterable[OutboxMessage], busy: set[int]) -> list[OutboxMessage]:
    """Of every thread the oldest message not yet posted, urgent threads first; then the updates, urgent first."""
    lanes: dict[int, list[OutboxMessage]] = {}
    for row in rows:
        lanes.setdefault(_lane_of(row), []).append(row)
    heads = [
        (min(lane, key=lambda row: row.id), any(row.urgent for row in lane))
        for key, lane in lanes.items()
        if key not in busy
    ]
    heads.sort(key=lambda head: (head[0].ts is not None, not head[1], head[0].id))
    return [row for row, _ in heads]
