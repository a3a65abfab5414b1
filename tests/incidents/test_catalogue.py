import pytest
from pydantic import ValidationError

from incidents.alert import AlertKind, Severity
from incidents.catalogue import ModelSpec, Signal, Unlisted
from incidents.incident import key_of
from tests.incidents.builders import catalogue, model


def found(**labels: str) -> ModelSpec | Unlisted:
    return catalogue().find(labels)


def entry(**labels: str) -> ModelSpec:
    one = found(**labels)
    assert isinstance(one, ModelSpec), one
    return one


def unlisted(**labels: str) -> Unlisted:
    one = found(**labels)
    assert isinstance(one, Unlisted), one
    return one


def test_the_endpoint_alone_finds_the_model() -> None:
    assert entry(endpoint="fraud-detector-prod").name == "fraud-detector"


def test_the_model_alone_finds_its_entry_and_the_entrys_environment() -> None:
    assert entry(model="fraud-detector").environment == "prod"


def test_an_accuracy_alert_without_endpoint_and_a_latency_alert_without_environment_meet() -> None:
    accuracy = entry(alertname="ModelAccuracyLow", model="fraud-detector", env="prod")
    latency = entry(alertname="EndpointLatencyP99High", model="fraud-detector", endpoint="fraud-detector-prod")
    bare = entry(alertname="EndpointErrorRateHigh", endpoint="fraud-detector-prod")
    assert {key_of(one.name, one.environment) for one in (accuracy, latency, bare)} == {"prod/fraud-detector"}


def test_the_other_names_of_the_labels_are_known() -> None:
    assert entry(model_name="churn-predictor", environment="prod").name == "churn-predictor"
    assert entry(endpoint_name="churn-predictor-prod").name == "churn-predictor"


def test_an_endpoint_of_one_entry_and_a_model_of_another_contradict_each_other() -> None:
    one = unlisted(endpoint="fraud-detector-prod", model="churn-predictor")
    assert one.name == "churn-predictor"
    assert "fraud-detector" in one.reason and "churn-predictor" in one.reason


def test_an_endpoint_that_is_known_and_a_model_that_is_not_contradict_each_other() -> None:
    assert unlisted(endpoint="fraud-detector-prod", model="nobody").name == "nobody"


@pytest.mark.parametrize("labels", [{"model": "fraud-detector"}, {"endpoint": "fraud-detector-prod"}])
def test_another_environment_than_the_entrys_contradicts_it(labels: dict[str, str]) -> None:
    one = unlisted(env="staging", **labels)
    assert one.environment == "staging" and "prod" in one.reason


def test_a_model_that_is_not_listed_keeps_its_own_name_and_the_default_environment() -> None:
    one = unlisted(model="ad-ranker", alertname="ModelAucLow")
    assert (one.name, one.environment) == ("ad-ranker", "prod")


def test_an_alert_without_any_name_is_unlisted_by_its_rule() -> None:
    assert unlisted(alertname="Watchdog").name == "Watchdog"
    assert unlisted().name == "unknown"


def test_queries_name_the_model_its_environment_and_its_endpoint() -> None:
    one = model("fraud-detector")
    queries = {name: one.query_of(signal) for name, signal in one.signals.items()}
    assert queries["feature_psi"] == 'ml_feature_psi{model="fraud-detector",env="prod"}'
    assert 'endpoint="fraud-detector-prod"' in queries["latency_p99"]
    assert not [query for query in queries.values() if "$" in query]


def test_every_model_has_every_signal_of_the_mission_with_its_threshold() -> None:
    bounds = {
        name: (signal.comparison, signal.warning, signal.critical)
        for name, signal in model("churn-predictor").signals.items()
    }
    assert bounds == {
        "feature_psi": (">", 0.1, 0.25),
        "aggregate_psi": (">", None, 0.3),
        "prediction_psi": (">", 0.1, 0.25),
        "accuracy_drop": (">", None, 0.05),
        "f1_drop": (">", None, 0.05),
        "precision_drop": (">", None, 0.05),
        "recall_drop": (">", None, 0.05),
        "auc_drop": (">", None, 0.05),
        "latency_p99": (">", None, 1.0),
        "error_rate": (">", 0.01, 0.05),
        "anomaly_rate": (">", 0.1, None),
        "null_rate": (">", None, 0.05),
        "schema_violations": (">", None, 0.05),
        "input_volume_low": ("<", 0.5, None),
        "input_volume_high": (">", 2.0, None),
        "cpu_saturation": (">", 0.9, None),
    }
    assert len({frozenset(one.signals) for one in catalogue().models.values()}) == 1


def test_quality_signals_are_marked_as_waiting_for_labels() -> None:
    signals = model().signals.values()
    assert {s.kind for s in signals if s.needs_labels} == {AlertKind.ACCURACY_DROP}
    assert all(s.needs_labels for s in signals if s.kind is AlertKind.ACCURACY_DROP)


def test_each_model_of_the_catalogue_has_an_endpoint_a_pipeline_owners_and_least_roles() -> None:
    for one in catalogue().models.values():
        assert one.endpoint and one.endpoint.last_known_good and one.retraining
        assert one.owners and one.account and one.dashboard and one.features
        assert one.roles.reader and one.roles.roller and one.roles.retrainer
        assert len({one.roles.reader, one.roles.roller, one.roles.retrainer}) == 3
    assert {name: one.tier for name, one in catalogue().models.items()} == {
        "fraud-detector": 1,
        "churn-predictor": 2,
        "product-recommender": 2,
    }


@pytest.mark.parametrize(
    ("comparison", "value", "severity"),
    [
        (">", 0.09, None),
        (">", 0.1, None),
        (">", 0.11, Severity.WARNING),
        (">", 0.3, Severity.CRITICAL),
        ("<", 0.2, Severity.WARNING),
        ("<", 0.05, Severity.CRITICAL),
        ("<", 0.25, None),
    ],
)
def test_a_value_earns_its_severity(comparison: str, value: float, severity: Severity | None) -> None:
    bounds = {"warning": 0.1, "critical": 0.25} if comparison == ">" else {"warning": 0.25, "critical": 0.1}
    signal = Signal.model_validate(
        {"kind": "feature_drift", "query": "q", "comparison": comparison, "baseline": "b", "unit": "PSI", **bounds}
    )
    assert signal.severity_of(value) is severity
    assert signal.loosest_bound == bounds["warning"]


def test_a_signal_without_a_bound_is_refused() -> None:
    with pytest.raises(ValidationError, match="at least one of warning and critical"):
        Signal.model_validate({"kind": "latency", "query": "q", "comparison": ">", "baseline": "b", "unit": "s"})


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        ModelSpec.model_validate({"name": "m", "channel": "c", "tierr": 1})
