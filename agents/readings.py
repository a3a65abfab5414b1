"""Readings: the typed side of evidence. `Evidence.found` says a fact to people, its reading says it to code."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from agents.data_readings import (
    ByVersionReading,
    CapturedFeatureReading,
    CaptureReading,
    EvaluationsReading,
    MonitorStatisticsReading,
    VersionsReading,
)
from agents.reading_base import ReadingBase
from agents.written_readings import (
    CommitReading,
    LogPatternReading,
    LogSummaryReading,
    NoHistoryReading,
    ReleaseReading,
    WrittenReading,
)
from incidents.alert import AlertKind, Severity
from incidents.diagnosis import RootCause, SimilarIncident
from incidents.evidence import Evidence


class AlertReading(ReadingBase):
    """One alert of the incident."""

    type: Literal["alert"] = "alert"
    name: str
    kind: AlertKind
    severity: Severity
    firing: bool
    starts_at: datetime
    ended_at: datetime | None = None
    """When it was resolved, where that is known."""


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


class EndpointReading(ReadingBase):
    """The endpoint as SageMaker shows it, and the configs it could have."""

    type: Literal["endpoint"] = "endpoint"
    endpoint: str
    config: str
    status: str
    updated_at: datetime | None = None
    """When it was last changed after its creation; None if never."""
    made_at: datetime | None = None
    """When the live config was made."""
    older_configs: tuple[str, ...] = ()
    """Configs of the same model made before the live one, newest first."""
    newer_configs: tuple[str, ...] = ()
    """Configs of the same model made after the live one, newest first."""


class LiveConfigReading(ReadingBase):
    """Which config served when, as the metrics tell."""

    type: Literal["live_config"] = "live_config"
    endpoint: str
    config: str
    previous: str | None = None
    since: datetime | None = None
    """None where it was live during the whole window."""
    seen_from: datetime | None = None
    """The first sample of any config: before it nothing is known."""
    earlier: tuple[tuple[datetime, datetime], ...] = ()
    """First and last sample of each time that the same config was live before."""
    times: tuple[tuple[str, datetime, datetime], ...] = ()
    """Each config's times in the window, in the order in which they began: config, first and last sample."""


class ChangeReading(ReadingBase):
    """Something that was changed about the model."""

    type: Literal["change"] = "change"
    at: datetime
    what: str
    subject: str
    deployment: bool
    run: Literal["succeeded", "failed"] | None = None
    """How a pipeline's run ended; None for other changes, and for runs that were stopped."""
    for_capacity: bool = False
    """A run that failed because AWS had no machine for it, or a quota was used up, by the error that AWS names."""


class NoChangesReading(ReadingBase):
    """Changes were asked for, and there were none."""

    type: Literal["no_changes"] = "no_changes"
    since: datetime


class MonitorReading(ReadingBase):
    """How many constraint violations Model Monitor found in its last run."""

    type: Literal["monitor"] = "monitor"
    violations: int


class ViolationReading(ReadingBase):
    """One constraint violation."""

    type: Literal["violation"] = "violation"
    feature: str
    check: str
    breaks_data: bool
    """True for nulls, types and columns; False for a mere shift of the distribution."""


class PassageReading(ReadingBase):
    """A passage of a runbook or of a past incident."""

    type: Literal["passage"] = "passage"
    file: str
    heading: str
    lines: tuple[int, int]
    quote: str
    kind: Literal["runbook", "procedure", "incident"]
    title: str
    score: float


class PastIncidentReading(ReadingBase):
    """A closed incident of our own like this one; what is told of it stands in the evidence."""

    type: Literal["past_incident"] = "past_incident"
    id: str
    same_model: bool
    cause: RootCause | None = None
    similar: SimilarIncident | None = Field(default=None, exclude=True)
    """The whole of it, for code; no prompt needs it twice."""


class QueryReading(ReadingBase):
    """The answer to a query that a reasoner wrote itself."""

    type: Literal["query"] = "query"
    values: tuple[tuple[str, float], ...]


class OtherSourceReading(ReadingBase):
    """The answer of a source of the team's own, through an MCP server; what it says stands in the evidence."""

    type: Literal["other_source"] = "other_source"
    server: str
    tool: str


class GapReading(ReadingBase):
    """Something that could not be read."""

    type: Literal["gap"] = "gap"
    source: Literal[
        "Prometheus",
        "SageMaker",
        "Model Monitor",
        "Data Capture",
        "Runbook index",
        "CloudWatch Logs",
        "GitHub",
        "Other source",
    ]
    part: str
    """What is missing: a signal's name, ``changes``, ``endpoint``, ``versions``, ``violations``, ``statistics``,
    ``captured_data``, ``capacity``, ``season``, ``label_delay``, ``training_window``, ``runbooks``."""
    words: str
    failed: bool = True
    """False where the partner answered, and there was nothing."""


Reading = Annotated[
    AlertReading
    | SignalReading
    | LabelDelayReading
    | TrainingWindowReading
    | CapacityReading
    | FirstMoversReading
    | SeasonReading
    | EndpointReading
    | LiveConfigReading
    | ChangeReading
    | NoChangesReading
    | MonitorReading
    | ViolationReading
    | MonitorStatisticsReading
    | CaptureReading
    | CapturedFeatureReading
    | VersionsReading
    | EvaluationsReading
    | ByVersionReading
    | WrittenReading
    | PassageReading
    | PastIncidentReading
    | QueryReading
    | OtherSourceReading
    | GapReading,
    Field(discriminator="type"),
]


