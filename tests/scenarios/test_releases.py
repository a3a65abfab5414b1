"""Changes of several steps through the headless demo: each step signed by itself, in order, once, to the recovery."""

import asyncio
from datetime import datetime

import pytest
import pytest_asyncio

from incidents.incident import IncidentState
from incidents.spec import spec_of
from incidents.timeline import first_break
from tests.scenarios.played import Played, played
from tests.scenarios.rig import Rig, buttons, words

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

AT_ONCE = ("retrain_and_promote", "gate_fails", "autonomous_rollback")
"""On three models."""
AFTERWARDS = "upstream_nulls"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stories(own_rig: Rig) -> dict[str, Played]:
    told = dict(zip(AT_ONCE, await asyncio.gather(*(played(own_rig, name) for name in AT_ONCE)), strict=True))
    await own_rig.calm()
    return told | {AFTERWARDS: await played(own_rig, AFTERWARDS)}


@pytest.mark.parametrize("name", [*AT_ONCE, AFTERWARDS])
async def test_each_is_resolved_and_nothing_waits_any_more(stories: dict[str, Played], name: str) -> None:
    story = stories[name]
    assert story.told["outcome"] == IncidentState.RESOLVED
    assert {state for _, state in story.states} == {"approved"}
    assert [one for message in story.thread for one in buttons(message) if one["text"]["text"] != "False alarm"] == []
    assert "Report: " in story.read


@pytest.mark.parametrize("name", [*AT_ONCE, AFTERWARDS])
async def test_every_call_was_signed_under_the_role_of_its_remediation(stories: dict[str, Played], name: str) -> None:
    story = stories[name]
    assert {one["outcome"] for one in story.own_changes} == {"ok"}
    roles = {view.proposal.execution_id: spec_of(view.proposal.remediation).role for view in story.file.proposals}
    for call in story.own_changes:
        assert call["role_arn"].endswith(f"/agentops-{roles[call['role_session_name']]}")


@pytest.mark.parametrize("name", [*AT_ONCE, AFTERWARDS])
async def test_the_timeline_of_each_holds(stories: dict[str, Played], name: str) -> None:
    story = stories[name]
    assert first_break(story.file.timeline) is None


async def test_a_retraining_and_its_promotion_are_two_separate_approvals(stories: dict[str, Played]) -> None:
    story = stories["retrain_and_promote"]
    assert story.kinds == ["StartRetraining", "PromoteModel"]
    assert [one["approved_by"] for one in story.told["proposals"]] == [["UONCALL"], ["UONCALL", "USECOND"]]
    assert len({one["digest"] for one in story.told["proposals"]}) == 2
    assert "Candidate version 42 passes its gate" in words(story.message("proposal", "put version 42 live"))


