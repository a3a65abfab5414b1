"""A process of the bot that stops dead in the middle of one of its changing calls, to be killed there.

Arguments: the folder with its files, "before the effect" or "after the effect", the remediation (rollback, promotion),
and the number of the call, from 1.
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
from tests.bot.workflows.fakes import FileWorld, fraud_endpoint, package
from tests.bot.workflows.rig import Rig, build, fraud_alert, paced
from tests.incidents.builders import needs, promotion, promotion_origin, proposal
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

    def __init__(self, folder: Path, when: str, call: int) -> None:
        super().__init__(now, folder)
        self._when = when
        self._call = call
        self.incident = ""

    def apply(self, request: ApiRequest) -> None:
        if len(self.sent) < self._call:
            super().apply(request)
            return
        if self._when == "after the effect":
            super().apply(request)
        print(json.dumps({"incident": self.incident}), flush=True)
        threading.Event().wait()


def approved(rig: Rig, world: FileWorld, remediation: str) -> str:
    """The incident in which p1 is approved."""
    if remediation == "rollback":
        incident_id = rig.stage.open(at=now())
        made = proposal("p1", incident_id, created_at=now())
    else:
        world.endpoint = fraud_endpoint()
        world.packages = [package(42), package(41, approval="Approved")]
        world.keep()
        incident_id = rig.stage.open(fraud_alert(), at=now())
        made = proposal(
            "p1", incident_id, remediation=promotion(), origin=promotion_origin(), decision=needs(2), created_at=now()
        )
    rig.stage.propose(incident_id, made, at=now())
    for person in ("UONCALL", "ULEAD"):
        rig.stage.approve(person=person, policy_now=made.decision, at=now())
    return incident_id


async def main(folder: Path, when: str, remediation: str, call: int) -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    database = Database(f"sqlite:///{folder / 'agentops.sqlite'}")
    migrate(database)
    world = DeadlyWorld(folder, when, call)
    rig = build(database, f"sqlite:///{folder / 'engine.sqlite'}", world=world, clock=now, pace=FAST)
    world.incident = approved(rig, world, remediation)
    while True:
        # On a busy machine its short lease may end between two calls; then it goes on at the next look.
        await rig.look()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])))
