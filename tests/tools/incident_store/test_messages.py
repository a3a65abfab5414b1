from datetime import timedelta

from incidents.message import MessageKind, OutboxMessage
from tests.incidents.builders import START, alert, later, proposal
from tests.tools.incident_store.stage import Stage

K = MessageKind


def due(stage: Stage, *, minutes: float = 60, limit: int = 100) -> list[OutboxMessage]:
    return stage.writer.messages.due(later(minutes=minutes), limit)


def send(stage: Stage, message: OutboxMessage, ts: str) -> None:
    stage.writer.messages.sent(message.id, message.wanted_revision, ts, START, "CINCIDENTS")


def test_replies_are_due_only_after_the_threads_first_message(stage: Stage) -> None:
    stage.awaiting()
    (root,) = due(stage)
    assert (root.kind, root.root_ts, root.channel) == (K.ROOT, None, "ml-incidents")
    send(stage, root, "100.1")
    replies = due(stage)
    assert {reply.root_ts for reply in replies} == {"100.1"}
    assert {reply.channel for reply in replies} == {"CINCIDENTS"}


def test_a_thread_keeps_its_order_although_its_card_is_urgent(stage: Stage) -> None:
    stage.awaiting()
    send(stage, due(stage)[0], "100.1")
    kinds = [reply.kind for reply in due(stage)]
    assert kinds == [K.PROGRESS, K.CHART, K.DIAGNOSIS, K.EVIDENCE, K.PROPOSAL]


def test_urgent_threads_come_first_and_first_posts_before_updates(stage: Stage) -> None:
    calm = stage.open(alert("ModelFeatureDriftHigh", fingerprint="c", labels={"model": "churn-predictor"}))
    grave = stage.open(alert())
    first = due(stage)
    assert [one.incident_id for one in first] == [grave, calm]
    send(stage, first[0], "100.1")
    stage.take(alert("EndpointErrorRateHigh", fingerprint="a2"), at=later(minutes=1))
    assert [(one.incident_id, one.ts) for one in due(stage)] == [(calm, None), (grave, "100.1")]


def test_an_urgent_thread_is_not_cut_in_the_middle_by_the_limit(stage: Stage) -> None:
    stage.awaiting()
    send(stage, due(stage)[0], "100.1")
    assert [one.kind for one in due(stage, limit=2)] == [K.PROGRESS, K.CHART]


def test_updates_of_one_message_coalesce(stage: Stage) -> None:
    stage.open()
    for n in range(3):
        stage.take(alert("EndpointErrorRateHigh", fingerprint=f"b{n}"), at=later(minutes=n))
    (root,) = due(stage)
    assert (root.wanted_revision, root.sent_revision) == (4, 0)
    send(stage, root, "100.1")
    assert due(stage) == []


def test_what_changed_while_it_was_sent_is_due_again(stage: Stage) -> None:
    stage.open()
    (root,) = due(stage)
    stage.take(alert("EndpointErrorRateHigh", fingerprint="b"), at=later(minutes=1))
    send(stage, root, "100.1")
    (again,) = due(stage)
    assert (again.ts, again.sent_revision, again.wanted_revision) == ("100.1", 1, 2)


def test_an_older_revision_that_arrives_late_does_not_undo_a_newer_one(stage: Stage) -> None:
    stage.open()
    (old,) = due(stage)
    stage.take(alert("EndpointErrorRateHigh", fingerprint="b"), at=later(minutes=1))
    (new,) = due(stage)
    send(stage, new, "100.1")
    send(stage, old, "99.9")
    assert due(stage) == []
    assert stage.reader.threads(["INC-1"])["INC-1"].ts == "100.1"


def test_what_failed_waits_until_its_time_and_counts_its_attempts(stage: Stage) -> None:
    stage.open()
    (root,) = due(stage)
    stage.writer.messages.failed(root.id, "ratelimited", later(minutes=5))
    assert due(stage, minutes=4) == []
    (again,) = due(stage, minutes=5)
    assert again.attempts == 1


def test_what_was_given_up_is_never_due(stage: Stage) -> None:
    stage.open()
    (root,) = due(stage)
    stage.writer.messages.given_up(root.id, "invalid_blocks")
    assert due(stage) == []
    assert stage.reader.outbox_depth() == 0


def test_each_proposal_has_a_card_of_its_own(stage: Stage) -> None:
    id = stage.open()
    stage.propose(id, proposal("p1", id), proposal("p2", id))
    cards = [subject for kind, subject, _ in stage.messages(id) if kind is K.PROPOSAL]
    assert cards == ["p1", "p2"]


def test_progress_makes_its_message_newer(stage: Stage) -> None:
    id = stage.open()
    (investigation,) = stage.reader.file(id).investigations
    stage.writer.investigations.begin(investigation.id, START)
    stage.writer.investigations.progress(investigation.id, [])
    assert stage.messages(id)[-1] == (K.PROGRESS, investigation.id, 2)


def test_a_delivery_from_slack_is_kept_once(stage: Stage) -> None:
    clicks = stage.writer.clicks
    assert clicks.record("Ev1", "action", {"value": "p1"}, START)
    assert not clicks.record("Ev1", "action", {"value": "p1"}, later(seconds=3))
    assert clicks.record("Ev2", "action", {}, START)


def test_a_delivery_that_a_crash_left_is_found_until_it_is_handled(stage: Stage) -> None:
    clicks = stage.writer.clicks
    clicks.record("Ev1", "action", {"value": "p1"}, START)
    age = timedelta(seconds=5)
    assert clicks.left_over(later(seconds=4), age, "bot-1", age) == []
    assert clicks.left_over(later(seconds=6), age, "bot-1", age) == [("Ev1", "action", {"value": "p1"})]
    clicks.handled("Ev1", later(seconds=7))
    assert clicks.left_over(later(minutes=1), age, "bot-1", age) == []


def test_the_incident_of_a_thread_is_found_by_the_channels_id_and_by_its_name(stage: Stage) -> None:
    id = stage.open()
    send(stage, due(stage)[0], "100.1")
    assert stage.reader.incident_of_thread("CINCIDENTS", "100.1") == id
    assert stage.reader.incident_of_thread("ml-incidents", "100.1") == id
    assert stage.reader.incident_of_thread("CGENERAL", "100.1") is None
    assert stage.reader.incident_of_thread("CINCIDENTS", "100.2") is None
