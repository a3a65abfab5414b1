"""Approval: the states of a decision, and who may make it."""

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

from incidents.clock import Moment


class ApprovalState(StrEnum):
    """One compare-and-set leads from pending to exactly one of the others."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


class Person(BaseModel):
    """Somebody in Slack, as looked up at the moment of the click."""

    model_config = ConfigDict(frozen=True)

    id: str
    team: str
    is_bot: bool = False
    is_guest: bool = False
    is_stranger: bool = False
    is_deleted: bool = False
    groups: frozenset[str] = frozenset()
    """Handles of the user groups they are in."""


class Vote(BaseModel):
    """One person's yes. Unique per (proposal, person)."""

    model_config = ConfigDict(frozen=True)

    person: str
    at: Moment


class ApprovalView(BaseModel):
    """How a proposal's decision stands: what the card and the App Home show."""

    model_config = ConfigDict(frozen=True)

    state: ApprovalState
    needed: int
    votes: tuple[Vote, ...] = ()
    decided_by: str | None = None
    decided_at: Moment | None = None
    reason: str = ""
    """The denier's words, or why it was superseded."""


Refusal = Literal["another_workspace", "bot", "guest", "deactivated", "not_an_approver", "chose_it"]

REFUSAL_WORDS: dict[str, str] = {
    "another_workspace": "People of another workspace cannot decide here.",
    "bot": "Bots cannot decide.",
    "guest": "Guests cannot decide.",
    "deactivated": "This account is deactivated.",
    "not_an_approver": "You are not among the approvers that the policy names for this.",
    "chose_it": "You asked for this remediation, so somebody else has to approve it.",
}


def membership_refusal(person: Person, *, home_team: str) -> Refusal | None:
    """Why `person` is no full member of the workspace, or None when they are."""
    if not home_team or person.team != home_team or person.is_stranger:
        return "another_workspace"
    if person.is_bot:
        return "bot"
    if person.is_guest:
        return "guest"
    if person.is_deleted:
        return "deactivated"
    return None


def refusal(person: Person, *, home_team: str, approvers: tuple[str, ...], chosen_by: str | None) -> Refusal | None:
    """Why `person` may not decide, or None when they may. Deny by default."""
    why = membership_refusal(person, home_team=home_team)
    if why is not None:
        return why
    if chosen_by is not None and person.id == chosen_by:
        return "chose_it"
    if person.id not in approvers and not person.groups.intersection(approvers):
        return "not_an_approver"
    return None
