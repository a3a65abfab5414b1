"""People's hands on an incident: who may, what becomes of it, and what is written down of those who may not."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.by_hand import ByHand
from bot.decisions import Decisions
from bot.handling import Handling, HandlingAnswer
from incidents.approval import ApprovalState, Person
from incidents.catalogue import ModelSpec
from incidents.errors import PolicyUnreadable
from incidents.incident import Incident, IncidentState
from incidents.ledger import Provenance
from incidents.message import MessageKind
from incidents.policy import Decision, Policy, PolicySource, RequireApproval
from incidents.proposal import Proposal
from incidents.remediation import AnyRemediation
from tests.bot.workflows.fakes import Clock
from tests.incidents.builders import catalogue, forbidden, later, policy, proposal
from tests.stores import store_at
from tests.tools.incident_store.stage import Stage
from tools.sagemaker.states import ModelPackage

HOME = "TSANDBOX"
ONCALL = Person(id="UONCALL", team=HOME, groups=frozenset({"ml-oncall"}))
LEAD = Person(id="ULEAD", team=HOME, groups=frozenset({"ml-leads"}))
VIEWER = Person(id="UVIEWER", team=HOME)
GUEST = Person(id="UGUEST", team=HOME, is_guest=True, groups=frozenset({"ml-oncall"}))
STRANGER = Person(id="USTRANGER", team="TOTHER", is_stranger=True, groups=frozenset({"ml-oncall"}))
TWO = Decision(
    effect=RequireApproval(count=2, approvers=("ml-oncall",), escalate_to=("ml-leads",), break_glass=True),
    rules=("two approvers",),
)


@dataclass(frozen=True)
class Unmade:
    title: str = "Roll back"
    problems: tuple[str, ...] = ("SageMaker could not be read",)


@dataclass
class Planned:
    """Puts up the rollback, on the world as it is."""

    stage: Stage
    clock: Clock
    answer: Unmade | None = None
    asked: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    async def ask_again(self, proposal_id: str, person: str) -> Proposal | Unmade:
        self.asked.append((proposal_id, person))
        if self.answer is not None:
            return self.answer
        old = self.stage.reader.proposal(proposal_id).proposal
        made = proposal(f"{proposal_id}-2", old.incident_id, decision=old.decision, created_at=self.clock())
        again = Provenance(round=2, replaces=proposal_id, approvers=("ml-leads", "ml-oncall"))
        assert self.stage.writer.proposals.add(made, again, self.clock()) == "added"
        return made

    async def propose_by_hand(
        self, incident_id: str, remediation: AnyRemediation, person: str, reason: str
    ) -> Proposal | Unmade:
        made = proposal("p9", incident_id, remediation=remediation, created_at=self.clock())
        assert self.stage.writer.proposals.add(made, Provenance(chosen_by=person), self.clock()) == "added"
        return made

    async def preview(
        self, incident: Incident, model: ModelSpec, remediation: AnyRemediation, reason: str
    ) -> Proposal | Unmade:
        return self.answer or proposal("p9", incident.id, remediation=remediation, decision=forbidden())


async def packages(group: str, limit: int) -> list[ModelPackage]:
    return []


class Office:
    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.clock = Clock(later(minutes=1))
        self.planned = Planned(stage, self.clock)

    def handling(self, policy: PolicySource = policy) -> Handling:
        return Handling(
            self.stage.reader,
            self.stage.writer,
            self.planned,
            ByHand(self.stage.reader, catalogue(), packages, self.clock),
            policy=policy,
            home_team=lambda: HOME,
            clock=self.clock,
            wake=lambda: None,
        )

    def decisions(self) -> Decisions:
        return Decisions(
            self.stage.reader,
            self.stage.writer,
            catalogue(),
            policy,
            home_team=lambda: HOME,
            clock=self.clock,
            speed=1.0,
            wake=lambda: None,
        )

    async def do(self, act: str, incident_id: str, person: Person) -> HandlingAnswer:
        match act:
            case "ack":
                return await self.handling().ack(incident_id, person)
            case "close":
                return await self.handling().close(incident_id, person, "")
            case _:
                return await self.handling().false_alarm(incident_id, person)

    def expired(self, decision: Decision | None = None) -> str:
        """An incident whose proposal p1 nobody decided on in time."""
        id = self.stage.awaiting(decision=decision)
        self.clock.forward(minutes=10)
        self.stage.writer.decisions.expire(self.clock())
        return id


@pytest.fixture
def office(tmp_path: Path, request: pytest.FixtureRequest) -> Office:
    database = store_at(tmp_path / "agentops.sqlite")
    request.addfinalizer(database.close)
    return Office(Stage(database))


@pytest.mark.parametrize(
    ("act", "person", "result"),
    [
        ("ack", VIEWER, "acked"),
        ("false_alarm", VIEWER, "false_alarm"),
        ("close", VIEWER, "refused"),
        ("close", LEAD, "closed"),
        *((act, person, "refused") for act in ("ack", "false_alarm", "close") for person in (GUEST, STRANGER)),
    ],
    ids=lambda value: value.id if isinstance(value, Person) else value,
)
async def test_who_may_handle_an_incident_and_who_is_written_down(
    office: Office, act: str, person: Person, result: str
) -> None:
    id = office.stage.open()
    before = office.stage.incident(id)
    done = await office.do(act, id, person)
    assert done.result == result
    if result == "refused":
        last = office.stage.reader.timeline(id)[-1]
        assert (last.kind, last.actor) == ("refused", person.id)
        assert done.why and not done.model
        assert office.stage.incident(id) == before


@pytest.mark.parametrize("act", ["ack", "close", "false_alarm"])
@pytest.mark.parametrize("person", [LEAD, GUEST], ids=lambda one: one.id)
async def test_an_incident_that_does_not_exist_is_answered_and_not_raised(
    office: Office, act: str, person: Person
) -> None:
    assert (await office.do(act, "INC-404", person)).result == "not_found"


async def test_an_unreadable_policy_lets_nobody_close_and_anybody_ack(office: Office) -> None:
    def unreadable() -> Policy:
        raise PolicyUnreadable("policy.yaml is missing")

    id = office.stage.open()
    handling = office.handling(unreadable)
    refused = await handling.close(id, LEAD, "")
    assert refused.result == "refused" and "policy.yaml is missing" in refused.why
    assert (await handling.ack(id, VIEWER)).result == "acked"


async def test_nobody_deciding_in_time_calls_a_person_and_the_next_group_decides_on_what_is_asked_again(
    office: Office,
) -> None:
    id = office.expired()
    assert office.stage.incident(id).state is IncidentState.ESCALATED
    assert (MessageKind.ESCALATION, "p1", 1) in office.stage.messages(id)
    late = await office.decisions().approve("p1", ONCALL)
    assert (late.result, late.state) == ("decided_before", ApprovalState.EXPIRED)
    again = await office.handling().ask_again("p1", ONCALL)
    assert (again.result, again.proposal_id) == ("put_up", "p1-2")
    view = office.stage.reader.proposal("p1-2")
    assert (view.round, view.replaces, view.approvers[0]) == (2, "p1", "ml-leads")
    assert office.stage.incident(id).state is IncidentState.AWAITING_DECISION
    done = await office.decisions().approve("p1-2", LEAD)
    assert done.result == "approved"
    assert [one.id for one in office.stage.reader.file(id).executions] == ["xp1-2"]


async def test_what_was_asked_for_again_is_not_asked_for_a_third_time_by_the_same_card(office: Office) -> None:
    office.expired()
    await office.handling().ask_again("p1", ONCALL)
    assert (await office.handling().ask_again("p1", LEAD)).result == "asked_before"
    assert office.planned.asked == [("p1", "UONCALL")]


async def test_what_still_waits_or_was_denied_cannot_be_asked_for_again(office: Office) -> None:
    office.stage.awaiting()
    waiting = await office.handling().ask_again("p1", ONCALL)
    assert (waiting.result, waiting.problems) == ("not_expired", ("it is pending",))
    await office.decisions().deny("p1", ONCALL, "not during the sale")
    denied = await office.handling().ask_again("p1", LEAD)
    assert (denied.result, denied.problems) == ("not_expired", ("it is denied",))
    assert office.planned.asked == []


@pytest.mark.parametrize("person", [VIEWER, GUEST, STRANGER], ids=lambda one: one.id)
async def test_who_may_not_decide_may_not_ask_again(office: Office, person: Person) -> None:
    id = office.expired()
    refused = await office.handling().ask_again("p1", person)
    assert refused.result == "refused" and office.planned.asked == []
    assert (refused.incident_id is None) == (person is not VIEWER)
    assert office.stage.reader.timeline(id)[-1].kind == "refused"


async def test_a_proposal_that_does_not_exist_cannot_be_asked_for_again(office: Office) -> None:
    assert (await office.handling().ask_again("p1; drop", LEAD)).result == "not_found"


async def test_whoever_chose_a_remediation_does_not_approve_it(office: Office) -> None:
    id = office.stage.awaiting()
    put_up = await office.handling().propose(
        "rollback product-recommender product-recommender-v22", ONCALL, dry_run=False
    )
    assert (put_up.result, put_up.incident_id, put_up.proposal_id) == ("put_up", id, "p9")
    own = await office.decisions().approve("p9", ONCALL)
    assert own.result == "refused" and "somebody else" in own.why
    assert (await office.decisions().break_glass("p9", ONCALL, "Nobody else is awake.")).result == "refused"


async def test_a_dry_run_writes_nothing_and_shows_what_the_policy_says(office: Office) -> None:
    id = office.stage.awaiting()
    before = office.stage.told(id)
    shown = await office.handling().propose("rollback product-recommender", ONCALL, dry_run=True)
    assert shown.result == "shown" and shown.proposal is not None
    assert shown.proposal.decision == forbidden()
    assert office.stage.told(id) == before
    assert len(office.stage.reader.file(id).proposals) == 1


async def test_proposing_needs_an_approver_an_open_incident_and_whole_words(office: Office) -> None:
    handling = office.handling()
    assert (await handling.propose("rollback product-recommender", VIEWER, dry_run=True)).result == "refused"
    nothing_open = await handling.propose("rollback product-recommender", ONCALL, dry_run=False)
    assert nothing_open.result == "unusable" and "no open incident" in nothing_open.problems[0]
    unusable = await handling.propose("rollback", ONCALL, dry_run=False)
    assert unusable.result == "unusable" and unusable.usage
    office.stage.awaiting()
    office.planned.answer = Unmade()
    unread = await handling.propose("rollback product-recommender", ONCALL, dry_run=True)
    assert (unread.result, unread.problems) == ("not_put_up", ("SageMaker could not be read",))


@pytest.mark.parametrize("person", [VIEWER, GUEST, STRANGER], ids=lambda one: one.id)
async def test_who_may_not_propose_is_written_down_in_the_incident_of_the_model(office: Office, person: Person) -> None:
    id = office.stage.awaiting()
    done = await office.handling().propose("rollback product-recommender", person, dry_run=False)
    assert done.result == "refused"
    last = office.stage.reader.timeline(id)[-1]
    assert (last.kind, last.actor) == ("refused", person.id)
    assert len(office.stage.reader.file(id).proposals) == 1


async def test_acting_for_two_is_asked_of_the_policy_again_at_the_click(office: Office) -> None:
    """The card permits it, the shipped policy of this tier-2 model does not: the stricter of both holds."""
    id = office.stage.awaiting(decision=TWO)
    done = await office.decisions().break_glass("p1", ONCALL, "Nobody else is awake.")
    assert done.result == "not_permitted"
    assert office.stage.reader.proposal("p1").broke_glass is None
    assert office.stage.told(id)[-1] == "refused"


@pytest.mark.parametrize("person", [GUEST, STRANGER], ids=lambda one: one.id)
async def test_a_refusal_tells_an_outsider_nothing_of_the_proposal(office: Office, person: Person) -> None:
    office.stage.awaiting()
    refused = await office.decisions().approve("p1", person)
    assert (refused.result, refused.title, refused.incident_id) == ("refused", "", None)
