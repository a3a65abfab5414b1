"""More incidents than a channel can bear: threads held back, one digest, and nothing dropped."""

import threading
from datetime import datetime, timedelta
from functools import cache

import pytest
from sqlmodel import col, func, select

from incidents.alert import Alert, Severity
from incidents.catalogue import Catalogue
from incidents.incident import IncidentState
from incidents.message import MessageKind
from incidents.storm import StormRule
from tests.incidents.builders import START, alert, catalogue, later, model, proposal
from tests.tools.incident_store.stage import Stage, at_once
from tools.incident_store.database import Database
from tools.incident_store.limits import Limits
from tools.incident_store.slack_tables import MessageRecord
from tools.incident_store.tables import AlertRecord, IncidentRecord, StormRecord
from tools.incident_store.writer.store import open_writer

RULE = StormRule(incidents=3)
CHANNEL = model().channel


@cache
def many_models() -> Catalogue:
    """The catalogue's own model a hundred times; m0 is of the first tier."""
    one = model()
    assert one.endpoint is not None
    named = {
        f"m{n}": one.model_copy(
            update={
                "name": f"m{n}",
                "endpoint": one.endpoint.model_copy(update={"name": f"e{n}"}),
                "tier": 2 if n else 1,
            }
        )
        for n in range(100)
    }
    return catalogue().model_copy(update={"models": named})


@pytest.fixture
def stage(database: Database) -> Stage:
    made = Stage(database)
    made.writer = open_writer(
        database, many_models(), settle=timedelta(0), new_id=made.new_id, limits=Limits(storm=RULE)
    )
    return made


def of(
    n: int, severity: str = "warning", fingerprint: str = "", name: str = "ModelF1Low", status: str = "firing"
) -> Alert:
    labels = {"model": f"m{n}", "severity": severity}
    return alert(name, fingerprint=fingerprint or f"f{n}", labels=labels, status=status)


def storm(stage: Stage, count: int = 10, at: datetime = START) -> list[str]:
    """Incidents of the models from m1 on; the ids."""
    return [stage.open(of(n), at=at) for n in range(1, count + 1)]


def held(stage: Stage) -> list[str]:
    with stage.database.read() as session:
        query = select(IncidentRecord.id).where(col(IncidentRecord.held).is_(True)).order_by(col(IncidentRecord.number))
        return list(session.exec(query))


def to_send(stage: Stage) -> list[tuple[str | None, MessageKind]]:
    with stage.database.read() as session:
        records = session.exec(
            select(MessageRecord)
            .where(col(MessageRecord.held).is_(False), col(MessageRecord.given_up).is_(False))
            .order_by(col(MessageRecord.id))
        ).all()
    return [(one.incident_id, MessageKind(one.kind)) for one in records]


def digest_revision(stage: Stage) -> int:
    with stage.database.read() as session:
        query = select(MessageRecord.wanted_revision).where(col(MessageRecord.kind) == MessageKind.DIGEST.value)
        return session.exec(query).one()


def test_one_digest_stands_for_what_a_channel_cannot_bear_and_nothing_is_dropped(stage: Stage) -> None:
    ids = storm(stage)
    assert held(stage) == ids[3:]
    assert to_send(stage) == [*((id, MessageKind.ROOT) for id in ids[:3]), (None, MessageKind.DIGEST)]
    (digest,) = stage.reader.storms()
    assert (digest.channel, digest.alerts, len(digest.lines), digest.open, digest.held) == (CHANNEL, 10, 10, 10, 7)
    assert len(stage.writer.investigations.due(START, timedelta(hours=1))) == 4, "investigated as usual"


def test_a_critical_incident_of_the_first_tier_gets_its_thread_in_the_middle_of_a_storm(stage: Stage) -> None:
    storm(stage)
    grave = stage.open(of(0, "critical"))
    assert grave not in held(stage)
    assert to_send(stage)[-1] == (grave, MessageKind.ROOT)
    (digest,) = stage.reader.storms()
    assert digest.top[0].id == grave


def test_no_other_threads_of_a_storm_take_the_room_of_a_critical_incident_of_the_first_tier(stage: Stage) -> None:
    """Six threads, of which three wait for people, are all that the channel bears."""
    ids = storm(stage)
    for id in ids[3:6]:
        stage.propose(id, proposal(f"p{id}", id))
    stage.writer.storms.tend(later(seconds=1))
    assert held(stage) == ids[6:]
    assert stage.open(of(0, "critical"), at=later(seconds=2)) not in held(stage)


def test_an_urgent_thread_that_was_held_back_begins_whatever_else_has_begun(stage: Stage) -> None:
    ids = storm(stage)
    grave = stage.open(of(0))
    for id in ids[3:6]:
        stage.propose(id, proposal(f"p{id}", id))
    stage.writer.storms.tend(later(seconds=1))
    stage.take(of(0, "critical", "worse"), at=later(seconds=2))
    assert grave in held(stage)
    stage.writer.storms.tend(later(seconds=3))
    assert grave not in held(stage)


def test_an_incident_that_becomes_critical_in_a_storm_is_shown(stage: Stage) -> None:
    storm(stage)
    grave = stage.open(of(0))
    assert grave in held(stage)
    stage.take(of(0, "critical", "f0-2"), at=later(seconds=1))
    assert stage.writer.storms.tend(later(seconds=2)).shown == 1
    assert grave not in held(stage)


