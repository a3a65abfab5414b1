"""What a case says of the data itself: Model Monitor's results, and captured requests."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from incidents.catalogue import ModelSpec
from incidents.origin import DataObject
from tools.case_files.case_file import CapturedColumn, CaseFile, MonitoredColumn
from tools.case_files.moments import NOW
from tools.datasets.captured import CapturedData, CapturedFeature, verdict_of, worst_first
from tools.datasets.feature_drift import Nulls
from tools.datasets.monitor import Violation
from tools.datasets.monitored import MonitoredData, MonitoredFeature
from tools.datasets.monitored import worst_first as monitored_worst_first
from tools.datasets.window import Window
from tools.errors import InvalidRequest, NotFound


class RecordedDatasets:
    """What Model Monitor's last run found, and what was captured."""

    def __init__(self, case: CaseFile, model: ModelSpec) -> None:
        """Nothing is read before it is asked."""
        self._case = case
        self._model = model

    async def captured(self, model: ModelSpec, window: Window, before: Window) -> CapturedData:
        """The capture of the case, whatever the window; `NotFound` where it has none."""
        told = self._case.capture
        if told is None:
            raise NotFound("S3", "ListObjectsV2", f"nothing was captured of {model.name}")
        features = [_captured(name, told.features.get(name, CapturedColumn())) for name in model.features]
        minutes = max((window.end - window.start) / timedelta(minutes=1), 1.0)
        return CapturedData(
            since=window.start,
            until=window.end,
            rows=told.rows,
            objects=8,
            objects_read=8,
            newest=told.newest if told.rows else None,
            per_minute=told.rows / minutes,
            per_minute_before=told.rows / minutes / told.volume if told.volume else None,
            reference=told.against,
            reference_name={"table": "train.csv", "statistics": "statistics.json", "earlier": ""}[told.against],
            reference_rows=20_000,
            features=worst_first(features) if told.rows else (),
            predictions=_captured("prediction", told.predictions) if told.rows else None,
        )

    async def monitored(self, model: ModelSpec) -> MonitoredData | None:
        """The statistics of the case beside those of the training data."""
        told = self._case.statistics
        if told is None:
            return None
        features = [_monitored(name, told.features.get(name, MonitoredColumn())) for name in model.features]
        return MonitoredData(at=told.at, rows=20_000, features=monitored_worst_first(features))

    async def violations(self, model: ModelSpec) -> list[Violation]:
        """The violations of the case, found in the last full hour."""
        seen = NOW.replace(minute=0)
        uri = f"{model.data.monitor}constraint_violations.json"
        return [
            Violation(feature=v.feature, check=v.check, description=v.description, seen_at=seen, uri=uri)
            for v in self._case.violations
        ]

    async def window(self, bucket: str, prefix: str, start: datetime, end: datetime) -> Sequence[DataObject]:
        """Nothing: a case records what the data came to, not the objects it lies in."""
        raise InvalidRequest(
            "S3", "ListObjectsV2", "a recorded case holds no S3 objects, so what it would mark is unknown"
        )


def _captured(name: str, told: CapturedColumn) -> CapturedFeature:
    nulls = Nulls(reference=told.nulls_before, current=1.0 if told.missing else told.nulls)
    psi = None if told.missing or told.wrong_type > 0.5 else told.psi
    medians = (told.median_before, told.median) if told.median is not None and told.median_before is not None else None
    return CapturedFeature(
        feature=name,
        kind="number" if medians or told.ks is not None else "category",
        psi=psi,
        ks=told.ks,
        nulls=nulls,
        wrong_type=told.wrong_type,
        missing=told.missing,
        medians=medians,
        binning="10 quantile bins of the reference, empty bins floored at 0.0001",
        verdict=verdict_of(psi, nulls, wrong_type=told.wrong_type, missing=told.missing),
    )


def _monitored(name: str, told: MonitoredColumn) -> MonitoredFeature:
    nulls = Nulls(reference=told.nulls_before, current=told.nulls)

    def both(before: float | None, now: float | None) -> tuple[float, float] | None:
        return (before, now) if before is not None and now is not None else None

    return MonitoredFeature(
        feature=name,
        nulls=nulls,
        means=both(told.mean_before, told.mean),
        deviations=both(told.deviation_before, told.deviation),
        verdict=verdict_of(None, nulls),
    )
