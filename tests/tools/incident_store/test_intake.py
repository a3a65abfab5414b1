import json
from pathlib import Path
from typing import Any

import pytest

from incidents.alert import Alert, Severity
from incidents.incident import IncidentState
from incidents.message import COURSE, MessageKind
from tests.incidents.builders import START, alert, later, proposal
from tests.tools.incident_store.stage import Stage, at_once
from tools.alertmanager.payload import WebhookPayload
from tools.incident_store.writer.intake import Reading

CAPTURES = Path(__file__).resolve().parents[2] / "fixtures" / "alertmanager"
NAMES = sorted(path.name for path in CAPTURES.glob("*.json"))


def captured(name: str) -> tuple[Alert, ...]:
    kept: dict[str, Any] = json.loads((CAPTURES / f"{name}.json").read_text())
    return WebhookPayload.model_validate(kept["body"]).to_alerts()


def churn(name: str, fingerprint: str, **more: Any) -> Alert:
    labels = {"model": "churn-predictor", "env": "prod", "severity": "warning"}
    return alert(name, fingerprint=fingerprint, labels=labels, **more)


@pytest.mark.parametrize("name", NAMES)
def test_a_capture_that_fires_opens_the_models_incident_and_one_that_resolves_opens_none(
    stage: Stage, name: str
) -> None:
    alerts = captured(name.removesuffix(".json"))
    firing = [one for one in alerts if one.status == "firing"]
    touched = stage.take(*alerts)
    found = [stage.incident(id) for id in touched]
    assert [one.key for one in found] == (["prod/fraud-detector"] if firing else [])
    if found:
        assert {one.fingerprint for one in found[0].alerts} == {one.fingerprint for one in firing}
        assert (found[0].listed, found[0].tier, found[0].channel) == (True, 1, "ml-incidents")
        assert found[0].severity == min((one.severity for one in firing), key=lambda s: s.rank)


def test_every_capture_in_the_order_it_came_makes_one_incident_of_the_model(stage: Stage) -> None:
    for name in NAMES:
        if "_firing_" in name or "partial" in name:
            stage.take(*captured(name.removesuffix(".json")))
    (one,) = stage.reader.incidents(live=True)
    assert one.key == "prod/fraud-detector"
    assert len(one.alerts) == 7
    for name in NAMES:
        if "_resolved_" in name:
            stage.take(*captured(name.removesuffix(".json")), at=later(minutes=9))
    assert stage.reader.incidents(live=True) == []
    assert stage.incident(one.id).state is IncidentState.RESOLVED
    assert stage.told(one.id)[-1] == "resolved"


def test_the_accuracy_and_the_latency_alert_of_one_model_meet_in_one_incident(stage: Stage) -> None:
    first = stage.take(*captured("webhook_firing_ModelAccuracyLow_1alerts"))
    second = stage.take(*captured("webhook_firing_EndpointLatencyP99High_1alerts"))
    assert first == second
    assert {one.name for one in stage.incident(first[0]).firing} == {"ModelAccuracyLow", "EndpointLatencyP99High"}
    assert stage.told(first[0]) == ["alert_fired", "alert_joined"]


@pytest.mark.parametrize(
    "name",
    [
        "webhook_firing_ModelFeatureDriftHigh_5alerts",
        "webhook_partial_resolve_ModelFeatureDriftHigh_5alerts",
        "truncated_firing_team-risk-ml_2alerts_trunc4",
    ],
)
def test_what_is_sent_again_changes_nothing(stage: Stage, name: str) -> None:
    (id,) = stage.take(*captured(name))
    before = (stage.incident(id), stage.told(id), stage.messages(id))
    assert stage.writer.intake.store(captured(name), later(minutes=3)) == 0
    assert stage.writer.grouping.group(later(minutes=3)) == []
    assert (stage.incident(id), stage.told(id), stage.messages(id)) == before


def test_a_repeat_with_newer_annotations_changes_nothing(stage: Stage) -> None:
    stage.take(*captured("webhook_firing_ModelFeatureDriftHigh_5alerts"))
    assert stage.writer.intake.store(captured("webhook_firing_ModelFeatureDriftHigh_5alerts_repeat"), START) == 0


