"""What an investigation starts from and looks through, for a model that is well."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from agents.sources import Sources
from incidents.alert import Alert, Severity
from incidents.incident import Incident, IncidentState
from incidents.investigation import Case
from tests.agents.fake_datasets import FakeDatasets
from tests.agents.fake_prometheus import FakePrometheus
from tests.agents.fake_runbooks import FakeRunbooks, runbooks
from tests.agents.fake_sagemaker import FakeSageMaker
from tests.agents.moments import NOW, ONSET
from tests.agents.shapes import Shape, flat
from tools.manifests.load import load_catalogue

CATALOGUE = load_catalogue(Path("manifests/models.yaml"))


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
