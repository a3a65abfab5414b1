from datetime import timedelta

import pytest

from incidents.execution import ExecutionState
from incidents.incident import IncidentState
from incidents.message import MessageKind
from tests.bot.workflows.rig import Rig, fraud_alert
from tests.incidents.builders import alert, findings, later, proposal, rollback
from tools.errors import Unavailable

S, X = IncidentState, ExecutionState


async def verifying(rig: Rig) -> str:
    """A rollback that is done and now watched, from two minutes after the start."""
    id = rig.approved_rollback()
    await rig.look()
    rig.world.settle()
    await rig.look(seconds=60)
    assert rig.state() is X.SUCCEEDED and rig.incident_state(id) is S.VERIFYING
    return id


def note(rig: Rig) -> str:
    return rig.stage.reader.verification("xp1").note


async def test_recovery_needs_the_whole_window_of_rate_range_hold_and_group_interval(rig: Rig) -> None:
    id = await verifying(rig)
    await rig.look(minutes=11)
    assert rig.incident_state(id) is S.VERIFYING and note(rig).startswith("watching for another")
    await rig.look(minutes=1)
    assert rig.incident_state(id) is S.RESOLVED
    assert "stayed inside its threshold for 12 min" in note(rig)
    assert MessageKind.REPORT in rig.stage.kinds(id)


async def test_recovery_waits_for_alerts_that_have_no_place_yet_and_would_open_another_incident(rig: Rig) -> None:
    id = await verifying(rig)
    await rig.look(minutes=11)
    rig.clock.forward(minutes=1)
    rig.stage.writer.intake.store([alert(fingerprint="a1", starts_at=later(seconds=5))], rig.clock())
    await rig.dispatcher.sweep()
    await rig.idle()
    assert rig.incident_state(id) is S.VERIFYING and "put in their place first" in note(rig)
    await rig.look(seconds=15)
    await rig.look(seconds=15)
    assert rig.incident_state(id) is S.RESOLVED
    assert [one.id for one in rig.stage.reader.incidents(live=False)] == [id]


async def test_recovery_does_not_wait_for_alerts_of_another_model(rig: Rig) -> None:
    id = await verifying(rig)
    await rig.look(minutes=11)
    rig.clock.forward(minutes=1)
    rig.stage.writer.intake.store([fraud_alert(fingerprint="a1")], rig.clock())
    await rig.dispatcher.sweep()
    await rig.idle()
    assert rig.incident_state(id) is S.RESOLVED


async def test_the_alerts_own_expression_is_asked_without_its_comparison(rig: Rig) -> None:
    await verifying(rig)
    await rig.look(seconds=15)
    assert rig.prometheus.asked and all(">" not in one for one in rig.prometheus.asked)
    assert "histogram_quantile" in rig.prometheus.asked[0]


async def test_prometheus_is_asked_once_a_look_for_all_the_alerts_of_a_rule(rig: Rig) -> None:
    id = await verifying(rig)
    before = [alert(fingerprint=f"b{n}", starts_at=later(seconds=n)) for n in range(20)]
    rig.stage.take(*before, at=rig.clock())
    rig.prometheus.asked.clear()
    await rig.look(seconds=15)
    assert len(rig.stage.reader.verification("xp1").checks) == 21
    assert len(rig.prometheus.asked) == len(set(rig.prometheus.asked)) <= 2
    await rig.look(minutes=12)
    assert rig.incident_state(id) is S.RESOLVED


async def test_a_signal_that_stays_past_its_threshold_is_failed_at_the_deadline(rig: Rig) -> None:
    id = await verifying(rig)
    rig.prometheus.value = 2.4
    await rig.look(minutes=13)
    assert rig.incident_state(id) is S.VERIFYING and note(rig).startswith("not recovered yet")
    await rig.until(lambda: rig.stage.reader.verification("xp1").state == "failed", minutes=1)
    (check,) = rig.stage.reader.verification("xp1").checks
    assert check.worst == 2.4
    assert rig.stage.told(id)[-2:] == ["verification_failed", "proposed"]


