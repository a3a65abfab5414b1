"""Bringing one message into Slack: look whether it stands there, render it, begin, call."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog

from bot.slack.counts import Counts
from bot.slack.doubles import FIRST_LOOK
from bot.slack.failures import UNFIT, HeldBack, NotSent, NotYet, Refused
from bot.slack.pacing import Pacing
from bot.slack.ports import OutboxStore
from bot.slack.rendered import FilePost, Rendered
from bot.slack.searching import Searcher, method_for
from bot.slack.sending import UPLOAD, Posted, Sender
from bot.slack.turn import Turn
from bot.slack.workers import Workers
from incidents.message import MessageKind, OutboxMessage, Priority, update_rank

log = structlog.get_logger(__name__)

Render = Callable[[OutboxMessage], Awaitable[Rendered | FilePost | None]]

PLAIN_LIMIT = 3_500
MOST_UPLOADS_REFUSED = 5
"""Of a picture that Slack does not take in; then its words go alone."""
RENDERED_AT_ONCE = 4
"""Messages, but for what goes before everything. Each reads all of its incident, so dozens at once would only finish
together and late. Charts are not counted: they wait for Prometheus, and are drawn one after the other."""


class Deliverer:
    """Delivers messages, one call each."""

    def __init__(
        self,
        sender: Sender,
        searcher: Searcher,
        store: OutboxStore,
        render: Render,
        turn: Turn,
        *,
        workers: Workers,
        pacing: Pacing,
        counts: Counts,
        clock: Callable[[], datetime],
    ) -> None:
        """`render` makes a row's message; None when there is nothing to show."""
        self._sender, self._searcher, self._store, self._render = sender, searcher, store, render
        self._turn, self._workers, self._pacing = turn, workers, pacing
        self._counts, self._clock = counts, clock
        self._lost: set[int] = set()
        self._uploaded: dict[tuple[int, int], str] = {}
        self._refused: dict[tuple[int, int], int] = {}
        self._may_look = True
        self._rendering = asyncio.Semaphore(RENDERED_AT_ONCE)

    def may_have_left(self, message: OutboxMessage) -> bool:
        """May it stand in Slack, although no row says so? Another began to send it, or our call was not answered."""
        return message.begun_by is not None and (message.begun_by != self._turn.instance or message.id in self._lost)

    def wait(self, message: OutboxMessage) -> float:
        """Seconds until Slack's limits let it go."""
        if message.ts is not None:
            return self._pacing.wait_to_update(message.id, update_rank(message.kind))
        waits = [self._pacing.wait_to_post(message.channel, message.priority)]
        if message.kind is MessageKind.CHART:
            waits.append(self._pacing.wait_to_call(UPLOAD))
        if self._may_look and self.may_have_left(message):
            waits.append(self._pacing.wait_to_call(method_for(message)))
        return max(waits)

    def going(self, message: OutboxMessage) -> None:
        """It goes now: its part of the limits is used."""
        if message.ts is None:
            self._pacing.posting(message.channel)
        else:
            self._pacing.updating(message.id)

    def settled(self, message: OutboxMessage) -> None:
        """It stands in Slack as it should, or never will."""
        self._lost.discard(message.id)

    async def deliver(self, message: OutboxMessage) -> Posted | None:
        """Where it stands now; None when the row is settled without a message. Raises the errors of `failures`."""
        if message.ts is None and self.may_have_left(message):
            found = await self._find(message)
            if found is not None:
                self._counts.found_again += 1
                return found
        content = await self._rendered(message)
        if content is None:
            return await self._nothing(message, "nothing to show")
        if isinstance(content, FilePost):
            return await self._deliver_file(message, content)
        return await self._deliver_message(message, content)

    async def _rendered(self, message: OutboxMessage) -> Rendered | FilePost | None:
        if message.priority is Priority.FIRST or message.kind is MessageKind.CHART:
            return await self._render(message)
        async with self._rendering:
            return await self._render(message)

    async def _nothing(self, message: OutboxMessage, why: str) -> Posted | None:
        """What stands stays as it is; what does not, never will."""
        if message.ts is not None:
            return Posted(message.channel, message.ts, message.wanted_revision)
        await self._workers.run(self._store.given_up, message.id, why)
        return None

    async def _deliver_message(self, message: OutboxMessage, content: Rendered) -> Posted:
        try:
            return await self._send(message, content)
        except Refused as refused:
            if refused.code not in UNFIT or not content.blocks:
                raise
            log.error(
                "outbox.blocks_refused",
                message=message.id,
                kind=message.kind,
                incident=message.incident_id,
                why=str(refused),
            )
            return await self._send(message, Rendered(text=content.text[:PLAIN_LIMIT], blocks=[]))

    async def _deliver_file(self, message: OutboxMessage, file: FilePost) -> Posted | None:
        """Upload, then post around it. Slack takes a moment to take a picture in, and refuses the block until then."""
        key = (message.id, message.wanted_revision)
        try:
            if key not in self._uploaded:
                self._uploaded[key] = await self._sender.upload(file)
            posted = await self._send(message, file.message(self._uploaded[key]))
        except Refused as refused:
            times = self._refused[key] = self._refused.get(key, 0) + 1
            if refused.code == "invalid_blocks" and times <= MOST_UPLOADS_REFUSED:
                raise NotYet("the picture is not taken in yet") from refused
            log.error("outbox.picture_refused", message=message.id, incident=message.incident_id, why=str(refused))
            self._uploaded.pop(key, None)
            self._refused.pop(key, None)
            if not file.words_instead:
                return await self._nothing(message, f"the picture was refused: {refused.code}")
            posted = await self._deliver_message(
                message, Rendered(text=f"{file.title}: {file.alt_text}"[:PLAIN_LIMIT], blocks=[])
            )
        self._uploaded.pop(key, None)
        self._refused.pop(key, None)
        return posted

    async def _send(self, message: OutboxMessage, content: Rendered) -> Posted:
        await self._begin(message)
        if message.ts is None:
            posted = await self._post(message, content)
            self._pacing.same(message.channel, posted.channel)
            self._counts.posted += 1
        else:
            posted = await self._sender.update(message, content)
            self._counts.updated += 1
        return posted

    async def _post(self, message: OutboxMessage, content: Rendered) -> Posted:
        self._pacing.leaving(message.channel)
        self._lost.add(message.id)  # until the answer says otherwise
        try:
            return await self._sender.post(message, content)
        except (NotSent, Refused):
            self._lost.discard(message.id)
            raise

    async def _begin(self, message: OutboxMessage) -> None:
        """The last look before the call: it is still our turn, and the row is still what it was.

        After it nothing is awaited but the call itself.
        """
        now = self._clock()
        look_at = now + FIRST_LOOK if self.may_have_left(message) else None
        turn = self._turn.now()
        run = self._workers.run_first if message.priority is Priority.FIRST else self._workers.run
        if turn is not None and await run(self._store.begin, message, turn, now, look_at):
            if self._turn.now() is not None:
                return
        else:
            self._turn.lost()
        self._counts.held_back += 1
        raise HeldBack("another's turn")

    async def _find(self, message: OutboxMessage) -> Posted | None:
        """The message, where it is in Slack already and we may look."""
        if self._may_look:
            channel = self._pacing.id_of(message.channel)
            self._pacing.calling(method_for(message))
            try:
                copies = await self._searcher.standing(message, channel, message.begun_at)
                return Posted(channel, copies[0].ts, copies[0].revision) if copies else None
            except Refused as refused:
                if refused.code == "thread_not_found":
                    return None
                if refused.code == "missing_scope":
                    self._may_look = False
                    log.warning("outbox.may_not_look_back", why="the scope channels:history is missing")
        log.warning("outbox.sent_again_blindly", message=message.id, kind=message.kind, incident=message.incident_id)
        self._counts.sent_again_blindly += 1
        return None
