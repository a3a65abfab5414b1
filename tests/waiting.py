"""Waiting in a test: until something is so, with a deadline; never for a time in which it will have happened."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

EVERY_SECONDS = 0.05
"""Between two looks, unless a look costs more."""
PATIENCE_SECONDS = 40.0
"""Long enough for anything on a machine that has much else to do."""


async def eventually(
    look: Callable[[], Awaitable[T | None]],
    what: str,
    *,
    within: float = PATIENCE_SECONDS,
    every: float = EVERY_SECONDS,
) -> T:
    """The first thing that `look` finds, asked again and again; fails with `what` after `within` seconds."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while not (seen := await look()):
        assert loop.time() < deadline, f"waited {within:g} s for {what}"
        await asyncio.sleep(every)
    return seen


async def until(holds: Callable[[], bool], what: str, *, within: float = PATIENCE_SECONDS) -> None:
    """Waits until it is so; fails with `what` after `within` seconds."""

    async def look() -> bool:
        return holds()

    await eventually(look, what, within=within)
