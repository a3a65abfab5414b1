"""How many more investigations this process can bear to begin now, whatever the budget allows."""

import asyncio
from collections.abc import Awaitable, Callable

ALWAYS = 4
"""So many at once are begun in any case, and so many more with each look while the process keeps up."""
LAG_S = 0.25
"""An event loop that is later than that has more to compute than it can bear."""
NAP_S = 0.01


async def lag() -> float:
    """Seconds by which the event loop is late: how long whatever wants to go on now has to wait for its turn."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    await asyncio.sleep(NAP_S)
    return max(0.0, loop.time() - begun - NAP_S)


async def bearable(under_way: int, lag: Callable[[], Awaitable[float]] = lag) -> int:
    """How many may begin beside those `under_way` in this process.

    Investigations that wait for a language model cost nothing; once they compute, more at once are no faster: each
    only ends later, and what has to be told meanwhile waits behind all of them. So many begin only step by step, and
    none while the process is late. What is not begun stays due, for another replica as well.
    """
    room = ALWAYS - under_way
    if room > 0:
        return room
    return 0 if await lag() > LAG_S else ALWAYS
