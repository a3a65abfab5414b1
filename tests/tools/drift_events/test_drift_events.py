import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from incidents.alert import AlertKind, Severity
from tests.incidents.builders import MANIFESTS, catalogue
from tools.drift_events.alerts import USUAL, readings_of
from tools.drift_events.event import DriftEvent
from tools.drift_events.evidently import NotConvertible, psi_by_column

REPORTS = Path(__file__).resolve().parents[2] / "fixtures" / "evidently"
EVENT: dict[str, Any] = {
    "version": 1,
    "model": "fraud-detector",
    "detector": "evidently",
    "window": {"start": "2026-11-20T05:00:00Z", "end": "2026-11-20T06:00:00Z"},
    "baseline": "training data",
    "psi": {"features": {"amount": 0.36, "country": 0.02}},
}


def event(**changed: Any) -> DriftEvent:
    return DriftEvent.model_validate({**EVENT, **changed})


def test_the_schema_that_detectors_read_is_the_one_that_is_enforced() -> None:
    written = json.loads((MANIFESTS / "drift-event.schema.json").read_text())
    own = {key: value for key, value in written.items() if key not in {"$schema", "$id"}}
    assert own == DriftEvent.model_json_schema()


def test_a_figure_past_its_bound_fires_under_our_own_rules_name_and_one_inside_does_not() -> None:
    found = readings_of(event(), catalogue())
    (fired,) = found.firing
    assert (fired.name, fired.kind, fired.severity) == (
        "ModelFeatureDriftHigh",
        AlertKind.FEATURE_DRIFT,
        Severity.CRITICAL,
    )
    assert fired.labels["feature"] == "amount" and fired.labels["env"] == "prod"
    assert fired.starts_at == datetime(2026, 11, 20, 6, tzinfo=UTC)
    (inside,) = found.inside
    assert (inside.labels["feature"], inside.status) == ("country", "resolved")


@pytest.mark.parametrize(
    ("figures", "name", "severity"),
    [
        ({"psi": {"features": {"amount": 0.2}}}, "ModelFeatureDriftHigh", Severity.WARNING),
        ({"psi": {"aggregate": 0.31}}, "ModelAggregateDriftHigh", Severity.CRITICAL),
        ({"psi": {}, "accuracy_delta": -0.06}, "ModelAccuracyLow", Severity.CRITICAL),
        ({"psi": {}, "p99_seconds": 1.4}, "EndpointLatencyP99High", Severity.CRITICAL),
    ],
)
@pytest.mark.parametrize("model", ["fraud-detector", "nobody-lists-me"])
def test_each_figure_has_its_alert_listed_or_not(
    figures: dict[str, Any], name: str, severity: Severity, model: str
) -> None:
    (fired,) = readings_of(event(model=model, **figures), catalogue()).firing
    assert (fired.name, fired.severity) == (name, severity)


def test_better_accuracy_is_no_alert() -> None:
    assert readings_of(event(psi={}, accuracy_delta=0.2), catalogue()).firing == ()


def test_the_bounds_of_an_unlisted_model_are_those_of_the_shipped_catalogue() -> None:
    signals = catalogue().models["fraud-detector"].signals
    assert {name: (signals[name].warning, signals[name].critical) for name in USUAL} == USUAL


def test_one_figure_is_one_alert_however_it_moves_and_two_detectors_are_two() -> None:
    (first,) = readings_of(event(), catalogue()).firing
    (second,) = readings_of(event(psi={"features": {"amount": 0.5}}), catalogue()).firing
    (other,) = readings_of(event(detector="own"), catalogue()).firing
    assert first.fingerprint == second.fingerprint != other.fingerprint


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"version": 2}, "version"),
        ({"severity": "critical"}, "severity"),
        ({"psi": {"features": {"amount": -1}}}, "psi.features.amount"),
        ({"psi": {"features": {"amount": "NaN"}}}, "psi.features.amount"),
        ({"psi": {}}, ""),
        ({"window": {"start": "2026-11-20T06:00:00Z", "end": "2026-11-20T05:00:00Z"}}, "window"),
        ({"window": {"start": "2026-11-20T05:00:00", "end": "2026-11-20T06:00:00Z"}}, "window.start"),
        ({"accuracy_delta": -7}, "accuracy_delta"),
        ({"link": "javascript:alert(1)"}, "link"),
    ],
)
def test_what_is_not_the_contract_is_refused_with_its_field(changed: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as raised:
        event(**changed)
    assert ".".join(str(part) for part in raised.value.errors()[0]["loc"]) == field


def test_a_real_report_of_evidently_with_psi_is_read() -> None:
    found = psi_by_column((REPORTS / "data_drift_psi.json").read_bytes())
    assert set(found) == {"amount", "country", "device_age_days"}
    assert found["amount"] > 0.25 > 0.1 > found["country"]


def test_a_real_report_with_other_distances_is_refused_and_says_what_to_do() -> None:
    with pytest.raises(NotConvertible, match=r"not PSI: amount \(Wasserstein.*method='psi'"):
        psi_by_column((REPORTS / "data_drift_default.json").read_bytes())


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{}", "metrics"),
        ("no", "no report of Evidently"),
        ('{"metrics": [{"config": {"type": "x"}}]}', "no drift of a column"),
        (
            '{"metrics": [{"config": {"type": "evidently:metric_v2:ValueDrift", "column": "a", "method": "psi"}}]}',
            "a: its PSI is not a number",
        ),
    ],
)
def test_what_is_no_report_is_named(content: str, problem: str) -> None:
    with pytest.raises(NotConvertible, match=problem):
        psi_by_column(content)
