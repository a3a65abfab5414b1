import pytest

from incidents.execution import ExecutionState
from incidents.incident import IncidentState
from incidents.message import MessageKind
from tests.bot.workflows.rig import Rig
from tests.incidents.builders import alert, later, proposal
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


async def test_the_alerts_own_expression_is_asked_without_its_comparison(rig: Rig) -> None:
    await verifying(rig)
    await rig.look(seconds=15)
    assert rig.prometheus.asked and all(">" not in one for one in rig.prometheus.asked)
    assert "histogram_quantile" in rig.prometheus.asked[0]


async def test_a_signal_that_stays_past_its_threshold_is_failed_at_the_deadline(rig: Rig) -> None:
    id = await verifying(rig)
    rig.prometheus.value = 2.4
    await rig.look(minutes=13)
    assert rig.incident_state(id) is S.VERIFYING and note(rig).startswith("not recovered yet")
    await rig.until(lambda: rig.incident_state(id) is S.ESCALATED, minutes=5)
    assert rig.stage.reader.verification("xp1").state == "failed"
    (check,) = rig.stage.reader.verification("xp1").checks
    assert check.worst == 2.4
    assert rig.stage.told(id)[-1] == "verification_failed"


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
