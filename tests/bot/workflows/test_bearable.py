"""A process that computes more than it can bear begins no more investigations."""

import asyncio
import time
from collections.abc import Callable

import pytest

from bot.workflows.bearable import ALWAYS, LAG_S, bearable, lag
from incidents.budget import InvestigationBudget
from tests.bot.workflows.rig import Rig
from tests.incidents.builders import alert, findings, rollback
from tools.incident_store.limits import Limits


async def late() -> float:
    return 2 * LAG_S


async def in_time() -> float:
    return 0.0


@pytest.mark.parametrize("under_way", range(ALWAYS))
async def test_a_few_at_once_are_begun_however_late_it_is(under_way: int) -> None:
    assert await bearable(under_way, late) == ALWAYS - under_way


async def test_more_are_begun_step_by_step_while_the_process_keeps_up() -> None:
    assert await bearable(ALWAYS, in_time) == ALWAYS
    assert await bearable(5 * ALWAYS, in_time) == ALWAYS


async def test_no_more_are_begun_while_it_is_late() -> None:
    assert await bearable(ALWAYS, late) == 0


async def test_an_event_loop_is_late_by_what_is_computed_on_it() -> None:
    measured = asyncio.create_task(lag())
    await asyncio.sleep(0)
    done = time.monotonic() + 2 * LAG_S
    while time.monotonic() < done:
        hash(done)
    assert await measured > LAG_S


async def test_what_is_not_begun_at_once_is_begun_at_the_next_look(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(limits=Limits(budget=InvestigationBudget(at_once=20)))
    rig.investigator.answer = findings(rollback())
    named = [alert(fingerprint=f"f{number}", labels={"model": f"model-{number}"}) for number in range(ALWAYS + 2)]
    rig.stage.writer.intake.store(named, rig.clock())
    await rig.look()
    assert len(rig.investigator.cases) == ALWAYS
    await rig.look()
    assert len(rig.investigator.cases) == ALWAYS + 2
