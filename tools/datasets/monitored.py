"""Model Monitor's statistics of its last run beside those of the training data, feature by feature."""

from pydantic import BaseModel, ConfigDict

from incidents.clock import Moment
from tools.datasets.feature_drift import Nulls, Verdict


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
