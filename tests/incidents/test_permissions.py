import pytest

from incidents.approval import Person
from incidents.permissions import ACTS, NOT_THE_CHOOSERS, WHO_MAY, Act, Circle, why_not

HOME = "TSANDBOX"
APPROVERS = ("ml-oncall", "UNAMED")
MEMBER = Person(id="UVIEWER", team=HOME)
ONCALL = Person(id="UONCALL", team=HOME, groups=frozenset({"ml-oncall"}))
NAMED = Person(id="UNAMED", team=HOME)
OUTSIDERS = (
    Person(id="UGUEST", team=HOME, is_guest=True, groups=frozenset({"ml-oncall"})),
    Person(id="USTRANGER", team="TOTHER", is_stranger=True, groups=frozenset({"ml-oncall"})),
    Person(id="UOTHER", team="TOTHER", groups=frozenset({"ml-oncall"})),
    Person(id="UBOT", team=HOME, is_bot=True, groups=frozenset({"ml-oncall"})),
    Person(id="UGONE", team=HOME, is_deleted=True, groups=frozenset({"ml-oncall"})),
)
# As the domain says it, word for word: a change of the table has to be made in both places.
MEMBERS_MAY = {"status", "incidents", "ask", "runbooks", "investigate", "trust", "pause", "ack", "false_alarm"}
APPROVERS_MAY = {"resume", "approve", "deny", "break_glass", "ask_again", "close", "propose"}


def why(act: Act, person: Person, *, chosen_by: str | None = None, home_team: str = HOME) -> str | None:
    return why_not(act, person, home_team=home_team, approvers=APPROVERS, chosen_by=chosen_by)


def test_the_table_says_what_the_domain_says() -> None:
    assert {act for act in ACTS if WHO_MAY[act] is Circle.MEMBERS} == MEMBERS_MAY
    assert {act for act in ACTS if WHO_MAY[act] is Circle.APPROVERS} == APPROVERS_MAY
    assert set(WHO_MAY) == set(ACTS)


@pytest.mark.parametrize("act", ACTS)
def test_a_full_member_may_look_ask_and_stop_and_no_more(act: Act) -> None:
    assert (why(act, MEMBER) is None) == (act in MEMBERS_MAY)


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("person", [ONCALL, NAMED], ids=lambda one: one.id)
def test_an_approver_may_do_all_of_it(act: Act, person: Person) -> None:
    assert why(act, person) is None


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("person", OUTSIDERS, ids=lambda one: one.id)
def test_an_outsider_may_do_nothing_not_even_in_the_group(act: Act, person: Person) -> None:
    assert why(act, person) is not None


@pytest.mark.parametrize("act", ACTS)
def test_before_the_workspace_is_known_nobody_may_do_anything(act: Act) -> None:
    assert why(act, ONCALL.model_copy(update={"team": ""}), home_team="") is not None


@pytest.mark.parametrize("act", ACTS)
def test_whoever_chose_it_does_not_approve_it_and_may_take_it_back(act: Act) -> None:
    assert (why(act, ONCALL, chosen_by="UONCALL") == "chose_it") == (act in NOT_THE_CHOOSERS)
