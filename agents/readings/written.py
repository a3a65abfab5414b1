"""What was written: lines of logs, commits, releases."""

from datetime import datetime
from typing import Literal

from agents.log_signs import Sign
from agents.readings.base import ReadingBase
from tools.cloudwatch_logs.records import PlaceKind


class LogPatternReading(ReadingBase):
    """Something that was logged alike, and is new or came far more often than before."""

    type: Literal["log_pattern"] = "log_pattern"
    place: PlaceKind
    sign: Sign | None = None
    """What the line is a sign of, by its words. Whoever can make a model log can write them."""
    error: bool
    times: int
    before: int = 0
    first_at: datetime


class LogSummaryReading(ReadingBase):
    """How many lines with errors or warnings a log has since the trouble began."""

    type: Literal["log_summary"] = "log_summary"
    place: PlaceKind
    lines: int
    silent: bool = False
    """It has no lines at all, not even such as tell of nothing."""

    @property
    def quiet(self) -> bool:
        """It was written, and tells of no trouble."""
        return self.lines == 0 and not self.silent


class CommitReading(ReadingBase):
    """A commit on the default branch of the model's repository. What is merged need not run anywhere."""

    type: Literal["commit"] = "commit"
    at: datetime
    sha: str
    repository: str


class ReleaseReading(ReadingBase):
    """A published release of the model's repository."""

    type: Literal["release"] = "release"
    at: datetime
    tag: str
    repository: str


class NoHistoryReading(ReadingBase):
    """Commits and releases were asked for, and there were none."""

    type: Literal["no_history"] = "no_history"
    since: datetime
