"""How much is investigated: so many at once, so many an hour, and so much language-model cost an hour.

What is over a budget stays queued. Who goes first: what a person asked for, then severity, tier and age. Once language
models have cost what an hour may cost, nobody waits for them: the offline rules investigate instead, since a diagnosis
by rules at three in the morning is worth more than a better one an hour later.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from incidents.alert import Severity
from incidents.precedence import place_in_turn

HOUR = timedelta(hours=1)


class WaitsFor(StrEnum):
    """Why an investigation that could run does not."""

    NOTHING = ""
    AT_ONCE = "at_once"
    HOURLY = "hourly"


@dataclass(frozen=True)
class InvestigationBudget:
    """What may be spent. Of the whole deployment: it is counted from rows, so replicas share it.

    Attributes:
        at_once: investigations under way; one takes up to half a core while it computes.
        per_hour: begun within an hour; what a person asks for is counted, and not held back.
        llm_usd_per_hour: cost of language models within an hour.
    """

    at_once: int = 4
    per_hour: int = 120
    llm_usd_per_hour: float = 10.0


@dataclass(frozen=True)
class Candidate:
    """An investigation that could run now."""

    id: str
    severity: Severity
    tier: int
    queued_at: datetime
    asked: bool


def place(one: Candidate) -> tuple[bool, datetime, datetime, str]:
    """Sorts who goes first: what a person asked for, then severity, tier and age; see `incidents.precedence`."""
    return not one.asked, place_in_turn(one.severity, one.tier, one.queued_at), one.queued_at, one.id


@dataclass(frozen=True)
class Turn:
    """Who may begin, best first, and what all others wait for."""

    begin: tuple[str, ...]
    waiting: tuple[tuple[str, WaitsFor], ...]


def next_in_turn(budget: InvestigationBudget, candidates: Iterable[Candidate], *, running: int, begun: int) -> Turn:
    """Who may begin, where so many are `running` and so many were `begun` within the last hour."""
    places = max(0, budget.at_once - running)
    left = max(0, budget.per_hour - begun)
    begin: list[str] = []
    waiting: list[tuple[str, WaitsFor]] = []
    for one in sorted(candidates, key=place):
        if left <= 0 and not one.asked:
            waiting.append((one.id, WaitsFor.HOURLY))
        elif places <= 0:
            waiting.append((one.id, WaitsFor.AT_ONCE))
        else:
            begin.append(one.id)
            places, left = places - 1, left - 1
    return Turn(tuple(begin), tuple(waiting))
