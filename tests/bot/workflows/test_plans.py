"""A plan's steps one after the other, steps beside it, what people ask for by hand, and what runs by itself."""

from collections.abc import Callable

import pytest

from bot.workflows import planning
from bot.workflows.planning import NotProposed
from incidents.execution import ExecutionState
from incidents.incident import IncidentState
from incidents.message import MessageKind
from incidents.origin import IncidentOrigin
from incidents.policy import Policy
from incidents.proposal import Proposal, RemediationChoice, When
from incidents.remediation import AnyRemediation, QuarantineData
from tests.bot.workflows.fakes import operations
from tests.bot.workflows.rig import Rig
from tests.incidents.builders import (
    alert,
    choice,
    data_object,
    data_origin,
    findings,
    issue,
    later,
    needs,
    notice,
    proposal,
    quarantine,
    rerun,
    rollback,
)
from tools.errors import AccessDenied, Unavailable

S, X = IncidentState, ExecutionState
POLL = {"seconds": 15}
CHURN = alert("FeatureNullRateHigh", labels={"model": "churn-predictor", "env": "prod", "severity": "critical"})


def allowing(*kinds: str, otherwise: int = 1) -> Policy:
    """A policy that allows these kinds; all else needs so many people."""
    return Policy.model_validate(
        {
            "version": 1,
            "rules": [
                {"name": "these may", "when": {"remediation": list(kinds)}, "then": {"effect": "allow"}},
                {
                    "name": "the others",
                    "when": {"remediation": [kind for kind in planning_kinds() if kind not in kinds]},
                    "then": needs(otherwise).effect.model_dump(),
                },
            ],
        }
    )


def planning_kinds() -> list[str]:
    return ["RollbackEndpoint", "QuarantineData", "RerunDataPipeline", "OpenIssue", "NotifyOwners", "StartRetraining"]


def after(remediation: AnyRemediation) -> RemediationChoice:
    return choice(remediation, "E1", "E2").model_copy(update={"when": When.AFTER_PREVIOUS})


# Quarantine, then run the data pipeline again.


def quarantined(rig: Rig, *later_steps: RemediationChoice) -> str:
    objects = [data_object("capture/a.jsonl", owner="x"), data_object("capture/b.jsonl")]
    rig.world.objects = {one.key: one for one in objects}
    id = rig.stage.open(CHURN)
    made = proposal("p1", id, remediation=quarantine(), origin=data_origin(*objects), decision=needs())
    rig.stage.propose(id, made, later_steps=later_steps)
    assert rig.stage.approve(at=later(minutes=1)).result == "approved"
    rig.clock.at = later(minutes=1)
    return id


async def test_a_quarantine_marks_every_object_keeps_other_tags_and_then_brings_the_next_step(rig: Rig) -> None:
    id = quarantined(rig, after(rerun()))
    await rig.look()
    assert operations(rig.world.sent) == ["PutObject", "PutObjectTagging", "PutObjectTagging"]
    assert rig.world.objects["capture/a.jsonl"].tags == {"owner": "x", "agentops:quarantine": "xp1"}
    assert rig.stage.told(id).count("call_sent") == 3
    await rig.until(lambda: rig.incident_state(id) is S.AWAITING_DECISION, **POLL)
    card = rig.waiting()
    assert card.remediation == rerun() and card.when is When.AFTER_PREVIOUS and card.follows == "xp1"
    assert "step_verified" in rig.stage.told(id)
    rig.decide(card.id)
    await rig.look(**POLL)
    assert operations(rig.world.sent)[3:] == ["StartPipelineExecution"]
    rig.world.run_status = "Succeeded"
    await rig.until(lambda: rig.incident_state(id) is S.RESOLVED, minutes=1)


async def test_a_tag_that_is_gone_again_is_no_success_and_brings_the_release(rig: Rig) -> None:
    id = quarantined(rig, after(rerun()))
    await rig.look()
    rig.world.objects["capture/b.jsonl"] = data_object("capture/b.jsonl")
    await rig.until(lambda: rig.incident_state(id) is S.AWAITING_DECISION, **POLL)
    assert "Only 1 of 2 objects" in rig.stage.reader.verification("xp1").note
    card = rig.waiting()
    assert isinstance(card.remediation, QuarantineData) and card.remediation.mode == "release"


