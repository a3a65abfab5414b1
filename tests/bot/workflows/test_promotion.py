"""Four calls and a canary: each is checked, each is written down, and every way it can stop is told."""

from collections.abc import Callable

import pytest

from incidents.execution import ExecutionState
from incidents.incident import IncidentState
from incidents.message import MessageKind
from incidents.policy import Policy, RequireApproval, Rule
from incidents.remediation import RollbackEndpoint
from tests.bot.workflows.fakes import operations, package_arn
from tests.bot.workflows.rig import Rig
from tests.incidents.builders import later, needs, policy
from tools.errors import AccessDenied, AlreadyExists, Throttled, Unavailable, UpstreamError
from tools.sagemaker.states import PendingDeployment

S, X = IncidentState, ExecutionState
POLL = {"seconds": 15}
CALLS = ["UpdateModelPackage", "CreateModel", "CreateEndpointConfig", "UpdateEndpoint"]


def new_config(rig: Rig) -> str:
    (name,) = rig.world.configs
    return name


def stricter(*rules: Rule) -> Policy:
    return policy().model_copy(update={"rules": (*policy().rules, *rules), "examples": ()})


def stages(rig: Rig, id: str) -> list[str]:
    return [entry.text for entry in rig.stage.reader.timeline(id) if entry.kind == "canary_step"]


async def test_a_promotion_sends_its_four_calls_in_order_and_tells_each_stage_of_the_canary(rig: Rig) -> None:
    id = rig.approved_promotion()
    await rig.look()
    assert operations(rig.world.sent) == CALLS and rig.world.effects == 4
    sent = [entry for entry in rig.stage.reader.timeline(id) if entry.kind == "call_sent"]
    assert [entry.details["call"] for entry in sent] == [1, 2, 3, 4]
    assert [entry.details["request"]["operation"] for entry in sent] == CALLS
    await rig.look(**POLL)
    assert "new instances are being started" in rig.row_text()
    for share in (0.1, 0.1, 1.0):
        rig.world.shift(share)
        await rig.look(**POLL)
    assert "all of the traffic is on version 42" in rig.row_text()
    rig.world.settle(new_config(rig))
    await rig.look(**POLL)
    assert rig.state() is X.SUCCEEDED and rig.incident_state(id) is S.VERIFYING
    assert stages(rig, id) == [
        "10 % of the traffic is on version 42",
        "all of the traffic is on version 42",
        "version 42 serves alone; the old instances are gone",
    ]
    await rig.until(lambda: rig.incident_state(id) is S.RESOLVED, minutes=1)
    assert len(rig.world.sent) == 4


async def test_a_promotion_is_watched_by_the_alert_and_by_errors_latency_and_drift(rig: Rig) -> None:
    id = rig.approved_promotion()
    await rig.look()
    rig.world.settle(new_config(rig))
    await rig.until(lambda: rig.incident_state(id) is S.RESOLVED, minutes=1)
    named = {check.threshold.alert for check in rig.stage.reader.verification("xp1").checks}
    assert named == {"EndpointLatencyP99High", "prediction_psi", "error_rate", "latency_p99"}


async def test_an_alarm_that_takes_the_canary_back_is_no_success(rig: Rig) -> None:
    id = rig.approved_promotion()
    await rig.look()
    rig.world.shift(0.1)
    await rig.look(**POLL)
    rig.world.change(status="RollingBack")
    await rig.look(**POLL)
    assert "taking the canary back" in rig.row_text()
    rig.world.settle("fraud-detector-v41", failure="")
    await rig.look(**POLL)
    assert rig.state() is X.FAILED and "when one of its alarms fires: fraud-detector-errors" in rig.row_text()
    assert rig.incident_state(id) is S.ESCALATED
    assert stages(rig, id)[-1] == "the canary is being taken back"


async def test_a_rollback_of_sagemaker_that_fails_calls_a_person(rig: Rig) -> None:
    id = rig.approved_promotion()
    await rig.look()
    rig.world.settle("fraud-detector-v41", "UpdateRollbackFailed", "no capacity")
    await rig.look(**POLL)
    assert rig.state() is X.FAILED and "could not take it back either" in rig.row_text()
    assert rig.incident_state(id) is S.ESCALATED
    assert rig.execution().error == "no capacity"


