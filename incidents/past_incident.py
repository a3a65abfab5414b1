"""A past incident: what is remembered of one that is closed, and how it is told beside a new one.

Everything in it is rendered from rows; words of people and of language models in it are untrusted, and were redacted
and cut when it was written.
"""

from datetime import datetime, timedelta
from typing import assert_never

from pydantic import BaseModel, ConfigDict

from incidents.clock import Moment
from incidents.diagnosis import Confidence, Culprit, RootCause, SimilarIncident
from incidents.remediation import (
    AnyRemediation,
    NotifyOwners,
    OpenIssue,
    PromoteModel,
    QuarantineData,
    RemediationKind,
    RerunDataPipeline,
    RollbackEndpoint,
    ShiftTraffic,
    StartRetraining,
)
from incidents.thread import ThreadRef
from incidents.trust import Outcome

WORKED = frozenset({Outcome.VERIFIED})
FAILED = frozenset({Outcome.FAILED, Outcome.REVERTED})
"""What was tried and did not help; what was denied, expired or never sent proves nothing."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Attempt(_Frozen):
    """One remediation that was decided or left undecided.

    Attributes:
        did: what it does, in the past tense: ``rolled back to product-recommender-v18``.
        came_of_it: what became of it: ``recovered in 6 min, verified``.
        said: the words of whoever denied it, untrusted.
    """

    kind: RemediationKind
    did: str
    outcome: Outcome
    came_of_it: str
    said: str = ""

    @property
    def told(self) -> str:
        """Both in one phrase."""
        return f"{self.did}: {self.came_of_it}"


class PastIncident(_Frozen):
    """A closed incident, as it is indexed.

    Attributes:
        version: changes with everything that is told of the incident; the same rows give the same version.
        cause: None where no investigation was finished.
        alerts: names of the alerts it had, untrusted.
        features: features that its alerts or its diagnosis name.
        ended: how it ended, in words: ``its alerts cleared by themselves after 12 min``.
        said: the reason of whoever closed it by hand, untrusted.
    """

    id: str
    version: str
    model: str
    environment: str
    cause: RootCause | None = None
    culprit: Culprit | None = None
    confidence: Confidence | None = None
    alerts: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    summary: str = ""
    attempts: tuple[Attempt, ...] = ()
    ended: str = ""
    said: str = ""
    false_alarm: bool = False
    opened_at: Moment
    ended_at: Moment
    thread: ThreadRef | None = None

    @property
    def text(self) -> str:
        """What is indexed and searched."""
        what = [self.cause_in_words, self.culprit.name if self.culprit else ""]
        parts = [
            f"{self.id}: {' '.join(one for one in what if one)} on {self.model} ({self.environment}).",
            f"Alerts: {', '.join(self.alerts)}." if self.alerts else "",
            f"Kinds: {', '.join(one.replace('_', ' ') for one in self.kinds)}." if self.kinds else "",
            f"Features: {', '.join(self.features)}." if self.features else "",
            self.summary,
            *(f"{one.told[:1].upper()}{one.told[1:]}." for one in self.attempts),
            "A false alarm." if self.false_alarm else "",
        ]
        return "\n".join(part for part in parts if part)

    @property
    def cause_in_words(self) -> str:
        """``bad deployment``; ``cause unknown`` where it is not known."""
        if self.cause is None or self.cause is RootCause.UNKNOWN:
            return "cause unknown"
        return self.cause.value.replace("_", " ")

    def beside(self, model: str, now: datetime) -> SimilarIncident:
        """As it is told beside a new incident of `model`."""
        named = self.culprit is not None and self.culprit.kind != "none" and bool(self.culprit.name)
        culprit = f" ({self.culprit.name})" if named and self.culprit else ""
        return SimilarIncident(
            id=self.id,
            model=self.model,
            same_model=self.model == model,
            age=age_in_words(now - self.ended_at),
            what=f"{self.cause_in_words}{culprit}{', marked as a false alarm' if self.false_alarm else ''}",
            worked=tuple(one.told for one in self.attempts if one.outcome in WORKED),
            did_not_work=tuple(one.told for one in self.attempts if one.outcome in FAILED),
            undone=tuple(one.told for one in self.attempts if one.outcome not in WORKED | FAILED),
            ended="" if any(one.outcome in WORKED for one in self.attempts) else self.ended,
            said=next((one for one in (*(one.said for one in self.attempts), self.said) if one), ""),
            thread=self.thread,
        )


def did(remediation: AnyRemediation) -> str:
    """A remediation in the past tense, as what was tried."""
    match remediation:
        case RollbackEndpoint():
            return f"rolled back to {remediation.to_config}"
        case ShiftTraffic():
            return f"shifted traffic of {remediation.endpoint}"
        case StartRetraining():
            return f"retrained with {remediation.pipeline}"
        case PromoteModel():
            return f"promoted version {remediation.version}"
        case QuarantineData():
            return "quarantined the broken data" if remediation.mode == "quarantine" else "released quarantined data"
        case RerunDataPipeline():
            return f"ran data pipeline {remediation.pipeline} again"
        case OpenIssue():
            return f"opened an issue in {remediation.repository}"
        case NotifyOwners():
            return f"called @{remediation.owners}"
        case _:
            assert_never(remediation)


_UNITS = (("month", 30.44, 60.0), ("week", 7.0, 14.0), ("day", 1.0, 2.0))
"""Of a unit: how many days it has, and from how many days on it is used."""


def age_in_words(age: timedelta) -> str:
    """``5 minutes ago``, ``7 hours ago``, ``3 weeks ago``: in the largest unit of which it is at least two."""
    days = max(age.total_seconds(), 0.0) / 86_400
    for unit, size, least in _UNITS:
        if days >= least:
            return f"{round(days / size)} {unit}s ago"
    hours, minutes = round(days * 24), round(days * 1_440)
    if minutes >= 120:
        return f"{hours} hours ago"
    return "just now" if minutes < 2 else f"{minutes} minutes ago"
