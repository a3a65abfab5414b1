"""Which series of a case stands out the most from its usual values: all that a plain monitor could tell."""

import math
import statistics
from dataclasses import dataclass
from datetime import datetime, timedelta

from incidents.alert import AlertKind
from incidents.catalogue import ModelSpec
from incidents.diagnosis import RootCause
from tests.evals.eval_case import EvalCase
from tools.case_files.moments import NOW
from tools.case_files.recorded_prometheus import RecordedPrometheus
from tools.prometheus.series import Series

USUAL = (timedelta(hours=24), timedelta(hours=12))
"""What counts as usual: from and to, before the investigation."""
LATELY = timedelta(minutes=15)
CALM = 4.0
"""Below this z-score nothing is blamed: noise alone stays under it in some 25 series."""

CLASS_OF_KIND: dict[AlertKind, RootCause] = {
    AlertKind.FEATURE_DRIFT: RootCause.FEATURE_DRIFT,
    AlertKind.PREDICTION_DRIFT: RootCause.CONCEPT_DRIFT,
    AlertKind.ACCURACY_DROP: RootCause.CONCEPT_DRIFT,
    AlertKind.LATENCY: RootCause.INFRASTRUCTURE,
    AlertKind.ERROR_RATE: RootCause.INFRASTRUCTURE,
    AlertKind.DATA_QUALITY: RootCause.DATA_QUALITY,
    AlertKind.DATA_VOLUME: RootCause.TRAFFIC_ANOMALY,
    AlertKind.ANOMALY_SPIKE: RootCause.TRAFFIC_ANOMALY,
}
"""What a signal of this kind is blamed for where it stands out the most."""


@dataclass(frozen=True)
class Standout:
    """The series that stands out the most. Without a kind none does."""

    kind: AlertKind | None = None
    feature: str = ""
    since: datetime | None = None
    """Its first sample in twelve hours that is as far out."""

    @property
    def cause(self) -> RootCause:
        """What it is blamed for."""
        return CLASS_OF_KIND.get(self.kind, RootCause.UNKNOWN) if self.kind else RootCause.BENIGN


async def largest_standout(case: EvalCase, model: ModelSpec) -> Standout | None:
    """None where no series can be read."""
    if "prometheus" in case.down:
        return None
    prometheus = RecordedPrometheus(case, model)
    largest, found = 0.0, None
    for signal in model.signals.values():
        query = model.query_of(signal)
        usual = {_key(one): one for one in await prometheus.query_range(query, NOW - USUAL[0], NOW - USUAL[1])}
        for series in await prometheus.query_range(query, NOW - USUAL[1], NOW):
            mean, spread = _mean_and_spread(usual.get(_key(series)))
            lately = [sample.value for sample in series.samples if sample.at >= NOW - LATELY]
            if not spread or not lately:
                continue
            score = abs(statistics.fmean(lately) - mean) / spread
            found = found or Standout()
            if score >= max(largest, CALM):
                first = next((one.at for one in series.samples if abs(one.value - mean) >= CALM * spread), None)
                largest, found = score, Standout(signal.kind, series.labels.get("feature", ""), first)
    return found


def _key(series: Series) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(series.labels.items()))


def _mean_and_spread(usual: Series | None) -> tuple[float, float]:
    """The spread is 0 where too little is known, and no smaller than a thousandth of the mean, so that a series without
    noise does not win by its last digit."""
    if usual is None or len(usual.samples) < 10:
        return 0.0, 0.0
    values = [sample.value for sample in usual.samples]
    mean = statistics.fmean(values)
    # `statistics.stdev` computes with fractions and takes a hundred times as long.
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
    return mean, max(spread, abs(mean) / 1000, 1e-6)
