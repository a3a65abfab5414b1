"""How much is investigated at once and within an hour, counted from rows, so that replicas share it."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from incidents.budget import InvestigationBudget, WaitsFor
from incidents.message import MessageKind
from tests.incidents.builders import START, alert, findings, later, model
from tests.tools.incident_store.stage import Stage, at_once
from tools.incident_store.database import Database
from tools.incident_store.limits import Limits

BUDGET = InvestigationBudget(at_once=2, per_hour=3, llm_usd_per_hour=1.0)
STALE = timedelta(hours=9)


@pytest.fixture
def stage(database: Database) -> Stage:
    return Stage(database, limits=Limits(budget=BUDGET))


def opened(stage: Stage, *models: str) -> list[str]:
    """Incidents of models that the catalogue does not know, each named `name:severity`."""
    alerts = [
        alert("ModelF1Low", fingerprint=one, labels=dict(zip(("model", "severity"), one.split(":"), strict=True)))
        for one in models
    ]
    return [stage.open(one) for one in alerts]


def due(stage: Stage, at: datetime = START) -> list[str]:
    """The incidents whose investigation may run."""
    found = [stage.reader.investigation(id) for id, _ in stage.writer.investigations.due(at, STALE)]
    return [one.incident_id for one in found]


def begin(stage: Stage, at: datetime = START) -> list[str]:
    return [id for id, _ in stage.writer.investigations.due(at, STALE) if stage.writer.investigations.begin(id, at)]


def waits(stage: Stage, id: str) -> WaitsFor:
    return stage.reader.file(id).investigations[0].waits_for


def test_the_worst_go_first_and_no_more_than_fit(stage: Stage) -> None:
    ids = opened(stage, "a:info", "b:warning", "c:critical", "d:warning")
    assert due(stage) == [ids[2], ids[1]]
    begin(stage)
    assert due(stage) == []


def test_the_hour_is_counted_whoever_began_and_a_person_is_not_held_back(stage: Stage) -> None:
    ids = opened(stage, *(f"m{n}:warning" for n in range(5)))
    for _ in range(2):
        for id in begin(stage):
            stage.writer.investigations.finish(id, findings(), (), START)
    assert due(stage) == []
    asked = stage.writer.grouping.ask(model(), "why?", "UONCALL", "look-1", START)
    assert due(stage) == [asked]
    assert due(stage, later(hours=1, seconds=1)) == [asked, ids[3]]


def test_what_waits_says_why_in_its_thread_once(stage: Stage) -> None:
    ids = opened(stage, *(f"m{n}:warning" for n in range(4)))
    begin(stage)
    assert stage.writer.investigations.tell_waiting(START) == 2
    assert [waits(stage, id) for id in ids[2:]] == [WaitsFor.AT_ONCE, WaitsFor.AT_ONCE]
    revision = dict((kind, number) for kind, _, number in stage.messages(ids[3]))[MessageKind.ROOT]
    assert stage.writer.investigations.tell_waiting(START) == 0
    assert dict((kind, number) for kind, _, number in stage.messages(ids[3]))[MessageKind.ROOT] == revision
    assert sum(stage.reader.waiting().values()) == 2


def test_replicas_that_begin_at_once_do_not_exceed_what_fits(stage: Stage) -> None:
    opened(stage, *(f"m{n}:warning" for n in range(6)))
    with stage.database.read():
        ids = [one.id for id in stage.reader.incidents(live=True) for one in stage.reader.file(id.id).investigations]
    begun = at_once(*(lambda id=id: stage.writer.investigations.begin(id, START) for id in ids))
    assert len([one for one in begun if one is not None]) == BUDGET.at_once
    assert len(due(stage, later(seconds=2))) == 0


def test_beyond_the_cost_of_an_hour_no_language_model_is_asked(stage: Stage) -> None:
    opened(stage, "a:warning")
    assert stage.writer.investigations.over_budget(START) == ""
    found = findings()
    dear = found.diagnosis.reasoner.model_copy(update={"cost_usd": Decimal("1.25"), "offline": False})
    diagnosis = found.diagnosis.model_copy(update={"reasoner": dear})
    (id,) = begin(stage)
    stage.writer.investigations.finish(id, found.model_copy(update={"diagnosis": diagnosis}), (), later(minutes=1))
    why = stage.writer.investigations.over_budget(later(minutes=2))
    assert why == "language models have cost 1.25 USD within the hour, of 1 allowed"
    assert stage.writer.investigations.over_budget(later(minutes=62)) == ""


def test_answers_to_questions_count_for_the_hour_too(stage: Stage) -> None:
    stage.writer.investigations.answered(0.75, START)
    assert stage.writer.investigations.over_budget(later(minutes=1)) == ""
    stage.writer.investigations.answered(0.5, later(minutes=2))
    assert stage.writer.investigations.over_budget(later(minutes=3)).startswith("language models have cost 1.25 USD")
    assert stage.writer.investigations.over_budget(later(minutes=61)) == ""
