import math
from collections.abc import Callable

import pytest

from incidents.execution import ExecutionState
from incidents.incident import IncidentState
from incidents.proposal import Proposal, RemediationChoice, When
from incidents.remediation import PromoteModel, RollbackEndpoint
from tests.bot.workflows.fakes import finished_run, fraud_endpoint, operations
from tests.bot.workflows.rig import Rig
from tests.incidents.builders import alert, choice, findings, later, needs, pipeline_origin, proposal, retraining
from tools.errors import Unavailable

S, X = IncidentState, ExecutionState
POLL = {"seconds": 15}


def approved_retraining(rig: Rig, *later_steps: RemediationChoice) -> str:
    rig.world.endpoint = fraud_endpoint()
    accuracy = alert("ModelF1Low", labels={"model": "fraud-detector", "env": "prod", "severity": "critical"})
    id = rig.stage.open(accuracy)
    made = proposal("p1", id, remediation=retraining(), origin=pipeline_origin(), decision=needs())
    rig.stage.propose(id, made, later_steps=later_steps)
    assert rig.stage.approve(at=later(minutes=1)).result == "approved"
    rig.clock.at = later(minutes=1)
    return id


async def test_a_candidate_that_passes_its_gate_brings_its_promotion_as_a_decision_of_its_own(rig: Rig) -> None:
    id = approved_retraining(rig)
    await rig.look()
    await rig.look(**POLL)
    assert rig.row_text().startswith("the pipeline run is starting")
    finished_run(rig.world, candidate_f1=0.795, DE=0.85)
    await rig.look(**POLL)
    assert rig.state() is X.SUCCEEDED
    await rig.until(lambda: rig.incident_state(id) is S.AWAITING_DECISION, **POLL)
    note = rig.stage.reader.verification("xp1").note
    assert "passes its gate" in note and "not deployed" in note
    assert operations(rig.world.sent) == ["StartPipelineExecution"]
    card = rig.waiting()
    assert isinstance(card.remediation, PromoteModel) and card.remediation.version == 42
    assert card.remediation.alarms == ("fraud-detector-errors", "fraud-detector-latency")
    assert card.evidence == ("E1", "E2") and card.follows == "xp1" and "passes its gate" in card.reason
    assert card.comparison is not None and [row.slice for row in card.comparison.rows] == [None, "DE"]
    assert card.checked == ("the fake looked",)
    assert rig.stage.reader.verification("xp1").comparison == card.comparison


async def test_retraining_and_promoting_are_two_approvals_one_start_and_one_promotion(rig: Rig) -> None:
    id = approved_retraining(rig)
    await rig.look()
    finished_run(rig.world, candidate_f1=0.85)
    await rig.until(lambda: rig.incident_state(id) is S.AWAITING_DECISION, **POLL)
    promotion = rig.waiting()
    rig.decide(promotion.id)
    await rig.look(**POLL)
    (config,) = rig.world.configs
    rig.world.settle(config)
    await rig.until(lambda: rig.incident_state(id) is S.RESOLVED, minutes=1)
    assert operations(rig.world.sent) == [
        "StartPipelineExecution",
        "UpdateModelPackage",
        "CreateModel",
        "CreateEndpointConfig",
        "UpdateEndpoint",
    ]
    assert rig.stage.told(id).count("approved") == 2


async def test_a_candidate_that_fails_its_gate_calls_a_person(rig: Rig) -> None:
    id = approved_retraining(rig)
    await rig.look()
    finished_run(rig.world, candidate_f1=0.78)
    await rig.until(lambda: rig.incident_state(id) is S.ESCALATED, **POLL)
    view = rig.stage.reader.verification("xp1")
    assert "fails its gate" in view.note and view.comparison is not None and not view.comparison.passed


async def test_a_candidate_that_is_worse_on_one_slice_is_refused(rig: Rig) -> None:
    id = approved_retraining(rig)
    await rig.look()
    finished_run(rig.world, candidate_f1=0.9, DE=0.6)
    await rig.until(lambda: rig.incident_state(id) is S.ESCALATED, **POLL)
    assert "worse on slice DE: 0.600, live 0.800" in rig.stage.reader.verification("xp1").note


