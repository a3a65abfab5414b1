"""What is remembered of a closed incident, from rows as the writers leave them."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from agents.redaction import redact
from incidents.execution import ExecutionState
from incidents.ledger import Provenance
from incidents.past_incident import PastIncident, age_in_words, did
from incidents.remembering import SAID_CHARS, remembered, version_of
from incidents.trust import Outcome
from tests.bot.told_incident import SECRETS, store_in, told_incident
from tests.incidents.builders import alert, every_remediation, later, proposal, retraining
from tests.tools.incident_store.stage import LEASE, Stage
from tools.incident_store.writer.verifications import Ending


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    database = store_in(tmp_path / "store")
    yield Stage(database)
    database.close()


def past(stage: Stage, incident_id: str) -> PastIncident:
    return remembered(stage.reader.file(incident_id), redact)


def done(stage: Stage, ending: Ending, execution: ExecutionState = ExecutionState.SUCCEEDED) -> str:
    """An incident whose change was carried out and whose verification ended so."""
    incident_id, id, fence = stage.executing()
    assert stage.writer.executions.finish(
        id, fence, execution, text="done", now=later(minutes=4), verify_until=later(minutes=30)
    )
    if execution is ExecutionState.SUCCEEDED:
        assert stage.writer.verifications.finish(id, ending, (), "as it is", later(minutes=8))
    return incident_id


def close(stage: Stage, incident_id: str, reason: str = "") -> None:
    assert stage.writer.handling.close(incident_id, "UONCALL", reason, later(hours=2)).result == "closed"


def test_a_verified_rollback_is_told_as_what_worked(stage: Stage) -> None:
    incident_id = told_incident(stage)
    close(stage, incident_id)
    told = past(stage, incident_id).beside("product-recommender", later(days=21))
    assert told.told == (
        f"{incident_id}, 3 weeks ago, same model: bad deployment (product-recommender-v24). "
        "Worked: rolled back to product-recommender-v23: recovered in 10 min, verified."
    )
    assert told.did_not_work == () and told.ended == ""


@pytest.mark.parametrize(
    ("ending", "words"),
    [
        ("failed", "the signals did not recover"),
        ("refired", "the alert fired again afterwards"),
        ("candidate_refused", "the candidate failed its gate"),
    ],
)
def test_what_did_not_help_is_told_with_the_reason(stage: Stage, ending: Ending, words: str) -> None:
    incident_id = done(stage, ending)
    told = past(stage, incident_id).beside("fraud-detector", later(days=3))
    assert told.worked == () and told.did_not_work == (f"rolled back to product-recommender-v23: {words}",)
    assert "product-recommender: " in told.told and "same model" not in told.told


def test_a_change_that_could_not_be_carried_out_did_not_work(stage: Stage) -> None:
    incident_id = done(stage, "failed", ExecutionState.NEEDS_VERIFICATION)
    (attempt,) = past(stage, incident_id).attempts
    assert (attempt.outcome, attempt.came_of_it) == (Outcome.FAILED, "could not be carried out to its end")


def test_the_words_of_a_denial_are_kept_without_secrets_and_cut(stage: Stage) -> None:
    incident_id = stage.awaiting()
    reason = f"password={SECRETS[1]} {SECRETS[0]} {SECRETS[3]} wrong\nversion " + "x" * 500
    assert stage.writer.decisions.deny("p1", "UONCALL", reason, later(minutes=1)).result == "denied"
    close(stage, incident_id, f"token={SECRETS[2]} known")
    found = past(stage, incident_id)
    (attempt,) = found.attempts
    assert (attempt.outcome, attempt.came_of_it) == (Outcome.DENIED, "denied")
    assert len(attempt.said) <= SAID_CHARS and "\n" not in attempt.said and "wrong version" in attempt.said
    kept = found.model_dump_json() + found.text
    assert not [secret for secret in SECRETS if secret in kept]
    beside = found.beside(found.model, later(days=1))
    assert beside.said == attempt.said and attempt.said not in beside.told
    assert beside.ended == "closed by hand after 2 h"


def test_an_incident_without_a_diagnosis_says_how_it_ended(stage: Stage) -> None:
    incident_id = stage.open()
    stage.take(alert(status="resolved"), at=later(minutes=12))
    found = past(stage, incident_id)
    assert found.cause is None and found.cause_in_words == "cause unknown"
    assert found.beside(found.model, later(hours=5)).told == (
        f"{incident_id}, 5 hours ago, same model: cause unknown. Its alerts cleared by themselves after 12 min."
    )


def test_the_mark_of_a_false_alarm_is_told_and_changes_the_version(stage: Stage) -> None:
    incident_id = stage.open()
    close(stage, incident_id)
    before = past(stage, incident_id)
    stage.writer.handling.mark_false_alarm(incident_id, "UONCALL", later(hours=3))
    after = past(stage, incident_id)
    assert (before.false_alarm, after.false_alarm) == (False, True)
    assert before.version != after.version
    assert "marked as a false alarm" in after.beside(after.model, later(days=1)).told
    (closed,) = stage.reader.closed_incidents(10)
    assert after.version == version_of(closed.chain_head)


def test_names_outlive_the_alerts_that_retention_prunes(stage: Stage) -> None:
    drifting = alert(
        "ModelFeatureDriftHigh", fingerprint="drift", labels={"model": "product-recommender", "feature": "amount"}
    )
    incident_id = stage.open(alert(), drifting)
    stage.take(*(one.model_copy(update={"status": "resolved"}) for one in (alert(), drifting)), at=later(minutes=5))
    close(stage, incident_id)
    before = past(stage, incident_id)
    while stage.writer.retention.prune_incidents(later(days=100), later(days=100)):
        pass
    assert stage.incident(incident_id).alerts == ()
    after = past(stage, incident_id)
    assert after.alerts == before.alerts and set(after.alerts) == {alert().name, "ModelFeatureDriftHigh"}
    assert (after.version, after.features) == (before.version, before.features)


def test_what_superseded_and_withdrawn_proposals_say_is_nothing(stage: Stage) -> None:
    incident_id = stage.awaiting()
    close(stage, incident_id)
    assert past(stage, incident_id).attempts == ()


def test_the_undo_of_a_change_tells_that_it_was_taken_back(stage: Stage) -> None:
    incident_id, id, fence = stage.executing()
    executions = stage.writer.executions
    assert executions.finish(
        id, fence, ExecutionState.SUCCEEDED, text="", now=later(minutes=4), verify_until=later(hours=1)
    )
    first = stage.reader.proposal("p1").proposal
    back = proposal("p2", incident_id, created_at=later(minutes=9)).model_copy(
        update={"remediation": first.remediation.model_copy(update={"to_config": "product-recommender-v24"})}
    )
    assert stage.writer.verifications.finish(
        id, "failed", (), "no better", later(minutes=9), proposals=[(back, Provenance())]
    )
    assert stage.approve("p2", at=later(minutes=10)).result == "approved"
    fence = executions.claim("xp2", "bot-1", later(minutes=11), LEASE)
    assert fence is not None
    assert executions.finish(
        "xp2", fence, ExecutionState.SUCCEEDED, text="", now=later(minutes=12), verify_until=later(hours=1)
    )
    attempts = past(stage, incident_id).attempts
    assert (attempts[0].outcome, attempts[0].came_of_it) == (
        Outcome.REVERTED,
        "taken back, since the signals did not recover",
    )


def test_every_remediation_has_words_in_the_past_tense() -> None:
    told = [did(remediation) for remediation, _ in every_remediation()]
    assert all(told) and len(set(told)) == len(told)
    assert did(retraining()).startswith("retrained with ")


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=80), "just now"),
        (timedelta(minutes=45), "45 minutes ago"),
        (timedelta(hours=3), "3 hours ago"),
        (timedelta(hours=47), "47 hours ago"),
        (timedelta(days=2), "2 days ago"),
        (timedelta(days=13), "13 days ago"),
        (timedelta(days=21), "3 weeks ago"),
        (timedelta(days=90), "3 months ago"),
    ],
)
def test_an_age_is_told_in_the_largest_unit_of_which_it_is_two(age: timedelta, words: str) -> None:
    assert age_in_words(age) == words