async def test_one_pipeline_is_started_and_one_version_promoted(stories: dict[str, Played]) -> None:
    story = stories["retrain_and_promote"]
    assert story.changes == [
        "StartPipelineExecution",
        "UpdateModelPackage",
        "CreateModel",
        "CreateEndpointConfig",
        "UpdateEndpoint",
    ]
    package, update = story.own_changes[1]["request"], story.own_changes[-1]["request"]
    assert package["ModelApprovalStatus"] == "Approved"
    assert update["EndpointConfigName"] == story.own_changes[-2]["request"]["EndpointConfigName"]
    routing = update["DeploymentConfig"]["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    assert (routing["Type"], routing["CanarySize"]["Value"]) == ("CANARY", 10)
    assert update["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"]


async def test_nothing_of_the_promotion_is_sent_before_its_own_approval(stories: dict[str, Played]) -> None:
    story = stories["retrain_and_promote"]
    approved = [entry.at for entry in story.entries("approved")]
    sent = [entry.at for entry in story.entries("call_sent")]
    assert approved[0] < sent[0] < approved[1] < sent[1]


async def test_the_canary_goes_step_by_step_and_each_is_told(stories: dict[str, Played]) -> None:
    story = stories["retrain_and_promote"]
    assert [one["text"] for one in story.told["canary_steps"]] == [
        "10 % of the traffic is on version 42",
        "all of the traffic is on version 42",
        "version 42 serves alone; the old instances are gone",
    ]
    steps = [datetime.fromisoformat(one["at"]) for one in story.told["canary_steps"]]
    assert steps == sorted(set(steps))
    card = words(story.message("execution", "put version 42 live"))
    assert card.index("10 % of the traffic") < card.index("all of the traffic") < card.index("serves alone")


async def test_a_refused_candidate_brings_the_rollbacks_own_card(stories: dict[str, Played]) -> None:
    story = stories["gate_fails"]
    assert story.kinds == ["StartRetraining", "RollbackEndpoint"]
    assert [one["state"] for one in story.told["verifications"]] == ["candidate_refused", "recovered"]
    assert "fails its gate" in story.read
    refused, proposed = story.entries("verification_candidate_refused")[0], story.entries("proposed")[-1]
    assert refused.number < proposed.number
    assert story.changes == ["StartPipelineExecution", "UpdateEndpoint"]
    assert story.own_changes[-1]["request"]["EndpointConfigName"] == "churn-predictor-v16"


async def test_the_card_of_a_later_step_comes_only_once_its_time_has_come(stories: dict[str, Played]) -> None:
    for name, step in (("gate_fails", "roll back to churn-predictor-v16"), ("upstream_nulls", "run subscriber-feat")):
        story = stories[name]
        card, verdict = story.message("proposal", step), story.message("verification")
        assert float(card["ts"]) > float(verdict["ts"])
        assert "The next step of the plan" in words(card)


async def test_what_waits_for_labels_is_judged_by_others_and_says_so(stories: dict[str, Played]) -> None:
    note = stories["gate_fails"].told["verifications"][-1]["note"]
    assert "known only once labels arrive" in note and "in their place" in note


async def test_broken_data_is_quarantined_and_filled_again_and_nothing_is_trained(stories: dict[str, Played]) -> None:
    story = stories["upstream_nulls"]
    assert story.told["diagnosis"]["retrain"] is False
    assert sorted(story.kinds) == ["NotifyOwners", "OpenIssue", "QuarantineData", "RerunDataPipeline"]
    by_people = [view for view in story.file.proposals if view.approval.votes]
    assert [view.proposal.remediation.kind for view in by_people] == ["QuarantineData", "RerunDataPipeline"]
    tagged = len(story.changes) - 2
    assert tagged > 0
    assert story.changes == ["PutObject", *["PutObjectTagging"] * tagged, "StartPipelineExecution"]
    assert story.own_changes[-1]["request"]["PipelineName"] == "subscriber-features"


async def test_those_who_own_the_source_are_called_and_their_issue_is_closed_in_the_end(
    own_rig: Rig, stories: dict[str, Played]
) -> None:
    story = stories["upstream_nulls"]
    assert "<!subteam^SMLONCALL>" in words(story.message("notice"))

    async def closed() -> bool:
        file = await own_rig.file(story.told["incident"])
        return any(entry.kind == "issue_closed" for entry in file.timeline)

    await own_rig.until(closed, "the issue to be closed")


async def test_where_the_policy_allows_it_nobody_clicks_and_one_call_is_made(stories: dict[str, Played]) -> None:
    story = stories["autonomous_rollback"]
    assert [one["kind"] for one in story.told["decisions"]] == ["allowed"]
    assert story.told["decisions"][0]["actor"] == "policy"
    assert story.file.proposals[0].approval.votes == ()
    assert story.changes == ["UpdateEndpoint"]
    assert story.own_changes[0]["request"]["EndpointConfigName"] == "product-recommender-v23"


async def test_diagnosis_and_plan_stand_in_the_thread_before_the_bot_acts_by_itself(stories: dict[str, Played]) -> None:
    story = stories["autonomous_rollback"]
    sent = story.entries("call_sent")[0].at.timestamp()
    assert story.at("diagnosis") < sent and story.at("proposal") < sent
    assert any(one.startswith("Diagnosis: Bad deployment") for one in story.told["posted_before_call"])
    assert "waits for approval" not in story.read
