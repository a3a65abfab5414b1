"""A process of the bot that stops in the middle of an execution, to be frozen there and woken up late.

Arguments: the folder with its files, the databases' URLs (ours, the engine's), and where it stops: "before its last
check" or "between check and send". It says on stdout that it is there, and goes on with a line on stdin.
"""

import asyncio
import sys
from pathlib import Path

import structlog

from incidents.clock import now
from incidents.effect import ApiRequest
from tests.bot.workflows.fakes import FileWorld
from tests.bot.workflows.killed import FAST, approved
from tests.bot.workflows.rig import build
from tools.errors import Busy
from tools.incident_store.database import Database
from tools.incident_store.migrate import migrate
from tools.sagemaker.states import EndpointState

BEFORE, BETWEEN = "before its last check", "between check and send"


class SharedWorld(FileWorld):
    """One SageMaker for several processes: each look and each call begins with what the file says."""

    def read(self) -> EndpointState:
        self.look_anew()
        return super().read()

    def apply(self, request: ApiRequest) -> None:
        self.look_anew()
        if request.operation == "UpdateEndpoint" and self.endpoint.status == "Updating":
            raise Busy("SageMaker", "UpdateEndpoint", "Cannot update in-progress endpoint")
        super().apply(request)


class StoppingWorld(SharedWorld):
    """Says where it is, and waits there until it may go on."""

    def __init__(self, folder: Path, where: str) -> None:
        super().__init__(now, folder)
        self._where, self._stopped = where, False

    def read(self) -> EndpointState:
        if self._where == BEFORE:
            self.stop()
        return super().read()

    def apply(self, request: ApiRequest) -> None:
        if self._where == BETWEEN:
            self.stop()
        super().apply(request)

    def stop(self) -> None:
        if not self._stopped:
            self._stopped = True
            print("there", flush=True)
            sys.stdin.readline()


async def main(folder: Path, url: str, engine_url: str, where: str) -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    database = Database(url)
    migrate(database)
    world = StoppingWorld(folder, where)
    world.keep()
    rig = build(database, engine_url, world=world, clock=now, pace=FAST, owner="bot-1")
    approved(rig, world, "rollback")
    await rig.look()
    rig.engine.destroy()
    database.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), *sys.argv[2:5]))
