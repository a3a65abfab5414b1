"""What the data itself looks like, as Model Monitor or captured requests show it."""

from datetime import datetime
from typing import Literal

from agents.readings.base import ReadingBase
from tools.datasets.feature_drift import Verdict


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
