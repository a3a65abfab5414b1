from collections.abc import Callable
from pathlib import Path

import pytest

from bot.decisions import Decisions
from incidents.approval import Person
from incidents.catalogue import Catalogue
from incidents.execution import ExecutionState
from incidents.policy import Policy, RequireApproval, Rule, When
from tests.bot.workflows.fakes import Clock
from tests.incidents.builders import catalogue, later, policy, proposal
from tests.stores import store_at
from tests.tools.incident_store.stage import Stage

HOME = "TSANDBOX"
ONCALL = Person(id="UONCALL", team=HOME, groups=frozenset({"ml-oncall"}))
SECOND = Person(id="USECOND", team=HOME, groups=frozenset({"ml-oncall"}))
VIEWER = Person(id="UVIEWER", team=HOME)
STRANGER = Person(id="USTRANGER", team="TOTHER", is_stranger=True, groups=frozenset({"ml-oncall"}))
GUEST = Person(id="UGUEST", team=HOME, is_guest=True, groups=frozenset({"ml-oncall"}))


class Desk:
    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.clock = Clock(later(minutes=1))
        self.wakes = 0

    def decisions(
        self, given_policy: Policy | None = None, home_team: str = HOME, given_catalogue: Catalogue | None = None
    ) -> Decisions:
        return Decisions(
            self.stage.reader,
            self.stage.writer,
            given_catalogue or catalogue(),
            lambda: given_policy or policy(),
            home_team=lambda: home_team,
            clock=self.clock,
            speed=1.0,
            wake=self._wake,
        )

    def _wake(self) -> None:
        self.wakes += 1


@pytest.fixture
def desk(tmp_path: Path, request: pytest.FixtureRequest) -> Desk:
    database = store_at(tmp_path / "agentops.sqlite")
    request.addfinalizer(database.close)
    return Desk(Stage(database))


async def test_an_approver_approves_and_the_work_is_woken(desk: Desk) -> None:
    id = desk.stage.awaiting()
    done = await desk.decisions().approve("p1", ONCALL)
    assert (done.result, done.by, done.incident_id) == ("approved", "UONCALL", id)
    assert done.title == "Roll product-recommender-prod back to product-recommender-v23"
    assert desk.wakes == 1


@pytest.mark.parametrize("person", [VIEWER, STRANGER, GUEST], ids=lambda person: person.id)
@pytest.mark.parametrize("click", ["approve", "deny"])
async def test_who_may_not_is_told_why_and_it_is_written_down(desk: Desk, person: Person, click: str) -> None:
    id = desk.stage.awaiting()
    decisions = desk.decisions()
    done = await (decisions.approve("p1", person) if click == "approve" else decisions.deny("p1", person, "no"))
    assert done.result == "refused" and done.why
    last = desk.stage.reader.timeline(id)[-1]
    assert (last.kind, last.actor) == ("refused", person.id)
    assert desk.stage.reader.proposal("p1").approval.state == "pending"


async def test_before_the_home_workspace_is_known_nobody_decides(desk: Desk) -> None:
    desk.stage.awaiting()
    nobody = ONCALL.model_copy(update={"team": ""})
    assert (await desk.decisions(home_team="").approve("p1", nobody)).result == "refused"


async def test_an_unknown_proposal_is_answered_and_not_raised(desk: Desk) -> None:
    assert (await desk.decisions().approve("nobody", ONCALL)).result == "not_found"
    assert (await desk.decisions().deny("nobody", ONCALL, "no")).result == "not_found"


async def test_from_the_command_line_the_cards_characters_are_needed(desk: Desk) -> None:
    id = desk.stage.awaiting()
    shown = proposal("p1", id).short_digest
    wrong = await desk.decisions().approve("p1", ONCALL, "00000000")
    assert wrong.result == "wrong_digest"
    assert desk.stage.told(id)[-1] == "refused"
    assert (await desk.decisions().approve("p1", ONCALL, shown.upper())).result == "approved"


async def test_a_denial_keeps_who_and_why(desk: Desk) -> None:
    desk.stage.awaiting()
    done = await desk.decisions().deny("p1", ONCALL, "not during the sale")
    assert (done.result, done.by) == ("denied", "UONCALL")
    late = await desk.decisions().approve("p1", SECOND)
    assert (late.result, late.by, late.why) == ("decided_before", "UONCALL", "not during the sale")


async def test_a_click_after_the_time_says_that_it_expired(desk: Desk) -> None:
    desk.stage.awaiting()
    desk.clock.forward(minutes=10)
    assert (await desk.decisions().approve("p1", ONCALL)).result == "expired"


def with_rule(name: str, when: When, *approvers: str, count: int = 1) -> Callable[[], Policy]:
    rule = Rule(name=name, when=when, then=RequireApproval(count=count, approvers=approvers))
    return lambda: policy().model_copy(update={"rules": (*policy().rules, rule)})


async def test_a_policy_that_asks_for_two_at_the_click_waits_for_the_second(desk: Desk) -> None:
    desk.stage.awaiting()
    decisions = desk.decisions(with_rule("two", When(), "ml-oncall", count=2)())
    first = await decisions.approve("p1", ONCALL)
    assert (first.result, first.votes, first.needed) == ("voted", 1, 2)
    assert (await decisions.approve("p1", ONCALL)).result == "voted_before"
    assert (await decisions.approve("p1", SECOND)).result == "approved"


async def test_an_approver_whom_the_policy_does_not_name_any_more_is_refused(desk: Desk) -> None:
    desk.stage.awaiting()
    decisions = desk.decisions(with_rule("leads only", When(), "ml-leads", count=2)())
    assert (await decisions.approve("p1", ONCALL)).result == "refused"


async def test_a_change_of_the_same_model_lately_forbids_the_next(desk: Desk) -> None:
    id, execution, fence = desk.stage.executing()
    executions = desk.stage.writer.executions
    executions.sent(
        execution, fence, 0, result={}, progress="", text="sent", details={}, now=later(minutes=3), next_step_at=later()
    )
    executions.finish(execution, fence, ExecutionState.FAILED, text="failed", now=later(minutes=4))
    desk.stage.writer.grouping.ask(catalogue().models["product-recommender"], "", "UONCALL", "look-2", later(minutes=5))
    desk.stage.propose(id, proposal("p2", id, created_at=later(minutes=6)), at=later(minutes=6))
    desk.clock.at = later(minutes=7)
    done = await desk.decisions().approve("p2", ONCALL)
    assert done.result == "forbidden" and "30 minutes" in done.why


async def test_a_model_that_left_the_catalogue_is_not_changed(desk: Desk) -> None:
    id = desk.stage.awaiting()
    left = {name: one for name, one in catalogue().models.items() if name != "product-recommender"}
    decisions = desk.decisions(given_catalogue=catalogue().model_copy(update={"models": left}))
    assert (await decisions.approve("p1", ONCALL)).result == "forbidden"
    assert desk.stage.reader.file(id).executions == ()
