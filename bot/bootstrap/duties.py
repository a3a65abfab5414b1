"""The long-running tasks of the process, by name: each runs until it is cancelled, and one that ends is a fault."""

import asyncio
from collections.abc import Collection, Coroutine
from typing import Any

from incidents.errors import AgentOpsError


class DutyEnded(AgentOpsError):
    """A task ended that has to run as long as the process does. The message names it."""


class Duties:
    """Starts them, says which have stopped, and cancels them."""

    def __init__(self) -> None:
        """None yet."""
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Begin one; its name appears in `/readyz` should it stop."""
        self._tasks.append(asyncio.create_task(work, name=name))

    def stopped(self) -> list[str]:
        """The names of those that run no longer."""
        return [task.get_name() for task in self._tasks if task.done()]

    async def one_ends(self, others: Collection[asyncio.Task[Any]]) -> None:
        """Wait until one of them, or of `others`, has ended."""
        await asyncio.wait([*others, *self._tasks], return_when=asyncio.FIRST_COMPLETED)

    async def cancel(self, *names: str) -> None:
        """Cancel those named and wait until they are gone, whatever they end with."""
        chosen = [task for task in self._tasks if task.get_name() in names]
        for task in chosen:
            task.cancel()
        await asyncio.gather(*chosen, return_exceptions=True)

    async def cancel_all(self, *but: str) -> None:
        """Cancel all but those named, and wait until they are gone."""
        await self.cancel(*(task.get_name() for task in self._tasks if task.get_name() not in but))

    async def ended(self, *names: str) -> None:
        """Wait until those named have ended by themselves."""
        await asyncio.gather(*(t for t in self._tasks if t.get_name() in names), return_exceptions=True)

    def raise_what_ended(self) -> None:
        """Raise what one of them ended with: its own `AgentOpsError`, or a `DutyEnded` that names it."""
        for task in self._tasks:
            if not task.done() or task.cancelled():
                continue
            error = task.exception()
            if isinstance(error, AgentOpsError):
                raise error
            raise DutyEnded(f"the {task.get_name()} stopped by itself") from error
