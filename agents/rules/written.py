"""What logs, commits and releases say for or against a cause.

Anybody can write into a log, and code that is merged need not run. So none of this is the ground of a change: it
supports what was measured, and where it decides, it makes the rules do less.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from agents.brief import CaseBrief
from agents.log_signs import Sign
from agents.readings.dossier import Dossier
from agents.readings.written import CommitReading, LogPatternReading, ReleaseReading
from incidents.diagnosis import RootCause

ENOUGH = 5
"""So many errors of a kind decide; fewer only support, as one request may time out on any day."""

_SUPPORTED: Mapping[RootCause, Sequence[Sign]] = {
    RootCause.DATA_QUALITY: ("bad_input",),
    RootCause.BAD_DEPLOYMENT: ("broken_code", "out_of_memory", "dependency", "skew"),
    RootCause.TRAINING_SERVING_SKEW: ("skew", "bad_input", "broken_code"),
    RootCause.INFRASTRUCTURE: ("out_of_memory", "dependency"),
    RootCause.TRAFFIC_ANOMALY: ("out_of_memory", "dependency"),
    RootCause.UNKNOWN: ("broken_code", "out_of_memory", "dependency", "skew", "bad_input"),
}
"""Which signs speak for a cause. Time-outs of a bad version are signs of a dependency, too."""


class Written:
    """What was logged, merged and released around the onset."""

    def __init__(self, dossier: Dossier, brief: CaseBrief, onset: datetime) -> None:
        """`onset`: when the harm began that is to be explained."""
        self._dossier = dossier
        self._brief = brief
        self._onset = onset

    def logged(self, *signs: Sign) -> list[LogPatternReading]:
        """What the endpoint logged of these signs, worst first."""
        return [one for one in self._dossier.logged if one.place == "endpoint" and one.sign in signs]

    def decides(self, *signs: Sign) -> list[LogPatternReading]:
        """Errors of these signs that began with the harm and came often enough to rest on."""
        near = self._brief.together
        return [
            one
            for one in self.logged(*signs)
            if one.error and one.times >= ENOUGH and abs(one.first_at - self._onset) <= near
        ]

    def for_cause(self, cause: RootCause) -> list[LogPatternReading]:
        """What was logged that speaks for a cause; of a pipeline's jobs only where the data is the matter."""
        signs = _SUPPORTED.get(cause, ())
        jobs = [one for one in self._dossier.logged if one.place == "processing"]
        return [*self.logged(*signs), *(jobs if cause is RootCause.DATA_QUALITY else ())]

    @property
    def quiet(self) -> str | None:
        """The evidence that the endpoint logged no error and no warning; None where it did, or nothing is known."""
        return next((one.evidence for one in self._dossier.logs if one.place == "endpoint" and one.quiet), None)

    def releases_before(self, moment: datetime) -> list[ReleaseReading]:
        """Releases shortly before a moment: what was released may be what was deployed."""
        return [one for one in self._dossier.releases if self._shortly_before(one.at, moment)]

    def commits_before(self, moment: datetime) -> list[CommitReading]:
        """Commits shortly before a moment. What is merged is not deployed by that."""
        return [one for one in self._dossier.commits if self._shortly_before(one.at, moment)]

    def _shortly_before(self, at: datetime, moment: datetime) -> bool:
        return moment - 2 * self._brief.change_may_precede_onset <= at <= moment + self._brief.clock_slack
