"""A storm: more new incidents in a window than a channel can bear. One digest message then stands for them.

What a channel gets is bounded. In any window at most `StormRule.incidents` threads begin freely; one more incident makes
a storm. From then on an incident has its row, its investigation and its line in the digest, and gets a thread only when
it is worth one, at most as many again in a window. A thread that a person opens, or that a change needs which the policy
lets run by itself, is never held back.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from incidents.alert import Severity
from incidents.incident import IncidentState

TOP_TIER = 1


@dataclass(frozen=True)
class StormRule:
    """What a channel can bear.

    Slack takes one message a second in a channel, and a thread of ours has about eight: ten threads are 80 s of posts,
    and about as many as a person can keep in mind.

    Attributes:
        incidents: new threads within `window` before it is a storm; at most as many again are begun in a storm.
        window: what is looked back on.
    """

    incidents: int = 10
    window: timedelta = timedelta(minutes=5)


NEEDS_PEOPLE = frozenset({IncidentState.AWAITING_DECISION, IncidentState.ESCALATED})
CHANGING = frozenset({IncidentState.EXECUTING, IncidentState.VERIFYING})


@dataclass(frozen=True)
class Standing:
    """What decides how an incident ranks among others."""

    severity: Severity
    tier: int
    state: IncidentState
    opened_at: datetime
    number: int


def rank(one: Standing) -> tuple[int, int, bool, datetime, int]:
    """Sorts the worst first: severity, then tier, then what needs people, then what waits longest."""
    return one.severity.rank, one.tier, one.state not in NEEDS_PEOPLE, one.opened_at, one.number


def is_urgent(severity: Severity, tier: int) -> bool:
    """Is it told as soon as can be: critical, of a model of the first tier?"""
    return severity is Severity.CRITICAL and tier <= TOP_TIER


def must_show(one: Standing) -> bool:
    """Does it need a thread whatever the channel bears: something is being changed?"""
    return one.state in CHANGING


def is_worth_a_thread(one: Standing) -> bool:
    """Is it worth a thread in the middle of a storm?"""
    return must_show(one) or one.state in NEEDS_PEOPLE or is_urgent(one.severity, one.tier)


def is_storm(rule: StormRule, begun: int) -> bool:
    """Is a further incident a storm, where `begun` threads of the channel began within the window?"""
    return begun >= rule.incidents


def room(rule: StormRule, begun: int, *, in_storm: bool) -> int:
    """How many threads that were held back may begin now, where `begun` began within the window."""
    return max(0, (2 if in_storm else 1) * rule.incidents - begun)


def is_over(rule: StormRule, opened: int) -> bool:
    """Is a storm over, where `opened` incidents of the channel were opened within the window?

    Half of what would begin one, so that it does not end and begin again and again.
    """
    return opened <= rule.incidents // 2