async def test_a_quarantine_after_which_nothing_follows_calls_a_person(rig: Rig) -> None:
    id = quarantined(rig)
    await rig.look()
    await rig.until(lambda: rig.incident_state(id) is S.ESCALATED, **POLL)
    assert "Nothing follows by itself" in rig.stage.reader.verification("xp1").note


async def test_a_pipeline_that_fails_to_fill_the_features_calls_a_person(rig: Rig) -> None:
    id = quarantined(rig, after(rerun()))
    await rig.look()
    await rig.until(lambda: rig.incident_state(id) is S.AWAITING_DECISION, **POLL)
    card = rig.waiting()
    rig.decide(card.id)
    await rig.look(**POLL)
    rig.world.run_status = "Failed"
    await rig.look(**POLL)
    assert rig.state(card.execution_id) is X.FAILED
    assert "not filled again" in rig.row_text(card.execution_id)
    assert rig.incident_state(id) is S.ESCALATED


async def test_a_pause_in_the_middle_of_a_quarantine_says_how_many_objects_are_marked(rig: Rig) -> None:
    quarantined(rig)

    def arrive() -> None:
        if len(rig.world.sent) == 1:
            rig.stage.writer.pauses.pause("churn-predictor", "UONCALL", rig.clock())

    rig.world.before_send = arrive
    await rig.look()
    assert len(rig.world.sent) == 2 and "1 of 2 objects are marked" in rig.row_text()
    rig.stage.writer.pauses.resume("churn-predictor", "ULEAD", rig.clock())
    await rig.look(**POLL)
    assert len(rig.world.sent) == 3


# Steps beside the plan.


def sides() -> list[AnyRemediation]:
    return [rollback(), issue(), notice()]


async def investigated(rig: Rig, *remediations: AnyRemediation) -> str:
    rig.investigator.answer = findings(*remediations)
    rig.stage.writer.intake.store([alert()], rig.clock())
    await rig.look()
    (incident,) = rig.stage.reader.incidents(live=True)
    return incident.id


async def test_side_steps_run_at_once_and_neither_move_the_incident_nor_take_the_plan_back(
    make_rig: Callable[..., Rig],
) -> None:
    rig = make_rig(given_policy=allowing("OpenIssue", "NotifyOwners"))
    id = await investigated(rig, *sides())
    assert rig.incident_state(id) is S.AWAITING_DECISION
    assert rig.waiting().remediation == rollback()
    await rig.until(lambda: all(one.finished_at for one in rig.stage.reader.file(id).executions), **POLL)
    states = {one.target: one.state for one in rig.stage.reader.file(id).executions}
    assert set(states.values()) == {X.SUCCEEDED} and len(states) == 2
    assert rig.incident_state(id) is S.AWAITING_DECISION and rig.waiting().remediation == rollback()
    kinds = rig.stage.kinds(id)
    assert kinds.count(MessageKind.NOTICE) == 1
    assert kinds.count(MessageKind.EXECUTION) == 1, "the issue; the notice is its own word"
    assert kinds.count(MessageKind.PROPOSAL) == 1
    assert MessageKind.VERIFICATION not in kinds and rig.world.effects == 1


