import json
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tools.alertmanager.payload import Limits, WebhookPayload, clean, cut

CAPTURES = Path(__file__).resolve().parents[2] / "fixtures" / "alertmanager"
NAMES = sorted(path.name for path in CAPTURES.glob("*.json"))


def body_of(name: str) -> dict[str, Any]:
    return json.loads((CAPTURES / name).read_text())["body"]


@pytest.fixture
def body() -> dict[str, Any]:
    return body_of("webhook_partial_resolve_ModelFeatureDriftHigh_5alerts.json")


def test_there_are_captures() -> None:
    assert len(NAMES) >= 20


@pytest.mark.parametrize("name", NAMES)
def test_every_captured_payload_is_read(name: str) -> None:
    captured = body_of(name)
    payload = WebhookPayload.model_validate(captured)
    alerts = payload.to_alerts()
    assert [alert.fingerprint for alert in alerts] == [one["fingerprint"] for one in captured["alerts"]]
    assert [alert.status for alert in alerts] == [one["status"] for one in captured["alerts"]]
    assert [alert.labels for alert in alerts] == [one["labels"] for one in captured["alerts"]]
    assert all((alert.ends_at is None) == (alert.status == "firing") for alert in alerts)
    assert payload == WebhookPayload.model_validate_json(json.dumps(captured))


def test_a_partial_resolve_keeps_each_alerts_own_status(body: dict[str, Any]) -> None:
    payload = WebhookPayload.model_validate(body)
    assert payload.status == "firing"
    assert {alert.status for alert in payload.to_alerts()} == {"firing", "resolved"}


def test_alerts_kept_back_are_counted() -> None:
    payload = WebhookPayload.model_validate(body_of("truncated_firing_team-risk-ml_2alerts_trunc4.json"))
    assert payload.truncated_alerts == 4


def test_a_notification_sent_again_has_the_same_key() -> None:
    first = WebhookPayload.model_validate(body_of("flaky_firing_ModelAccuracyLow_1alerts_http503.json"))
    for attempt in (2, 3, 4):
        again = WebhookPayload.model_validate(
            body_of(f"flaky_firing_ModelAccuracyLow_1alerts_http503_attempt{attempt}.json")
        )
        assert again.delivery_key() == first.delivery_key()
    resolved = WebhookPayload.model_validate(body_of("flaky_resolved_ModelAccuracyLow_1alerts_http200.json"))
    assert resolved.delivery_key() != first.delivery_key()


def test_the_key_follows_receiver_group_status_and_episode_only(body: dict[str, Any]) -> None:
    key = WebhookPayload.model_validate(body).delivery_key()
    same = deepcopy(body)
    same["alerts"].reverse()
    same["alerts"][0]["annotations"] = {"summary": "other words"}
    same["alerts"][0]["generatorURL"] = "http://elsewhere"
    same["externalURL"] = "http://elsewhere"
    assert WebhookPayload.model_validate(same).delivery_key() == key
    for change in (
        {"receiver": "other"},
        {"groupKey": "other"},
        {"alerts": body["alerts"][:1]},
        {"alerts": [{**body["alerts"][0], "startsAt": "2026-11-20T18:55:05.663Z"}, *body["alerts"][1:]]},
    ):
        assert WebhookPayload.model_validate({**body, **change}).delivery_key() != key


def test_unknown_keys_are_ignored(body: dict[str, Any]) -> None:
    body["newInVersion0.40"] = {"x": 1}
    body["alerts"][0]["silenceURL"] = "http://x"
    assert len(WebhookPayload.model_validate(body).to_alerts()) == 5


@pytest.mark.parametrize(
    "change",
    [
        {"version": "3"},
        {"version": 4},
        {"status": "pending"},
        {"alerts": []},
        {"alerts": None},
        {"receiver": ""},
        {"groupKey": None},
        {"truncatedAlerts": -1},
    ],
)
def test_what_is_not_the_protocol_is_refused(body: dict[str, Any], change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        WebhookPayload.model_validate({**body, **change})


@pytest.mark.parametrize(
    "change",
    [
        {"status": "suppressed"},
        {"fingerprint": "not hex"},
        {"fingerprint": ""},
        {"fingerprint": "a" * 33},
        {"startsAt": "2026-11-20T17:55:05"},
        {"startsAt": "0001-01-01T00:00:00Z"},
        {"startsAt": "0001-01-01T00:00:00+14:00"},
        {"startsAt": "9999-12-31T23:59:59-14:00"},
        {"startsAt": None},
        {"endsAt": "9999-12-31T23:59:59-14:00"},
        {"labels": {"model": 5}},
        {"labels": None},
        {"labels": {f"l{n}": "x" for n in range(Limits.MAX_LABELS + 1)}},
        {"labels": {"l" * (Limits.MAX_KEY + 1): "x"}},
    ],
)
def test_an_alert_that_is_not_the_protocol_is_refused(body: dict[str, Any], change: dict[str, Any]) -> None:
    body["alerts"][0].update(change)
    with pytest.raises(ValidationError):
        WebhookPayload.model_validate(body)


def test_moments_are_kept_in_utc_whatever_zone_they_come_in(body: dict[str, Any]) -> None:
    body["alerts"][0]["startsAt"] = "2026-11-20T18:55:05.663999999+01:00"
    alert = WebhookPayload.model_validate(body).to_alerts()[0]
    assert alert.starts_at == datetime(2026, 11, 20, 17, 55, 5, 663999, tzinfo=UTC)


def test_an_end_beside_firing_is_left_out(body: dict[str, Any]) -> None:
    body["alerts"][0].update(status="firing", endsAt="2026-11-20T18:55:05Z")
    assert WebhookPayload.model_validate(body).to_alerts()[0].ends_at is None


def test_a_very_long_text_is_accepted_and_cut_for_the_domain(body: dict[str, Any]) -> None:
    body["alerts"][0]["labels"]["note"] = "n" * 100_000
    body["alerts"][0]["annotations"]["description"] = "d" * 100_000
    payload = WebhookPayload.model_validate(body)
    alert = payload.to_alerts()[0]
    assert len(payload.alerts[0].labels["note"]) == 100_000
    assert len(alert.labels["note"]) == len(alert.annotations["description"]) == Limits.KEPT_TEXT
    assert alert.labels["note"].endswith("…")
    assert alert.fingerprint == body["alerts"][0]["fingerprint"]


def test_control_characters_surrogates_and_direction_tricks_are_stripped(body: dict[str, Any]) -> None:
    body["alerts"][0]["labels"]["model\x00"] = "fraud\x00-\x1b[31mdet\ud800ector\u202e\r\nend\t"
    labels = WebhookPayload.model_validate(body).to_alerts()[0].labels
    assert labels["model"] == "fraud-[31mdetector\nend\t"


@given(st.text(st.characters(codec=None)))
def test_cleaned_text_can_be_stored_and_stays_clean(text: str) -> None:
    cleaned = clean(text)
    assert cleaned.encode().decode() == cleaned
    assert "\x00" not in cleaned
    assert clean(cleaned) == cleaned


@given(st.text(max_size=30), st.integers(1, 20))
def test_a_cut_text_is_never_longer_than_asked(text: str, length: int) -> None:
    assert len(cut(text, length)) <= length
    assert cut(text, length) == text or cut(text, length).endswith("…")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
        max_leaves=20,
    )
)
def test_nonsense_is_refused_and_never_crashes(value: Any) -> None:
    for candidate in (value, {"version": "4", "alerts": value}, {"version": "4", "alerts": [{"startsAt": value}]}):
        with pytest.raises(ValidationError):
            WebhookPayload.model_validate(candidate)
