import math

import pytest

from incidents.execution import ExecutionState
from incidents.incident import IncidentState
from tests.bot.workflows.fakes import finished_run, operations
from tests.bot.workflows.rig import Rig
from tests.incidents.builders import alert, later, needs, pipeline_origin, proposal, retraining
from tools.errors import Unavailable

S, X = IncidentState, ExecutionState
POLL = {"seconds": 15}


def approved_retraining(rig: Rig) -> str:
    accuracy = alert("ModelF1Low", labels={"model": "fraud-detector", "env": "prod", "severity": "critical"})
    id = rig.stage.open(accuracy)
    rig.stage.propose(id, proposal("p1", id, remediation=retraining(), origin=pipeline_origin(), decision=needs()))
    assert rig.stage.approve(at=later(minutes=1)).result == "approved"
    rig.clock.at = later(minutes=1)
    return id


async def test_a_candidate_that_passes_its_gate_waits_for_a_person_to_promote_it(rig: Rig) -> None:
    id = approved_retraining(rig)
    await rig.look()
    await rig.look(**POLL)
    assert rig.row_text().startswith("the pipeline run is starting")
    finished_run(rig.world, candidate_f1=0.795)
    await rig.look(**POLL)
    assert rig.state() is X.SUCCEEDED
    await rig.until(lambda: rig.incident_state(id) is S.AWAITING_DECISION, **POLL)
    note = rig.stage.reader.verification("xp1").note
    assert "passes its gate" in note and "not deployed" in note
    assert operations(rig.world.sent) == ["StartPipelineExecution"]


async def test_a_candidate_that_fails_its_gate_calls_a_person(rig: Rig) -> None:
    id = approved_retraining(rig)
    await rig.look()
    finished_run(rig.world, candidate_f1=0.78)
    await rig.until(lambda: rig.incident_state(id) is S.ESCALATED, **POLL)
    assert "fails its gate" in rig.stage.reader.verification("xp1").note


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
