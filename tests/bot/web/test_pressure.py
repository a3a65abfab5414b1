"""Many deliveries at once, more than can be taken, and a process that is about to stop."""

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

from sqlmodel import select

from bot.group_commit import Bounds, GroupCommit
from bot.metrics import Metrics
from incidents.clock import now
from tests.bot.web.site import ALERT, Site, changed, served
from tests.incidents.builders import catalogue
from tools.incident_store.tables import AlertRecord
from tools.incident_store.writer.intake import Delivery, IntakeWriter

LIMIT_S = 10.0


def delivery(number: int) -> dict[str, Any]:
    return changed(alerts=[{**ALERT, "fingerprint": f"{number:x}"}])


class Gate:
    """The intake's own store behind a gate that is shut at first."""

    def __init__(self, site: Site) -> None:
        self._intake = IntakeWriter(site.database, catalogue().find)
        self.open = threading.Event()
        self.batches: list[int] = []

    def store_all(self, deliveries: Sequence[Delivery]) -> list[int]:
        assert self.open.wait(LIMIT_S)
        self.batches.append(len(deliveries))
        return self._intake.store_all(deliveries, now())


async def until_waiting(intake: GroupCommit[Delivery], count: int) -> None:
    async with asyncio.timeout(LIMIT_S):
        for _ in iter(lambda: intake.waiting < count, False):
            await asyncio.sleep(0.002)


async def test_each_of_many_at_once_is_answered_when_its_own_alert_is_there_and_they_share_commits(site: Site) -> None:
    gate = Gate(site)
    gate.open.set()

    async def post(other: Site, number: int) -> tuple[int, Any, bool]:
        answer = await other.post(delivery(number))
        with other.database.read() as session:
            there = session.exec(select(AlertRecord.id).where(AlertRecord.fingerprint == f"{number:x}")).all()
        return answer.status, answer.json, len(there) == 1

    async with served(site.database, intake=GroupCommit[Delivery](gate.store_all)) as other:
        answers = await asyncio.gather(*(post(other, number % 30) for number in range(60)))
    assert {status for status, _, _ in answers} == {200} and all(there for _, _, there in answers)
    assert sum(told["stored"] for _, told, _ in answers) == site.rows() == 30
    assert len(gate.batches) < 60 and sum(gate.batches) == 60


async def test_more_than_may_wait_is_refused_with_when_to_come_again_and_nothing_of_it_is_stored(site: Site) -> None:
    gate, metrics = Gate(site), Metrics()
    intake = GroupCommit[Delivery](gate.store_all, Bounds(deliveries=2))
    async with served(site.database, intake=intake, metrics=metrics) as other:
        taken = [asyncio.create_task(other.post(delivery(number))) for number in (1, 2)]
        await until_waiting(intake, 2)
        refused = await other.post(delivery(3))
        gate.open.set()
        assert [one.status for one in await asyncio.gather(*taken)] == [200, 200]
        assert (refused.status, refused.headers["retry-after"], site.rows()) == (503, "1", 2)
        assert refused.json == {"detail": "too many alerts wait to be stored; send again", "field": ""}
        assert metrics.value("agentops_deliveries_refused_total", reason="full") == 1
        assert metrics.value("agentops_webhook_deliveries_total", code="503") == 1
        assert (await other.post(delivery(3))).json == {"received": 1, "stored": 1}


async def test_a_process_about_to_stop_answers_what_it_took_and_refuses_the_rest(site: Site) -> None:
    gate, metrics = Gate(site), Metrics()
    intake = GroupCommit[Delivery](gate.store_all)
    async with served(site.database, intake=intake, metrics=metrics) as other:
        taken = asyncio.create_task(other.post(delivery(1)))
        await until_waiting(intake, 1)
        closing = asyncio.create_task(intake.close())
        await asyncio.sleep(0)
        refused = await other.post(delivery(2))
        gate.open.set()
        await closing
        assert (await taken).json == {"received": 1, "stored": 1}
        assert (refused.status, refused.headers["retry-after"], site.rows()) == (503, "5", 1)
        assert metrics.value("agentops_deliveries_refused_total", reason="stopping") == 1