# Between two calls.


def pause_before(rig: Rig, call: int) -> None:
    """A person pauses everything while call number `call` - 1 is on its way."""

    def arrive() -> None:
        if len(rig.world.sent) == call - 2:
            rig.stage.writer.pauses.pause("*", "UONCALL", rig.clock())

    rig.world.before_send = arrive


@pytest.mark.parametrize("call", [2, 3, 4])
async def test_a_pause_between_two_calls_stops_at_once_and_goes_on_when_it_is_lifted(rig: Rig, call: int) -> None:
    id = rig.approved_promotion()
    pause_before(rig, call)
    await rig.look()
    assert operations(rig.world.sent) == CALLS[: call - 1]
    assert rig.state() is X.EXECUTING and rig.row_text().startswith(f"paused by UONCALL before call {call} of 4")
    for _ in range(3):
        await rig.look(**POLL)
    assert len(rig.world.sent) == call - 1
    assert rig.stage.told(id).count("execution_paused") == 1
    rig.stage.writer.pauses.resume("*", "ULEAD", rig.clock())
    await rig.look(**POLL)
    assert operations(rig.world.sent) == CALLS and rig.world.effects == 4


async def test_a_pause_that_is_not_lifted_ends_with_a_person_who_knows_what_stands(rig: Rig) -> None:
    id = rig.approved_promotion()
    pause_before(rig, 3)
    await rig.until(lambda: rig.incident_state(id) is S.ESCALATED, minutes=5)
    assert rig.state() is X.NEEDS_VERIFICATION and operations(rig.world.sent) == CALLS[:2]
    assert "Done before: UpdateModelPackage, CreateModel. Nothing that serves has changed." in rig.row_text()
    assert "delete model fraud-detector-v42" in rig.row_text()
    assert MessageKind.ESCALATION in rig.stage.kinds(id)


async def test_a_pause_during_the_canary_says_that_sagemaker_goes_on(rig: Rig) -> None:
    rig.approved_promotion()
    await rig.look()
    rig.world.shift(0.1)
    rig.stage.writer.pauses.pause("fraud-detector", "UONCALL", rig.clock())
    await rig.look(**POLL)
    assert "SageMaker goes on with it by itself" in rig.row_text()


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Rule(name="three now", then=RequireApproval(count=3, approvers=("ml-oncall",))), "asks for 3 approvals now"),
        (Rule.model_validate({"name": "none", "then": {"effect": "forbid", "because": "a freeze"}}), "(a freeze)"),
    ],
    ids=["more approvals", "forbidden"],
)
async def test_a_policy_that_gets_stricter_between_two_calls_stops_and_says_what_stands(
    rig: Rig, rule: Rule, words: str
) -> None:
    id = rig.approved_promotion()

    def arrive() -> None:
        if len(rig.world.sent) == 1:
            rig.in_force.append(stricter(rule))

    rig.world.before_send = arrive
    await rig.look()
    assert operations(rig.world.sent) == CALLS[:2]
    assert rig.state() is X.NEEDS_VERIFICATION and words in rig.row_text()
    assert "Stopped before call 3 of 4 (CreateEndpointConfig)" in rig.row_text()
    assert rig.incident_state(id) is S.ESCALATED


@pytest.mark.parametrize("by_whom", ["the endpoint", "the candidate"])
async def test_what_others_change_between_two_calls_keeps_the_last_one_from_being_sent(rig: Rig, by_whom: str) -> None:
    rig.approved_promotion()

    def arrive() -> None:
        if len(rig.world.sent) != 2:
            return
        if by_whom == "the endpoint":
            rig.world.change(config_name="fraud-detector-v39")
        else:
            rig.world.approve(package_arn(42), "Rejected", "not this one")

    rig.world.before_send = arrive
    await rig.look()
    assert operations(rig.world.sent) == CALLS[:3]
    assert rig.state() is X.NEEDS_VERIFICATION and rig.row_text().startswith("Stopped: ")


