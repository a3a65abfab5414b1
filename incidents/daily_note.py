"""The daily note of a channel: how its models stand, why nothing is needed, and what is not known.

Facts are gathered once and kept in a row; the message is rendered from it. "Nothing needed" is said of a model only
when no incident of it is open and its signals have current data inside their bounds. What is absent is said, never
taken for healthy; only figures that wait for labels may be absent without anything being needed.
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict

from incidents.catalogue import Comparison, Signal
from incidents.clock import Moment
from incidents.verification import Sample

STALE = 3
"""Steps without a sample after which nothing is known now."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class SignalDay(_Frozen):
    """One signal over the day. `bound` is the one that is crossed first; ratios and figures are in the signal's unit.

    Attributes:
        worst: nearest to the bound, or furthest past it, and when; None without a sample.
        now: the worst series' value at the end; None where that is not known.
        without_data: share of the day in which no series had a value, 0 to 1.
    """

    signal: str
    unit: str
    comparison: Comparison
    bound: float
    worst: float | None = None
    worst_at: Moment | None = None
    now: float | None = None
    without_data: float = 1.0
    needs_labels: bool = False

    def past(self, value: float | None) -> bool:
        """Is this value past the bound?"""
        if value is None:
            return False
        return value > self.bound if self.comparison == ">" else value < self.bound

    @property
    def nearness(self) -> float:
        """How near the worst came to the bound: 1 is at it. 0 where that cannot be told."""
        if self.worst is None or not self.worst or not self.bound:
            return 0.0
        ratio = self.worst / self.bound if self.comparison == ">" else self.bound / self.worst
        return max(0.0, ratio)


class ModelDay(_Frozen):
    """One model over the day. `incident`: the open one, as people call it, e.g. INC-7."""

    model: str
    signals: tuple[SignalDay, ...]
    incident: str | None = None
    incident_words: str = ""

    @property
    def unknown(self) -> tuple[SignalDay, ...]:
        """Signals of which nothing is known now, though something should be."""
        return tuple(one for one in self.signals if one.now is None and not one.needs_labels)

    @property
    def waiting(self) -> tuple[SignalDay, ...]:
        """Signals of which nothing is known now since labels come later."""
        return tuple(one for one in self.signals if one.now is None and one.needs_labels)

    @property
    def past_now(self) -> tuple[SignalDay, ...]:
        """Signals past their bound now."""
        return tuple(one for one in self.signals if one.past(one.now))

    @property
    def was_past(self) -> tuple[SignalDay, ...]:
        """Signals that were past their bound in the day and are inside again."""
        return tuple(
            one for one in self.signals if one.past(one.worst) and one.now is not None and not one.past(one.now)
        )

    @property
    def nearest(self) -> SignalDay | None:
        """The signal that came nearest to its bound."""
        return max(self.signals, key=lambda one: one.nearness, default=None)

    @property
    def nothing_needed(self) -> bool:
        """No open incident, and every signal known and inside; without any known signal that cannot be said."""
        known = any(one.now is not None for one in self.signals)
        return self.incident is None and known and not self.unknown and not self.past_now


class DailyNote(_Frozen):
    """What a channel is told. `day` is the day it is told on, in UTC, as ``2026-11-24``."""

    channel: str
    day: str
    since: Moment
    until: Moment
    models: tuple[ModelDay, ...]


def signal_day(
    name: str, signal: Signal, series: Sequence[Sequence[Sample]], since: datetime, until: datetime, step: timedelta
) -> SignalDay:
    """One signal's samples of the day, judged against the bound that is crossed first."""
    worst_of = max if signal.comparison == ">" else min
    finite = [[one for one in samples if math.isfinite(one.value)] for samples in series]
    worst = worst_of((one for samples in finite for one in samples), key=lambda one: one.value, default=None)
    current = [samples[-1].value for samples in finite if samples and until - samples[-1].at <= STALE * step]
    slots = max(1, round((until - since) / step))
    filled = {math.floor((one.at - since) / step) for samples in finite for one in samples}
    return SignalDay(
        signal=name,
        unit=signal.unit,
        comparison=signal.comparison,
        bound=signal.loosest_bound,
        worst=worst.value if worst else None,
        worst_at=worst.at if worst else None,
        now=worst_of(current) if current else None,
        without_data=max(0.0, 1 - len(filled) / slots),
        needs_labels=signal.needs_labels,
    )
