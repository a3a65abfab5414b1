"""How far an investigation is, written down while it goes on: soon, and not for every step."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType

import structlog

from incidents.investigation import ProgressStep
from tools.errors import UpstreamError

log = structlog.get_logger(__name__)

APART_S = 2.0
"""Seconds between two writes. An investigation has about 25 steps in a few seconds, and Slack takes some 50 updates a
minute of all messages together: what is between nobody would see, and each would be a commit."""


class Progress:
    """Gathers steps and writes them beside the work: the first at once, the last before the block ends.

    async with Progress(write) as tell:
        await investigate(case, tell)

    What cannot be written down is tried again with the next; the work goes on, since it is not about its telling.
    """

    def __init__(self, write: Callable[[Sequence[ProgressStep]], Awaitable[None]], apart_s: float = APART_S) -> None:
        """`write` puts all steps so far into the row."""
        self._write, self._apart_s = write, apart_s
        self._steps: dict[str, ProgressStep] = {}
        self._news, self._end = asyncio.Event(), asyncio.Event()
        self._writing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Callable[[ProgressStep], Awaitable[None]]:
        """Whom to tell of a step: begun, done, or changed; one is known by its key."""
        self._writing = asyncio.create_task(self._run(), name="progress")
        return self._tell

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what is not written yet."""
        self._end.set()
        self._news.set()
        if self._writing is not None:
            await self._writing

    async def _tell(self, step: ProgressStep) -> None:
        self._steps[step.key] = step
        self._news.set()

    async def _run(self) -> None:
        written: tuple[ProgressStep, ...] = ()
        while True:
            await self._news.wait()
            self._news.clear()
            steps, ends = tuple(self._steps.values()), self._end.is_set()
            if steps != written:
                try:
                    await self._write(steps)
                    written = steps
                except UpstreamError as failed:
                    log.warning("progress.not_written", error=str(failed))
                    self._news.set()
            if ends:
                return
            # Not wait_for, which on Python 3.11 can swallow a cancellation.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._apart_s):
                    await self._end.wait()