async def test_an_incident_that_people_end_between_two_calls_ends_the_execution(rig: Rig) -> None:
    id = rig.approved_promotion()

    def arrive() -> None:
        if len(rig.world.sent) == 1:
            with rig.stage.database.write() as session:
                session.connection().exec_driver_sql("UPDATE incident SET state = 'closed'")

    rig.world.before_send = arrive
    await rig.look()
    assert operations(rig.world.sent) == CALLS[:2]
    assert rig.state() is X.NEEDS_VERIFICATION and rig.incident_state(id) is S.CLOSED


@pytest.mark.parametrize("at", [0, 1, 2, 3])
async def test_a_call_that_is_refused_says_what_was_done_before(rig: Rig, at: int) -> None:
    rig.approved_promotion()

    def arrive() -> None:
        if len(rig.world.sent) == at:
            rig.world.trouble = [AccessDenied("SageMaker", CALLS[at], "not with this role")]

    rig.world.before_send = arrive
    await rig.look()
    assert rig.state() is X.FAILED and rig.world.effects == at
    assert rig.row_text().startswith(f"SageMaker refused {CALLS[at]}: the role")
    assert ("Done before" in rig.row_text()) is (at > 0)


# Calls without an answer, one at each step.


@pytest.mark.parametrize("at", [0, 1, 2, 3])
@pytest.mark.parametrize("lost", [True, False], ids=["took effect", "took no effect"])
async def test_a_lost_answer_at_any_step_leaves_one_effect_of_each_call(rig: Rig, at: int, lost: bool) -> None:
    rig.approved_promotion()

    def arrive() -> None:
        if len(rig.world.sent) == at:
            rig.world.trouble, rig.world.lost = [Unavailable("SageMaker", CALLS[at], "reset")], lost

    rig.world.before_send = arrive
    await rig.look()
    assert len(rig.world.sent) == at + 1
    for _ in range(4):
        await rig.look(**POLL)
    assert rig.world.effects == 4
    assert len(rig.world.sent) == (4 if lost else 5)
    rig.world.settle(new_config(rig))
    await rig.look(**POLL)
    assert rig.state() is X.SUCCEEDED


@pytest.mark.parametrize("error", [Throttled, Unavailable])
async def test_a_throttled_or_lost_call_in_the_middle_is_sent_again_after_every_check(
    rig: Rig, error: type[UpstreamError]
) -> None:
    rig.approved_promotion()

    def arrive() -> None:
        if len(rig.world.sent) == 2:
            rig.world.trouble = [error("SageMaker", "CreateEndpointConfig", "slow down")]

    rig.world.before_send = arrive
    await rig.look()
    assert rig.world.effects == 2
    for _ in range(3):
        await rig.look(**POLL)
    assert rig.world.effects == 4


@pytest.mark.parametrize("same", [True, False])
async def test_a_name_that_is_taken_is_adopted_only_where_it_is_what_was_asked_for(rig: Rig, same: bool) -> None:
    rig.approved_promotion()

    def arrive() -> None:
        if len(rig.world.sent) == 1:
            rig.world.trouble = [AlreadyExists("SageMaker", "CreateModel", "taken")]
            rig.world.lost = True

    rig.world.before_send = arrive
    await rig.look()
    rig.world.before_send = lambda: None
    if not same:
        rig.world.models = {
            name: one.model_copy(update={"execution_role": "arn:another"}) for name, one in rig.world.models.items()
        }
    await rig.look(**POLL)
    await rig.look(**POLL)
    if same:
        assert rig.world.effects == 4 and operations(rig.world.sent) == CALLS
    else:
        assert rig.state() is X.NEEDS_VERIFICATION and "is not what was asked for" in rig.row_text()