async def test_a_change_that_did_not_help_brings_its_undo_with_its_own_card(rig: Rig) -> None:
    id = await verifying(rig)
    rig.prometheus.value = 2.4
    await rig.until(lambda: rig.incident_state(id) is S.AWAITING_DECISION, minutes=1)
    back = rig.waiting()
    assert back.remediation == rollback("product-recommender-v24") and back.follows == "xp1"
    assert "did not recover in time" in back.reason
    assert (MessageKind.PROPOSAL, back.id) in [message[:2] for message in rig.stage.messages(id)]
    assert MessageKind.ESCALATION not in rig.stage.kinds(id)
    assert len(rig.world.sent) == 1


async def test_an_undo_that_cannot_be_proposed_calls_a_person_and_says_why(rig: Rig) -> None:
    id = await verifying(rig)
    rig.prometheus.value, rig.world.preflight = 2.4, ["the model of v24 is gone"]
    await rig.until(lambda: rig.incident_state(id) is S.ESCALATED, minutes=1)
    assert "the model of v24 is gone" in note(rig)
    assert MessageKind.ESCALATION in rig.stage.kinds(id)


# The endpoint has to stand as it was left, all through the window.


async def test_a_rollback_that_sagemaker_takes_back_during_the_watch_is_no_recovery(rig: Rig) -> None:
    id = await verifying(rig)
    rig.world.settle("product-recommender-v24")
    await rig.look(minutes=1)
    assert rig.stage.reader.verification("xp1").state == "failed" and "went back to" in note(rig)
    assert rig.incident_state(id) is S.AWAITING_DECISION


@pytest.mark.parametrize(
    ("change", "state", "words"),
    [
        ({"config_name": "product-recommender-v25"}, "overtaken", "by somebody else"),
        ({"failure_reason": "no capacity"}, "failed", "reports a failure"),
        ({"status": "Failed"}, "failed", "is Failed"),
        ({"name": "another"}, "overtaken", "somebody deleted it"),
    ],
    ids=["another config", "failure reason", "failed", "deleted"],
)
async def test_an_endpoint_that_changes_during_the_watch_is_told(
    rig: Rig, change: dict[str, object], state: str, words: str
) -> None:
    await verifying(rig)
    rig.world.change(**change)
    await rig.look(minutes=1)
    assert rig.stage.reader.verification("xp1").state == state and words in note(rig)


async def test_an_endpoint_that_is_being_changed_is_waited_for(rig: Rig) -> None:
    id = await verifying(rig)
    rig.world.change(status="Updating")
    await rig.look(minutes=13)
    assert rig.incident_state(id) is S.VERIFYING and "is changing it" in note(rig)
    rig.world.change(status="InService")
    await rig.until(lambda: rig.incident_state(id) is S.RESOLVED, minutes=1)


# It fires again.


async def test_an_alert_that_fires_again_inside_the_window_reopens_the_decision(rig: Rig) -> None:
    id = await verifying(rig)
    rig.investigator.answer = findings()
    rig.stage.take(alert(status="resolved"), at=rig.clock())
    rig.stage.take(alert(starts_at=rig.clock() + timedelta(minutes=1)), at=rig.clock())
    await rig.look(minutes=2)
    assert rig.stage.reader.verification("xp1").state == "refired" and "fired again" in note(rig)
    assert rig.incident_state(id) is S.AWAITING_DECISION
    assert rig.waiting().remediation == rollback("product-recommender-v24")
    await rig.look(seconds=1)
    assert len(rig.investigator.cases) == 1
    assert rig.waiting().follows == "xp1", "a new diagnosis does not take the way back away"
    assert rig.incident_state(id) is S.AWAITING_DECISION


async def test_the_tail_of_what_was_before_the_change_is_no_new_fire(rig: Rig) -> None:
    id = await verifying(rig)
    tail = alert("EndpointErrorRateHigh", fingerprint="a2", starts_at=rig.clock() + timedelta(minutes=1))
    rig.stage.take(tail, at=rig.clock())
    await rig.look(minutes=2)
    assert rig.incident_state(id) is S.VERIFYING


