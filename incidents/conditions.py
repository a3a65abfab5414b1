"""The conditions of a rule: when it applies. A condition on a fact that is not known is neither met nor missed."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from incidents.alert import Severity
from incidents.autonomy import Autonomy
from incidents.diagnosis import Confidence
from incidents.facts import ChosenBy, Facts, Minutes, Risk, Step, in_words
from incidents.remediation import RemediationKind

T = TypeVar("T")

Listed = Annotated[tuple[T, ...], Field(min_length=1)] | None
Above = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Below = Annotated[float, Field(gt=0, allow_inf_nan=False)]
AtLeast = Annotated[int, Field(ge=1)]

LISTS = (
    "remediation",
    "risk",
    "model",
    "environment",
    "tier",
    "severity",
    "autonomy",
    "step",
    "chosen_by",
    "confidence",
)
"""Conditions that name the values a fact may have; condition and fact have one name."""


@dataclass(frozen=True)
class Check:
    """How one condition stands. `met` is None where the fact is not known; `found` is the fact in words."""

    condition: str
    wanted: str
    found: str
    met: bool | None


class When(BaseModel):
    """Conditions of a rule; all that are given must hold, an empty one always does.

    The lists name the values that count. Of the others, ``…_below``, ``…_fewer_than``, ``…_above`` and ``…_at_least``
    compare the fact with a bound; money is in US dollars and `cost_today_above` counts what this proposal would add.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    remediation: Listed[RemediationKind] = None
    risk: Listed[Risk] = None
    model: Listed[str] = None
    environment: Listed[str] = None
    tier: Listed[Annotated[int, Field(ge=1, le=4)]] = None
    severity: Listed[Severity] = None
    autonomy: Listed[Autonomy] = None
    step: Listed[Step] = None
    chosen_by: Listed[ChosenBy] = None
    confidence: Listed[Confidence] = None
    confidence_below: Confidence | None = None
    evidence_fewer_than: AtLeast | None = None
    in_flight_at_least: AtLeast | None = None
    minutes_since_last_below: Below | None = None
    minutes_since_denied_below: Below | None = None
    remediations_today_at_least: AtLeast | None = None
    cost_today_above: Above | None = None
    cost_above: Above | None = None
    endpoints_changed_at_least: AtLeast | None = None
    frozen: bool | None = None
    frozen_by: Listed[str] = None
    paused: bool | None = None

    def holds(self, facts: Facts) -> bool | None:
        """True where every condition is met, False where one is missed, None where that hangs on what is not known."""
        met = [check.met for check in self.checks(facts)]
        if False in met:
            return False
        return None if None in met else True

    def checks(self, facts: Facts) -> Iterator[Check]:
        """Each condition that is given, and how it stands."""
        for name in LISTS:
            wanted: tuple[object, ...] | None = getattr(self, name)
            if wanted is not None:
                found: object = getattr(facts, name)
                met = None if found is None else found in wanted
                yield Check(name, " or ".join(str(one) for one in wanted), in_words(found), met)
        rank = facts.confidence.rank if facts.confidence is not None else None
        if self.confidence_below is not None:
            met = None if rank is None else rank < self.confidence_below.rank
            yield Check("confidence", f"below {self.confidence_below}", in_words(facts.confidence), met)
        yield from self._bounds(facts)
        yield from self._switches(facts)

    def _bounds(self, facts: Facts) -> Iterator[Check]:
        today, own = facts.cost_today_usd, facts.cost_usd
        spent = None if today is None or own is None else today + own
        below = (
            ("evidence_count", facts.evidence_count, self.evidence_fewer_than),
            ("minutes_since_last", _minutes(facts.minutes_since_last), self.minutes_since_last_below),
            ("minutes_since_denied", _minutes(facts.minutes_since_denied), self.minutes_since_denied_below),
        )
        for name, value, bound in below:
            if bound is not None:
                yield Check(name, f"below {bound:g}", in_words(value), None if value is None else value < bound)
        at_least = (
            ("in_flight", facts.in_flight, self.in_flight_at_least),
            ("remediations_today", facts.remediations_today, self.remediations_today_at_least),
            ("endpoints_changed", facts.endpoints_changed, self.endpoints_changed_at_least),
        )
        for name, value, bound in at_least:
            if bound is not None:
                yield Check(name, f"{bound} or more", in_words(value), None if value is None else value >= bound)
        above = (
            ("cost_today_usd with cost_usd", spent, self.cost_today_above),
            ("cost_usd", facts.cost_usd, self.cost_above),
        )
        for name, value, bound in above:
            if bound is not None:
                yield Check(name, f"above {bound:g}", in_words(value), None if value is None else value > bound)

    def _switches(self, facts: Facts) -> Iterator[Check]:
        names = facts.frozen
        if self.frozen is not None:
            met = None if names is None else bool(names) == self.frozen
            yield Check("frozen", in_words(self.frozen), in_words(names), met)
        if self.frozen_by is not None:
            met = None if names is None else any(name in names for name in self.frozen_by)
            yield Check("frozen_by", " or ".join(self.frozen_by), in_words(names), met)
        if self.paused is not None:
            met = None if facts.paused is None else facts.paused == self.paused
            yield Check("paused", in_words(self.paused), in_words(facts.paused), met)


def _minutes(since: Minutes | None) -> float | None:
    """Never is longer ago than any bound."""
    return math.inf if since == "never" else since
