"""What fires and clears again and again: told once, one thread, no further look before it is calm."""

from datetime import datetime

from bot.slack.blocks.status import status_message
from bot.slack.listing import Listing
from bot.slack.overview import Overview
from incidents.incident import IncidentState
from incidents.message import MessageKind
from tests.bot.slack.samples import LINKS
from tests.incidents.builders import alert, catalogue, later
from tests.tools.incident_store.stage import Stage
from tools.incident_store.tables import ExecutionRecord


def fire(stage: Stage, minute: int) -> list[str]:
    return stage.take(alert(starts_at=later(minutes=minute)), at=later(minutes=minute))


def clear(stage: Stage, minute: int, began: int) -> list[str]:
    ended = alert(starts_at=later(minutes=began), status="resolved").model_copy(
        update={"ends_at": later(minutes=minute)}
    )
    return stage.take(ended, at=later(minutes=minute))


def flapping(stage: Stage) -> str:
    """Fires for the third time at minute 20; the incident that flaps then."""
    for began in (0, 10):
        fire(stage, began)
        clear(stage, began + 5, began)
    (id,) = fire(stage, 20)
    return id


def queued(stage: Stage, id: str) -> list[str]:
    return [one.id for one in stage.reader.file(id).investigations if one.state == "queued"]


def test_the_third_firing_within_the_hour_is_told_as_flapping_and_not_investigated(stage: Stage) -> None:
    id = flapping(stage)
    assert stage.incident(id).flapping_since == later(minutes=20)
    assert stage.kinds(id).count(MessageKind.FLAPPING) == 1
    assert queued(stage, id) == []
    assert stage.told(id) == ["alert_fired", "flapping"]


def test_what_flaps_stays_one_thread_while_it_clears_and_fires_again(stage: Stage) -> None:
    id = flapping(stage)
    for began in (20, 30, 40):
        clear(stage, began + 5, began)
        assert stage.incident(id).state is IncidentState.NEW
        assert fire(stage, began + 10) == [id]
    assert stage.reader.count_incidents(live=False) == 3
    assert stage.kinds(id).count(MessageKind.FLAPPING) == 1
    assert queued(stage, id) == []


def test_calm_again_is_told_once_and_what_still_fires_is_looked_at(stage: Stage) -> None:
    id = flapping(stage)
    assert stage.writer.flapping.calm(later(minutes=34)) == []
    assert stage.writer.flapping.calm(later(minutes=35)) == [id]
    assert stage.writer.flapping.calm(later(minutes=60)) == []
    assert stage.kinds(id).count(MessageKind.FLAPPING) == 2
    assert len(queued(stage, id)) == 1
    assert stage.incident(id).flapping_since is None


def test_calm_again_with_nothing_that_fires_ends_the_incident(stage: Stage) -> None:
    id = flapping(stage)
    clear(stage, 25, 20)
    assert stage.writer.flapping.calm(later(minutes=40)) == [id]
    assert stage.incident(id).state is IncidentState.RESOLVED
    assert stage.told(id)[-2:] == ["calm", "resolved"]


def test_a_change_of_ours_begins_the_count_anew(stage: Stage) -> None:
    for began in (0, 10):
        fire(stage, began)
        clear(stage, began + 5, began)
    changed(stage, later(minutes=16))
    (id,) = fire(stage, 20)
    assert stage.incident(id).flapping_since is None
    assert len(queued(stage, id)) == 1


def changed(stage: Stage, at: datetime) -> None:
    (last,) = stage.reader.incidents(live=False, limit=1)
    with stage.database.write() as session:
        session.add(
            ExecutionRecord(
                id="x1",
                proposal_id="p1",
                incident_id=last.id,
                model=last.model,
                kind="rollback_endpoint",
                target="e",
                state="succeeded",
                sent_at=at,
                created_at=at,
                finished_at=at,
            )
        )


def test_slow_repeats_are_not_flapping(stage: Stage) -> None:
    for began in (0, 40, 80, 120):
        (id,) = fire(stage, began)
        assert stage.incident(id).flapping_since is None
        clear(stage, began + 5, began)


def test_the_list_of_models_tells_what_flaps_until_it_is_calm(stage: Stage) -> None:
    overview = Overview(stage.reader, catalogue(), lambda: later(minutes=20))
    asked = Listing(model="product-recommender")
    flapping(stage)
    assert "flapping" in str(status_message(overview.status(asked), LINKS).blocks)
    stage.writer.flapping.calm(later(minutes=35))
    assert "flapping" not in str(status_message(overview.status(asked), LINKS).blocks)
