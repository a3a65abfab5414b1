"""Grouping and payloads, against what a real Alertmanager 0.25 was seen to do."""

from typing import Any

from dirty_equals import IsStr

from sandbox.world.alert_groups import AlertGroups, Inhibition, Notification, Routing, fingerprint
from sandbox.world.rules import AlertUpdate

T0 = 1_800_000_000.0
ROUTING = Routing(
    receiver="agentops",
    group_by=("model",),
    group_wait=0.5,
    group_interval=5.0,
    repeat_interval=240.0,
    inhibitions=(Inhibition({"severity": "critical"}, {"severity": "warning"}, ("alertname", "model", "feature")),),
)


def update(alertname: str, *, ends_at: float | None = None, at: float = T0, **labels: str) -> AlertUpdate:
    merged = {"alertname": alertname, "model": "fraud-detector", "severity": "critical", **labels}
    return AlertUpdate(tuple(sorted(merged.items())), {"summary": alertname}, at, ends_at, "http://p.example/graph")


def groups() -> AlertGroups:
    return AlertGroups(ROUTING, "http://sandbox.example")


def tell(subject: AlertGroups, now: float) -> list[dict[str, Any]]:
    """What is due, delivered."""
    found = subject.due(now)
    for notification in found:
        subject.sent(notification, now)
    return [notification.payload for notification in found]


def statuses(payload: dict[str, Any]) -> dict[str, str]:
    return {alert["labels"]["alertname"]: alert["status"] for alert in payload["alerts"]}


def test_fingerprints_are_those_of_alertmanager():
    labels = {
        "alertname": "EndpointLatencyP99High",
        "cluster": "dev",
        "endpoint": "fraud-detector-prod",
        "model": "fraud-detector",
        "severity": "critical",
        "team": "platform",
    }
    assert fingerprint(tuple(sorted(labels.items()))) == "66b2484b8cd3e828"  # from a captured webhook


def test_a_payload_has_the_shape_of_version_4():
    subject = groups()
    subject.receive([update("ModelAccuracyLow", env="prod"), update("EndpointLatencyP99High", endpoint="e")], T0)
    (payload,) = tell(subject, T0 + 0.5)
    assert payload == {
        "receiver": "agentops",
        "status": "firing",
        "alerts": [
            {
                "status": "firing",
                "labels": {
                    "alertname": "EndpointLatencyP99High",
                    "endpoint": "e",
                    "model": "fraud-detector",
                    "severity": "critical",
                },
                "annotations": {"summary": "EndpointLatencyP99High"},
                "startsAt": "2027-01-15T08:00:00.000Z",
                "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": "http://p.example/graph",
                "fingerprint": IsStr(regex="[0-9a-f]{16}"),
            },
            {
                "status": "firing",
                "labels": {
                    "alertname": "ModelAccuracyLow",
                    "env": "prod",
                    "model": "fraud-detector",
                    "severity": "critical",
                },
                "annotations": {"summary": "ModelAccuracyLow"},
                "startsAt": "2027-01-15T08:00:00.000Z",
                "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": "http://p.example/graph",
                "fingerprint": IsStr(regex="[0-9a-f]{16}"),
            },
        ],
        "groupLabels": {"model": "fraud-detector"},
        "commonLabels": {"model": "fraud-detector", "severity": "critical"},
        "commonAnnotations": {},
        "externalURL": "http://sandbox.example",
        "version": "4",
        "groupKey": '{}:{model="fraud-detector"}',
        "truncatedAlerts": 0,
    }


def test_a_group_waits_before_its_first_notification():
    subject = groups()
    subject.receive([update("A")], T0)
    assert tell(subject, T0 + 0.4) == []
    assert len(tell(subject, T0 + 0.5)) == 1


def test_an_alert_that_joins_waits_for_the_interval():
    subject = groups()
    subject.receive([update("A")], T0)
    tell(subject, T0 + 0.5)
    subject.receive([update("A"), update("B")], T0 + 1)
    assert tell(subject, T0 + 5.4) == []
    (payload,) = tell(subject, T0 + 5.5)
    assert statuses(payload) == {"A": "firing", "B": "firing"}


def test_models_have_groups_of_their_own():
    subject = groups()
    subject.receive([update("A"), update("A", model="churn-predictor")], T0)
    assert [p["groupLabels"]["model"] for p in tell(subject, T0 + 1)] == ["fraud-detector", "churn-predictor"]


def test_nothing_new_is_told_again_only_after_the_repeat_interval():
    subject = groups()
    subject.receive([update("A")], T0)
    assert len(tell(subject, T0 + 1)) == 1
    told_at = [now for now in range(2, 300) if tell(subject, T0 + now)]
    assert told_at == [246]


def test_a_partial_resolve_is_firing_and_the_last_holds_only_the_rest():
    subject = groups()
    subject.receive([update("A"), update("B")], T0)
    tell(subject, T0 + 1)
    subject.receive([update("A"), update("B", ends_at=T0 + 3)], T0 + 3)
    (partial,) = tell(subject, T0 + 6)
    assert partial["status"] == "firing"
    assert statuses(partial) == {"A": "firing", "B": "resolved"}
    subject.receive([update("A", ends_at=T0 + 8)], T0 + 8)
    (last,) = tell(subject, T0 + 11)
    assert last["status"] == "resolved"
    assert statuses(last) == {"A": "resolved"}
    assert last["alerts"][0]["endsAt"] == "2027-01-15T08:00:08.000Z"


def test_an_alert_that_clears_before_its_group_was_told_is_never_told():
    subject = groups()
    subject.receive([update("A")], T0)
    subject.receive([update("A", ends_at=T0 + 0.2)], T0 + 0.2)
    assert [tell(subject, T0 + second) for second in (1, 7, 14)] == [[], [], []]


def test_a_resolved_alert_that_nobody_heard_of_opens_no_group():
    subject = groups()
    subject.receive([update("A", ends_at=T0)], T0)
    assert tell(subject, T0 + 10) == []


def test_a_group_that_fires_again_keeps_its_key():
    subject = groups()
    subject.receive([update("A")], T0)
    (first,) = tell(subject, T0 + 1)
    subject.receive([update("A", ends_at=T0 + 2)], T0 + 2)
    tell(subject, T0 + 6)
    subject.receive([update("A", at=T0 + 20)], T0 + 20)
    (again,) = tell(subject, T0 + 20.5)
    assert again["groupKey"] == first["groupKey"]
    assert again["alerts"][0]["startsAt"] != first["alerts"][0]["startsAt"]


def test_the_critical_alert_silences_the_warning_of_the_same_thing():
    subject = groups()
    subject.receive(
        [
            update("Drift", severity="warning", feature="amount"),
            update("Drift", feature="amount"),
            update("Drift", severity="warning", feature="country"),
        ],
        T0,
    )
    (payload,) = tell(subject, T0 + 1)
    found = {(alert["labels"]["severity"], alert["labels"]["feature"]) for alert in payload["alerts"]}
    assert found == {("critical", "amount"), ("warning", "country")}


def test_a_notification_that_was_not_taken_comes_again():
    subject = groups()
    subject.receive([update("A")], T0)
    first: list[Notification] = subject.due(T0 + 1)
    assert len(first) == 1
    assert [n.payload for n in subject.due(T0 + 6)] == [first[0].payload]


def test_a_group_on_its_way_waits():
    subject = groups()
    subject.receive([update("A")], T0)
    (notification,) = subject.due(T0 + 1)
    assert subject.due(T0 + 6, busy={notification.key}) == []
    assert len(subject.due(T0 + 6)) == 1
