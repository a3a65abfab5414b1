"""How the process ends: nothing new begins, what is under way ends or is left to another replica."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from bot.bootstrap.duties import Duties
from bot.workflows.engine import Engine
from bot.workflows.ports import Deps
from bot.workflows.presence import Presence
from tools.errors import UpstreamError

log = structlog.get_logger(__name__)

LAST = ("http", "outbox", "presence")
"""The duties that go on until what is under way has ended. Slack's socket is none: Slack asks another replica."""
FINISH_S = 4.0
"""How long everything may go on to its own end."""
HAND_OVER_S = 6.0
"""How long a call that is under way may go on after that; an investigation stops where it is."""
LOOK_S = 0.05


class Ending:
    """Begun once, at SIGTERM. `began` is so from then on, and the process is no longer ready."""

    def __init__(
        self,
        presence: Presence,
        duties: Duties,
        engine: Engine,
        deps: Deps,
        *,
        close_intake: Callable[[], Awaitable[None]],
        stop_server: Callable[[], None],
    ) -> None:
        """`close_intake` answers what was accepted and refuses the rest; `stop_server` asks the HTTP server to end."""
        self.began = False
        self._presence = presence
        self._duties = duties
        self._engine = engine
        self._deps = deps
        self._close_intake = close_intake
        self._stop_server = stop_server

    async def whole(self) -> None:
        """From the first refusal to the last sign of life. What needs the database or the engine has ended then."""
        self.began = True
        await self._close_intake()
        with contextlib.suppress(UpstreamError):
            await self._presence.stopping()
        await self._duties.cancel_all(*LAST)
        await self._hand_over()
        await self._duties.cancel_all("http")
        self._stop_server()
        await self._duties.ended("http")
        with contextlib.suppress(UpstreamError):
            await self._presence.stopped()

    async def _hand_over(self) -> None:
        """Until nothing is under way, or it has taken 10 s.

        What is still under way then is left as it stands: its row says how far it is, and once the presence has ended
        another replica, or this one's next life, goes on with it.
        """
        if not await self._idle(FINISH_S):
            self._deps.stopping.set()
            await self._idle(HAND_OVER_S)
        if left := self._engine.under_way():
            log.warning("bot.left_under_way", workflows=left)

    async def _idle(self, seconds: float) -> bool:
        until = asyncio.get_running_loop().time() + seconds
        while True:
            if not self._engine.under_way():
                return True
            if asyncio.get_running_loop().time() > until:
                return False
            await asyncio.sleep(LOOK_S)
