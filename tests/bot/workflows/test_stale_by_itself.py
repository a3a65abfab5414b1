"""A change that the policy had allowed and that is stale now: AgentOps looks again, once, and then people decide."""

from collections.abc import Callable

from incidents.approval import ApprovalState
from incidents.autonomy import AutonomyEntry
from incidents.execution import ExecutionState
from incidents.incident import IncidentState
from incidents.policy import Policy, RequireApproval
from tests.bot.workflows.fakes import operations
from tests.bot.workflows.rig import Rig
from tests.incidents.builders import alert, findings, later, policy, rollback

S, X = IncidentState, ExecutionState
POLL = {"seconds": 15}
V25 = "product-recommender-v25"
BY_ITSELF = policy().model_copy(
    update={
        "autonomy": {
            "product-recommender": AutonomyEntry(level="execute_high", author="the team lead", reason="a good record")
        }
    }
)
ALWAYS = Policy.model_validate({"version": 1, "rules": [{"name": "all", "then": {"effect": "allow"}}]})
"""Whatever the level says."""


async def allowed(make_rig: Callable[..., Rig], given: Policy = BY_ITSELF) -> tuple[Rig, str]:
    """An incident whose rollback the policy has allowed; it waits until it is explained."""
    rig = make_rig(given_policy=given)
    rig.investigator.answer = findings(rollback())
    rig.stage.writer.intake.store([alert()], rig.clock())
    await rig.look()
    (incident,) = rig.stage.reader.incidents(live=True)
    assert incident.state is S.EXECUTING
    return rig, incident.id


def looks(rig: Rig, id: str) -> int:
    return len(rig.stage.reader.file(id).investigations)


async def test_a_change_whose_origin_moved_comes_back_as_a_card_on_the_origin_of_now(
    make_rig: Callable[..., Rig],
) -> None:
    rig, id = await allowed(make_rig)
    rig.world.change(config_name=V25)
    rig.explain()
    await rig.look(**POLL)
    (execution,) = rig.stage.reader.file(id).executions
    assert execution.state is X.STALE and rig.world.sent == []
    assert rig.incident_state(id) is S.ESCALATED
    await rig.look(**POLL)
    assert rig.incident_state(id) is S.AWAITING_DECISION
    (view,) = rig.stage.reader.pending_proposals()
    assert isinstance(view.proposal.decision.effect, RequireApproval) and "ml-oncall" in view.approvers
    assert V25 in view.proposal.origin.identity.values()
    assert rig.stage.told(id).count("looking_again") == 1
    assert rig.stage.approve(view.proposal.id, at=rig.clock()).result == "approved"
    await rig.look(**POLL)
    assert operations(rig.world.sent) == ["UpdateEndpoint"]


async def test_what_waited_too_long_to_be_explained_comes_back_as_a_card(make_rig: Callable[..., Rig]) -> None:
    rig, id = await allowed(make_rig)
    await rig.until(lambda: rig.incident_state(id) is S.AWAITING_DECISION, minutes=1)
    (view,) = rig.stage.reader.pending_proposals()
    assert isinstance(view.proposal.decision.effect, RequireApproval) and rig.world.sent == []


async def test_nothing_runs_by_itself_in_that_incident_any_more_and_nobody_is_asked_for_ever(
    make_rig: Callable[..., Rig],
) -> None:
    rig, id = await allowed(make_rig)
    rig.world.change(config_name=V25)
    rig.explain()
    for _ in range(40):
        await rig.look(minutes=1)
    file = rig.stage.reader.file(id)
    assert looks(rig, id) == 2 and len(file.executions) == 1 and rig.world.sent == []
    assert [view.approval.state for view in file.proposals][1:] == [ApprovalState.EXPIRED]


async def test_a_policy_that_allows_everything_is_tried_twice_and_then_people_are_called(
    make_rig: Callable[..., Rig],
) -> None:
    rig, id = await allowed(make_rig, ALWAYS)
    for _ in range(20):
        await rig.look(minutes=1)
    file = rig.stage.reader.file(id)
    assert [one.state for one in file.executions] == [X.STALE, X.STALE]
    assert looks(rig, id) == 2 and rig.incident_state(id) is S.ESCALATED and rig.world.sent == []


async def test_where_the_alerts_have_cleared_nobody_looks_again(make_rig: Callable[..., Rig]) -> None:
    rig, id = await allowed(make_rig)
    rig.stage.take(alert(status="resolved"), at=later(minutes=1))
    rig.world.change(config_name=V25)
    rig.explain()
    await rig.look(minutes=1)
    await rig.look(minutes=1)
    assert looks(rig, id) == 1 and rig.incident_state(id) is S.RESOLVED


async def test_what_people_approved_is_theirs_to_ask_for_again(rig: Rig) -> None:
    id = rig.approved_rollback()
    rig.world.change(config_name=V25)
    before = looks(rig, id)
    await rig.look()
    await rig.look(**POLL)
    assert rig.state() is X.STALE and looks(rig, id) == before and rig.incident_state(id) is S.ESCALATED
