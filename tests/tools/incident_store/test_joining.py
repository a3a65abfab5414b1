"""Alerts that join an incident: one outage is one diagnosis, a name never seen before is a new look."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from incidents.alert import Alert
from incidents.joining import CROWDED
from tests.incidents.builders import START, alert, catalogue, later, proposal, retraining, rollback
from tests.tools.incident_store.stage import Stage
from tools.incident_store.database import Database
from tools.incident_store.limits import Limits
from tools.incident_store.tables import InvestigationRecord
from tools.incident_store.writer.store import open_writer

SETTLE, MOST = timedelta(seconds=10), timedelta(seconds=30)


@pytest.fixture
def stage(database: Database) -> Stage:
    made = Stage(database)
    made.writer = open_writer(database, catalogue(), settle=SETTLE, new_id=made.new_id, limits=Limits(settle_most=MOST))
    return made


def looks(stage: Stage, id: str) -> list[InvestigationRecord]:
    with stage.database.read() as session:
        of = InvestigationRecord
        return list(session.exec(select(of).where(col(of.incident_id) == id).order_by(col(of.created_at))))


def joins(n: int, name: str = "EndpointLatencyP99High") -> Alert:
    return alert(name, fingerprint=f"j{n}")


def test_each_alert_that_joins_puts_the_first_look_off_up_to_a_maximum(stage: Stage) -> None:
    id = stage.open()
    for second in range(5, 60, 5):
        stage.take(joins(second), at=later(seconds=second))
        (look,) = looks(stage, id)
        assert look.not_before == min(later(seconds=second) + SETTLE, START + MOST)


def test_a_name_never_seen_before_calls_for_a_new_look_and_a_known_one_does_not(stage: Stage) -> None:
    id = stage.open()
    (first,) = looks(stage, id)
    assert stage.writer.investigations.begin(first.id, later(minutes=1))
    stage.take(joins(1), at=later(minutes=2))
    assert len(looks(stage, id)) == 1
    stage.take(joins(2, "EndpointErrorRateHigh"), at=later(minutes=3))
    _, second = looks(stage, id)
    assert (second.state, second.not_before) == ("queued", later(minutes=3) + SETTLE)
    stage.take(joins(3, "ModelF1Low"), at=later(minutes=3, seconds=5))
    assert len(looks(stage, id)) == 2, "it joins the look that waits"
    assert looks(stage, id)[1].not_before == later(minutes=3, seconds=5) + SETTLE
    assert "look_again" in stage.told(id)


def test_no_new_look_begins_while_a_change_is_made(stage: Stage) -> None:
    stage.writer = Stage(stage.database).writer
    id, _, _ = stage.executing()
    before = len(looks(stage, id))
    stage.take(joins(1, "ModelF1Low"), at=later(minutes=3))
    assert len(looks(stage, id)) == before


def test_an_incident_is_looked_at_by_one_at_a_time(stage: Stage) -> None:
    id = stage.open()
    (first,) = looks(stage, id)
    assert stage.writer.investigations.begin(first.id, later(minutes=1))
    stage.take(joins(2, "EndpointErrorRateHigh"), at=later(minutes=3))
    assert stage.writer.investigations.due(later(minutes=5), timedelta(hours=1)) == []


def test_many_alerts_of_one_delivery_are_one_entry_that_names_each(stage: Stage) -> None:
    id = stage.open(*(joins(n, f"Rule{n % 6}") for n in range(34)))
    assert stage.told(id) == ["alert_fired"]
    (entry,) = stage.reader.timeline(id)
    assert entry.text.startswith("34 alerts fire: ") and entry.text.endswith("and 2 more")
    assert stage.fired(id) == sorted(f"j{n}" for n in range(34))


def test_hundreds_of_alerts_one_after_the_other_do_not_flood_the_timeline(stage: Stage) -> None:
    id = stage.open()
    for n in range(300):
        stage.take(joins(n), at=later(seconds=n / 10))
        stage.writer.grouping.tell_gathered(later(seconds=n / 10))
    assert len(stage.told(id)) <= CROWDED + 4
    assert stage.fired(id) == sorted(["a1", *(f"j{n}" for n in range(300))])


def test_what_was_gathered_is_told_before_anything_else(stage: Stage) -> None:
    id = stage.open()
    for n in range(20):
        stage.take(joins(n), at=later(seconds=n))
    assert stage.writer.handling.ack(id, "UONCALL", later(minutes=1)).result == "acked"
    assert stage.told(id)[-2:] == ["alert_joined", "acked"]


def test_a_new_look_that_proposes_the_same_keeps_its_card_and_what_is_new_replaces_the_old(stage: Stage) -> None:
    id = stage.open()
    stage.propose(id, proposal("p1", id))
    stage.take(joins(2, "EndpointErrorRateHigh"), at=later(minutes=1))
    stage.propose(id, proposal("p2", id), at=later(minutes=2))
    assert [(view.proposal.id, view.approval.state) for view in stage.reader.file(id).proposals] == [("p1", "pending")]
    stage.take(joins(3, "ModelF1Low"), at=later(minutes=3))
    stage.propose(id, proposal("p3", id, remediation=rollback("product-recommender-v22")), at=later(minutes=4))
    states = {view.proposal.id: view.approval.state for view in stage.reader.file(id).proposals}
    assert states == {"p1": "superseded", "p3": "pending"}


def test_a_new_look_that_proposes_the_same_training_a_few_minutes_later_keeps_its_card(stage: Stage) -> None:
    id = stage.open()
    first = retraining()
    moved = first.model_copy(
        update={name: getattr(first, name) + timedelta(minutes=2) for name in ("window_start", "window_end")}
    )
    stage.propose(id, proposal("p1", id, remediation=first))
    stage.take(joins(2, "EndpointErrorRateHigh"), at=later(minutes=1))
    stage.propose(id, proposal("p2", id, remediation=moved), at=later(minutes=2))
    (view,) = stage.reader.file(id).proposals
    assert (view.proposal.id, view.approval.state, view.proposal.remediation) == ("p1", "pending", first)
