"""An incident: everything that is wrong with one model now, and the pure table of its states."""

from collections.abc import Iterable
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from incidents.alert import Alert, Severity
from incidents.clock import Moment
from incidents.errors import IllegalTransition


class IncidentState(StrEnum):
    """Where an incident stands."""

    NEW = "new"
    INVESTIGATING = "investigating"
    AWAITING_DECISION = "awaiting_decision"
    MONITORING = "monitoring"
    EXECUTING = "executing"
    VERIFYING = "verifying"
    ESCALATED = "escalated"
    RESOLVED = "resolved"
    CLOSED = "closed"


S = IncidentState

LIVE_STATES: frozenset[IncidentState] = frozenset(S) - {S.RESOLVED, S.CLOSED}
"""At most one incident of a key is in one of these, by a unique index."""

TRANSITIONS: dict[IncidentState, frozenset[IncidentState]] = {
    S.NEW: frozenset({S.INVESTIGATING, S.RESOLVED}),
    S.INVESTIGATING: frozenset({S.AWAITING_DECISION, S.MONITORING, S.RESOLVED}),
    S.AWAITING_DECISION: frozenset({S.EXECUTING, S.MONITORING, S.ESCALATED, S.RESOLVED}),
    S.EXECUTING: frozenset({S.VERIFYING, S.AWAITING_DECISION, S.ESCALATED, S.RESOLVED}),
    S.VERIFYING: frozenset({S.RESOLVED, S.AWAITING_DECISION, S.ESCALATED}),
    S.ESCALATED: frozenset({S.AWAITING_DECISION, S.RESOLVED}),
    S.MONITORING: frozenset({S.AWAITING_DECISION, S.RESOLVED}),
    S.RESOLVED: frozenset({S.CLOSED}),
    S.CLOSED: frozenset(),
}


def transition(before: IncidentState, after: IncidentState) -> IncidentState:
    """`after`, or `IllegalTransition`."""
    if after not in TRANSITIONS[before]:
        raise IllegalTransition(before.value, after.value)
    return after


class Incident(BaseModel):
    """One incident as a reader sees it.

    Attributes:
        id: short and speakable, ``INC-`` and a number.
        key: ``environment/model``; unique among live incidents.
        model: the catalogue's name, or the alert's own word where the catalogue has no entry.
        listed: False where the catalogue has no entry: read-only, no proposals.
        started_at: the earliest start of an alert in it.
        opened_at: when the first alert was stored.
        previous: the incident of the same key before this one.
        acked_by: who took it, if somebody did.
        false_alarm_by: who marked it as a false alarm, if somebody did.
        flapping_since: set while it fires and clears again and again.
        pruned_at: when its alerts, and how it was investigated, were pruned for their age.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    key: str
    model: str
    environment: str
    tier: int
    listed: bool
    unlisted_reason: str = ""
    channel: str
    state: IncidentState
    severity: Severity
    started_at: Moment
    opened_at: Moment
    resolved_at: Moment | None = None
    alerts: tuple[Alert, ...] = ()
    previous: str | None = None
    acked_by: str | None = None
    acked_at: Moment | None = None
    false_alarm_by: str | None = None
    false_alarm_at: Moment | None = None
    flapping_since: Moment | None = None
    pruned_at: Moment | None = None

    @property
    def firing(self) -> tuple[Alert, ...]:
        """Alerts that still fire, worst first."""
        return tuple(sorted((a for a in self.alerts if a.status == "firing"), key=lambda a: (a.severity.rank, a.name)))


def key_of(model: str, environment: str) -> str:
    """The key under which alerts meet."""
    return f"{environment}/{model}"


def worst_severity(alerts: Iterable[Alert]) -> Severity:
    """The worst of them; info where there is none."""
    return min((a.severity for a in alerts), key=lambda s: s.rank, default=Severity.INFO)
