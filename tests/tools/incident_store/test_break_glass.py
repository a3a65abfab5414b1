"""One approver who acts for two, where the policy permits it; on SQLite and on PostgreSQL."""

import pytest

from incidents.message import MessageKind
from incidents.policy import Allow, Decision, RequireApproval
from tests.incidents.builders import allowed, forbidden, later, needs
from tests.tools.incident_store.stage import Stage, at_once
from tools.incident_store.writer.decisions import Verdict

REASON = "Fraud goes through and nobody else is awake."


def two(*, break_glass: bool = True, count: int = 2) -> Decision:
    effect = RequireApproval(count=count, approvers=("ml-oncall",), break_glass=break_glass)
    return Decision(effect=effect, rules=("two approvers",))


def breaks(stage: Stage, person: str = "UONCALL", policy_now: Decision | None = None) -> Verdict:
    now = later(minutes=1)
    return stage.writer.decisions.approve("p1", person, policy_now or two(), now, break_glass=REASON)


def executions(stage: Stage, id: str) -> list[str]:
    return [one.id for one in stage.reader.file(id).executions]


def test_one_person_acts_for_two_and_the_other_group_is_called(stage: Stage) -> None:
    id = stage.awaiting(decision=two())
    verdict = breaks(stage)
    assert (verdict.result, verdict.votes, verdict.by) == ("approved", 2, "UONCALL")
    assert executions(stage, id) == ["xp1"]
    view = stage.reader.proposal("p1")
    assert (view.broke_glass, view.approval.reason) == ("UONCALL", REASON)
    assert stage.told(id)[-3:] == ["broke_glass", "approved", "execution_queued"]
    assert (MessageKind.BROKE_GLASS, "p1", 1) in stage.messages(id)


def test_whoever_has_approved_already_may_then_act_for_two(stage: Stage) -> None:
    id = stage.awaiting(decision=two())
    assert stage.approve(policy_now=two()).result == "voted"
    assert breaks(stage).result == "approved"
    assert executions(stage, id) == ["xp1"]


@pytest.mark.parametrize(
    ("on_card", "now"),
    [(two(break_glass=False), two()), (two(), two(break_glass=False)), (two(), allowed())],
    ids=["not on the card", "not any more", "the policy asks nobody any more"],
)
def test_where_it_is_not_permitted_nothing_is_counted(stage: Stage, on_card: Decision, now: Decision) -> None:
    id = stage.awaiting(decision=on_card)
    assert breaks(stage, policy_now=now).result == "not_permitted"
    view = stage.reader.proposal("p1")
    assert (view.broke_glass, view.approval.votes, executions(stage, id)) == (None, (), [])
    assert stage.told(id)[-1] == "refused"


def test_where_one_approval_is_enough_no_glass_is_broken(stage: Stage) -> None:
    id = stage.awaiting(decision=needs(1))
    assert breaks(stage, policy_now=needs(1)).result == "not_needed"
    assert executions(stage, id) == []


def test_a_policy_that_forbids_now_is_not_broken_open(stage: Stage) -> None:
    id = stage.awaiting(decision=two())
    assert breaks(stage, policy_now=forbidden()).result == "forbidden"
    assert executions(stage, id) == []


def test_two_who_act_for_two_at_once_start_one_execution(stage: Stage) -> None:
    id = stage.awaiting(decision=two())
    verdicts = at_once(lambda: breaks(stage, "UONCALL"), lambda: breaks(stage, "USECOND"))
    assert sorted(verdict.result for verdict in verdicts) == ["approved", "decided_before"]
    assert executions(stage, id) == ["xp1"]


def test_where_three_are_needed_acting_for_two_leaves_one_to_ask(stage: Stage) -> None:
    id = stage.awaiting(decision=two())
    three = two(count=3)
    first = breaks(stage, policy_now=three)
    assert (first.result, first.votes, first.needed) == ("voted", 2, 3)
    assert breaks(stage, "USECOND", policy_now=three).result == "not_permitted"
    assert stage.approve(person="USECOND", policy_now=three).result == "approved"
    assert executions(stage, id) == ["xp1"]


def test_an_allowing_policy_at_the_click_does_not_lower_what_the_card_asks(stage: Stage) -> None:
    id = stage.awaiting(decision=two())
    assert isinstance(allowed().effect, Allow)
    assert stage.approve(policy_now=allowed()).result == "voted"
    assert executions(stage, id) == []
