from datetime import timedelta

from incidents.message import MessageKind, OutboxMessage, Priority
from tests.incidents.builders import START, alert, later, proposal
from tests.tools.incident_store.stage import Stage
from tools.incident_store.slack_tables import MessageRecord

K = MessageKind


def due(stage: Stage, *, minutes: float = 60, limit: int = 100) -> list[OutboxMessage]:
    return stage.writer.outbox.due(later(minutes=minutes), limit)


def send(stage: Stage, message: OutboxMessage, ts: str) -> None:
    stage.writer.outbox.sent(message.id, message.wanted_revision, ts, START, "CINCIDENTS")


def posting_order(stage: Stage) -> list[OutboxMessage]:
    """What is posted, in order, when always the first that is due goes."""
    order: list[OutboxMessage] = []
    while posts := [one for one in due(stage) if one.ts is None]:
        order.append(posts[0])
        send(stage, posts[0], f"{100 + len(order)}.1")
    return order


def test_replies_are_due_only_after_the_threads_first_message(stage: Stage) -> None:
    stage.awaiting()
    (root,) = due(stage)
    assert (root.kind, root.root_ts, root.channel) == (K.ROOT, None, "ml-incidents")
    send(stage, root, "100.1")
    (reply,) = due(stage)
    assert (reply.root_ts, reply.channel) == ("100.1", "CINCIDENTS")


def test_a_thread_keeps_its_order_although_its_card_is_urgent(stage: Stage) -> None:
    stage.awaiting()
    kinds = [message.kind for message in posting_order(stage)]
    assert kinds == [K.ROOT, K.PROGRESS, K.CHART, K.DIAGNOSIS, K.EVIDENCE, K.PROPOSAL]


def test_what_stands_before_an_urgent_message_in_its_thread_goes_as_soon(stage: Stage) -> None:
    calm = stage.open(alert("ModelFeatureDriftHigh", fingerprint="c", labels={"model": "churn-predictor"}))
    stage.propose(calm, proposal("p1", calm))
    stage.open(alert("ModelFeatureDriftHigh", fingerprint="d", labels={"model": "product-recommender"}))
    order = [(message.incident_id == calm, message.priority) for message in posting_order(stage)]
    assert order == [(True, Priority.URGENT)] * (len(order) - 1) + [(False, Priority.USUAL)]


def test_a_critical_incident_of_a_tier_1_model_goes_before_all_others(stage: Stage) -> None:
    for number, model in enumerate(("churn-predictor", "product-recommender")):
        name = "EndpointErrorRateHigh"
        stage.open(alert(name, fingerprint=f"c{number}", labels={"model": model, "severity": "critical"}))
    grave = stage.open(alert("EndpointErrorRateHigh", labels={"model": "fraud-detector", "severity": "critical"}))
    assert posting_order(stage)[0].incident_id == grave


def test_urgent_threads_come_first_and_first_posts_before_updates(stage: Stage) -> None:
    calm = stage.open(alert("ModelFeatureDriftHigh", fingerprint="c", labels={"model": "churn-predictor"}))
    grave = stage.open(alert())
    first = due(stage)
    assert [one.incident_id for one in first] == [grave, calm]
    send(stage, first[0], "100.1")
    stage.take(alert("EndpointErrorRateHigh", fingerprint="a2"), at=later(minutes=1))
    assert [(one.incident_id, one.ts) for one in due(stage)] == [(calm, None), (grave, "100.1")]


def test_a_card_is_updated_before_its_first_post_and_that_before_details(stage: Stage) -> None:
    id = stage.awaiting()
    posting_order(stage)
    with stage.database.write() as session:
        session.connection().exec_driver_sql("UPDATE message SET wanted_revision = wanted_revision + 1")
    kinds = [message.kind for message in due(stage)]
    assert id and kinds[:2] == [K.PROPOSAL, K.ROOT]
    assert set(kinds[2:]) == {K.PROGRESS, K.CHART, K.DIAGNOSIS, K.EVIDENCE}


def test_what_was_shown_longest_ago_is_updated_first(stage: Stage) -> None:
    names = ("fraud-detector", "churn-predictor", "product-recommender")
    ids = [stage.open(alert(fingerprint=name, labels={"model": name})) for name in names]
    for at, message in zip((3, 1, 2), due(stage), strict=True):
        stage.writer.outbox.sent(message.id, 1, f"10{at}.1", later(minutes=at), "CINCIDENTS")
    for name in names:
        stage.take(alert("EndpointErrorRateHigh", fingerprint=f"{name}2", labels={"model": name}))
    assert [message.incident_id for message in due(stage)] == [ids[1], ids[2], ids[0]]


def test_a_channel_with_many_waiting_messages_hides_no_other(stage: Stage) -> None:
    id = stage.open()
    with stage.database.write() as session:
        for number in range(50):
            session.add(
                MessageRecord(incident_id=id, channel="busy", kind="note", subject=str(number), created_at=START)
            )
    assert {message.channel for message in due(stage, limit=10)} == {"busy", "ml-incidents"}
    assert len(due(stage, limit=10)) == 6


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


def test_a_message_posted_twice_keeps_its_first_place_and_names_the_other_a_double(stage: Stage) -> None:
    stage.open()
    (old,) = due(stage)
    stage.take(alert("EndpointErrorRateHigh", fingerprint="b"), at=later(minutes=1))
    (new,) = due(stage)
    send(stage, new, "100.1")
    assert stage.writer.outbox.sent(old.id, old.wanted_revision, "99.9", START) == "100.1"
    assert due(stage) == []
    assert stage.reader.threads(["INC-1"])["INC-1"].ts == "100.1"


def test_an_older_revision_that_arrives_over_a_newer_one_is_shown_anew(stage: Stage) -> None:
    stage.open()
    (old,) = due(stage)
    stage.take(alert("EndpointErrorRateHigh", fingerprint="b"), at=later(minutes=1))
    (new,) = due(stage)
    send(stage, new, "100.1")
    send(stage, old, "100.1")
    (again,) = due(stage)
    assert again.wanted_revision == new.wanted_revision + 1


def test_what_failed_waits_until_its_time_and_counts_its_attempts(stage: Stage) -> None:
    stage.open()
    (root,) = due(stage)
    stage.writer.outbox.failed(root.id, "ratelimited", later(minutes=5))
    assert due(stage, minutes=4) == []
    (again,) = due(stage, minutes=5)
    assert again.attempts == 1


def test_what_was_given_up_is_never_due(stage: Stage) -> None:
    stage.open()
    (root,) = due(stage)
    stage.writer.outbox.given_up(root.id, "invalid_blocks")
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
