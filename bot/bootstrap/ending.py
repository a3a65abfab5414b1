"""How the process ends: nothing new begins, what is under way ends or is left to another replica."""

import asyncio
import contextlib

import structlog

from bot.bootstrap.duties import Duties
from bot.workflows.engine import Engine
from bot.workflows.ports import Deps
from bot.workflows.presence import Presence
from tools.errors import UpstreamError

log = structlog.get_logger(__name__)

BEGINNERS = ("dispatcher", "failover", "issues", "slack")
"""The duties that begin something; Slack's socket goes first, so that Slack asks another replica."""
FINISH_S = 4.0
"""How long everything may go on to its own end."""
HAND_OVER_S = 6.0
"""How long a call that is under way may go on after that; an investigation stops where it is."""
LOOK_S = 0.05


class Ending:
    """Begun once, at SIGTERM. `began` is so from then on, and the process is no longer ready."""

    def __init__(self, presence: Presence, duties: Duties, engine: Engine, deps: Deps) -> None:
        """Everything has to run by now."""
        self.began = False
        self._presence = presence
        self._duties = duties
        self._engine = engine
        self._deps = deps

    async def hand_over(self) -> None:
        """Until nothing is under way, or it has taken 10 s.

        What is still under way then is left as it stands: its row says how far it is, and once the presence has ended
        another replica, or this one's next life, goes on with it.
        """
        self.began = True
        with contextlib.suppress(UpstreamError):
            await self._presence.stopping()
        await self._duties.cancel(*BEGINNERS)
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
