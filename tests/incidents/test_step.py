from datetime import datetime

import pytest

from incidents.alert import Severity
from incidents.approval import ApprovalState, ApprovalView
from incidents.execution import Execution, ExecutionState
from incidents.incident import Incident, IncidentState
from incidents.ledger import IncidentFile, ProposalView
from incidents.origin import AnyOrigin, IncidentOrigin
from incidents.proposal import When
from incidents.remediation import AnyRemediation
from incidents.step import step_of
from tests.incidents.builders import (
    START,
    data_object,
    data_origin,
    endpoint_origin,
    issue,
    later,
    pipeline_origin,
    promotion,
    proposal,
    quarantine,
    rerun,
    retraining,
    rollback,
)

BACK = rollback("product-recommender-v24")
"""The undo of `rollback()`, which starts from v24."""


def file(*done: tuple[AnyRemediation, AnyOrigin], state: ExecutionState = ExecutionState.SUCCEEDED) -> IncidentFile:
    """An incident whose changes ended one minute after the other."""
    views: list[ProposalView] = []
    executions: list[Execution] = []
    for number, (remediation, origin) in enumerate(done, start=1):
        made = proposal(f"p{number}", remediation=remediation, origin=origin)
        views.append(
            ProposalView(
                proposal=made,
                approval=ApprovalView(state=ApprovalState.APPROVED, needed=1),
                approvers=("ml-oncall",),
                model="product-recommender",
            )
        )
        executions.append(_execution(made.execution_id, made.id, state, later(minutes=number)))
    incident = Incident(
        id="INC-1",
        key="product-recommender/prod",
        model="product-recommender",
        environment="prod",
        tier=2,
        listed=True,
        channel="ml-incidents",
        state=IncidentState.AWAITING_DECISION,
        severity=Severity.CRITICAL,
        started_at=START,
        opened_at=START,
    )
    return IncidentFile(
        incident=incident,
        investigations=(),
        proposals=tuple(views),
        executions=tuple(executions),
        verifications=(),
        timeline=(),
        thread=None,
    )


def _execution(id: str, proposal_id: str, state: ExecutionState, at: datetime) -> Execution:
    return Execution(
        id=id,
        proposal_id=proposal_id,
        incident_id="INC-1",
        target="endpoint/product-recommender-prod",
        state=state,
        fence=1,
        started_at=at,
        finished_at=at,
    )


ROLLED_BACK = (rollback(), endpoint_origin())
PUT_BACK = (BACK, endpoint_origin(config_name="product-recommender-v23"))


def test_before_anything_was_done_every_step_is_the_first() -> None:
    assert step_of(file(), rollback()) == "first"
    assert step_of(file(), promotion(), when=When.AFTER_PREVIOUS, follows="xp1") == "first"


def test_the_undo_of_the_last_change_is_an_undo() -> None:
    assert step_of(file(ROLLED_BACK), BACK) == "undo"
    assert step_of(file(ROLLED_BACK, state=ExecutionState.FAILED), BACK) == "undo"


def test_a_change_cannot_be_put_there_and_back_again_without_end() -> None:
    """The undo of an undo is the change itself, and waits like any other."""
    assert step_of(file(ROLLED_BACK, PUT_BACK), rollback()) == "first"


def test_only_the_last_change_can_be_undone() -> None:
    quarantined = (quarantine(), data_origin(data_object("capture/a.jsonl")))
    assert step_of(file(ROLLED_BACK, quarantined), BACK) == "first"


def test_the_next_step_of_a_plan_follows_one_that_was_done() -> None:
    retrained = file((retraining(), pipeline_origin()))
    assert step_of(retrained, promotion(), follows="xp1") == "next"
    assert step_of(retrained, promotion(), when=When.AFTER_PREVIOUS) == "next"
    assert step_of(retrained, rollback(), when=When.IF_GATE_FAILS) == "next"
    assert step_of(retrained, promotion(), follows="xp7") == "first"


def test_the_same_again_is_no_next_step() -> None:
    assert step_of(file(ROLLED_BACK), rollback()) == "first"


@pytest.mark.parametrize("state", [ExecutionState.STALE, ExecutionState.EXECUTING])
def test_what_was_never_sent_or_is_under_way_leads_to_nothing(state: ExecutionState) -> None:
    assert step_of(file(ROLLED_BACK, state=state), BACK) == "first"


def test_telling_people_leads_to_nothing() -> None:
    told = file((issue(), IncidentOrigin(incident_id="INC-1")))
    assert step_of(told, rerun(), when=When.AFTER_PREVIOUS, follows="xp1") == "first"


def test_the_execution_that_asks_is_not_its_own_past() -> None:
    assert step_of(file(ROLLED_BACK), BACK, besides="xp1") == "first"
