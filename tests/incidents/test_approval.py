from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.approval import REFUSAL_WORDS, Person, Refusal, refusal

HOME = "TSANDBOX"
APPROVERS = ("ml-oncall", "ULEAD")


def person(id: str = "UONCALL", team: str = HOME, *groups: str, **more: bool) -> Person:
    return Person(id=id, team=team, groups=frozenset(groups), **more)


def why(who: Person, *, home_team: str = HOME, chosen_by: str | None = None) -> Refusal | None:
    return refusal(who, home_team=home_team, approvers=APPROVERS, chosen_by=chosen_by)


def test_a_member_of_a_named_group_and_a_person_named_by_id_may_decide() -> None:
    assert why(person("UONCALL", HOME, "ml-oncall", "cooks")) is None
    assert why(person("ULEAD")) is None


@pytest.mark.parametrize(
    ("who", "refused"),
    [
        (person("ULEAD", "TOTHER"), "another_workspace"),
        (person("ULEAD", HOME, is_stranger=True), "another_workspace"),
        (person("ULEAD", HOME, is_bot=True), "bot"),
        (person("ULEAD", HOME, is_guest=True), "guest"),
        (person("ULEAD", HOME, is_deleted=True), "deactivated"),
        (person("UVIEWER", HOME, "cooks"), "not_an_approver"),
        (person("UVIEWER"), "not_an_approver"),
    ],
)
def test_those_who_may_not_are_told_why(who: Person, refused: Refusal) -> None:
    assert why(who) == refused


def test_who_chose_the_remediation_does_not_approve_it() -> None:
    assert why(person("ULEAD"), chosen_by="ULEAD") == "chose_it"
    assert why(person("ULEAD"), chosen_by="UONCALL") is None


def test_a_workspace_that_is_not_known_is_nobodys_home() -> None:
    assert why(person("ULEAD", ""), home_team="") == "another_workspace"


def test_a_group_named_like_a_persons_id_does_not_make_them_an_approver_of_it() -> None:
    assert refusal(person("UX", HOME), home_team=HOME, approvers=(), chosen_by=None) == "not_an_approver"


def test_every_refusal_has_words_for_the_person() -> None:
    assert set(REFUSAL_WORDS) == set(get_args(Refusal))


@given(
    st.builds(
        Person,
        id=st.sampled_from(["ULEAD", "UVIEWER"]),
        team=st.sampled_from([HOME, "TOTHER"]),
        is_bot=st.booleans(),
        is_guest=st.booleans(),
        is_stranger=st.booleans(),
        is_deleted=st.booleans(),
        groups=st.frozensets(st.sampled_from(["ml-oncall", "cooks"])),
    ),
    st.none() | st.just("ULEAD"),
)
def test_only_a_full_member_of_this_workspace_whom_the_policy_names_may_decide(
    who: Person, chosen_by: str | None
) -> None:
    named = who.id in APPROVERS or bool(who.groups & set(APPROVERS))
    whole = who.team == HOME and not (who.is_bot or who.is_guest or who.is_stranger or who.is_deleted)
    assert (why(who, chosen_by=chosen_by) is None) == (named and whole and who.id != chosen_by)
