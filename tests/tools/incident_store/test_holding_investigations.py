"""Who holds an investigation: one at a time, and a late one is refused."""

from datetime import timedelta

from tests.incidents.builders import START, findings, later
from tests.tools.incident_store.stage import Stage

LEASE = timedelta(seconds=20)
STALE = timedelta(minutes=60)


def begun(stage: Stage) -> tuple[str, str, int]:
    """An investigation that bot-1 began and holds: incident, investigation, fence."""
    incident_id = stage.open()
    (view,) = stage.reader.file(incident_id).investigations
    began = stage.writer.investigations.begin(view.id, START, "bot-1", LEASE)
    assert began is not None
    held = stage.writer.investigations.hold(view.id, began.fence, "bot-1", START, LEASE)
    assert held is not None and not held.taken_over
    return incident_id, view.id, held.fence


def test_while_its_lease_lasts_nobody_else_gets_it(stage: Stage) -> None:
    _, id, _ = begun(stage)
    soon = later(seconds=19)
    assert stage.writer.investigations.due(soon, STALE) == []
    assert not stage.writer.investigations.begin(id, soon, "bot-2", LEASE)
    assert stage.writer.investigations.hold(id, None, "bot-2", soon, LEASE) is None


def test_a_sign_of_life_keeps_it(stage: Stage) -> None:
    _, id, fence = begun(stage)
    assert stage.writer.investigations.renew(id, fence, later(seconds=15), LEASE)
    assert stage.writer.investigations.due(later(seconds=34), STALE) == []


def test_once_its_holder_is_silent_it_is_due_under_another_name_and_taken_over(stage: Stage) -> None:
    incident_id, id, fence = begun(stage)
    after = later(seconds=20)
    ((due, _),) = stage.writer.investigations.due(after, STALE)
    assert due == id
    again = stage.writer.investigations.begin(id, after, "bot-2", LEASE)
    assert again is not None and again.fence > fence and again.taken_over
    assert stage.writer.investigations.hold(id, again.fence, "bot-2", after, LEASE)
    assert stage.told(incident_id).count("taken_over") == 1


def test_who_was_taken_over_can_write_nothing_more(stage: Stage) -> None:
    incident_id, id, fence = begun(stage)
    after = later(seconds=21)
    stage.writer.investigations.begin(id, after, "bot-2", LEASE)
    before = stage.told(incident_id)
    assert not stage.writer.investigations.renew(id, fence, after, LEASE)
    assert not stage.writer.investigations.finish(id, findings(), [], after, fence)
    stage.writer.investigations.fail(id, after, fence)
    stage.writer.investigations.progress(id, [], fence)
    assert stage.reader.investigation(id).state == "running"
    assert stage.told(incident_id) == before


def test_a_crash_between_two_steps_is_carried_on_once_the_lease_is_over(stage: Stage) -> None:
    """The engine remembers the fence of before; the process that carries on comes with it."""
    _, id, fence = begun(stage)
    assert stage.writer.investigations.hold(id, fence - 1, "bot-1", later(seconds=5), LEASE) is None
    after = stage.writer.investigations.hold(id, fence - 1, "bot-1", later(seconds=21), LEASE)
    assert after is not None and (after.fence, after.taken_over) == (fence + 1, True)


def test_one_that_the_version_before_began_is_carried_on(stage: Stage) -> None:
    """It knew no lease: whoever recovers its workflow goes on at once."""
    incident_id = stage.open()
    (view,) = stage.reader.file(incident_id).investigations
    stage.writer.investigations.begin(view.id, START)
    assert stage.writer.investigations.hold(view.id, None, "bot-1", later(seconds=1), LEASE)


def test_what_is_finished_is_held_by_nobody(stage: Stage) -> None:
    _, id, fence = begun(stage)
    assert stage.writer.investigations.finish(id, findings(), [], later(seconds=1), fence)
    assert stage.writer.investigations.hold(id, fence, "bot-1", later(minutes=5), LEASE) is None
    assert stage.writer.investigations.due(later(minutes=5), STALE) == []
    assert stage.writer.investigations.renew(id, fence, later(minutes=5), LEASE)


def test_what_one_began_and_another_carries_on_at_once_is_told_as_taken_over(stage: Stage) -> None:
    incident_id = stage.open()
    (view,) = stage.reader.file(incident_id).investigations
    began = stage.writer.investigations.begin(view.id, START, "bot-1", LEASE)
    assert began is not None
    held = stage.writer.investigations.hold(view.id, began.fence, "bot-2", later(seconds=1), LEASE)
    assert held is not None and held.taken_over
    assert stage.told(incident_id).count("taken_over") == 1
    assert stage.writer.investigations.hold(view.id, began.fence, "bot-1", later(seconds=2), LEASE) is None
