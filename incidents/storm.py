"""A storm: more new incidents in a window than a channel can bear. One digest message then stands for them.

What a channel gets is bounded. In any window at most `StormRule.incidents` threads begin freely; one more incident
makes a storm. From then on an incident has its row, its investigation and its line in the digest, and gets a thread
only when it is worth one, at most as many again in a window. What is urgent has room of its own, as many in a window,
whatever else has begun. A thread that a person opens, or that a change needs which the policy lets run by itself, is
never held back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from incidents.alert import Severity
from incidents.budget import WaitsFor
from incidents.incident import LIVE_STATES, IncidentState
from incidents.thread import ThreadRef

TOP_TIER = 1


@dataclass(frozen=True)
class StormRule:
    """What a channel can bear.

    Slack takes one message a second in a channel, and a thread of ours has about eight: ten threads are 80 s of posts,
    and about as many as a person can keep in mind.

    Attributes:
        incidents: new threads within `window` before it is a storm; at most as many again are begun in a storm, and of
            urgent incidents at least as many.
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


def room_for_urgent(rule: StormRule, begun: int) -> int:
    """How many threads of urgent incidents may begin in any case, where `begun` of them began within the window."""
    return max(0, rule.incidents - begun)


def is_over(rule: StormRule, opened: int) -> bool:
    """Is a storm over, where `opened` incidents of the channel were opened within the window?

    Half of what would begin one, so that it does not end and begin again and again.
    """
    return opened <= rule.incidents // 2


@dataclass(frozen=True)
class DigestLine:
    """One incident of a storm; `held` while its thread is held back."""

    id: str
    model: str
    environment: str
    standing: Standing
    held: bool
    thread: ThreadRef | None = None

    def in_thread(self, thread: ThreadRef | None) -> "DigestLine":
        """The same, where its thread stands."""
        return replace(self, thread=thread)


@dataclass(frozen=True)
class Digest:
    """What one message tells of a storm.

    Attributes:
        alerts: how many came in it.
        lines: every incident it stands for; `top`: the worst that are open, worst first, with their threads.
        investigated: incidents with at least one finished investigation.
        waiting: investigations that have not begun, by what they wait for.
    """

    id: int
    channel: str
    began_at: datetime
    ended_at: datetime | None
    alerts: int
    lines: tuple[DigestLine, ...]
    top: tuple[DigestLine, ...]
    investigated: int
    waiting: Mapping[WaitsFor, int]

    def in_state(self, *states: IncidentState) -> int:
        """How many of the incidents are in one of these states."""
        return sum(one.standing.state in states for one in self.lines)

    @property
    def open(self) -> int:
        """How many are not over."""
        return self.in_state(*LIVE_STATES)

    @property
    def held(self) -> int:
        """How many are not over and have no thread yet."""
        return sum(one.held and one.standing.state in LIVE_STATES for one in self.lines)

    @property
    def counts(self) -> dict[str, Any]:
        """Everything in it that would make the message look different, as JSON: equal where nothing is new."""
        return {
            "ended": self.ended_at is not None,
            "incidents": len(self.lines),
            "open": self.open,
            "held": self.held,
            "alerts": self.alerts,
            "decide": self.in_state(IncidentState.AWAITING_DECISION),
            "people": self.in_state(IncidentState.ESCALATED),
            "changing": self.in_state(*CHANGING),
            "investigated": self.investigated,
            "waiting": {reason.value: count for reason, count in sorted(self.waiting.items())},
            "top": [
                [one.id, one.standing.severity.value, one.standing.state.value, one.held, one.thread is not None]
                for one in self.top
            ],
        }
