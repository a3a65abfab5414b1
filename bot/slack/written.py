"""What was sent is written down, at once or when the database is back; till then nothing more of it is sent."""

from collections.abc import Callable
from datetime import datetime

import structlog

from bot.slack.doubles import Doubles
from bot.slack.ports import OutboxStore
from bot.slack.sending import Posted
from bot.slack.workers import Workers
from incidents.message import OutboxMessage

log = structlog.get_logger(__name__)


class WrittenDown:
    """What stands in Slack and in no row yet."""

    def __init__(self, store: OutboxStore, workers: Workers, doubles: Doubles, clock: Callable[[], datetime]) -> None:
        """Nothing was sent yet."""
        self._store, self._workers, self._doubles, self._clock = store, workers, doubles, clock
        self._missing: dict[int, tuple[OutboxMessage, Posted]] = {}
        self._writing: set[int] = set()

    def is_missing(self, id: int) -> bool:
        """Was this message sent and could not be written down?"""
        return id in self._missing

    async def sent(self, message: OutboxMessage, posted: Posted) -> None:
        """Write it down, or keep it for `catch_up`. A double is taken back."""
        self._missing[message.id] = (message, posted)
        try:
            await self._write(message, posted)
        except Exception:
            # The edge of the process: it stands in Slack; written down it must be before anything else of it is sent.
            log.exception("outbox.not_written_down", message=message.id)

    async def catch_up(self) -> None:
        """Write down what could not be written before; what is just being written is left alone."""
        for message, posted in list(self._missing.values()):
            if message.id not in self._writing:
                await self._write(message, posted)

    async def _write(self, message: OutboxMessage, posted: Posted) -> None:
        self._writing.add(message.id)
        try:
            stands = await self._workers.run(
                self._store.sent, message.id, posted.revision, posted.ts, self._clock(), posted.channel
            )
        finally:
            self._writing.discard(message.id)
        if self._missing.get(message.id, (message, None))[1] is posted:
            del self._missing[message.id]
        if stands != posted.ts:
            await self._doubles.take_back(message, posted.channel, posted.ts)
