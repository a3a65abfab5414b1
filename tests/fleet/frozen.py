"""One of two replicas stands still for a minute (SIGSTOP) while it holds a change, with leases as shipped.

It wakes up (SIGCONT) long after the other took over what it held, and goes on with what it was about to do.
"""

import asyncio
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, func, select

from tests.fleet.account import Account
from tests.fleet.alerts import outage
from tests.fleet.rig import fleet_in
from tests.fleet.rows import held_by
from tests.fleet.spec import AS_SHIPPED, FleetSpec
from tools.incident_store.tables import TimelineRecord

STANDS, LIVES = "bot-0", "bot-1"
BEGIN_LIMIT_S = 180.0


@dataclass(frozen=True)
class FrozenPlan:
    """How many models get a bad version, and how long the replica stands still."""

    models: int = 20
    frozen_s: float = 60.0
    settle_s: float = 600.0


@dataclass
class FrozenResult:
    """What came of it."""

    plan: FrozenPlan
    held_changes: list[str]
    held_looks: list[str]
    """What it held when it was stopped: executions, investigations."""
    taken_over: int
    late_calls: int
    """Calls that it sent after another had taken over, each told to a person and verified."""
    settled_s: float
    account: Account

    @property
    def faults(self) -> list[str]:
        """What must not be, one line each."""
        return [*([] if self.taken_over else ["nothing was taken over"]), *self.account.faults]

    def as_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {**asdict(self), "plan": asdict(self.plan), "account": self.account.as_json()}


async def frozen(folder: Path, plan: FrozenPlan, *, database_url: str) -> FrozenResult:
    """Play it, on a PostgreSQL: two replicas have no SQLite in common."""
    spec = FleetSpec(models=plan.models, channels=4, automatic=1)
    async with fleet_in(folder, spec, database_url=database_url, settings=AS_SHIPPED) as fleet:
        stands, _ = await fleet.start(STANDS, LIVES)
        async with fleet.sender() as sender, fleet.people():
            await fleet.break_models(spec.names)
            sender.put(*(alert for model in spec.names for alert in outage(model, 2, severity="critical")))
            looks, changes = list[str](), list[str]()

            async def holds_a_change() -> bool:
                nonlocal looks, changes
                if not (await fleet.rows.ask(lambda session: held_by(STANDS, session)))[1]:
                    return False
                stands.freeze()
                looks, changes = await fleet.rows.ask(lambda session: held_by(STANDS, session))
                if not changes:
                    stands.thaw()  # its change was over in the meantime
                return bool(changes)

            await fleet.until(f"{STANDS} to hold a change", holds_a_change, BEGIN_LIMIT_S)
            await asyncio.sleep(plan.frozen_s)
            stands.thaw()
            began = time.monotonic()
            await fleet.settled(sender, plan.settle_s)
            return FrozenResult(
                plan=plan,
                held_changes=changes,
                held_looks=looks,
                taken_over=await fleet.rows.ask(lambda session: _told("taken_over", session)),
                late_calls=await fleet.rows.ask(lambda session: _told("call_late", session)),
                settled_s=time.monotonic() - began,
                account=await fleet.account(sender),
            )


def _told(kind: str, session: Session) -> int:
    of = TimelineRecord
    return session.exec(select(func.count()).select_from(of).where(col(of.kind) == kind)).one()
