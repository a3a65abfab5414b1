"""A record of a year, small enough to be read."""

from dataclasses import replace
from datetime import timedelta

from incidents.approval import ApprovalState
from incidents.autonomy_advice import suggestion
from incidents.effect import RiskClass
from incidents.execution import ExecutionState
from incidents.remediation import KINDS
from incidents.trust import Episode, Handled, Trust, trust
from tests.incidents.builders import START, later

A, X = ApprovalState, ExecutionState
SINCE = START - timedelta(days=365)


def _one(n: int, state: ApprovalState, verification: str | None = None, reason: str = "", month: int = 0) -> Handled:
    approved = state is A.APPROVED
    made = START - timedelta(days=30 * month)
    return Handled(
        id=f"p{n}",
        incident_id=f"INC-{n}",
        model="product-recommender",
        kind="RollbackEndpoint",
        risk=RiskClass.HIGH,
        made_at=made,
        posted_at=made + timedelta(seconds=2),
        decided_at=made + timedelta(seconds=2 + 10 * n),
        state=state,
        reason=reason,
        execution=X.SUCCEEDED if approved else None,
        sent=approved,
        verification=verification,
    )


def _episode(one: Handled, *, false_alarm: bool = False) -> Episode:
    return Episode(
        incident_id=one.incident_id,
        model=one.model,
        opened_at=one.made_at - timedelta(minutes=1),
        onset=one.made_at - timedelta(minutes=4),
        received_at=one.made_at - timedelta(minutes=1),
        diagnosed_at=one.made_at,
        recovered_at=one.made_at + timedelta(minutes=11),
        false_alarm=false_alarm,
    )


def record(words: str = "") -> Trust:
    """Rollbacks of one model that ended in different ways, ten good retrainings of another, and calls of owners."""
    rollbacks = [
        _one(1, A.APPROVED, "recovered"),
        _one(2, A.APPROVED, "recovered", month=1),
        _one(3, A.APPROVED, "failed", month=1),
        _one(4, A.DENIED, reason=words or "the load test runs until noon", month=2),
        _one(5, A.EXPIRED, month=2),
        _one(6, A.SUPERSEDED, month=3),
        _one(7, A.PENDING),
    ]
    retrainings = [
        replace(
            one,
            id=f"r{n}",
            incident_id=f"INC-R{n}",
            model=words or "fraud-detector",
            kind="StartRetraining",
            risk=RiskClass.LOW,
        )
        for n in range(10)
        for one in [_one(n, A.APPROVED, "recovered", month=n % 3)]
    ]
    told = replace(rollbacks[0], id="n1", kind="NotifyOwners", risk=RiskClass.NONE, automatic=True, verification=None)
    episodes = [_episode(one, false_alarm=one.id == "p6") for one in [*rollbacks, *retrainings]]
    return trust([*rollbacks, *retrainings, told], episodes, since=SINCE, as_of=later(hours=1), suggest=suggestion)


def wide(models: int = 60) -> Trust:
    """More lines than a table holds."""
    ones = [
        replace(_one(1, A.DENIED, reason="x" * 400), id=f"{n}-{kind}", model=f"model-{n:02}-{'m' * 60}", kind=kind)
        for n in range(models)
        for kind in KINDS
    ]
    return trust(ones, [], since=SINCE, as_of=later(hours=1), suggest=suggestion)


def nothing() -> Trust:
    """A store without proposals."""
    return trust([], [], since=SINCE, as_of=later(hours=1), suggest=suggestion)
