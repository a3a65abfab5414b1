"""The dossier: all readings of an investigation, by type."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Generic, TypeVar

from agents.readings.alerts import AlertReading
from agents.readings.base import ReadingBase
from agents.readings.data import (
    CapturedFeatureReading,
    CaptureReading,
    MonitorReading,
    MonitorStatisticsReading,
    ViolationReading,
)
from agents.readings.found import Reading
from agents.readings.gap import GapReading
from agents.readings.metrics import (
    ByVersionReading,
    CapacityReading,
    FirstMoversReading,
    LabelDelayReading,
    SeasonReading,
    SignalReading,
    TrainingWindowReading,
)
from agents.readings.remembered import PassageReading, PastIncidentReading
from agents.readings.serving import (
    ChangeReading,
    EndpointReading,
    EvaluationsReading,
    LiveConfigReading,
    NoChangesReading,
    VersionsReading,
)
from agents.readings.written import (
    CommitReading,
    LogPatternReading,
    LogSummaryReading,
    ReleaseReading,
)

R = TypeVar("R", bound=ReadingBase)


class _Every(Generic[R]):
    """All readings of a type, in the order in which they were filed."""

    def __init__(self, kind: type[R]) -> None:
        self._kind = kind

    def __get__(self, dossier: "Dossier", owner: type["Dossier"]) -> list[R]:
        return dossier.of(self._kind)


class _Last(Generic[R]):
    """The reading of a type that there is one of; the one filed last, and None where there is none."""

    def __init__(self, kind: type[R]) -> None:
        self._kind = kind

    def __get__(self, dossier: "Dossier", owner: type["Dossier"]) -> R | None:
        return next(reversed(dossier.of(self._kind)), None)


class Dossier:
    """All readings of an investigation, by type. Built from the evidence book, or parsed from a message history."""

    alerts = _Every(AlertReading)

    signals = _Every(SignalReading)
    first_movers = _Last(FirstMoversReading)
    seasons = _Every(SeasonReading)
    label_delay = _Last(LabelDelayReading)
    training_window = _Last(TrainingWindowReading)
    by_version = _Every(ByVersionReading)

    endpoint = _Last(EndpointReading)
    live_config = _Last(LiveConfigReading)
    changes = _Every(ChangeReading)
    no_changes = _Last(NoChangesReading)
    versions = _Last(VersionsReading)
    evaluations = _Last(EvaluationsReading)

    monitor = _Last(MonitorReading)
    violations = _Every(ViolationReading)
    monitor_statistics = _Every(MonitorStatisticsReading)
    capture = _Last(CaptureReading)
    captured = _Every(CapturedFeatureReading)

    logged = _Every(LogPatternReading)
    logs = _Every(LogSummaryReading)
    commits = _Every(CommitReading)
    releases = _Every(ReleaseReading)

    passages = _Every(PassageReading)
    past = _Every(PastIncidentReading)
    gaps = _Every(GapReading)

    def __init__(self, readings: Iterable[Reading] = ()) -> None:
        """Readings of the same evidence id count once."""
        self._seen: set[str] = set()
        self._filed: defaultdict[type[ReadingBase], list[ReadingBase]] = defaultdict(list)
        for reading in readings:
            self.add(reading)

    def add(self, reading: Reading) -> None:
        """File one reading."""
        if reading.evidence not in self._seen:
            self._seen.add(reading.evidence)
            self._filed[type(reading)].append(reading)

    def of(self, kind: type[R]) -> list[R]:
        """All readings of a type, in the order in which they were filed."""
        return [reading for reading in self._filed.get(kind, ()) if isinstance(reading, kind)]

    @property
    def capacity(self) -> dict[str, CapacityReading]:
        """What the endpoint has to do and does it with, by what was measured; the reading filed last counts."""
        return {reading.what: reading for reading in self.of(CapacityReading)}

    @property
    def failures(self) -> list[GapReading]:
        """Gaps because a partner failed, not because there was nothing to read."""
        return [gap for gap in self.gaps if gap.failed]

    def lacks(self, source: str) -> bool:
        """Whether a partner failed."""
        return any(gap.source == source for gap in self.failures)
