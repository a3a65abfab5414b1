"""Who may do what: one table, used by every command and every button.

Full members of the workspace may look, ask and stop; what lets a change happen, or ends a story, needs somebody whom
the policy names. Guests, bots and people of other workspaces may do nothing and are shown nothing.
"""

from collections.abc import Collection
from enum import StrEnum
from typing import Literal, get_args

from incidents.approval import Person, Refusal, membership_refusal, refusal

Act = Literal[
    "status",
    "incidents",
    "ask",
    "runbooks",
    "investigate",
    "trust",
    "pause",
    "ack",
    "false_alarm",
    "resume",
    "approve",
    "deny",
    "break_glass",
    "ask_again",
    "close",
    "propose",
]
ACTS: tuple[Act, ...] = get_args(Act)


class Circle(StrEnum):
    """How close somebody has to be."""

    MEMBERS = "members"
    """Full members of the workspace."""
    APPROVERS = "approvers"
    """Full members whom the policy names, by user id or by a user group."""


WHO_MAY: dict[Act, Circle] = {
    "status": Circle.MEMBERS,
    "incidents": Circle.MEMBERS,
    "ask": Circle.MEMBERS,
    "runbooks": Circle.MEMBERS,
    "investigate": Circle.MEMBERS,
    "trust": Circle.MEMBERS,
    "pause": Circle.MEMBERS,
    "ack": Circle.MEMBERS,
    "false_alarm": Circle.MEMBERS,
    "resume": Circle.APPROVERS,
    "approve": Circle.APPROVERS,
    "deny": Circle.APPROVERS,
    "break_glass": Circle.APPROVERS,
    "ask_again": Circle.APPROVERS,
    "close": Circle.APPROVERS,
    "propose": Circle.APPROVERS,
}

NOT_THE_CHOOSERS: frozenset[Act] = frozenset({"approve", "break_glass"})
"""What whoever chose the remediation may never do about it. They may deny it: a no needs no second pair of eyes."""


def why_not(
    act: Act, person: Person, *, home_team: str, approvers: Collection[str] = (), chosen_by: str | None = None
) -> Refusal | None:
    """Why `person` may not do it, or None when they may.

    Args:
        act: what they want to do.
        person: as looked up at this moment.
        home_team: the bot's own workspace; empty while it is not known, and then nobody may do anything.
        approvers: user ids and handles of user groups that count as approvers of this.
        chosen_by: who chose the remediation, where a person did.
    """
    match WHO_MAY[act]:
        case Circle.MEMBERS:
            return membership_refusal(person, home_team=home_team)
        case Circle.APPROVERS:
            chooser = chosen_by if act in NOT_THE_CHOOSERS else None
            return refusal(person, home_team=home_team, approvers=tuple(approvers), chosen_by=chooser)