@pytest.mark.parametrize(
    "attempts", [["http503", "http503_attempt2", "http503_attempt3", "http200", "http200_attempt2"]]
)
def test_retries_of_one_delivery_are_stored_once(stage: Stage, attempts: list[str]) -> None:
    counts = [
        stage.writer.intake.store(captured(f"flaky_firing_ModelAccuracyLow_1alerts_{attempt}"), START)
        for attempt in attempts
    ]
    assert counts == [1, 0, 0, 0, 0]


def test_a_partial_resolve_closes_only_the_alerts_it_names(stage: Stage) -> None:
    (id,) = stage.take(*captured("webhook_firing_ModelFeatureDriftHigh_5alerts"))
    stage.take(*captured("webhook_partial_resolve_ModelFeatureDriftHigh_5alerts"), at=later(minutes=2))
    one = stage.incident(id)
    assert one.state is IncidentState.NEW
    assert {a.labels["feature"] for a in one.firing} == {"amount", "hour_of_day", "merchant_category"}
    stage.take(*captured("webhook_resolved_ModelFeatureDriftHigh_3alerts"), at=later(minutes=3))
    one = stage.incident(id)
    assert (one.state, one.resolved_at) == (IncidentState.RESOLVED, later(minutes=3))


def test_a_late_firing_of_an_episode_that_was_resolved_is_ignored(stage: Stage) -> None:
    (id,) = stage.take(*captured("webhook_firing_ModelAccuracyLow_1alerts"))
    stage.take(*captured("webhook_resolved_ModelAccuracyLow_1alerts"), at=later(minutes=1))
    assert stage.take(*captured("webhook_firing_ModelAccuracyLow_1alerts_repeat"), at=later(minutes=2)) == []
    assert stage.incident(id).state is IncidentState.RESOLVED
    assert stage.reader.count_incidents(live=False) == 1


def test_a_new_episode_after_the_end_opens_a_new_incident_that_links_to_the_last(stage: Stage) -> None:
    first = stage.open(alert())
    stage.take(alert(status="resolved"), at=later(minutes=5))
    second = stage.open(alert(starts_at=later(minutes=20)), at=later(minutes=21))
    assert second != first
    assert (stage.incident(second).previous, stage.incident(first).previous) == (first, None)


def test_an_alert_that_fires_while_the_incident_lives_joins_it_and_can_make_it_worse(stage: Stage) -> None:
    id = stage.open(churn("ModelFeatureDriftHigh", "c1", starts_at=later(minutes=1)))
    assert stage.incident(id).severity is Severity.WARNING
    worse = alert("ModelF1Low", fingerprint="c2", labels={"model": "churn-predictor", "severity": "critical"})
    assert stage.take(worse, at=later(minutes=3)) == [id]
    one = stage.incident(id)
    assert (one.severity, one.started_at) == (Severity.CRITICAL, START)


def test_an_incident_opens_with_its_first_post_and_an_investigation(stage: Stage) -> None:
    id = stage.open()
    assert stage.kinds(id) == [MessageKind.ROOT]
    (investigation,) = stage.reader.file(id).investigations
    assert investigation.state == "queued"
    assert [due for due, _ in stage.writer.investigations.due(START, LIMIT)] == [investigation.id]


LIMIT = later(minutes=10) - START


def test_a_model_that_is_not_listed_gets_a_read_only_incident_that_says_why(stage: Stage) -> None:
    id = stage.open(alert("ModelAucLow", labels={"model": "ad-ranker", "severity": "warning"}))
    one = stage.incident(id)
    assert (one.listed, one.model, one.channel, one.tier) == (False, "ad-ranker", "ml-incidents", 3)
    assert one.unlisted_reason == "no entry has this endpoint or model"


def test_labels_that_contradict_each_other_do_not_meet_the_models_own_incident(stage: Stage) -> None:
    listed = stage.open(churn("ModelF1Low", "c1"))
    torn = alert(fingerprint="x", labels={"model": "ad-ranker", "endpoint": "churn-predictor-prod"})
    other = stage.open(torn)
    assert other != listed and not stage.incident(other).listed


def test_an_alert_that_fired_and_cleared_before_anyone_looked_opens_nothing(stage: Stage) -> None:
    stage.writer.intake.store([alert()], START)
    stage.writer.intake.store([alert(status="resolved")], later(seconds=30))
    assert stage.writer.grouping.group(later(minutes=1)) == []
    assert stage.reader.count_incidents(live=False) == 0


