"""The readers of a case: what Prometheus, SageMaker, Model Monitor and the runbook index would have answered."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from incidents.catalogue import ModelSpec
from incidents.origin import DataObject, EndpointOrigin, PromotionOrigin, TrafficOrigin
from incidents.remediation import AnyRemediation, RollbackEndpoint
from incidents.verification import Sample
from tools.case_files.case_file import NOW, CaseFile, Course, Partner, span_of
from tools.case_files.recorded_data import RecordedDatasets
from tools.case_files.recorded_texts import RecordedHistory, RecordedLogs, jobs_of
from tools.case_files.series import SAME_SERIES, Recorded
from tools.cloudwatch_logs.records import LogLines, LogPlace
from tools.datasets.captured import CapturedData
from tools.datasets.monitor import Violation
from tools.datasets.monitored import MonitoredData
from tools.datasets.window import Window
from tools.errors import InvalidRequest, NotFound, Unavailable
from tools.github.history import History
from tools.prometheus.series import InstantSample, Series
from tools.runbook_index.records import RunbookHit
from tools.sagemaker import changes, descriptions
from tools.sagemaker.preflight import Preflight
from tools.sagemaker.states import (
    Change,
    ConfigVariant,
    EndpointConfig,
    EndpointConfigSummary,
    EndpointState,
    PipelineJob,
    PipelineState,
    VariantState,
)
from tools.sagemaker.versions import ServedVersion

BASELINE = 0.92
"""Every quality metric at registration."""

_EVALUATED = ("accuracy", "f1", "precision", "recall", "auc")

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


@dataclass(frozen=True)
class _Line:
    labels: dict[str, str]
    recorded: Recorded
    quality: bool = False
    """Recorded as a drop, told as the metric itself."""
    offset: timedelta = timedelta(0)

    def at(self, moment: datetime) -> float | None:
        value = self.recorded.at(moment - self.offset)
        return BASELINE * (1 - value) if self.quality and value is not None else value


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
        values = ((line.labels, line.at(moment)) for line in self._lines(promql))
        return [self._instant(labels, moment, value) for labels, value in values if value is not None]

    async def query_range(
        self, promql: str, start: datetime, end: datetime, step: timedelta | None = None
    ) -> list[Series]:
        """Values over a window."""
        width = step or timedelta(seconds=60)
        moments = [start + width * i for i in range(int((end - start) / width) + 1)]
        if promql.startswith(_CONFIG):
            found = [
                Series(labels={"config": config}, samples=tuple(_sample(at, 1.0) for at in moments if since <= at < to))
                for config, since, to in self._config_spans()
            ]
        else:
            found = [Series(labels=line.labels, samples=_samples(line, moments)) for line in self._lines(promql)]
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


def _sample(at: datetime, value: float) -> Sample:
    return Sample.model_construct(at=at, value=value)


def _samples(line: _Line, moments: Sequence[datetime]) -> tuple[Sample, ...]:
    return tuple(_sample(at, value) for at in moments if (value := line.at(at)) is not None)


class RecordedSageMaker:
    """The endpoint of the case, with changes as the real reader tells them."""

    def __init__(self, case: CaseFile, model: ModelSpec) -> None:
        """Nothing is read before it is asked."""
        self._case = case
        self._model = model
        history = case.endpoint
        served = [(c.live_since, c.name) for c in history.configs if c.live_since is not None]
        self._live_since, self._live = max(served, default=(NOW - timedelta(days=30), ""))
        self._configs = [
            EndpointConfigSummary(name=c.name, arn=f"arn:aws:sagemaker:::endpoint-config/{c.name}", created_at=c.made)
            # One that was live more than once is told more than once.
            for c in sorted({c.name: c for c in history.configs}.values(), key=lambda c: c.made, reverse=True)
        ]

    async def endpoint(self, name: str) -> EndpointState:
        """The endpoint as it stands."""
        if self._model.endpoint is None or name != self._model.endpoint.name:
            raise NotFound("SageMaker", "DescribeEndpoint", f"Could not find endpoint {name}.")
        history = self._case.endpoint
        count = history.instances
        return EndpointState(
            arn=f"arn:aws:sagemaker:eu-west-1:123456789012:endpoint/{name}",
            name=name,
            config_name=self._live,
            status=history.status,
            created_at=NOW - timedelta(days=400),
            last_modified=history.touched or self._live_since,
            failure_reason=history.failure_reason,
            variants=(VariantState(name="AllTraffic", current_instances=count, desired_instances=count, weight=1.0),),
        )

    async def endpoint_config(self, name: str) -> EndpointConfig:
        """A config of the case: one variant with a model of its own."""
        found = next((config for config in self._configs if config.name == name), None)
        if found is None:
            raise NotFound("SageMaker", "DescribeEndpointConfig", f"Could not find endpoint config {name}.")
        variant = ConfigVariant(name="AllTraffic", model_name=f"model-of-{name}")
        return EndpointConfig(name=name, arn=found.arn, created_at=found.created_at, variants=(variant,))

    async def endpoint_configs(self, prefix: str, limit: int) -> list[EndpointConfigSummary]:
        """Configs whose name begins so, newest first."""
        return [config for config in self._configs if config.name.startswith(prefix)][:limit]

    async def served_version(self, config: str, variant: str, group: str | None) -> ServedVersion:
        """What a config of the case serves; whatever is not live is as the version before it."""
        await self.endpoint_config(config)
        versions = self._case.versions
        told = versions.live if config == self._live else versions.previous
        number = config.rpartition("-v")[2]
        return ServedVersion(
            config=config,
            model=f"model-of-{config}",
            version=int(number) if number.isdigit() else None,
            image=told.image,
            instance_type=told.instance_type,
            instances=self._case.endpoint.instances,
            artefact_bytes=round(told.artefact_mb * 1_000_000),
            environment=told.environment,
            figures={name: BASELINE for name in _EVALUATED} | told.evaluation,
        )

    async def endpoint_origin(self, endpoint: str) -> EndpointOrigin:
        """Where a change of the endpoint's config would start from."""
        return descriptions.endpoint_origin(await self.endpoint(endpoint))

    async def traffic(self, endpoint: str) -> TrafficOrigin:
        """How the endpoint's traffic is shared: one variant has all of it."""
        return descriptions.traffic_origin(await self.endpoint(endpoint))

    async def promotion(self, endpoint: str, variant: str, package_arn: str) -> PromotionOrigin:
        """Nothing: a case records no candidates."""
        raise NotFound("SageMaker", "DescribeModelPackage", f"Could not find {package_arn}.")

    async def newest_pipeline_version(self, name: str) -> int | None:
        """None: a case records no versions of pipelines."""
        return None

    async def preflight(self, remediation: AnyRemediation, model: ModelSpec) -> Preflight:
        """What stands against a rollback; a case records nothing that stands against another remediation."""
        if isinstance(remediation, RollbackEndpoint):
            return await self.rollback_preflight(remediation.endpoint, remediation.to_config)
        return Preflight()

    async def pipeline(self, name: str, version: int | None = None) -> PipelineState:
        """The pipeline: always active."""
        made = NOW - timedelta(days=200)
        return PipelineState(arn=f"arn:{name}", name=name, status="Active", last_modified=made, created_at=made)

    async def rollback_preflight(self, endpoint: str, to_config: str) -> Preflight:
        """What stands against a rollback."""
        if to_config not in {config.name for config in self._configs}:
            return Preflight(problems=(f"{to_config} does not exist",))
        return Preflight(problems=tuple(self._case.endpoint.rollback_problems))

    async def recent_changes(self, model: ModelSpec, since: datetime) -> list[Change]:
        """Changes, newest first."""
        named = [Change(at=c.at, what=c.what, subject=c.subject, detail=c.detail) for c in self._case.changes]
        configs = changes.of_configs(self._configs, self._live)
        endpoint = [changes.of_endpoint(await self.endpoint(model.endpoint.name))] if model.endpoint else []
        return changes.since([*endpoint, *configs, *named], since)

    async def recent_jobs(self, model: ModelSpec, since: datetime) -> list[PipelineJob]:
        """A job for each kind that the case has lines of."""
        return jobs_of(self._case, model)