async def test_another_alert_long_after_the_change_is_a_new_fire(rig: Rig) -> None:
    id = await verifying(rig)
    rig.investigator.answer = findings()
    late = alert("EndpointErrorRateHigh", fingerprint="a2", starts_at=rig.clock() + timedelta(minutes=9))
    rig.stage.take(late, at=rig.clock() + timedelta(minutes=9))
    await rig.look(minutes=10)
    assert rig.stage.reader.verification("xp1").state == "refired"
    assert rig.incident_state(id) is S.AWAITING_DECISION


# Traffic.


async def test_a_ratio_without_traffic_proves_nothing(rig: Rig) -> None:
    errors = alert("EndpointErrorRateHigh", fingerprint="a2")
    id = rig.stage.open(errors)
    rig.stage.propose(id, proposal("p1", id))
    rig.stage.approve(at=later(minutes=1))
    rig.prometheus.traffic = 0.05
    await rig.look(minutes=1)
    rig.world.settle()
    await rig.until(lambda: rig.incident_state(id) is S.ESCALATED, minutes=1)
    assert rig.stage.reader.verification("xp1").state == "inconclusive"
    assert "too little traffic" in note(rig)


async def test_a_signal_that_recovers_late_but_in_time_is_a_recovery(rig: Rig) -> None:
    id = await verifying(rig)
    rig.prometheus.value = 2.4
    await rig.look(minutes=13)
    rig.prometheus.value = 0.3
    await rig.until(lambda: rig.incident_state(id) is S.RESOLVED, minutes=1)


@pytest.mark.parametrize("value", [None, float("nan")])
async def test_an_absent_signal_proves_nothing(rig: Rig, value: float | None) -> None:
    id = await verifying(rig)
    rig.prometheus.value = value
    await rig.until(lambda: rig.incident_state(id) is S.ESCALATED, minutes=5)
    assert rig.stage.reader.verification("xp1").state == "inconclusive"


async def test_a_prometheus_that_is_down_proves_nothing_and_is_asked_again(rig: Rig) -> None:
    id = await verifying(rig)
    rig.prometheus.error = Unavailable("Prometheus", "query_range", "refused")
    await rig.look(minutes=13)
    assert "cannot be read (Prometheus)" in note(rig)
    rig.prometheus.error = None
    await rig.look(minutes=1)
    assert rig.incident_state(id) is S.RESOLVED


async def test_a_prometheus_that_stays_down_is_inconclusive(rig: Rig) -> None:
    id = await verifying(rig)
    rig.prometheus.error = Unavailable("Prometheus", "query_range", "refused")
    await rig.until(lambda: rig.incident_state(id) is S.ESCALATED, minutes=5)
    assert rig.stage.reader.verification("xp1").state == "inconclusive"


async def test_an_alert_that_clears_alone_does_not_end_the_watch(rig: Rig) -> None:
    id = await verifying(rig)
    rig.stage.writer.intake.store([alert(status="resolved")], rig.clock())
    await rig.look(minutes=1)
    assert rig.incident_state(id) is S.VERIFYING
    await rig.until(lambda: rig.incident_state(id) is S.RESOLVED, minutes=1)
    assert "verified" in rig.stage.told(id)


async def test_an_alert_without_a_rule_cannot_be_shown_to_have_recovered(rig: Rig) -> None:
    unknown = alert("SomethingOfOurOwn", fingerprint="own")
    id = rig.stage.open(unknown)
    rig.stage.propose(id, proposal("p1", id))
    rig.stage.approve(at=later(minutes=1))
    await rig.look(minutes=1)
    rig.world.settle()
    await rig.until(lambda: rig.incident_state(id) is S.ESCALATED, minutes=1)
    assert "has no rule that can be found" in note(rig)


async def test_a_watch_that_broke_once_is_taken_up_again(rig: Rig) -> None:
    """An answer nobody foresaw breaks one look; the row is looked at again, not left for ever."""
    id = await verifying(rig)
    rig.prometheus.error = RuntimeError("nobody foresaw this")
    await rig.look(minutes=13)
    assert rig.incident_state(id) is S.VERIFYING
    rig.prometheus.error = None
    await rig.until(lambda: rig.incident_state(id) is S.RESOLVED, minutes=1)
