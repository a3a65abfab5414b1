"""Readings of the data itself, and of the versions that read it."""

from datetime import datetime
from typing import Literal

from agents.reading_base import ReadingBase
from tools.datasets.feature_drift import Verdict


class MonitorStatisticsReading(ReadingBase):
    """One feature in the statistics of Model Monitor's last run; without a feature, that all are as they should be."""

    type: Literal["monitor_statistics"] = "monitor_statistics"
    feature: str | None = None
    verdict: Verdict
    constant: bool = False
    """It has one value in all rows, and had many in the training data."""


class CaptureReading(ReadingBase):
    """Captured requests since the trouble began. `stable` are the features that look like the training data."""

    type: Literal["capture"] = "capture"
    rows: int
    since: datetime
    stable: tuple[str, ...] = ()
    age: float | None = None
    """Seconds since the newest was made."""
    volume: float | None = None
    """Rows a minute, as a multiple of those before; None where only a sample was read."""


class CapturedFeatureReading(ReadingBase):
    """One feature of captured requests that does not look like the training data, or the predictions."""

    type: Literal["captured_feature"] = "captured_feature"
    feature: str
    prediction: bool = False
    verdict: Verdict
    psi: float | None = None
    psi_before: float | None = None
    nulls: float
    medians: tuple[float, float] | None = None
    """Of what it is compared with, and of the captured requests; of numbers only."""


class VersionsReading(ReadingBase):
    """What the live version and the one before it are made of; `differences` in words."""

    type: Literal["versions"] = "versions"
    live: str
    previous: str
    differences: tuple[str, ...] = ()


class EvaluationsReading(ReadingBase):
    """The evaluation of the live version beside that of the one before it; `worse` by more than the gate's margin."""

    type: Literal["evaluations"] = "evaluations"
    live: str
    previous: str
    worse: bool


class ByVersionReading(ReadingBase):
    """Errors or latency of each version that serves, worst first; `apart` where the worst stands out."""

    type: Literal["by_version"] = "by_version"
    what: str
    values: tuple[tuple[str, float], ...]
    apart: bool