@dataclass(frozen=True)
class Down:
    """A partner that does not answer, in the place of any reader."""

    service: str

    async def query(self, promql: str, at: datetime | None = None) -> list[InstantSample]:
        """Unavailable."""
        raise self._refused("query")

    async def query_range(
        self, promql: str, start: datetime, end: datetime, step: timedelta | None = None
    ) -> list[Series]:
        """Unavailable."""
        raise self._refused("query_range")

    def graph_url(self, promql: str, start: datetime, end: datetime) -> str:
        """None: nobody can see a recording in Prometheus."""
        return ""

    async def endpoint(self, name: str) -> EndpointState:
        """Unavailable."""
        raise self._refused("DescribeEndpoint")

    async def endpoint_config(self, name: str) -> EndpointConfig:
        """Unavailable."""
        raise self._refused("DescribeEndpointConfig")

    async def endpoint_configs(self, prefix: str, limit: int) -> list[EndpointConfigSummary]:
        """Unavailable."""
        raise self._refused("ListEndpointConfigs")

    async def pipeline(self, name: str, version: int | None = None) -> PipelineState:
        """Unavailable."""
        raise self._refused("DescribePipeline")

    async def rollback_preflight(self, endpoint: str, to_config: str) -> Preflight:
        """Unavailable."""
        raise self._refused("DescribeEndpointConfig")

    async def recent_changes(self, model: ModelSpec, since: datetime) -> list[Change]:
        """Unavailable."""
        raise self._refused("ListEndpointConfigs")

    async def served_version(self, config: str, variant: str, group: str | None) -> ServedVersion:
        """Unavailable."""
        raise self._refused("DescribeEndpointConfig")

    async def recent_jobs(self, model: ModelSpec, since: datetime) -> list[PipelineJob]:
        """Unavailable."""
        raise self._refused("ListPipelineExecutions")

    async def trouble(self, place: LogPlace, start: datetime, end: datetime) -> LogLines:
        """Unavailable."""
        raise self._refused("FilterLogEvents")

    async def lines(self, place: LogPlace, start: datetime, end: datetime, most: int) -> LogLines:
        """Unavailable."""
        raise self._refused("FilterLogEvents")

    def console_url(self, place: LogPlace, start: datetime, end: datetime) -> str:
        """An address can be made without an answer."""
        return "https://console.example/logs"

    async def history(self, repository: str, since: datetime, until: datetime) -> History:
        """Unavailable."""
        raise self._refused("ListCommits")

    async def endpoint_origin(self, endpoint: str) -> EndpointOrigin:
        """Unavailable."""
        raise self._refused("DescribeEndpoint")

    async def traffic(self, endpoint: str) -> TrafficOrigin:
        """Unavailable."""
        raise self._refused("DescribeEndpoint")

    async def promotion(self, endpoint: str, variant: str, package_arn: str) -> PromotionOrigin:
        """Unavailable."""
        raise self._refused("DescribeModelPackage")

    async def newest_pipeline_version(self, name: str) -> int | None:
        """Unavailable."""
        raise self._refused("ListPipelineVersions")

    async def preflight(self, remediation: AnyRemediation, model: ModelSpec) -> Preflight:
        """Unavailable."""
        raise self._refused("DescribeEndpoint")

    async def window(self, bucket: str, prefix: str, start: datetime, end: datetime) -> Sequence[DataObject]:
        """Unavailable."""
        raise self._refused("ListObjectsV2")

    async def violations(self, model: ModelSpec) -> list[Violation]:
        """Unavailable."""
        raise self._refused("GetObject")

    async def captured(self, model: ModelSpec, window: Window, before: Window) -> CapturedData:
        """Unavailable."""
        raise self._refused("ListObjectsV2")

    async def monitored(self, model: ModelSpec) -> MonitoredData | None:
        """Unavailable."""
        raise self._refused("GetObject")

    def search(
        self, query: str, *, alert: str | None = None, runbook_url: str | None = None, k: int = 5
    ) -> list[RunbookHit]:
        """Unavailable."""
        raise self._refused("search")

    def search_incidents(self, text: str, k: int = 3) -> list[RunbookHit]:
        """Unavailable."""
        raise self._refused("search")

    def told_under(self, file: str, heading: str, query: str) -> RunbookHit | None:
        """Unavailable."""
        raise self._refused("search")

    def verify_quote(self, file: str, heading: str, quote: str) -> tuple[int, int] | None:
        """Unavailable."""
        raise self._refused("read")

    def _refused(self, operation: str) -> Unavailable:
        return Unavailable(self.service, operation, "connection refused")


@dataclass(frozen=True)
class Partners:
    """All partners of a case; those that it says are down do not answer."""

    prometheus: RecordedPrometheus | Down
    sagemaker: RecordedSageMaker | Down
    datasets: RecordedDatasets | Down
    logs: RecordedLogs | Down
    history: RecordedHistory | Down


def partners_of(case: CaseFile, model: ModelSpec) -> Partners:
    """The partners of a case that measures `model`."""

    def down(partner: Partner) -> bool:
        return partner in case.down

    return Partners(
        prometheus=Down("Prometheus") if down("prometheus") else RecordedPrometheus(case, model),
        sagemaker=Down("SageMaker") if down("sagemaker") else RecordedSageMaker(case, model),
        datasets=Down("S3") if down("datasets") else RecordedDatasets(case, model),
        logs=Down("CloudWatch Logs") if down("logs") else RecordedLogs(case, model),
        history=Down("GitHub") if down("github") else RecordedHistory(case, model),
    )