async def test_an_update_of_somebody_else_is_not_taken_for_ours(rig: Rig) -> None:
    rig.approved_promotion()

    def arrive() -> None:
        if len(rig.world.sent) == 3:
            rig.world.trouble = [Unavailable("SageMaker", "UpdateEndpoint", "reset")]

    rig.world.before_send = arrive
    await rig.look()
    rig.world.change(status="Updating", pending=PendingDeployment(config_name="somebody-elses"))
    await rig.look(**POLL)
    assert rig.state() is X.NEEDS_VERIFICATION and "by somebody else" in rig.row_text()
    assert rig.world.effects == 3


async def test_a_person_who_rejected_the_candidate_meanwhile_is_not_overruled(rig: Rig) -> None:
    rig.approved_promotion()
    rig.world.trouble = [Unavailable("SageMaker", "UpdateModelPackage", "reset")]
    await rig.look()
    rig.world.approve(package_arn(42), "Rejected", "not this one")
    await rig.look(**POLL)
    assert rig.state() is X.NEEDS_VERIFICATION and rig.world.effects == 0


# After it is live.


async def promoted(rig: Rig) -> str:
    id = rig.approved_promotion()
    await rig.look()
    rig.world.settle(new_config(rig))
    await rig.look(**POLL)
    assert rig.incident_state(id) is S.VERIFYING
    return id


async def test_a_promotion_that_does_not_help_brings_the_way_back_with_its_own_card(rig: Rig) -> None:
    id = await promoted(rig)
    rig.prometheus.value = 2.4
    await rig.until(lambda: rig.incident_state(id) is S.AWAITING_DECISION, minutes=5)
    back = rig.waiting()
    assert isinstance(back.remediation, RollbackEndpoint) and back.remediation.to_config == "fraud-detector-v41"
    assert back.follows == "xp1" and back.decision.effect.effect == "require_approval"
    assert len(rig.world.sent) == 4
    rig.decide(back.id)
    await rig.look(**POLL)
    assert operations(rig.world.sent)[4:] == ["UpdateEndpoint"]


async def test_the_way_back_runs_by_itself_where_the_policy_allows_it_once_it_is_explained(
    make_rig: Callable[..., Rig],
) -> None:
    rig = make_rig(
        given_policy=Policy.model_validate(
            {
                "version": 1,
                "rules": [
                    {
                        "name": "promotions",
                        "when": {"remediation": ["PromoteModel"]},
                        "then": needs(2).effect.model_dump(),
                    },
                    {"name": "back", "when": {"remediation": ["RollbackEndpoint"]}, "then": {"effect": "allow"}},
                ],
            }
        )
    )
    id = await promoted(rig)
    rig.prometheus.value = 2.4
    await rig.until(lambda: rig.incident_state(id) is S.EXECUTING, minutes=5)
    (_, execution) = rig.stage.reader.file(id).executions
    assert rig.execution(execution.id).automatic
    await rig.look(**POLL)
    assert len(rig.world.sent) == 4 and "until diagnosis and plan stand" in rig.row_text(execution.id)
    rig.explain()
    await rig.look(**POLL)
    assert operations(rig.world.sent)[4:] == ["UpdateEndpoint"]


async def test_a_config_that_somebody_else_puts_on_later_is_told_and_not_undone(rig: Rig) -> None:
    id = await promoted(rig)
    rig.world.settle("fraud-detector-v39")
    await rig.look(minutes=1)
    assert rig.stage.reader.verification("xp1").state == "overtaken"
    assert rig.incident_state(id) is S.ESCALATED and rig.stage.reader.pending_proposals() == []


async def test_a_silent_rollback_after_it_was_live_is_seen(rig: Rig) -> None:
    id = await promoted(rig)
    rig.world.settle("fraud-detector-v41")
    rig.world.preflight = ["endpoint fraud-detector-prod already runs fraud-detector-v41"]
    await rig.look(minutes=1)
    view = rig.stage.reader.verification("xp1")
    assert view.state == "failed" and "went back to fraud-detector-v41" in view.note
    assert rig.incident_state(id) is S.ESCALATED


async def test_the_health_check_lasts_at_least_five_minutes(rig: Rig) -> None:
    id = await promoted(rig)
    await rig.look(minutes=4, seconds=30)
    assert rig.incident_state(id) is S.VERIFYING
    assert rig.clock() < later(minutes=30)
