"""What a training run's model is worth: the figures of candidate and live model, on the same holdout of today."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Protocol

from sandbox.sagemaker.evaluation import CANDIDATE_GAIN, DRIFT_COST, GATE_MISS, Metrics, shifted
from sandbox.sagemaker.objects import Objects
from sandbox.sagemaker.runs import Run

QUARANTINE_TAG = "agentops:quarantine"
_HOUR = re.compile(r"/(\d{4})/(\d{2})/(\d{2})/(\d{2})/")
HOUR = 3600.0

Window = tuple[float, float]


class TrainingWorld(Protocol):
    """The data as it is: what a model learns from it, and how the live one does on it."""

    def candidate_quality(self, model: str, trained_at: float, window: Window | None) -> Metrics:
        """The metrics of a model whose training begins at a moment, on a window (unix seconds) or all data."""
        ...

    def live_quality(self, model: str) -> Metrics:
        """The metrics of what is live, on today's data."""
        ...


class Judge:
    """Works out the figures of evaluation reports.

    Args:
        objects: S3, to see which data is quarantined.
    """

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self.world: TrainingWorld | None = None
        """None: a candidate is a little better than its predecessor, which today's data has made worse."""

    def candidate(self, model: str, registered: Metrics, bucket: str, run: Run | None) -> Metrics:
        """The metrics of the model that a run trains; of an ordinary training job when None."""
        if run is not None and (run.candidate_is_worse or self._reads_quarantined(bucket, run)):
            return shifted(registered, -GATE_MISS)
        if run is None or self.world is None:
            return shifted(registered, CANDIDATE_GAIN)
        return shifted(self.world.candidate_quality(model, run.started, training_window(run)), CANDIDATE_GAIN)

    def champion(self, model: str, registered: Metrics, bucket: str, run: Run) -> Metrics:
        """The metrics of the live model on the run's holdout."""
        if run.candidate_is_worse or self._reads_quarantined(bucket, run):
            return shifted(registered, -0.02)
        return shifted(registered, -DRIFT_COST) if self.world is None else self.world.live_quality(model)

    def _reads_quarantined(self, bucket: str, run: Run) -> bool:
        """Whether captured data inside the run's window carries the tag; this pipeline reads it all the same."""
        window = training_window(run)
        if window is None:
            return False
        return any(
            QUARANTINE_TAG in self._objects.tags(bucket, key)
            for key in self._objects.keys(bucket, "capture/")
            if (hour := _hour_of(key)) is not None and hour < window[1] and window[0] < hour + HOUR
        )


def training_window(run: Run) -> Window | None:
    """The window that a run was told to train on."""
    begin, end = run.moment("TrainingWindowStart"), run.moment("TrainingWindowEnd")
    return (begin, end) if begin is not None and end is not None else None


def _hour_of(key: str) -> float | None:
    found = _HOUR.search(key)
    if found is None:
        return None
    year, month, day, hour = (int(part) for part in found.groups())
    return datetime(year, month, day, hour, tzinfo=UTC).timestamp()
