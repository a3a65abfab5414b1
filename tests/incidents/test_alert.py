from datetime import datetime, timedelta, timezone

import pytest
from pydantic import ValidationError

from incidents.alert import KIND_BY_ALERT_NAME, Alert, AlertKind, Severity
from tests.incidents.builders import START, alert, later


def test_the_content_hash_leaves_out_what_changes_from_send_to_send() -> None:
    once = alert()
    again = once.model_copy(
        update={"annotations": {"summary": "2.61 s"}, "ends_at": later(minutes=4), "generator_url": "http://p/graph"}
    )
    assert again.content_hash == once.content_hash


@pytest.mark.parametrize(
    "changed",
    [
        {"status": "resolved"},
        {"starts_at": later(seconds=1)},
        {"fingerprint": "a2"},
        {"labels": {"alertname": "EndpointLatencyP99High", "severity": "warning"}},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_the_content_hash_follows_what_the_alert_says(changed: dict[str, object]) -> None:
    assert alert().model_copy(update=changed).content_hash != alert().content_hash


def test_the_content_hash_does_not_depend_on_the_order_of_labels_or_the_time_zone() -> None:
    there = START.astimezone(timezone(timedelta(hours=9)))
    one = Alert(fingerprint="f", starts_at=START, status="firing", labels={"a": "1", "b": "2"})
    two = Alert(fingerprint="f", starts_at=there, status="firing", labels={"b": "2", "a": "1"})
    assert one.content_hash == two.content_hash


def test_an_alert_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValidationError, match="time zone"):
        Alert(fingerprint="f", starts_at=datetime(2026, 1, 1), status="firing", labels={})  # noqa: DTZ001 that is the point


@pytest.mark.parametrize(("label", "severity"), [("critical", "critical"), ("Warning", "warning"), ("info", "info")])
def test_severity_comes_from_the_label_in_any_case(label: str, severity: str) -> None:
    assert alert(labels={"severity": label}).severity == Severity(severity)


@pytest.mark.parametrize("labels", [{"team": "ml"}, {"severity": "page"}, {"severity": ""}])
def test_a_missing_or_unknown_severity_counts_as_a_warning(labels: dict[str, str]) -> None:
    assert alert(labels=labels).severity is Severity.WARNING


def test_the_label_kind_wins_over_the_rules_name() -> None:
    assert alert(labels={"kind": "cost"}).kind is AlertKind.COST


def test_an_unknown_kind_falls_back_to_the_rules_name_and_an_unknown_name_to_other() -> None:
    assert alert(labels={"kind": "weather"}).kind is AlertKind.LATENCY
    assert alert("SomethingElse").kind is AlertKind.OTHER


def test_a_critical_severity_ranks_first() -> None:
    assert sorted(Severity, key=lambda one: one.rank)[0] is Severity.CRITICAL


def test_the_kinds_a_model_can_be_alerted_for_are_all_covered_by_shipped_rules() -> None:
    unruled = {AlertKind.PIPELINE, AlertKind.COST, AlertKind.OTHER}
    assert set(KIND_BY_ALERT_NAME.values()) == set(AlertKind) - unruled
