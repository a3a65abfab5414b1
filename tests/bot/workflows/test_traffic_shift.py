"""Shifting traffic, endpoints that go away, and what the observer takes back."""

from collections.abc import Callable

import pytest

from bot.workflows.observe import changed
from incidents.execution import ExecutionState
from incidents.incident import IncidentState
from incidents.origin import EndpointOrigin, PromotionOrigin, TrafficOrigin
from tests.bot.workflows.fakes import operations
from tests.bot.workflows.killed import FAST
from tests.bot.workflows.rig import Rig
from tests.incidents.builders import endpoint_origin, promotion_origin, proposal, shift, traffic_origin
from tools.errors import Unavailable
from tools.sagemaker.states import VariantState

S, X = IncidentState, ExecutionState
POLL = {"seconds": 15}


def two_variants(rig: Rig) -> None:
    rig.world.change(variants=(VariantState(name="v23", weight=0.0), VariantState(name="v24", weight=1.0)))


def shifting(rig: Rig) -> str:
    two_variants(rig)
    return rig.approved(shift(), traffic_origin())


async def test_traffic_is_shifted_once_and_verified_by_its_weights_and_signals(rig: Rig) -> None:
    id = shifting(rig)
    await rig.look()
    await rig.look(**POLL)
    assert rig.state() is X.SUCCEEDED and "v23 100 %" in rig.row_text()
    await rig.until(lambda: rig.incident_state(id) is S.RESOLVED, minutes=1)
    assert operations(rig.world.sent) == ["UpdateEndpointWeightsAndCapacities"]


async def test_weights_that_are_not_as_asked_are_no_success(rig: Rig) -> None:
    shifting(rig)
    await rig.look()
    two_variants(rig)
    await rig.look(**POLL)
    assert rig.state() is X.FAILED and "not at v23 100 %" in rig.row_text()


async def test_traffic_that_somebody_else_shifts_during_the_watch_is_told(rig: Rig) -> None:
    id = shifting(rig)
    await rig.look()
    await rig.look(**POLL)
    two_variants(rig)
    await rig.look(minutes=1)
    assert rig.stage.reader.verification("xp1").state == "overtaken" and rig.incident_state(id) is S.ESCALATED


async def test_weights_of_an_unanswered_call_are_sent_again_unless_the_config_changed(rig: Rig) -> None:
    shifting(rig)
    rig.world.trouble = [Unavailable("SageMaker", "UpdateEndpointWeightsAndCapacities", "reset")]
    await rig.look()
    await rig.look(**POLL)
    assert len(rig.world.sent) == 2


async def test_weights_of_an_unanswered_call_are_not_sent_to_another_config(rig: Rig) -> None:
    shifting(rig)
    rig.world.trouble = [Unavailable("SageMaker", "UpdateEndpointWeightsAndCapacities", "reset")]
    await rig.look()
    rig.world.change(config_name="somebody-elses")
    await rig.look(**POLL)
    assert rig.state() is X.NEEDS_VERIFICATION and len(rig.world.sent) == 1


async def test_an_endpoint_that_was_deleted_after_the_approval_is_not_changed(rig: Rig) -> None:
    id = rig.approved_rollback()
    rig.world.change(name="another")
    await rig.look()
    assert rig.state() is X.STALE and "no longer has what it would change" in rig.row_text()
    assert rig.world.sent == [] and rig.incident_state(id) is S.ESCALATED


async def test_an_endpoint_that_is_deleted_while_it_is_followed_is_told(rig: Rig) -> None:
    rig.approved_rollback()
    await rig.look()
    rig.world.change(name="another")
    await rig.look(**POLL)
    assert rig.state() is X.FAILED and "no longer has what was changed" in rig.row_text()


async def test_an_endpoint_that_others_never_let_go_is_given_up(rig: Rig) -> None:
    rig.approved_rollback()
    rig.world.change(status="Updating")
    await rig.until(lambda: rig.state() is X.STALE, minutes=5)
    assert "for too long" in rig.row_text() and rig.world.sent == []


async def test_a_shift_made_on_other_weights_is_taken_back_by_the_observer(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(pace=FAST)
    two_variants(rig)
    id = rig.stage.open()
    rig.stage.propose(id, proposal("p1", id, remediation=shift(), origin=traffic_origin()))
    await rig.look(seconds=30)
    assert rig.stage.reader.proposal("p1").approval.state == "pending"
    rig.world.change(variants=(VariantState(name="v23", weight=1.0), VariantState(name="v24", weight=1.0)))
    await rig.look(minutes=1)
    view = rig.stage.reader.proposal("p1").approval
    assert view.state == "superseded" and "v23 50 %, v24 50 %" in view.reason


@pytest.mark.parametrize("origin", [endpoint_origin(), traffic_origin(), promotion_origin()], ids=lambda o: o.kind)
def test_every_origin_with_an_endpoint_is_void_on_another_config(
    origin: EndpointOrigin | TrafficOrigin | PromotionOrigin, rig: Rig
) -> None:
    there = rig.world.endpoint.model_copy(update={"arn": origin.arn})
    assert "is on other now" in (changed(origin, there.model_copy(update={"config_name": "other"})) or "")
    assert "made anew" in (changed(origin, there.model_copy(update={"arn": "arn:other"})) or "")
