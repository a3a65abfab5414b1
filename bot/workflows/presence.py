"""That this process lives: one for each executor id, with a sign of life every few seconds.

Others count it as dead when its signs of life end, and take its work over. Should it wake up again, it goes on as one
of the living; what it held has fences, and those decide.
"""

import asyncio

import structlog

from bot.workflows.pace import Pace
from incidents.errors import AgentOpsError
from tools.errors import UpstreamError
from tools.incident_store.clock import SharedClock
from tools.incident_store.executor_lock import ExecutorLock
from tools.incident_store.writer.replicas import Replica, ReplicaWriter

log = structlog.get_logger(__name__)

PATIENCE_S = 3.0
"""How long a start waits for an earlier life that is just ending: PostgreSQL sees a closed connection within that."""
TRY_AGAIN_S = 0.2


class ExecutorTaken(AgentOpsError):
    """Another process lives under the same executor id, or with the same folder. The message says what to do."""


class Presence:
    """Begun before any work begins, stopped after all of it has ended."""

    def __init__(
        self, writer: ReplicaWriter, lock: ExecutorLock, clock: SharedClock, me: Replica, *, version: str, pace: Pace
    ) -> None:
        """`me.executor` is the stable name, `me.instance` a new one for every process."""
        self._writer = writer
        self._lock = lock
        self._clock = clock
        self._me = me
        self._version = version
        self._pace = pace
        self._ended = False

    async def begin(self) -> None:
        """Take the executor id and what an earlier life of it held. Raises `ExecutorTaken`; `Unavailable`."""
        ahead = await asyncio.to_thread(self._clock.set)
        if not await self._taken():
            raise ExecutorTaken(await asyncio.to_thread(self._by_whom))
        try:
            await asyncio.to_thread(self._refuse_a_shared_folder)
            given = await asyncio.to_thread(self._writer.begin, self._me, self._version, self._clock())
        except BaseException:
            self._lock.release()
            raise
        log.info(
            "replica.began",
            executor=self._me.executor,
            instance=self._me.instance,
            executions_left=given.executions,
            investigations_left=given.investigations,
            clock_ahead_s=round(ahead.total_seconds(), 3),
        )

    async def run(self) -> None:
        """Give signs of life until cancelled. Raises `ExecutorTaken` once another process has the executor id."""
        while True:
            await asyncio.sleep(self._pace.heartbeat.total_seconds())
            try:
                await self.sign()
            except UpstreamError as error:
                log.warning("replica.no_sign_given", error=str(error))

    async def sign(self) -> None:
        """One sign of life."""
        if not await asyncio.to_thread(self._lock.take):
            raise ExecutorTaken(await asyncio.to_thread(self._by_whom))
        await asyncio.to_thread(self._clock.set)
        if not await asyncio.to_thread(self._writer.seen, self._me.instance, self._clock()):
            log.warning("replica.came_back", executor=self._me.executor)

    async def stopping(self) -> None:
        """It takes nothing new any more."""
        await asyncio.to_thread(self._writer.stopping, self._me.instance, self._clock())

    async def stopped(self) -> None:
        """It has ended: others take over at once what it held still. Told once, however often it is called."""
        if self._ended:
            return
        self._ended = True
        given = await asyncio.to_thread(self._writer.stopped, self._me.instance, self._me.executor, self._clock())
        log.info("replica.stopped", executions_left=given.executions, investigations_left=given.investigations)

    def close(self) -> None:
        """Give the executor id back."""
        self._lock.release()

    async def _taken(self) -> bool:
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE_S
        while not await asyncio.to_thread(self._lock.take):
            if loop.time() > until:
                return False
            await asyncio.sleep(TRY_AGAIN_S)
        return True

    def _by_whom(self) -> str:
        now = self._clock()
        alone = self._lock.alone_on_the_database
        others = [
            one
            for one in self._writer.living(now, self._pace.alive)
            if one.instance != self._me.instance and (alone or one.executor == self._me.executor)
        ]
        whom = "another process"
        if others:
            seen = (now - others[-1].seen_at).total_seconds()
            whom = f"process {others[-1].pid} on {others[-1].host}, last seen {seen:.0f} s ago,"
        if alone:
            return (
                f"AGENTOPS_DATA_DIR: {whom} works on this SQLite database, which only one process may do. "
                "Stop that one first; several need PostgreSQL: AGENTOPS_DATABASE_URL."
            )
        return (
            f"AGENTOPS_EXECUTOR_ID: {whom} runs as {self._me.executor!r} on this database. Every process needs a name "
            "of its own that stays the same across restarts; or stop that one first."
        )

    def _refuse_a_shared_folder(self) -> None:
        for one in self._writer.living(self._clock(), self._pace.alive):
            if self._me.folder is not None and one.folder == self._me.folder and one.executor != self._me.executor:
                raise ExecutorTaken(
                    f"AGENTOPS_DATA_DIR: {one.executor!r} (process {one.pid} on {one.host}) keeps its runbook index in "
                    "the same folder, and two processes would damage it. Give every process a folder of its own, or "
                    "all of them a Chroma server: AGENTOPS_CHROMA_URL."
                )