def test_threads_that_bring_alerts_of_one_model_at_once_make_one_live_incident(stage: Stage) -> None:
    alerts = [churn("ModelFeatureDriftHigh", f"c{n}") for n in range(8)]

    def bring(one: Alert) -> list[str]:
        return stage.take(one)

    touched = at_once(*(lambda one=one: bring(one) for one in alerts))
    stage.writer.grouping.group(START)
    (incident,) = stage.reader.incidents(live=True)
    assert {id for ids in touched for id in ids} <= {incident.id}
    assert len(incident.alerts) == 8
    assert set(stage.told(incident.id)) <= {"alert_fired", "alert_joined"}
    assert stage.fired(incident.id) == [one.fingerprint for one in alerts]


def test_the_same_delivery_from_two_alertmanagers_at_once_is_stored_once(stage: Stage) -> None:
    alerts = [churn("ModelFeatureDriftHigh", f"c{n}") for n in range(20)]
    counts = at_once(
        lambda: stage.writer.intake.store(alerts, START), lambda: stage.writer.intake.store(alerts[::-1], START)
    )
    assert sum(counts) == 20
    stage.writer.grouping.group(START)
    (incident,) = stage.reader.incidents(live=True)
    assert len(incident.alerts) == 20


def test_a_cleared_alert_takes_pending_proposals_back(stage: Stage) -> None:
    id = stage.awaiting(proposal("p1", "INC-1"))
    stage.take(alert(status="resolved"), at=later(minutes=2))
    assert stage.reader.proposal("p1").approval.state == "superseded"
    assert stage.told(id)[-2:] == ["superseded", "resolved"]
    assert stage.messages(id)[-2:] == [(MessageKind.REPORT, "", 1), (MessageKind.CHART, COURSE, 1)]


def test_a_cleared_alert_does_not_end_an_incident_while_a_change_is_under_way(stage: Stage) -> None:
    id, _, _ = stage.executing()
    stage.take(alert(status="resolved"), at=later(minutes=3))
    assert stage.incident(id).state is IncidentState.EXECUTING


def test_a_label_as_long_as_the_payload_may_be_is_kept(stage: Stage) -> None:
    labels = {"model": "churn-predictor", "note": "<!channel> \u202e" + "x" * 4000}
    id = stage.open(alert("ModelF1Low", labels=labels))
    assert stage.incident(id).alerts[0].labels["note"] == labels["note"]


def test_what_was_resolved_long_ago_is_closed(stage: Stage) -> None:
    id = stage.open()
    stage.take(alert(status="resolved"), at=later(minutes=5))
    assert stage.writer.decisions.close_resolved(later(minutes=4), later(hours=1)) == 0
    assert stage.writer.decisions.close_resolved(later(minutes=5), later(hours=1)) == 1
    assert stage.incident(id).state is IncidentState.CLOSED
    assert stage.told(id)[-1] == "closed"


def reads(severity: str, minute: int, status: str = "firing") -> Reading:
    at = later(minutes=minute)
    one = alert(starts_at=at, status=status, labels={"model": "product-recommender", "severity": severity})
    return Reading((one,), ()) if status == "firing" else Reading((), (one.model_copy(update={"ends_at": at}),))


def take(stage: Stage, *readings: Reading) -> tuple[list[int], list[str]]:
    return stage.writer.intake.store_all(readings, START), stage.writer.grouping.group(START)


def test_a_warning_of_a_detector_becomes_critical_while_it_is_open(stage: Stage) -> None:
    _, (id,) = take(stage, reads("warning", 1))
    assert stage.incident(id).severity is Severity.WARNING
    assert take(stage, reads("critical", 2)) == ([1], [id])
    assert stage.incident(id).severity is Severity.CRITICAL
    (one,) = stage.incident(id).alerts
    assert (one.severity, one.starts_at, one.status) == (Severity.CRITICAL, later(minutes=1), "firing")
    assert stage.told(id)[-1] == "alert_joined"


def test_a_detectors_figure_that_is_less_grave_or_older_changes_nothing(stage: Stage) -> None:
    _, (id,) = take(stage, reads("critical", 1))
    assert take(stage, reads("critical", 2), reads("warning", 3)) == ([0, 0], [])
    take(stage, reads("info", 4, "resolved"))
    take(stage, reads("warning", 10))
    assert take(stage, reads("critical", 9)) == ([0], [])
    assert stage.incident(id).state is IncidentState.RESOLVED