async def test_a_candidate_that_fails_its_gate_brings_the_plans_step_for_this_case(rig: Rig) -> None:
    back = RollbackEndpoint(endpoint="fraud-detector-prod", to_config="fraud-detector-v40")
    step = choice(back, "E1", "E2").model_copy(
        update={"when": When.IF_GATE_FAILS, "condition": "if the candidate fails its gate"}
    )
    id = approved_retraining(rig, step)
    await rig.look()
    assert rig.stage.reader.pending_proposals() == [], "a later step has no card before its time"
    finished_run(rig.world, candidate_f1=0.5)
    await rig.until(lambda: rig.incident_state(id) is S.AWAITING_DECISION, **POLL)
    card = rig.waiting()
    assert card.remediation == back and card.when is When.IF_GATE_FAILS and card.follows == "xp1"
    assert card.condition == "if the candidate fails its gate"
    rig.decide(card.id)
    await rig.look(**POLL)
    assert operations(rig.world.sent) == ["StartPipelineExecution", "UpdateEndpoint"]


@pytest.mark.parametrize("reason", ["preflight", "no promotion section"])
async def test_a_promotion_that_cannot_be_proposed_calls_a_person_and_says_why(
    make_rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    rig = make_rig()
    id = approved_retraining(rig)
    models = rig.deps.catalogue.models
    spec = models["fraud-detector"]
    if reason == "preflight":
        rig.world.preflight = ["alarm fraud-detector-errors is firing"]
    else:
        assert spec.retraining is not None
        bare = spec.retraining.model_copy(update={"promotion": None})
        monkeypatch.setitem(models, "fraud-detector", spec.model_copy(update={"retraining": bare}))
    await rig.look()
    finished_run(rig.world, candidate_f1=0.9)
    await rig.until(lambda: rig.incident_state(id) is S.ESCALATED, **POLL)
    note = rig.stage.reader.verification("xp1").note
    assert "is not proposed" in note and ("is firing" in note or "no promotion section" in note)


async def test_a_candidate_without_figures_passes_no_gate(rig: Rig) -> None:
    id = approved_retraining(rig)
    await rig.look()
    finished_run(rig.world, candidate_f1=math.nan)
    rig.world.figures = {}
    await rig.until(lambda: rig.incident_state(id) is S.ESCALATED, minutes=5)
    assert rig.stage.reader.verification("xp1").state == "inconclusive"


@pytest.mark.parametrize("status", ["Failed", "Stopped"])
async def test_a_pipeline_run_that_ends_otherwise_is_a_failure(rig: Rig, status: str) -> None:
    id = approved_retraining(rig)
    await rig.look()
    rig.world.run_status = status
    await rig.look(**POLL)
    assert rig.state() is X.FAILED and f"ended {status}" in rig.row_text()
    assert rig.incident_state(id) is S.ESCALATED


async def test_a_run_that_registers_nothing_is_a_failure(rig: Rig) -> None:
    approved_retraining(rig)
    await rig.look()
    rig.world.run_status = "Succeeded"
    await rig.look(**POLL)
    assert rig.state() is X.FAILED and "no candidate" in rig.row_text()


async def test_a_start_without_an_answer_is_sent_again_under_the_same_token(rig: Rig) -> None:
    approved_retraining(rig)
    rig.world.trouble, rig.world.lost = [Unavailable("SageMaker", "StartPipelineExecution", "reset")], True
    await rig.look()
    await rig.look(**POLL)
    tokens = {request.parameters["ClientRequestToken"] for request in rig.world.sent}
    assert (len(rig.world.sent), len(tokens), rig.world.effects) == (2, 1, 1)
    finished_run(rig.world, candidate_f1=0.9)
    await rig.look(**POLL)
    assert rig.state() is X.SUCCEEDED


async def pinned_card(rig: Rig) -> Proposal:
    """The card of a retraining that was proposed while version 3 of its pipeline was the newest."""
    rig.world.endpoint = fraud_endpoint()
    rig.world.pipeline_version = 3
    rig.investigator.answer = findings(retraining())
    accuracy = alert("ModelF1Low", labels={"model": "fraud-detector", "env": "prod", "severity": "critical"})
    rig.stage.writer.intake.store([accuracy], rig.clock())
    await rig.look()
    await rig.look()
    return rig.waiting()


async def test_a_retraining_is_pinned_to_the_newest_version_of_its_pipeline_and_the_card_says_so(rig: Rig) -> None:
    card = await pinned_card(rig)
    (request,) = card.requests
    assert request.parameters["PipelineVersionId"] == 3
    assert "one run of fraud-detector-train, version 3" in [row.after for row in card.plan]


async def test_a_pipeline_that_got_a_newer_version_after_the_approval_is_not_run(rig: Rig) -> None:
    card = await pinned_card(rig)
    assert rig.stage.approve(card.id).result == "approved"
    rig.world.pipeline_version = 4
    rig.clock.at = later(minutes=1)
    await rig.look()
    assert rig.state(card.execution_id) is X.STALE and rig.world.sent == []
