"""What failed lately on the same model is told beside the same remediation, and decides nothing."""

from bot.workflows import planning
from bot.workflows.planning import LATELY, model_of
from incidents.execution import ExecutionState
from incidents.proposal import Proposal
from incidents.remediation import AnyRemediation
from tests.bot.workflows.rig import Rig
from tests.incidents.builders import alert, later, rollback, shift
from tools.incident_store.writer.verifications import Ending


def tried(rig: Rig, ending: Ending) -> str:
    """A closed incident in which a rollback was done and ended so."""
    stage = rig.stage
    incident_id, id, fence = stage.executing()
    assert stage.writer.executions.finish(
        id, fence, ExecutionState.SUCCEEDED, text="", now=later(minutes=4), verify_until=later(minutes=30)
    )
    assert stage.writer.verifications.finish(id, ending, (), "as it is", later(minutes=8))
    assert stage.writer.handling.close(incident_id, "UONCALL", "", later(hours=1)).result == "closed"
    rig.clock.at = later(days=3)
    return incident_id


async def proposed(rig: Rig, remediation: AnyRemediation | None = None) -> Proposal:
    fresh = alert(fingerprint="a2", starts_at=rig.clock())
    incident = rig.stage.incident(rig.stage.open(fresh, at=rig.clock()))
    model = model_of(rig.deps, incident)
    assert model is not None
    made = await planning.preview(rig.deps, incident, model, remediation or rollback())
    assert isinstance(made, Proposal), made
    return made


async def test_a_rollback_that_did_not_help_is_told_beside_the_next_one(rig: Rig) -> None:
    before = tried(rig, "failed")
    made = await proposed(rig)
    assert made.did_not_work == (
        f"rolled back to product-recommender-v23 in {before}, 3 days ago: the signals did not recover",
    )


async def test_what_helped_or_is_long_past_is_not_told(rig: Rig) -> None:
    tried(rig, "recovered")
    assert (await proposed(rig)).did_not_work == ()


async def test_what_failed_long_ago_is_not_told(rig: Rig) -> None:
    tried(rig, "failed")
    rig.clock.at = later() + LATELY * 1.1
    assert (await proposed(rig)).did_not_work == ()


async def test_an_incident_does_not_cite_itself(rig: Rig) -> None:
    incident_id, id, fence = rig.stage.executing()
    assert rig.stage.writer.executions.finish(
        id, fence, ExecutionState.SUCCEEDED, text="", now=later(minutes=4), verify_until=later(minutes=30)
    )
    assert rig.stage.writer.verifications.finish(id, "failed", (), "no better", later(minutes=8))
    rig.clock.at = later(minutes=10)
    incident = rig.stage.incident(incident_id)
    model = model_of(rig.deps, incident)
    assert model is not None
    made = await planning.preview(rig.deps, incident, model, rollback())
    assert isinstance(made, Proposal) and made.did_not_work == ()


async def test_another_kind_of_remediation_is_not_blamed(rig: Rig) -> None:
    tried(rig, "failed")
    failed = rig.stage.reader.failed_attempts("product-recommender", shift().kind, later(), "", 5)
    assert failed == []
