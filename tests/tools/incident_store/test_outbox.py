"""Whose turn it is to send, and what one sender leaves to the next."""

import time
from datetime import timedelta

import pytest
from sqlalchemy import insert
from sqlmodel import col, select

from incidents.message import OutboxMessage, SendingTurn
from tests.incidents.builders import START, alert, later, proposal
from tests.thoroughness import thorough
from tests.tools.incident_store.stage import Stage
from tools.incident_store.slack_tables import MessageRecord

LEASE = timedelta(seconds=10)


def turn(stage: Stage, owner: str = "a", seconds: float = 0) -> SendingTurn:
    fence = stage.writer.outbox.take_turn(owner, later(seconds=seconds), LEASE)
    assert fence is not None
    return SendingTurn(owner, fence, f"{owner} alive")


@pytest.fixture
def root(stage: Stage) -> OutboxMessage:
    stage.open()
    (message,) = stage.writer.outbox.due(START, 10)
    return message


def begin(stage: Stage, message: OutboxMessage, by: SendingTurn, seconds: float = 1) -> bool:
    return stage.writer.outbox.begin(message, by, later(seconds=seconds), None)


def test_only_one_sends_at_a_time_and_another_once_the_lease_is_over(stage: Stage) -> None:
    first = turn(stage)
    take = stage.writer.outbox.take_turn
    assert take("b", later(seconds=9), LEASE) is None
    assert take("a", later(seconds=9), LEASE) == first.fence
    assert take("b", later(seconds=18), LEASE) is None
    assert take("b", later(seconds=20), LEASE) == first.fence + 1


def test_a_turn_that_is_given_back_is_anothers_at_once(stage: Stage) -> None:
    first = turn(stage)
    stage.writer.outbox.end_turn("a", first.fence, later(seconds=1))
    assert turn(stage, "b", 1).fence > first.fence


def test_nothing_is_begun_under_an_old_fence_or_after_the_lease(stage: Stage, root: OutboxMessage) -> None:
    first = turn(stage)
    assert not begin(stage, root, first, seconds=10)
    second = turn(stage, "b", 10)
    assert not begin(stage, root, first, seconds=11)
    assert begin(stage, root, second, seconds=11)


def test_what_was_begun_and_not_ended_tells_the_next_sender_so(stage: Stage, root: OutboxMessage) -> None:
    first = turn(stage)
    assert begin(stage, root, first)
    assert begin(stage, root, first, seconds=5)
    (left,) = stage.writer.outbox.due(later(minutes=1), 10)
    assert (left.begun_by, left.begun_at) == ("a alive", later(seconds=1))
    stage.writer.outbox.sent(root.id, 1, "100.1", later(seconds=6), "CINCIDENTS")
    stage.take(alert("EndpointErrorRateHigh", fingerprint="b"), at=later(minutes=1))
    (sent,) = stage.writer.outbox.due(later(minutes=1), 10)
    assert (sent.begun_by, sent.begun_at) == (None, None)


def test_what_another_has_posted_meanwhile_is_not_begun(stage: Stage, root: OutboxMessage) -> None:
    mine = turn(stage)
    stage.writer.outbox.sent(root.id, 1, "100.1", START, "CINCIDENTS")
    assert not begin(stage, root, mine)


def test_a_double_is_searched_for_when_its_time_has_come(stage: Stage, root: OutboxMessage) -> None:
    outbox = stage.writer.outbox
    assert outbox.begin(root, turn(stage), later(seconds=1), later(minutes=1))
    outbox.sent(root.id, 1, "100.1", later(seconds=2), "CINCIDENTS")
    assert outbox.to_look_for(later(seconds=59), 5) == []
    assert [one.id for one in outbox.to_look_for(later(minutes=1), 5)] == [root.id]
    outbox.looked(root.id, None, show_again=True)
    assert outbox.to_look_for(later(minutes=9), 5) == []
    (shown_again,) = outbox.due(later(minutes=9), 10)
    assert shown_again.wanted_revision == 2


def test_what_slack_asked_to_wait_for_holds_for_the_next_sender(stage: Stage) -> None:
    outbox = stage.writer.outbox
    outbox.hold("chat.update", later(seconds=30))
    outbox.hold("chat.postMessage C1", later(seconds=5))
    outbox.hold("chat.postMessage C1", later(seconds=8))
    assert outbox.holds(later(seconds=7)) == [
        ("chat.update", later(seconds=30)),
        ("chat.postMessage C1", later(seconds=8)),
    ]
    assert outbox.holds(later(seconds=30)) == []


def test_the_latest_posts_tell_how_slack_calls_a_channel(stage: Stage, root: OutboxMessage) -> None:
    stage.writer.outbox.sent(root.id, 1, "100.1", START, "CINCIDENTS")
    assert [tuple(one) for one in stage.writer.outbox.latest_posts(5)] == [("ml-incidents", "CINCIDENTS", "100.1")]


def test_a_message_that_was_pruned_meanwhile_is_no_double(stage: Stage, root: OutboxMessage) -> None:
    with stage.database.write() as session:
        session.delete(session.get_one(MessageRecord, root.id))
    assert stage.writer.outbox.sent(root.id, 1, "100.1", START, "CINCIDENTS") == "100.1"


@thorough
@pytest.mark.parametrize("posted", [False, True])
def test_what_is_due_is_found_within_20_ms_among_10000_messages(stage: Stage, posted: bool) -> None:
    # Of this thread's own time: the machine may have other work. PostgreSQL works in another process.
    clock = time.thread_time
    kinds = ("root", "progress", "proposal", "report")
    rows = [
        {
            "incident_id": f"INC-{number}",
            "channel": f"C{number % 3}",
            "kind": kinds[number % 4] if posted else "root",
            "ts": f"{1_700_000_000 + number}.000100" if posted else None,
            "sent_revision": int(posted),
            "wanted_revision": 2,
            "created_at": START,
            "sent_at": later(seconds=number),
        }
        for number in range(10_000)
    ]
    with stage.database.write() as session:
        session.connection().execute(insert(MessageRecord), rows)
    took: list[float] = []
    for _ in range(15):
        began = clock()
        assert stage.writer.outbox.due(later(minutes=1), 60)
        took.append(clock() - began)
    assert min(took) < 0.02


def test_replies_to_a_first_post_that_was_given_up_wait_for_nothing(stage: Stage, root: OutboxMessage) -> None:
    id = root.incident_id or ""
    stage.propose(id, proposal("p1", id))
    stage.writer.outbox.given_up(root.id, "msg_too_long")
    stage.writer.handling.ack(id, "UONCALL", later(minutes=1))
    assert stage.approve().result == "approved"
    assert stage.writer.outbox.due(later(minutes=2), 10) == []
    with stage.database.read() as session:
        left = session.exec(select(MessageRecord.kind).where(col(MessageRecord.given_up).is_(False))).all()
    assert left == []


def test_replies_of_a_thread_that_stands_are_told_although_its_first_post_cannot_be_updated(
    stage: Stage, root: OutboxMessage
) -> None:
    id = root.incident_id or ""
    stage.writer.outbox.sent(root.id, 1, "100.1", START, "CINCIDENTS")
    stage.propose(id, proposal("p1", id))
    stage.writer.outbox.given_up(root.id, "message_not_found")
    assert stage.writer.outbox.due(later(minutes=2), 10)
