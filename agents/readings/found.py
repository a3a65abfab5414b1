"""A fact, said twice: `Evidence.found` says it to people, its reading says it to code."""

from typing import Annotated, NamedTuple

from pydantic import Field

from agents.readings.alerts import AlertReading
from agents.readings.data import (
    CapturedFeatureReading,
    CaptureReading,
    MonitorReading,
    MonitorStatisticsReading,
    ViolationReading,
)
from agents.readings.gap import GapReading
from agents.readings.metrics import (
    ByVersionReading,
    CapacityReading,
    FirstMoversReading,
    LabelDelayReading,
    QueryReading,
    SeasonReading,
    SignalReading,
    TrainingWindowReading,
)
from agents.readings.other_source import OtherSourceReading
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
    NoHistoryReading,
    ReleaseReading,
)
from incidents.evidence import Evidence

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
    | LogPatternReading
    | LogSummaryReading
    | CommitReading
    | ReleaseReading
    | NoHistoryReading
    | PassageReading
    | PastIncidentReading
    | QueryReading
    | OtherSourceReading
    | GapReading,
    Field(discriminator="type"),
]


class Found(NamedTuple):
    """A fact for people and for code. Ids are given by the evidence book."""

    evidence: Evidence
    reading: Reading