async def test_side_steps_of_an_incident_without_anything_to_do_leave_it_watched(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(given_policy=allowing("OpenIssue", "NotifyOwners"))
    id = await investigated(rig, issue(), notice())
    assert rig.incident_state(id) is S.MONITORING
    await rig.until(lambda: all(one.finished_at for one in rig.stage.reader.file(id).executions), **POLL)
    assert rig.incident_state(id) is S.MONITORING


async def test_a_second_diagnosis_does_not_open_a_second_issue(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(given_policy=allowing("OpenIssue", "NotifyOwners"))
    id = await investigated(rig, issue(), notice())
    await rig.until(lambda: all(one.finished_at for one in rig.stage.reader.file(id).executions), **POLL)
    rig.stage.writer.grouping.ask(rig.deps.catalogue.models["product-recommender"], "", "U1", "look-2", rig.clock())
    await rig.look(**POLL)
    assert len(rig.investigator.cases) == 2 and len(rig.stage.reader.file(id).executions) == 2


async def test_an_issue_that_cannot_be_opened_is_told_and_holds_nothing_up(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(given_policy=allowing("OpenIssue"))
    rig.world.trouble = [AccessDenied("GitHub", "CreateIssue", "bad token")]
    id = await investigated(rig, rollback(), issue())
    await rig.look(**POLL)
    (execution,) = rig.stage.reader.file(id).executions
    assert execution.state is X.FAILED and rig.incident_state(id) is S.AWAITING_DECISION
    assert MessageKind.EXECUTION in rig.stage.kinds(id) and MessageKind.ESCALATION not in rig.stage.kinds(id)


async def test_an_issue_whose_answer_was_lost_is_asked_for_again_by_its_marker(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(given_policy=allowing("OpenIssue"))
    rig.world.trouble = [Unavailable("GitHub", "CreateIssue", "reset")]
    id = await investigated(rig, issue())
    await rig.until(lambda: rig.stage.reader.file(id).executions[0].state is X.SUCCEEDED, **POLL)
    assert len(rig.world.sent) == 2


async def test_a_side_step_of_an_incident_that_ended_meanwhile_does_not_run(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(given_policy=allowing("OpenIssue"))
    rig.investigator.answer = findings(issue())
    id = rig.stage.open()
    made = proposal("p1", id, remediation=issue(), origin=origin_of_incident(id), decision=needs())
    rig.stage.propose(id, made)
    assert rig.stage.approve(at=later(minutes=1)).result == "approved"
    rig.stage.take(alert(status="resolved"), at=later(minutes=1))
    assert rig.incident_state(id) is S.RESOLVED
    await rig.look(minutes=1)
    assert rig.state() is X.STALE and rig.world.sent == [] and rig.incident_state(id) is S.RESOLVED


def origin_of_incident(id: str) -> IncidentOrigin:
    return IncidentOrigin(incident_id=id)


# What runs by itself is explained first.


async def test_what_the_policy_allows_waits_until_diagnosis_and_plan_stand_in_the_thread(
    make_rig: Callable[..., Rig],
) -> None:
    rig = make_rig(given_policy=allowing("RollbackEndpoint"))
    id = await investigated(rig, rollback())
    assert rig.incident_state(id) is S.EXECUTING
    for _ in range(3):
        await rig.look(**POLL)
    assert rig.world.sent == []
    rig.explain()
    await rig.look(**POLL)
    assert operations(rig.world.sent) == ["UpdateEndpoint"]
    assert "allowed" in rig.stage.told(id)


async def test_what_cannot_be_explained_is_not_run(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(given_policy=allowing("RollbackEndpoint"))
    id = await investigated(rig, rollback())
    await rig.until(lambda: rig.incident_state(id) is S.ESCALATED, minutes=1)
    (execution,) = rig.stage.reader.file(id).executions
    assert execution.state is X.STALE and "nothing runs unexplained" in execution.progress
    assert rig.world.sent == []


async def test_a_lesser_step_never_runs_by_itself_in_place_of_the_best(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(given_policy=allowing("QuarantineData"))
    rig.world.objects = {"capture/a": data_object("capture/a")}
    id = await investigated(rig, rollback(), quarantine())
    assert rig.incident_state(id) is S.AWAITING_DECISION and rig.stage.reader.file(id).executions == ()


# What people ask for.


async def test_what_a_person_asks_for_goes_the_same_way_and_is_not_approved_by_them(rig: Rig) -> None:
    id = await investigated(rig)
    assert rig.incident_state(id) is S.MONITORING
    made = await planning.propose_by_hand(rig.deps, id, rollback(), "UHAND", "the graph shows it")
    assert isinstance(made, Proposal) and made.reason == "the graph shows it" and made.evidence == ("E1", "E2")
    assert rig.incident_state(id) is S.AWAITING_DECISION
    view = rig.stage.reader.proposal(made.id)
    assert view.chosen_by == "UHAND" and view.approvers == ("ml-oncall", "ml-leads")


async def test_a_new_diagnosis_leaves_what_a_person_asked_for(rig: Rig) -> None:
    id = await investigated(rig)
    made = await planning.propose_by_hand(rig.deps, id, rollback(), "UHAND", "")
    rig.stage.writer.grouping.ask(rig.deps.catalogue.models["product-recommender"], "", "U1", "look-2", rig.clock())
    await rig.look(**POLL)
    assert isinstance(made, Proposal) and rig.waiting().id == made.id
    assert rig.incident_state(id) is S.AWAITING_DECISION


async def test_what_is_forbidden_or_impossible_is_not_proposed_by_hand_either(rig: Rig) -> None:
    id = await investigated(rig)
    rig.stage.writer.pauses.pause("*", "UONCALL", rig.clock())
    found = await planning.propose_by_hand(rig.deps, id, rollback(), "UHAND", "")
    assert isinstance(found, NotProposed) and "the policy says no: changes are paused" in found.words
    assert "forbidden" in rig.stage.told(id)
    rig.stage.writer.pauses.resume("*", "UONCALL", rig.clock())
    rig.world.preflight = ["it is gone"]
    found = await planning.propose_by_hand(rig.deps, id, rollback(), "UHAND", "")
    assert isinstance(found, NotProposed) and found.problems == ("it is gone",)
    assert rig.incident_state(id) is S.MONITORING
    last = rig.stage.reader.timeline(id)[-1]
    assert (last.kind, last.actor) == ("not_proposed", "UHAND") and "it is gone" in last.text


async def test_nothing_is_proposed_by_hand_while_a_change_is_under_way_or_when_it_is_over(rig: Rig) -> None:
    id = rig.approved_rollback()
    found = await planning.propose_by_hand(rig.deps, id, issue(), "UHAND", "")
    assert isinstance(found, NotProposed) and "under way" in found.words
    with rig.stage.database.write() as session:
        session.connection().exec_driver_sql("UPDATE incident SET state = 'resolved'")
    found = await planning.propose_by_hand(rig.deps, id, issue(), "UHAND", "")
    assert isinstance(found, NotProposed) and "is over" in found.words


async def test_a_preview_shows_the_whole_proposal_and_writes_nothing(rig: Rig) -> None:
    id = await investigated(rig)
    before = rig.stage.told(id)
    spec = rig.deps.catalogue.models["product-recommender"]
    shown = await planning.preview(rig.deps, rig.stage.incident(id), spec, rollback())
    assert isinstance(shown, Proposal) and shown.requests and shown.digest
    assert rig.stage.told(id) == before and rig.stage.reader.pending_proposals() == []


async def test_what_nobody_decided_can_be_asked_again_on_the_world_of_now(rig: Rig) -> None:
    id = await investigated(rig, rollback())
    first = rig.waiting()
    await rig.look(minutes=6)
    assert rig.incident_state(id) is S.ESCALATED
    rig.world.change(last_modified=rig.clock())
    again = await planning.ask_again(rig.deps, first.id, "UASKS")
    assert isinstance(again, Proposal) and again.id != first.id and again.digest != ""
    view = rig.stage.reader.proposal(again.id)
    assert view.approvers == ("ml-leads", "ml-oncall") and view.chosen_by is None
    assert rig.stage.reader.provenance(again.id).round == 2
    assert rig.stage.reader.provenance(again.id).replaces == first.id
    assert rig.incident_state(id) is S.AWAITING_DECISION
    twice = await planning.ask_again(rig.deps, first.id, "UASKS")
    assert isinstance(twice, NotProposed) and "already" in twice.words


@pytest.mark.parametrize("decided", ["denied", "pending"])
async def test_what_was_denied_or_still_waits_is_not_asked_again(rig: Rig, decided: str) -> None:
    await investigated(rig, rollback())
    first = rig.waiting()
    if decided == "denied":
        rig.stage.deny(first.id)
    found = await planning.ask_again(rig.deps, first.id, "UASKS")
    assert isinstance(found, NotProposed) and decided in found.words


async def test_an_approved_execution_of_an_incident_that_people_ended_does_not_run(rig: Rig) -> None:
    id = rig.approved_rollback()
    with rig.stage.database.write() as session:
        session.connection().exec_driver_sql("UPDATE incident SET state = 'closed'")
    await rig.look()
    assert rig.state() is X.STALE and rig.world.sent == [] and rig.incident_state(id) is S.CLOSED
