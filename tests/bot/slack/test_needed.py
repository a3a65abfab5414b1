"""Why a person is needed: what an engineer reads at 3 a.m. when a change has not done what it was to do."""

import pytest

from bot.slack.needed import Needed, needed
from incidents.execution import ExecutionState
from incidents.incident import IncidentState
from incidents.ledger import IncidentFile
from incidents.remediation import PromoteModel
from incidents.timeline import TimelineEntry
from tests.bot.slack import samples

EXECUTION = "xp4f1c09"


def ended(state: ExecutionState, progress: str, *, sent: tuple[TimelineEntry, ...] = ()) -> IncidentFile:
    file = samples.file(IncidentState.VERIFYING)
    execution = samples.execution(state).model_copy(update={"progress": progress})
    return file.model_copy(update={"executions": (execution,), "verifications": (), "timeline": sent})


def promoted(file: IncidentFile) -> IncidentFile:
    view = file.proposals[0]
    promotion = PromoteModel(
        model="product-recommender",
        endpoint="product-recommender-prod",
        model_package="arn:aws:sagemaker:eu-west-1:123456789012:model-package/product-recommender/24",
        version=24,
        canary_percent=10,
        bake_minutes=5,
        alarms=("recommender-errors",),
    )
    proposal = view.proposal.model_copy(update={"remediation": promotion, "requests": 4 * view.proposal.requests})
    return file.model_copy(update={"proposals": (view.model_copy(update={"proposal": proposal}),)})


def told(need: Needed) -> str:
    return "\n".join((need.why, *need.steps))


@pytest.mark.parametrize(
    ("state", "begins"),
    [
        (ExecutionState.FAILED, "could not be done. The quota is too small."),
        (ExecutionState.STALE, "was approved and not sent. The quota is too small."),
        (ExecutionState.NEEDS_VERIFICATION, "not sent again by itself. The quota is too small."),
    ],
)
def test_what_stopped_a_change_is_told_where_people_are_called(state: ExecutionState, begins: str) -> None:
    need = needed(ended(state, "The quota is too small."), EXECUTION)
    assert need.why.endswith(begins)
    assert need.steps[-1].endswith("/agentops investigate product-recommender")
    assert need.about is not None


def test_a_change_that_was_not_sent_does_not_point_at_an_error_that_is_not_there() -> None:
    need = needed(ended(ExecutionState.STALE, "Not run."), EXECUTION)
    assert "error" not in told(need) and "AgentOps has changed nothing" in told(need)


def test_after_a_canary_that_was_taken_back_people_are_told_what_is_left_to_do() -> None:
    need = needed(promoted(ended(ExecutionState.FAILED, "Taken back.", sent=samples.canary())), EXECUTION)
    assert "recommender-errors" in told(need)
    assert "Version 24 still says Approved" in told(need)
    assert "another remediation has to be decided" in told(need)


def test_a_promotion_that_stopped_before_its_canary_points_at_the_error() -> None:
    need = needed(promoted(ended(ExecutionState.FAILED, "Refused.", sent=samples.canary(paused=True))), EXECUTION)
    assert "Look at the error above." in need.steps and "still says Approved" not in told(need)


def late(state: ExecutionState, *kinds: str) -> IncidentFile:
    entries = samples.canary()
    made = [entries[0].model_copy(update={"kind": kind, "details": {"execution": EXECUTION}}) for kind in kinds]
    return ended(state, "Done.", sent=tuple(made))


def test_after_a_late_call_people_are_told_that_it_may_have_been_made_twice() -> None:
    need = needed(late(ExecutionState.SUCCEEDED, "call_sent", "executed", "call_late"), EXECUTION)
    assert "was sent late" in need.why and "may have been made twice" in need.why
    assert "To undo it" in told(need) and need.steps[0].startswith("Look at ")


def test_once_the_world_was_checked_after_a_late_call_its_result_is_what_counts() -> None:
    need = needed(late(ExecutionState.SUCCEEDED, "call_late", "verification_failed"), EXECUTION)
    assert "could not be confirmed" in need.why


def test_where_agentops_looks_again_by_itself_people_are_told_that_a_card_will_come() -> None:
    need = needed(late(ExecutionState.STALE, "allowed", "execution_stale", "looking_again"), EXECUTION)
    assert "was allowed by the policy and not sent. Done." in need.why
    (step,) = need.steps
    assert "looking again by itself" in step and "for you to decide" in step
