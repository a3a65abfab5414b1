"""What Prometheus measured, and the course it took."""

from datetime import datetime, timedelta
from typing import Literal

from agents.readings.base import ReadingBase
from incidents.alert import AlertKind, Severity


class SignalReading(ReadingBase):
    """One signal of the catalogue, for one feature where it has features."""

    type: Literal["signal"] = "signal"
    signal: str
    kind: AlertKind
    words: str
    """The thing measured, as it stands in a sentence: `p99 latency of x`."""
    feature: str | None = None
    unit: str
    now: float | None = None
    before: float | None = None
    onset: datetime | None = None
    departed: bool = False
    back: bool | None = None
    """True where it left its usual level and is there again."""
    severity: Severity | None = None
    """What `now` earns by the catalogue's bounds."""
    bound: float
    """The bound nearest to be crossed, or the worst one that is."""
    needs_labels: bool = False
    """Whether it can only be measured once labels are there."""
    first_breach: datetime | None = None
    """The first sample past a bound in all that was read, for signals about the data; None where it began before."""
    last_breach: datetime | None = None
    """The last sample past a bound, for signals about the data."""
    breached: tuple[tuple[datetime, datetime], ...] | None = None
    """First and last sample of each time past a bound in the window, for signals about serving and quality."""


class LabelDelayReading(ReadingBase):
    """How late the labels are that quality is measured by."""

    type: Literal["label_delay"] = "label_delay"
    now: float
    usual: float
    wait: timedelta = timedelta(0)
    """How long ago the predictions were made that are judged now, on the clock of the world that is looked at."""


class TrainingWindowReading(ReadingBase):
    """Whether the data was broken within the window that a retraining would read, before the metrics window."""

    type: Literal["training_window"] = "training_window"
    broken_until: datetime | None = None


Resource = Literal["cpu", "memory", "instances", "traffic", "per_instance", "throttled"]


class CapacityReading(ReadingBase):
    """How much the endpoint has to do, and what it has to do it with."""

    type: Literal["capacity"] = "capacity"
    what: Resource
    words: str
    unit: str
    now: float
    before: float
    onset: datetime | None = None
    back: bool | None = None
    """True where it left its usual level and is there again."""

    @property
    def factor(self) -> float:
        """Now over before; 1 where there was nothing before."""
        return self.now / self.before if self.before > 0 else 1.0


class FirstMoversReading(ReadingBase):
    """What left its usual level first, of all that has left it and is not back."""

    type: Literal["first_movers"] = "first_movers"
    first: tuple[str, ...]
    """Measures whose onsets cannot be told apart, in words."""
    at: datetime
    groups: int
    """How many times there are at which something moved."""


class SeasonReading(ReadingBase):
    """A measure now against the same hour a day and a week ago."""

    type: Literal["season"] = "season"
    signal: str
    """The signal's name in the catalogue, or `traffic`."""
    feature: str | None = None
    now: float
    yesterday: float | None = None
    last_week: float | None = None
    usual: bool
    """Whether it is now as it was at this hour a week ago; a day ago, where nothing older is kept."""


class ByVersionReading(ReadingBase):
    """Errors or latency of each version that serves, worst first; `apart` where the worst stands out."""

    type: Literal["by_version"] = "by_version"
    what: str
    values: tuple[tuple[str, float], ...]
    apart: bool


class QueryReading(ReadingBase):
    """The answer to a query that a reasoner wrote itself."""

    type: Literal["query"] = "query"
    values: tuple[tuple[str, float], ...]
