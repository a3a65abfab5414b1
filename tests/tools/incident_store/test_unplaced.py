"""Which alerts get their place first: the gravest, of equals what opens an incident, and in the end whoever waited."""

from datetime import timedelta

import pytest
from sqlmodel import select

from incidents.alert import Alert
from incidents.precedence import AGING
from tests.incidents.builders import START, later
from tests.tools.incident_store.stage import Stage
from tests.tools.incident_store.test_storms import many_models, of
from tools.incident_store.database import Database
from tools.incident_store.tables import AlertRecord
from tools.incident_store.unplaced import MOST_KEYS
from tools.incident_store.writer.store import open_writer


@pytest.fixture
def stage(database: Database) -> Stage:
    made = Stage(database)
    made.writer = open_writer(database, many_models(), settle=timedelta(0), new_id=made.new_id)
    return made


def many(severity: str = "critical", count: int = 500) -> list[Alert]:
    """Of fifty models of the second tier."""
    return [of(n % 50 + 1, severity, fingerprint=f"f{n}") for n in range(count)]


def first(stage: Stage) -> list[str]:
    """The models of the portion that is placed next, in order."""
    (portion, *_) = stage.writer.grouping.waiting(limit=100)
    with stage.database.read() as session:
        model = {one.id: one.labels["model"] for one in session.exec(select(AlertRecord))}
    return list(dict.fromkeys(model[id] for id in portion.ids))


@pytest.mark.parametrize("others", ["critical", "warning", "info"])
def test_of_many_that_wait_a_critical_alert_of_the_first_tier_is_placed_first(stage: Stage, others: str) -> None:
    stage.writer.intake.store([*many(others), of(0, "critical", "last")], START)
    assert first(stage)[0] == "m0"


def test_what_comes_while_others_are_placed_overtakes_those_that_are_less_grave(stage: Stage) -> None:
    stage.writer.intake.store(many(), START)
    one, two, *_ = stage.writer.grouping.waiting(limit=100)
    stage.writer.grouping.place(one, START)
    assert not stage.writer.grouping.is_overtaken(two)
    stage.writer.intake.store([of(60, "critical", "as grave")], START)
    assert not stage.writer.grouping.is_overtaken(two), "it waits its turn"
    stage.writer.intake.store([of(0, "critical", "last")], START)
    assert stage.writer.grouping.is_overtaken(two)
    assert first(stage)[0] == "m0"


def test_of_equals_an_alert_that_opens_an_incident_goes_before_those_that_join_one(stage: Stage) -> None:
    stage.take(*many(count=50))
    stage.writer.intake.store(many()[50:95], START)
    stage.writer.intake.store([of(60, "critical", "new")], later(minutes=2))
    assert first(stage)[0] == "m60"


def test_a_grave_alert_that_joins_goes_before_one_that_opens_an_incident_of_less(stage: Stage) -> None:
    stage.take(of(0, "critical"))
    stage.writer.intake.store([of(1, "critical", "new"), of(0, "critical", "joins")], START)
    assert first(stage) == ["m0", "m1"]


def test_an_alert_that_has_waited_for_long_goes_before_graver_ones_that_never_end(stage: Stage) -> None:
    """From info of the second tier to critical of the same it is eight steps."""
    stage.writer.intake.store([of(60, "info", "old")], START)
    stage.writer.intake.store(many(), START + 7 * AGING)
    assert "m60" not in first(stage)
    for _ in iter(lambda: stage.writer.grouping.group(START + 7 * AGING), []):
        pass
    stage.writer.intake.store([of(61, "info", "also old")], START)
    stage.writer.intake.store(many(), START + 9 * AGING)
    assert first(stage)[0] == "m61"


def test_the_end_of_an_old_alert_does_not_go_before_a_grave_one_that_begins_now(stage: Stage) -> None:
    stage.take(*(of(n, "info") for n in range(1, MOST_KEYS + 2)))
    now = START + 20 * AGING
    stage.writer.intake.store(
        [*(of(n, "info", status="resolved") for n in range(1, MOST_KEYS + 2)), of(0, "critical", "now")], now
    )
    assert first(stage)[0] == "m0"
