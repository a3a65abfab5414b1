"""Model Monitor's statistics of its last run beside those of the training data, feature by feature."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from incidents.clock import Moment
from tools.datasets import monitor
from tools.datasets.captured import verdict_of
from tools.datasets.column_drift import psi_of
from tools.datasets.feature_drift import Nulls, Verdict
from tools.datasets.statistics_columns import columns_of


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class MonitoredFeature(_Frozen):
    """One feature in both. A pair is (training data, last run), None where either file does not tell it."""

    feature: str
    nulls: Nulls
    means: tuple[float, float] | None = None
    deviations: tuple[float, float] | None = None
    psi: float | None = None
    """Over the bins of the training data's file; None where the two files' bins cannot be brought together."""
    binning: str = ""
    verdict: Verdict


class MonitoredData(_Frozen):
    """The last run. `rows` is how many it looked at."""

    at: Moment
    rows: int
    features: tuple[MonitoredFeature, ...]
    """Worst first."""


def worst_first(features: list[MonitoredFeature]) -> tuple[MonitoredFeature, ...]:
    """By verdict, then by how far nulls rose, then by PSI."""
    order: dict[Verdict, int] = {"broken": 0, "drifted": 1, "moved": 2, "stable": 3}
    return tuple(
        sorted(
            features, key=lambda f: (order[f.verdict], f.nulls.reference - f.nulls.current, -(f.psi or 0), f.feature)
        )
    )


def monitored_of(
    reference: dict[str, Any], current: dict[str, Any], *, at: datetime, uris: tuple[str, str]
) -> MonitoredData:
    """The features that both files tell of; `uris` are the files', for errors.

    Raises:
        BadAnswer: one of them is no ``statistics.json``.
    """
    known = {one.feature: one for one in monitor.statistics(reference, uri=uris[0])}
    found = {one.feature: one for one in monitor.statistics(current, uri=uris[1])}
    columns = columns_of(reference, uri=uris[0]), columns_of(current, uri=uris[1])
    features: list[MonitoredFeature] = []
    for name in (name for name in known if name in found):
        before, now = known[name], found[name]
        nulls = Nulls(reference=before.missing_ratio or 0.0, current=now.missing_ratio or 0.0)
        both = columns[0].get(name), columns[1].get(name)
        psi = psi_of(both[0], both[1]) if both[0] and both[1] and both[0].kind == both[1].kind else None
        features.append(
            MonitoredFeature(
                feature=name,
                nulls=nulls,
                means=_pair(before.mean, now.mean),
                deviations=_pair(before.standard_deviation, now.standard_deviation),
                psi=psi.value if psi else None,
                binning=psi.binning if psi else "",
                verdict=verdict_of(psi.value if psi else None, nulls),
            )
        )
    rows = max((one.present + one.missing for one in found.values()), default=0)
    return MonitoredData(at=at, rows=rows, features=worst_first(features))


def _pair(before: float | None, now: float | None) -> tuple[float, float] | None:
    return (before, now) if before is not None and now is not None else None
