"""Retrained candidates that are not to stay: one fails its gate, one is taken back by its alarms."""

import asyncio
from dataclasses import dataclass

import pytest
import pytest_asyncio

from bot.slack import ids
from incidents.approval import ApprovalState
from incidents.execution import ExecutionState
from incidents.incident import IncidentState
from tests.scenarios.rig import Rig, buttons, words
from tests.scenarios.trap import CHURN, FRAUD, Trapped, approved, begun, ended, proposed, seen
from tests.thoroughness import thorough

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300), thorough]

S, X = IncidentState, ExecutionState
TAKEN_BACK = "the canary is being taken back"
PROMOTION = ["UpdateModelPackage", "CreateModel", "CreateEndpointConfig", "UpdateEndpoint"]


@dataclass
class Stories:
    """What each trap looked like in the end."""

    taken_back: Trapped
    gate_failed: Trapped
    live: dict[str, str]
    """The config that each endpoint is on in the end."""


async def _taken_back(rig: Rig) -> Trapped:
    """The candidate passes its gate, and one request in five fails once it serves."""
    play = {"kind": "candidate_defective", "target": f"{FRAUD}-train", "options": {"errors": 0.2}}
    await rig.call("POST", "aws/plays", play)
    trapped = await begun(rig, "retrain_and_promote", FRAUD)
    await proposed(rig, trapped, "StartRetraining")
    await approved(rig, trapped)
    await proposed(rig, trapped, "PromoteModel")
    await approved(rig, trapped)
    await ended(rig, trapped)
    return trapped


async def _gate_failed(rig: Rig) -> Trapped:
    """The candidate is worse than the live model; the plan has a rollback for that."""
    trapped = await begun(rig, "gate_fails", CHURN)
    await proposed(rig, trapped, "StartRetraining")
    await approved(rig, trapped)
    await proposed(rig, trapped, "RollbackEndpoint")
    await seen(rig, trapped)
    return trapped


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stories(own_rig: Rig) -> Stories:
    taken_back, gate_failed = await asyncio.gather(_taken_back(own_rig), _gate_failed(own_rig))
    endpoints = (await own_rig.call("GET", "aws/endpoints"))["endpoints"]
    return Stories(taken_back, gate_failed, {one["name"]: one["config_name"] for one in endpoints})


async def test_a_canary_whose_alarm_fires_is_taken_back_and_is_not_told_as_done(stories: Stories) -> None:
    taken_back = stories.taken_back
    assert taken_back.effects == ["StartPipelineExecution", *PROMOTION]
    assert taken_back.execution.state is X.FAILED and taken_back.state is S.ESCALATED
    assert stories.live[taken_back.endpoint] == "fraud-detector-v41"
    assert "execution_failed" in taken_back.kinds() and "verified" not in taken_back.kinds()


async def test_each_step_of_the_canary_is_in_the_timeline_down_to_its_end(stories: Stories) -> None:
    steps = [entry.text for entry in stories.taken_back.entries("canary_step")]
    # An alarm that fires at once leaves no time to see the tenth of the traffic.
    assert steps in (["10 % of the traffic is on version 42", TAKEN_BACK], [TAKEN_BACK])


async def test_after_a_canary_that_was_taken_back_the_thread_says_what_serves_and_what_is_left_to_do(
    stories: Stories,
) -> None:
    read = stories.taken_back.told("execution")
    assert "SageMaker took the update back by itself" in read
    assert "fraud-detector-errors" in read and "Version 42 is not live" in read
    assert "fraud-detector-v41 serves as before, so there is nothing to undo on the endpoint" in read
    escalation = stories.taken_back.told("escalation")
    assert "Needs a person" in escalation and "took the update back" in escalation
    assert "Version 42 still says Approved in the model registry" in escalation
    assert "another remediation has to be decided" in escalation
    assert f"/agentops investigate {FRAUD}" in escalation


async def test_the_two_decisions_of_a_promotion_were_separate(stories: Stories) -> None:
    votes = [
        (view.proposal.remediation.kind, [vote.person for vote in view.approval.votes])
        for view in stories.taken_back.whole.proposals
        if view.approval.state is ApprovalState.APPROVED and view.approval.votes
    ]
    assert votes == [("StartRetraining", ["UONCALL"]), ("PromoteModel", ["UONCALL", "USECOND"])]


async def test_a_candidate_that_fails_its_gate_is_not_deployed_and_its_fallback_asks_on_a_card_of_its_own(
    stories: Stories,
) -> None:
    gate_failed = stories.gate_failed
    assert gate_failed.effects == ["StartPipelineExecution"]
    assert stories.live[gate_failed.endpoint] == "churn-predictor-v17"
    assert gate_failed.state is S.AWAITING_DECISION
    assert len(gate_failed.entries("verification_candidate_refused")) == 1
    refused = gate_failed.told("verification")
    assert "not good enough" in refused and "fails its gate" in refused and "not deployed" in refused
    card = gate_failed.told("proposal")
    assert "Waiting for a decision" in card and "roll back to churn-predictor-v16" in card
    assert "The next step of the plan" in card and "Only if the candidate is worse" in card


async def test_a_button_of_the_first_decision_does_not_stand_for_the_second(stories: Stories) -> None:
    live = [
        (button["value"], words(message))
        for message in stories.gate_failed.thread
        for button in buttons(message)
        if button["action_id"] == ids.APPROVE
    ]
    assert [value for value, _ in live] == [stories.gate_failed.proposal_id]
