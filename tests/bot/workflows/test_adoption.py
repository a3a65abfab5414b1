"""A call whose answer never came: what is seen in the world decides whether it is sent again."""

from datetime import timedelta

import pytest

from incidents.execution import ExecutionState
from incidents.incident import IncidentState
from tests.bot.workflows.rig import Rig
from tests.incidents.builders import later
from tools.errors import Unavailable

S, X = IncidentState, ExecutionState
POLL = {"seconds": 15}
V23, V24, V25 = (f"product-recommender-v{n}" for n in (23, 24, 25))


def gone() -> Unavailable:
    return Unavailable("SageMaker", "UpdateEndpoint", "connection reset")


async def test_no_answer_and_the_endpoint_updating_is_taken_as_ours(rig: Rig) -> None:
    rig.approved_rollback()
    rig.world.trouble, rig.world.lost = [gone()], True
    await rig.look()
    await rig.look(**POLL)
    assert "taken as done by us" in rig.row_text()
    rig.world.settle(V23)
    await rig.look(**POLL)
    assert rig.state() is X.SUCCEEDED
    assert (len(rig.world.sent), rig.world.effects) == (1, 1)


async def test_no_answer_and_the_target_set_is_taken_as_ours(rig: Rig) -> None:
    rig.approved_rollback()
    rig.world.trouble, rig.world.lost = [gone()], True
    await rig.look()
    rig.world.settle(V23)
    await rig.look(**POLL)
    await rig.look(**POLL)
    assert rig.state() is X.SUCCEEDED and rig.world.effects == 1


async def test_no_answer_and_nothing_changed_is_looked_at_twice_before_it_is_sent_again(rig: Rig) -> None:
    rig.approved_rollback()
    rig.world.trouble = [gone()]
    await rig.look()
    await rig.look(**POLL)
    assert len(rig.world.sent) == 1 and rig.row_text().startswith("looking twice")
    await rig.look(**POLL)
    assert (len(rig.world.sent), rig.world.effects) == (2, 1)


async def test_no_answer_and_an_effect_seen_only_at_the_second_look_is_sent_once(rig: Rig) -> None:
    rig.approved_rollback()
    rig.world.trouble = [gone()]
    await rig.look()
    await rig.look(**POLL)
    rig.world.apply(rig.world.sent[0])
    await rig.look(**POLL)
    assert (len(rig.world.sent), rig.world.effects) == (1, 1)
    assert "taken as done by us" in rig.row_text()


@pytest.mark.parametrize("changed", [{"config_name": V25}, {"last_modified": later(minutes=1)}, {"status": "Failed"}])
async def test_no_answer_and_something_else_changed_is_never_sent_again(rig: Rig, changed: dict[str, object]) -> None:
    id = rig.approved_rollback()
    rig.world.trouble = [gone()]
    await rig.look()
    rig.world.change(**changed)
    await rig.look(**POLL)
    assert rig.state() is X.NEEDS_VERIFICATION and len(rig.world.sent) == 1
    assert rig.incident_state(id) is S.ESCALATED


async def test_no_answer_and_a_timeline_damaged_since_is_never_sent_again(rig: Rig) -> None:
    rig.approved_rollback()
    rig.world.trouble = [gone()]
    await rig.look()
    with rig.stage.database.write() as session:
        session.connection().exec_driver_sql("UPDATE timeline SET text = 'x' WHERE number = 1")
    await rig.look(**POLL)
    await rig.look(**POLL)
    assert rig.state() is X.NEEDS_VERIFICATION and len(rig.world.sent) == 1


async def test_a_holder_that_was_frozen_before_its_answer_writes_it_as_late(rig: Rig) -> None:
    """Its lease ends while the call is on its way; another takes over and adopts what it sees."""
    id = rig.approved_rollback()
    executions = rig.stage.writer.executions

    def frozen() -> None:
        taken = executions.claim("xp1", "bot-2", rig.clock() + timedelta(minutes=1), timedelta(seconds=45))
        assert taken == 2

    rig.world.before_send = frozen
    await rig.look()
    assert rig.stage.told(id)[-1] == "call_late"
    rig.world.before_send = lambda: None
    rig.world.settle(V23)
    await rig.look(minutes=2)
    assert rig.state() is X.SUCCEEDED and len(rig.world.sent) == 1