class Found(NamedTuple):
    """A fact, said twice. Ids are given by the evidence book."""

    evidence: Evidence
    reading: Reading


class Dossier:
    """All readings of an investigation, by type. Built from the evidence book, or parsed from a message history."""

    def __init__(self, readings: Iterable[Reading] = ()) -> None:
        """Readings of the same evidence id count once."""
        self.alerts: list[AlertReading] = []
        self.signals: list[SignalReading] = []
        self.capacity: dict[str, CapacityReading] = {}
        self.first_movers: FirstMoversReading | None = None
        self.seasons: list[SeasonReading] = []
        self.label_delay: LabelDelayReading | None = None
        self.training_window: TrainingWindowReading | None = None
        self.endpoint: EndpointReading | None = None
        self.live_config: LiveConfigReading | None = None
        self.changes: list[ChangeReading] = []
        self.no_changes: NoChangesReading | None = None
        self.monitor: MonitorReading | None = None
        self.violations: list[ViolationReading] = []
        self.monitor_statistics: list[MonitorStatisticsReading] = []
        self.capture: CaptureReading | None = None
        self.captured: list[CapturedFeatureReading] = []
        self.versions: VersionsReading | None = None
        self.evaluations: EvaluationsReading | None = None
        self.by_version: list[ByVersionReading] = []
        self.logged: list[LogPatternReading] = []
        self.logs: list[LogSummaryReading] = []
        self.commits: list[CommitReading] = []
        self.releases: list[ReleaseReading] = []
        self.no_history: NoHistoryReading | None = None
        self.passages: list[PassageReading] = []
        self.past: list[PastIncidentReading] = []
        self.queries: list[QueryReading] = []
        self.others: list[OtherSourceReading] = []
        self.gaps: list[GapReading] = []
        self._seen: set[str] = set()
        for reading in readings:
            self.add(reading)

    def add(self, reading: Reading) -> None:
        """File one reading."""
        if reading.evidence in self._seen:
            return
        self._seen.add(reading.evidence)
        match reading:
            case AlertReading():
                self.alerts.append(reading)
            case SignalReading():
                self.signals.append(reading)
            case CapacityReading():
                self.capacity[reading.what] = reading
            case EndpointReading():
                self.endpoint = reading
            case LiveConfigReading():
                self.live_config = reading
            case ChangeReading():
                self.changes.append(reading)
            case NoChangesReading():
                self.no_changes = reading
            case (
                MonitorReading()
                | ViolationReading()
                | MonitorStatisticsReading()
                | CaptureReading()
                | CapturedFeatureReading()
            ):
                self._add_data(reading)
            case FirstMoversReading() | SeasonReading() | LabelDelayReading() | TrainingWindowReading():
                self._add_course(reading)
            case _:
                self._add_rest(reading)

    def _add_course(
        self, reading: FirstMoversReading | SeasonReading | LabelDelayReading | TrainingWindowReading
    ) -> None:
        match reading:
            case LabelDelayReading():
                self.label_delay = reading
            case TrainingWindowReading():
                self.training_window = reading
            case FirstMoversReading():
                self.first_movers = reading
            case SeasonReading():
                self.seasons.append(reading)

    def _add_written(self, reading: WrittenReading) -> None:
        match reading:
            case LogPatternReading():
                self.logged.append(reading)
            case LogSummaryReading():
                self.logs.append(reading)
            case CommitReading():
                self.commits.append(reading)
            case ReleaseReading():
                self.releases.append(reading)
            case NoHistoryReading():
                self.no_history = reading

    def _add_data(
        self,
        reading: MonitorReading | ViolationReading | MonitorStatisticsReading | CaptureReading | CapturedFeatureReading,
    ) -> None:
        match reading:
            case MonitorReading():
                self.monitor = reading
            case ViolationReading():
                self.violations.append(reading)
            case MonitorStatisticsReading():
                self.monitor_statistics.append(reading)
            case CaptureReading():
                self.capture = reading
            case CapturedFeatureReading():
                self.captured.append(reading)

    def _add_rest(
        self,
        reading: VersionsReading
        | EvaluationsReading
        | ByVersionReading
        | WrittenReading
        | PassageReading
        | PastIncidentReading
        | QueryReading
        | OtherSourceReading
        | GapReading,
    ) -> None:
        match reading:
            case VersionsReading():
                self.versions = reading
            case EvaluationsReading():
                self.evaluations = reading
            case ByVersionReading():
                self.by_version.append(reading)
            case PassageReading():
                self.passages.append(reading)
            case PastIncidentReading():
                self.past.append(reading)
            case QueryReading():
                self.queries.append(reading)
            case OtherSourceReading():
                self.others.append(reading)
            case GapReading():
                self.gaps.append(reading)
            case _:
                self._add_written(reading)

    @property
    def failures(self) -> list[GapReading]:
        """Gaps because a partner failed, not because there was nothing to read."""
        return [gap for gap in self.gaps if gap.failed]

    def lacks(self, source: str) -> bool:
        """Whether a partner failed."""
        return any(gap.source == source for gap in self.failures)
