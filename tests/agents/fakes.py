"""Small typed stand-ins for the readers, with series as the world of each scenario would give them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agents.sources import Sources
from incidents.alert import Alert, Severity
from incidents.catalogue import ModelSpec
from incidents.incident import Incident, IncidentState
from incidents.investigation import Case
from incidents.verification import Sample
from tools.datasets.captured import CapturedData
from tools.datasets.monitor import Violation
from tools.datasets.monitored import MonitoredData
from tools.datasets.window import Window
from tools.errors import NotFound, Unavailable
from tools.manifests.load import load_catalogue
from tools.prometheus.series import InstantSample, Series
from tools.runbook_index.records import Kind, RunbookHit
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

NOW = datetime(2026, 11, 20, 19, 10, 0, tzinfo=UTC)
ONSET = datetime(2026, 11, 20, 19, 2, 0, tzinfo=UTC)
CATALOGUE = load_catalogue(Path("manifests/models.yaml"))

Shape = Callable[[datetime], float]


def flat(value: float, wobble: float = 0.01) -> Shape:
    """A level with a little regular noise."""
    return lambda at: value * (1 + wobble * (int(at.timestamp() // 60) % 3 - 1))


def step_up(before: float, after: float, onset: datetime = ONSET) -> Shape:
    """One level before the onset, another from it on."""
    low, high = flat(before), flat(after)
    return lambda at: high(at) if at >= onset else low(at)


@dataclass
class FakePrometheus:
    """Series by a part of the query that names them. `down` makes it fail."""

    series: dict[str, list[tuple[dict[str, str], Shape]]]
    down: bool = False
    asked: list[str] = field(default_factory=list[str])
    ready: dict[tuple[object, ...], list[Series]] = field(default_factory=dict[tuple[object, ...], list[Series]])
    """Answers made once, so that timings are not those of the fake. Change `series` before the first query only."""

    async def query(self, promql: str, at: datetime | None = None) -> list[InstantSample]:
        self._ask(promql)
        moment = at or NOW
        return [InstantSample(labels=labels, at=moment, value=shape(moment)) for labels, shape in self._of(promql)]

    async def query_range(
        self, promql: str, start: datetime, end: datetime, step: timedelta | None = None
    ) -> list[Series]:
        self._ask(promql)
        question = (promql, start, end, step)
        if question in self.ready:
            return self.ready[question]
        width = step or timedelta(seconds=60)
        moments = [start + width * i for i in range(int((end - start) / width) + 1)]
        found: list[Series] = []
        for labels, shape in self._of(promql):
            values = ((at, shape(at)) for at in moments)
            samples = tuple(Sample.model_construct(at=at, value=v) for at, v in values if v == v)
            if samples:
                found.append(Series.model_construct(labels=labels, samples=samples))
        self.ready[question] = found
        return found

    def graph_url(self, promql: str, start: datetime, end: datetime) -> str:
        return f"http://prometheus.example/graph?g0.expr={len(promql)}"

    def _ask(self, promql: str) -> None:
        self.asked.append(promql)
        if self.down:
            raise Unavailable("Prometheus", "query_range", "connection refused")

    def _of(self, promql: str) -> list[tuple[dict[str, str], Shape]]:
        names = [name for name in self.series if name in promql]
        return self.series[min(names, key=promql.index)] if names else []


@dataclass
class FakeSageMaker:
    """One endpoint with its configs. `down` makes it fail."""

    endpoint_name: str
    config: str
    configs: list[tuple[str, datetime]]
    last_modified: datetime
    created_at: datetime = NOW - timedelta(days=90)
    changes: list[Change] = field(default_factory=list[Change])
    problems: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    pipeline_status: str = "Active"
    failure_reason: str | None = None
    variants: tuple[VariantState, ...] = (
        VariantState(name="AllTraffic", current_instances=2, desired_instances=2, weight=1.0),
    )
    models: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    """Models by variant, for each config that has other than one of its own."""
    versions: dict[str, ServedVersion] = field(default_factory=dict[str, ServedVersion])
    jobs: list[PipelineJob] = field(default_factory=list[PipelineJob])
    down: bool = False

    async def endpoint(self, name: str) -> EndpointState:
        self._ask("DescribeEndpoint")
        return EndpointState(
            arn=f"arn:aws:sagemaker:eu-west-1:123456789012:endpoint/{name}",
            name=name,
            config_name=self.config,
            status="InService",
            created_at=self.created_at,
            last_modified=self.last_modified,
            failure_reason=self.failure_reason,
            variants=self.variants,
        )

    async def endpoint_config(self, name: str) -> EndpointConfig:
        self._ask("DescribeEndpointConfig")
        if name not in {known for known, _ in self.configs}:
            raise NotFound("SageMaker", "DescribeEndpointConfig", f"Could not find endpoint config {name}.")
        models = self.models.get(name, {"AllTraffic": f"model-of-{name}"})
        variants = tuple(ConfigVariant(name=variant, model_name=model) for variant, model in models.items())
        return EndpointConfig(name=name, arn=f"arn:{name}", created_at=NOW, variants=variants)

    async def endpoint_configs(self, prefix: str, limit: int) -> list[EndpointConfigSummary]:
        self._ask("ListEndpointConfigs")
        newest = sorted(self.configs, key=lambda c: c[1], reverse=True)
        return [EndpointConfigSummary(name=name, arn=f"arn:{name}", created_at=at) for name, at in newest][:limit]

    async def served_version(self, config: str, variant: str, group: str | None) -> ServedVersion:
        self._ask("DescribeEndpointConfig")
        return self.versions.get(config) or ServedVersion(config=config)

    async def pipeline(self, name: str) -> PipelineState:
        self._ask("DescribePipeline")
        return PipelineState(
            arn=f"arn:{name}", name=name, status=self.pipeline_status, last_modified=NOW, created_at=NOW
        )

    async def rollback_preflight(self, endpoint: str, to_config: str) -> Preflight:
        self._ask("DescribeEndpointConfig")
        if to_config not in {name for name, _ in self.configs}:
            return Preflight(problems=(f"{to_config} does not exist",))
        return Preflight(problems=tuple(self.problems.get(to_config, ())))

    async def recent_changes(self, model: ModelSpec, since: datetime) -> list[Change]:
        self._ask("ListChanges")
        return [change for change in self.changes if change.at >= since]

    async def recent_jobs(self, model: ModelSpec, since: datetime) -> list[PipelineJob]:
        self._ask("ListPipelineExecutions")
        return self.jobs

    def _ask(self, operation: str) -> None:
        if self.down:
            raise Unavailable("SageMaker", operation, "connection refused")


@dataclass
class FakeDatasets:
    """What the monitor found, and what was captured: nothing, where it is not told. `down` makes it fail."""

    found: list[Violation] = field(default_factory=list[Violation])
    capture: CapturedData | None = None
    statistics: MonitoredData | None = None
    asked: list[Window] = field(default_factory=list[Window])
    down: bool = False

    async def violations(self, model: ModelSpec) -> list[Violation]:
        if self.down:
            raise Unavailable("S3", "GetObject", "connection refused")
        return self.found

    async def monitored(self, model: ModelSpec) -> MonitoredData | None:
        return self.statistics

    async def captured(self, model: ModelSpec, window: Window, before: Window) -> CapturedData:
        self.asked.append(window)
        if self.down:
            raise Unavailable("S3", "GetObject", "connection refused")
        if self.capture is None:
            raise NotFound("S3", "ListObjectsV2", "nothing was captured")
        return self.capture


@dataclass
class Page:
    """A page with one passage for each heading."""

    file: str
    kind: Kind
    title: str
    passages: dict[str, str]


@dataclass
class FakeRunbooks:
    """Pages searched by shared words. `down` makes it fail."""

    pages: Sequence[Page]
    down: bool = False
    asked: list[str] = field(default_factory=list[str])

    def search(
        self, query: str, *, alert: str | None = None, runbook_url: str | None = None, k: int = 5
    ) -> list[RunbookHit]:
        self._ask(query)
        return self._ranked(query, alert, k, lambda page: True)

    def search_incidents(self, text: str, k: int = 3) -> list[RunbookHit]:
        self._ask(text)
        return self._ranked(text, None, k, lambda page: page.kind == "incident")

    def told_under(self, file: str, heading: str, query: str) -> RunbookHit | None:
        self._ask(query)
        hits = self._ranked(query, None, 50, lambda page: page.file == file)
        return next((hit for hit in hits if hit.heading == heading), None)

    def verify_quote(self, file: str, heading: str, quote: str) -> tuple[int, int] | None:
        self._ask(quote)
        for page in self.pages:
            if page.file == file and quote and quote in page.passages.get(heading, ""):
                return (3, 3)
        return None

    def _ranked(self, query: str, alert: str | None, k: int, keep: Callable[[Page], bool]) -> list[RunbookHit]:
        asked = set(query.lower().replace(",", " ").replace(":", " ").split())
        scored: list[tuple[float, RunbookHit]] = []
        for page in self.pages:
            if not keep(page):
                continue
            for number, (heading, text) in enumerate(page.passages.items()):
                shared = len(asked & set(text.lower().replace(".", " ").replace(",", " ").split()))
                own = 10 if alert and page.file == f"{alert}.md" else 0
                if shared + own == 0:
                    continue
                hit = RunbookHit(
                    file=page.file,
                    heading=heading,
                    lines=(3 + 4 * number, 3 + 4 * number),
                    quote=text,
                    score=min(1.0, (shared + own) / 20),
                    kind=page.kind,
                    record_id=f"{page.file}#{heading}",
                    title=page.title,
                )
                scored.append((shared + own, hit))
        return [hit for _, hit in sorted(scored, key=lambda row: (-row[0], row[1].record_id))[:k]]

    def _ask(self, query: str) -> None:
        self.asked.append(query)
        if self.down:
            raise Unavailable("Runbook index", "query", "connection refused")


PAGES: Sequence[Page] = (
    Page(
        "EndpointLatencyP99High.md",
        "runbook",
        "EndpointLatencyP99High",
        {
            "Diagnosis": "If latency rose within minutes of a deployment, the new config is the likeliest cause.",
            "Mitigation": "Roll back the endpoint config to the last one that was healthy.",
            "Escalation": "If CPU is saturated and the config is unchanged, scale out by one instance.",
        },
    ),
    Page(
        "FeatureNullRateHigh.md",
        "runbook",
        "FeatureNullRateHigh",
        {"Mitigation": "Quarantine the data with null values and re-run the data pipeline. Do not retrain on it."},
    ),
    Page(
        "ModelFeatureDriftHigh.md",
        "runbook",
        "ModelFeatureDriftHigh",
        {
            "Mitigation": "If accuracy fell and the data is clean, retrain on a recent window.",
            "Diagnosis": "Drift without a loss of accuracy needs no retraining: watch it.",
        },
    ),
    Page("procedures/retraining.md", "procedure", "Retraining", {"Before": "Check that the data is clean first."}),
    Page(
        "incidents/INC-004.md",
        "incident",
        "INC-004: slow recommender after a deployment",
        {"What happened": "p99 latency rose right after a deployment of product-recommender."},
    ),
)


def runbooks() -> FakeRunbooks:
    return FakeRunbooks(PAGES)


@dataclass
class World:
    """A scenario: the case and its sources."""

    case: Case
    prometheus: FakePrometheus
    sagemaker: FakeSageMaker
    datasets: FakeDatasets
    runbooks: FakeRunbooks

    @property
    def sources(self) -> Sources:
        return Sources(
            clock=lambda: self.case.now,
            prometheus=self.prometheus,
            sagemaker=self.sagemaker,
            datasets=self.datasets,
            runbooks=self.runbooks,
        )


def alert(name: str, model: str, severity: str = "critical", **labels: str) -> Alert:
    return Alert(
        fingerprint=f"{name}-{model}-{severity}-{'-'.join(labels.values())}",
        starts_at=ONSET + timedelta(minutes=3),
        status="firing",
        labels={"alertname": name, "model": model, "severity": severity, **labels},
        annotations={"summary": f"{name} of {model}", "runbook_url": f"https://runbooks.example/{name}.md"},
    )


def case_of(model: str, *alerts: Alert, listed: bool = True) -> Case:
    entry = CATALOGUE.models.get(model) if listed else None
    incident = Incident(
        id="INC-101",
        key=f"prod/{model}",
        model=model,
        environment="prod",
        tier=entry.tier if entry else 4,
        listed=entry is not None,
        unlisted_reason="" if entry else "no entry has this endpoint or model",
        channel="ml-incidents",
        state=IncidentState.INVESTIGATING,
        severity=Severity.CRITICAL,
        started_at=min(a.starts_at for a in alerts),
        opened_at=NOW - timedelta(minutes=1),
        alerts=alerts,
    )
    return Case(incident=incident, model=entry, now=NOW)


def healthy(model: str, live: str) -> dict[str, list[tuple[dict[str, str], Shape]]]:
    """Series of a model that is well; scenarios replace some of them."""
    spec = CATALOGUE.models[model]
    one = {"model": model, "env": "prod"}
    return {
        "ml_feature_psi{": [({**one, "feature": f}, flat(0.03 + 0.005 * i)) for i, f in enumerate(spec.features)],
        "ml_feature_psi_aggregate": [(one, flat(0.05))],
        "ml_prediction_psi": [(one, flat(0.03))],
        "ml_model_accuracy": [(one, flat(0.004))],
        "ml_model_f1": [(one, flat(0.005))],
        "ml_model_precision": [(one, flat(0.004))],
        "ml_model_recall": [(one, flat(0.006))],
        "ml_model_auc": [(one, flat(0.003))],
        "ml_inference_latency_seconds_bucket": [({}, flat(0.21))],
        "ml_inference_errors_total": [({}, flat(0.002))],
        "ml_anomaly_ratio": [(one, flat(0.01))],
        "ml_feature_null_ratio": [({**one, "feature": f}, flat(0.004)) for f in spec.features],
        "ml_schema_violation_ratio": [(one, flat(0.003))],
        "ml_input_volume_ratio": [(one, flat(1.0))],
        "ml_endpoint_cpu_utilization_ratio": [({}, flat(0.41))],
        "ml_endpoint_memory_utilization_ratio": [({}, flat(0.5))],
        "ml_endpoint_instances": [({}, flat(2, 0))],
        "sum(rate(ml_inference_requests_total": [({}, flat(40.0))],
        "sum(rate(ml_inference_throttled_total": [({}, flat(0.0, 0))],
        "ml_endpoint_config_info": [({"config": live}, flat(1, 0))],
    }


def world(case: Case, live: str, older: str, **series: list[tuple[dict[str, str], Shape]]) -> World:
    model = case.incident.model
    return World(
        case=case,
        prometheus=FakePrometheus({**healthy(model, live), **series}),
        sagemaker=FakeSageMaker(
            endpoint_name=f"{model}-prod",
            config=live,
            configs=[(live, NOW - timedelta(days=30)), (older, NOW - timedelta(days=60))],
            last_modified=NOW - timedelta(days=30),
        ),
        datasets=FakeDatasets(),
        runbooks=runbooks(),
    )


def bad_deployment() -> World:
    case = case_of(
        "product-recommender",
        alert("EndpointLatencyP99High", "product-recommender", endpoint="product-recommender-prod"),
        alert("EndpointErrorRateHigh", "product-recommender", endpoint="product-recommender-prod"),
    )
    made = world(case, "product-recommender-v24", "product-recommender-v23")
    series = made.prometheus.series
    series["ml_inference_latency_seconds_bucket"] = [({}, step_up(0.21, 2.48))]
    series["ml_inference_errors_total"] = [({}, step_up(0.002, 0.061))]
    nan = float("nan")
    series["ml_endpoint_config_info"] = [
        ({"config": "product-recommender-v23"}, lambda at: 1.0 if at < ONSET - timedelta(seconds=90) else nan),
        ({"config": "product-recommender-v24"}, lambda at: 1.0 if at >= ONSET - timedelta(seconds=90) else nan),
    ]
    made.sagemaker.configs = [
        ("product-recommender-v24", ONSET - timedelta(minutes=4)),
        ("product-recommender-v23", NOW - timedelta(days=20)),
        ("product-recommender-v22", NOW - timedelta(days=50)),
    ]
    made.sagemaker.last_modified = ONSET - timedelta(seconds=60)
    made.sagemaker.changes = [
        Change(
            at=ONSET - timedelta(seconds=60),
            what="endpoint updated",
            subject="product-recommender-prod",
            detail="product-recommender-prod is InService on product-recommender-v24",
        ),
        Change(
            at=ONSET - timedelta(minutes=4),
            what="endpoint config created",
            subject="product-recommender-v24",
            detail="product-recommender-v24 was created and is live now",
        ),
    ]
    return made


def feature_drift() -> World:
    case = case_of(
        "fraud-detector",
        alert("ModelFeatureDriftHigh", "fraud-detector", feature="amount"),
        alert("ModelAccuracyLow", "fraud-detector"),
    )
    made = world(case, "fraud-detector-v41", "fraud-detector-v40")
    one = {"model": "fraud-detector", "env": "prod"}
    series = made.prometheus.series
    series["ml_feature_psi{"] = [
        ({**one, "feature": "amount"}, step_up(0.03, 0.41)),
        ({**one, "feature": "merchant_category"}, step_up(0.04, 0.33)),
        ({**one, "feature": "country"}, flat(0.04)),
    ]
    series["ml_feature_psi_aggregate"] = [(one, step_up(0.04, 0.36))]
    later = ONSET + timedelta(minutes=2)
    series["ml_model_accuracy"] = [(one, step_up(0.004, 0.082, later))]
    series["ml_model_f1"] = [(one, step_up(0.004, 0.094, later))]
    return made


def upstream_nulls() -> World:
    case = case_of(
        "churn-predictor",
        alert("FeatureNullRateHigh", "churn-predictor", feature="last_login_days"),
        alert("ModelFeatureDriftHigh", "churn-predictor", feature="last_login_days"),
    )
    made = world(case, "churn-predictor-v17", "churn-predictor-v16")
    one = {"model": "churn-predictor", "env": "prod"}
    series = made.prometheus.series
    series["ml_feature_null_ratio"] = [
        ({**one, "feature": "last_login_days"}, step_up(0.004, 0.381)),
        ({**one, "feature": "plan_type"}, flat(0.002)),
    ]
    series["ml_schema_violation_ratio"] = [(one, step_up(0.003, 0.38))]
    series["ml_feature_psi{"] = [
        ({**one, "feature": "last_login_days"}, step_up(0.03, 0.9)),
        ({**one, "feature": "plan_type"}, flat(0.02)),
    ]
    series["ml_model_accuracy"] = [(one, step_up(0.004, 0.09))]
    made.datasets.found = [
        Violation(
            feature="last_login_days",
            check="completeness_check",
            description="Data is not complete: 61.9 % of values present, 100 % required",
            seen_at=NOW,
            uri="s3://agentops-churn-predictor/monitor/constraint_violations.json",
        )
    ]
    return made


def benign_drift() -> World:
    case = case_of(
        "churn-predictor", alert("ModelFeatureDriftHigh", "churn-predictor", "warning", feature="monthly_charges")
    )
    made = world(case, "churn-predictor-v17", "churn-predictor-v16")
    one = {"model": "churn-predictor", "env": "prod"}
    made.prometheus.series["ml_feature_psi{"] = [
        ({**one, "feature": "monthly_charges"}, step_up(0.03, 0.17)),
        ({**one, "feature": "plan_type"}, flat(0.02)),
    ]
    return made


def latency_saturation() -> World:
    case = case_of(
        "product-recommender",
        alert("EndpointLatencyP99High", "product-recommender", endpoint="product-recommender-prod"),
        alert("EndpointCpuSaturated", "product-recommender", "warning", endpoint="product-recommender-prod"),
    )
    made = world(case, "product-recommender-v23", "product-recommender-v22")
    series = made.prometheus.series
    series["ml_inference_latency_seconds_bucket"] = [({}, step_up(0.21, 1.62))]
    series["ml_endpoint_cpu_utilization_ratio"] = [({}, step_up(0.41, 0.97))]
    series["sum(rate(ml_inference_requests_total"] = [({}, step_up(40.0, 100.0))]
    return made


SCENARIOS: dict[str, Callable[[], World]] = {
    "bad_deployment": bad_deployment,
    "feature_drift": feature_drift,
    "upstream_nulls": upstream_nulls,
    "benign_drift": benign_drift,
    "latency_saturation": latency_saturation,
}
