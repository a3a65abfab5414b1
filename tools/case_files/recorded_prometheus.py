"""What Prometheus would have answered in a case."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import compress

from incidents.catalogue import ModelSpec
from incidents.verification import Sample
from tools.case_files.case_file import CaseFile, Course
from tools.case_files.grid import grid_of
from tools.case_files.moments import NOW, span_of
from tools.case_files.series import BASELINE, SAME_SERIES, Recorded
from tools.errors import InvalidRequest
from tools.prometheus.series import InstantSample, Series

RAW: dict[str, str] = {
    "ml_feature_psi": "feature_psi",
    "ml_feature_psi_aggregate": "aggregate_psi",
    "ml_prediction_psi": "prediction_psi",
    "ml_model_accuracy": "accuracy_drop",
    "ml_model_f1": "f1_drop",
    "ml_model_precision": "precision_drop",
    "ml_model_recall": "recall_drop",
    "ml_model_auc": "auc_drop",
    "ml_anomaly_ratio": "anomaly_rate",
    "ml_feature_null_ratio": "null_rate",
    "ml_schema_violation_ratio": "schema_violations",
    "ml_input_volume_ratio": "input_volume",
    "ml_endpoint_cpu_utilization_ratio": "cpu",
    "ml_endpoint_memory_utilization_ratio": "memory",
    "ml_endpoint_instances": "instances",
    "ml_label_delay_seconds": "label_delay",
}
"""Metrics that may be asked for bare, and the signal each is recorded under."""
PER_FEATURE = frozenset({"feature_psi", "null_rate"})
_BARE = re.compile(r"^\s*(?P<metric>ml_\w+)\s*(\{(?P<labels>[^}]*)\})?(\s+offset\s+(?P<offset>[0-9dhms]+))?\s*$")
_MATCHER = re.compile(r'(\w+)\s*=\s*"([^"]*)"')
_RATE = re.compile(r"^\s*sum\(rate\((ml_inference_\w+_total)\{[^}]*\}\[\w+\]\)\)\s*$")
_RATES = {"ml_inference_requests_total": "traffic", "ml_inference_throttled_total": "throttled"}
"""Counters whose rate may be asked for, and the series each is recorded under."""
_CONFIG = "ml_endpoint_config_info"
_ONCE = timedelta(minutes=1)
"""The width of a grid of one moment, which has none."""


@dataclass(frozen=True)
class _Line:
    labels: dict[str, str]
    recorded: Recorded
    quality: bool = False
    """Recorded as a drop, told as the metric itself."""
    offset: timedelta = timedelta(0)

    def samples(self, start: datetime, width: timedelta, count: int) -> tuple[Sample, ...]:
        values, present = self.recorded.on(grid_of(start - self.offset, width, count))
        told = BASELINE * (1 - values) if self.quality else values
        every = map(Sample, grid_of(start, width, count).moments, told.tolist())
        return tuple(every if present.all() else compress(every, present.tolist()))


class RecordedPrometheus:
    """Answers the catalogue's queries, those of the capacity, and any bare selector (with an offset)."""

    def __init__(self, case: CaseFile, model: ModelSpec) -> None:
        """Courses of the case lie over those of a healthy model."""
        self._case = case
        self._model = model
        self._signals = {model.query_of(signal): name for name, signal in model.signals.items()}

    async def query(self, promql: str, at: datetime | None = None) -> list[InstantSample]:
        """Values at a moment."""
        moment = at or NOW
        if promql.startswith(_CONFIG):
            spans = self._config_spans()
            return [self._instant({"config": c}, moment, 1.0) for c, since, end in spans if since <= moment < end]
        found = [(line.labels, line.samples(moment, _ONCE, 1)) for line in self._lines(promql)]
        return [self._instant(labels, moment, sample.value) for labels, samples in found for sample in samples]

    async def query_range(
        self, promql: str, start: datetime, end: datetime, step: timedelta | None = None
    ) -> list[Series]:
        """Values over a window."""
        width = step or timedelta(seconds=60)
        count = max(int((end - start) / width) + 1, 0)
        if promql.startswith(_CONFIG):
            moments = grid_of(start, width, count).moments
            found = [
                Series(labels={"config": config}, samples=tuple(Sample(at, 1.0) for at in moments if since <= at < to))
                for config, since, to in self._config_spans()
            ]
        else:
            found = [
                Series(labels=line.labels, samples=line.samples(start, width, count)) for line in self._lines(promql)
            ]
        return [series for series in found if series.samples]

    def graph_url(self, promql: str, start: datetime, end: datetime) -> str:
        """None: nobody can see a recording in Prometheus."""
        return ""

    def _instant(self, labels: dict[str, str], at: datetime, value: float) -> InstantSample:
        return InstantSample(labels=labels, at=at, value=value)

    def _config_spans(self) -> list[tuple[str, datetime, datetime]]:
        """Configs with the window each was live in."""
        if self._course("config_info").missing:
            return []
        served = [(c.live_since, c.name) for c in self._case.endpoint.configs if c.live_since is not None]
        served.sort()
        ends = [since for since, _ in served[1:]] + [NOW + timedelta(seconds=1)]
        return [(name, since, end) for (since, name), end in zip(served, ends, strict=True)]

    def _lines(self, promql: str) -> list[_Line]:
        """The series of a query.

        Raises:
            InvalidRequest: a query that no recording can answer.
        """
        if promql in self._signals:
            return self._of_signal(self._signals[promql], {})
        if (rate := _RATE.match(promql)) and rate[1] in _RATES:
            return self._of_signal(_RATES[rate[1]], {})
        match = _BARE.match(promql)
        if match is None:
            raise InvalidRequest("Prometheus", "query", "only plain selectors can be asked of a recording")
        metric, wanted = match["metric"], dict(_MATCHER.findall(match["labels"] or ""))
        offset = span_of(match["offset"]) if match["offset"] else timedelta(0)
        if metric == "ml_model_baseline":
            return [_Line({"model": self._model.name}, self._recorded(Course(level=BASELINE, noise=0), "baseline"))]
        if metric not in RAW:
            return []
        lines = self._of_signal(RAW[metric], wanted)
        quality = RAW[metric].endswith("_drop")
        return [_Line(line.labels, line.recorded, quality, offset) for line in lines]

    def _of_signal(self, name: str, wanted: dict[str, str]) -> list[_Line]:
        name = SAME_SERIES.get(name, name)
        own = {"model": self._model.name, "env": self._model.environment}
        if name not in PER_FEATURE:
            return [_Line(own, self._recorded(self._course(name), name))]
        features = [f for f in self._model.features if wanted.get("feature", f) == f]
        keys = [(feature, f"{name}.{feature}") for feature in features]
        return [_Line({**own, "feature": f}, self._recorded(self._course(key), key)) for f, key in keys]

    def _course(self, key: str) -> Course:
        """That of the series, else that of all features of the signal, else healthy."""
        metrics = self._case.metrics
        return metrics.get(key) or metrics.get(key.partition(".")[0]) or Course()

    def _recorded(self, course: Course, key: str) -> Recorded:
        return Recorded(course, key, self._case.name, self._case.folder)