def test_threads_of_a_channel_are_bounded_also_for_what_is_worth_one(stage: Stage) -> None:
    ids = storm(stage)
    for n, id in enumerate(ids[3:]):
        stage.propose(id, proposal(f"p{n}", id))
    for second in range(1, 20):
        stage.writer.storms.tend(later(seconds=second))
    assert len(held(stage)) == 10 - 2 * RULE.incidents
    stage.writer.storms.tend(later(seconds=20) + RULE.window)
    assert len(held(stage)) == 10 - 3 * RULE.incidents, "the next window bears more"


def test_the_time_to_decide_begins_when_the_card_can_be_seen(stage: Stage) -> None:
    ids = storm(stage)
    stage.propose(ids[-1], proposal("p1", ids[-1], expires_at=later(minutes=5)))
    assert stage.writer.decisions.expire(later(minutes=6)) == []
    assert stage.writer.storms.tend(later(minutes=6)).shown >= 1
    assert ids[-1] not in held(stage)
    view = stage.reader.proposal("p1")
    assert view.proposal.expires_at == later(minutes=11)
    assert view.proposal.digest == proposal("p1", ids[-1]).digest, "what runs is the same"
    assert stage.writer.decisions.expire(later(minutes=12)) == [ids[-1]]


def test_a_person_opens_a_thread_that_was_held_back(stage: Stage) -> None:
    ids = storm(stage)
    assert stage.writer.handling.ack(ids[4], "UONCALL", later(minutes=1)).result == "acked"
    asked = stage.writer.grouping.ask(many_models().models["m6"], "why?", "UONCALL", "look-1", later(minutes=1))
    assert asked == ids[5]
    assert not {ids[4], ids[5]} & set(held(stage))


def test_the_digest_is_told_anew_only_when_it_says_something_new(stage: Stage) -> None:
    storm(stage)
    stage.writer.storms.tend(later(seconds=1))
    before = digest_revision(stage)
    stage.writer.storms.tend(later(seconds=2))
    assert digest_revision(stage) == before
    stage.take(of(5, fingerprint="f5-2"), at=later(seconds=3))
    stage.writer.storms.tend(later(seconds=4))
    assert digest_revision(stage) == before + 1


def test_after_the_storm_the_rest_get_their_threads_and_what_ended_is_left_to_the_digest(stage: Stage) -> None:
    ids = storm(stage)
    stage.take(of(10, status="resolved"), at=later(minutes=1))
    over = later(seconds=1) + RULE.window
    assert stage.writer.storms.tend(over).ended == 1
    assert stage.reader.storms() == []
    assert stage.reader.digest("1").ended_at == over
    for minute in range(6, 30):
        stage.writer.storms.tend(later(minutes=minute))
    assert held(stage) == [ids[-1]]
    assert ids[-1] not in [id for id, _ in to_send(stage)]
    assert stage.reader.outbox_depth() == len(to_send(stage))


def test_a_storm_of_one_channel_leaves_another_alone(stage: Stage) -> None:
    storm(stage)
    aside = many_models().models["m1"].model_copy(update={"name": "aside", "endpoint": None, "channel": "ml-aside"})
    models = many_models().model_copy(update={"models": {**many_models().models, "aside": aside}})
    stage.writer = open_writer(
        stage.database, models, settle=timedelta(0), new_id=stage.new_id, limits=Limits(storm=RULE)
    )
    (other,) = stage.take(alert("ModelF1Low", fingerprint="o", labels={"model": "aside", "severity": "warning"}))
    assert other not in held(stage)
    assert [one.channel for one in stage.reader.storms()] == [CHANNEL]


def test_two_replicas_that_group_a_storm_at_once_lose_and_double_nothing(stage: Stage, database_url: str) -> None:
    """Each has its own connections, as two processes have."""
    stages = [stage, Stage(Database(database_url))]
    stages[1].writer = open_writer(
        stages[1].database, many_models(), settle=timedelta(0), new_id=stages[1].new_id, limits=Limits(storm=RULE)
    )
    alerts = [of(n % 60, fingerprint=f"f{n}", name=f"Rule{n % 5}") for n in range(300)]
    stored = threading.Event()

    def group(one: Stage) -> None:
        while True:
            ended = stored.is_set()
            for portion in one.writer.grouping.waiting():
                one.writer.grouping.place(portion, START)
            if ended and not one.writer.grouping.waiting():
                return

    def store() -> None:
        for start in range(0, len(alerts), 10):
            stage.writer.intake.store(alerts[start : start + 10], START)
        stored.set()

    at_once(store, *(lambda one=one: group(one) for one in stages))
    with stage.database.read() as session:
        live = session.exec(select(IncidentRecord.id)).all()
        placed = session.exec(select(func.count()).where(col(AlertRecord.incident_id).is_not(None))).one()
        storms = session.exec(select(func.count()).select_from(StormRecord)).one()
    assert (placed, len(live), storms) == (300, 60, 1)
    assert len(held(stage)) == 60 - RULE.incidents
    told = sorted(fingerprint for id in live for fingerprint in stage.fired(id))
    assert told == sorted(one.fingerprint for one in alerts)
    stages[1].database.close()


def test_an_incident_of_a_storm_ends_as_any_other(stage: Stage) -> None:
    ids = storm(stage)
    stage.take(of(7, status="resolved"), at=later(minutes=1))
    one = stage.incident(ids[6])
    assert (one.state, one.severity) == (IncidentState.RESOLVED, Severity.WARNING)
