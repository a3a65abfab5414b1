"""A process of the bot that stops dead in the middle of its changing call, to be killed there.

Arguments: the folder with its files, and "before the effect" or "after the effect".
"""

import asyncio
import json
import sys
import threading
from datetime import timedelta
from pathlib import Path

import structlog

from incidents.clock import now
from incidents.effect import ApiRequest
from tests.bot.workflows.fakes import FileWorld
from tests.bot.workflows.rig import build, paced
from tests.incidents.builders import proposal
from tools.incident_store.database import Database
from tools.incident_store.migrate import migrate

FAST = paced(
    poll=timedelta(milliseconds=50),
    adopt_again=timedelta(milliseconds=200),
    lease=timedelta(seconds=1),
    observe=timedelta(minutes=1),
)
"""By the wall clock."""


class DeadlyWorld(FileWorld):
    """Says on stdout that the call is on its way, and never answers."""

    def __init__(self, folder: Path, when: str) -> None:
        super().__init__(now, folder)
        self._when = when
        self.incident = ""

    def apply(self, request: ApiRequest) -> None:
        if self._when == "after the effect":
            super().apply(request)
        print(json.dumps({"incident": self.incident}), flush=True)
        threading.Event().wait()


async def main(folder: Path, when: str) -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    database = Database(f"sqlite:///{folder / 'agentops.sqlite'}")
    migrate(database)
    world = DeadlyWorld(folder, when)
    rig = build(database, f"sqlite:///{folder / 'engine.sqlite'}", world=world, clock=now, pace=FAST)
    world.incident = rig.stage.open(at=now())
    rig.stage.propose(world.incident, proposal("p1", world.incident, created_at=now()), at=now())
    rig.stage.approve(at=now())
    await rig.look()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
