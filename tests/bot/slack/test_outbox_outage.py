"""Slack down for ten minutes, a storm of messages, one sender after another: in a simulated time."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from incidents.message import MessageKind, Priority
from sandbox.slack.server import SlackServer
from tests.bot.slack.message_rows import CHANNELS, MessageRows, refused_by_limit, threads_in
from tests.bot.slack.simulated import SimulatedTime, Simulation
from tests.thoroughness import THOROUGH, thorough
from tools.incident_store.slack_tables import MessageRecord

OUTAGE_SECONDS = 600
THREADS = 100 if THOROUGH else 16
BEFORE, MEANWHILE = 2, 3
"""Replies of each thread: wanted before the outage, and while it lasts."""


@pytest.fixture
def rows(tmp_path: Path) -> Iterator[MessageRows]:
    made = MessageRows.in_folder(tmp_path)
    yield made
    made.close()


@pytest.fixture
def simulation(slack: SlackServer, rows: MessageRows) -> Simulation:
    return Simulation(slack, rows, SimulatedTime())


async def test_after_ten_minutes_without_slack_every_thread_is_complete_in_order_and_within_the_limits(
    slack: SlackServer, rows: MessageRows, simulation: Simulation
) -> None:
    names = [f"thread {number}" for number in range(THREADS)]
    async with simulation.sending() as outbox:
        roots = [rows.want_thread(name, BEFORE, CHANNELS[n % len(CHANNELS)]) for n, name in enumerate(names)]
        await simulation.until(lambda: outbox.counts.posted >= THREADS // 2, step=1, within=THREADS)
        slack.workspace.faults.add("down")
        await simulation.until(lambda: simulation.time.seconds >= OUTAGE_SECONDS / 2, step=5, within=OUTAGE_SECONDS)
        for n, (name, root) in enumerate(zip(names, roots, strict=True)):
            rows.want_replies(name, root, range(BEFORE + 1, BEFORE + MEANWHILE + 1), CHANNELS[n % len(CHANNELS)])
        down_at = simulation.time.seconds
        await simulation.until(lambda: simulation.time.seconds >= down_at + OUTAGE_SECONDS, step=5, within=700)
        posted = outbox.counts.posted
        slack.workspace.faults.clear()
        messages = THREADS * (1 + BEFORE + MEANWHILE)
        took = await simulation.until(lambda: rows.waiting() == 0, step=1, within=messages)
        counts = outbox.counts
    whole = ["first", *(str(number) for number in range(1, BEFORE + MEANWHILE + 1))]
    assert threads_in(slack) == dict.fromkeys(names, whole)
    assert refused_by_limit(slack) == [] and counts.limited == 0
    assert counts.posted == messages and counts.sent_again_blindly == 0
    assert (
        took <= (messages - posted) / len(CHANNELS) / 0.9 + 40
    )  # near the most that Slack takes, after a last backoff


async def test_a_critical_tier_1_thread_is_told_within_5_seconds_although_10000_messages_wait(
    slack: SlackServer, rows: MessageRows, simulation: Simulation
) -> None:
    rows.want_many(10_000, CHANNELS)
    async with simulation.sending() as outbox:
        for _ in range(10):
            await simulation.step(1)
        root = rows.want_thread("grave", 0)
        lift(rows)
        first_post = await simulation.until(lambda: "grave" in threads_in(slack), step=0.5, within=30)
        for _ in range(5):
            await simulation.step(1)
        rows.want_replies("grave", root, range(1, 5))  # chart, diagnosis, evidence, card
        lift(rows)
        card = await simulation.until(lambda: threads_in(slack)["grave"][-1] == "4", step=0.5, within=30)
        assert outbox.counts.limited == 0
    assert first_post <= 1.5
    assert card <= 5.0
    assert threads_in(slack)["grave"] == ["first", "1", "2", "3", "4"]
    assert refused_by_limit(slack) == []


def lift(rows: MessageRows) -> None:
    """As `want` does for what is urgent of a critical incident of a tier-1 model, and for what stands before it."""
    with rows.database.write() as session:
        statement = f"UPDATE message SET priority = {Priority.FIRST.value} WHERE incident_id = 'grave'"  # noqa: S608 a constant
        session.connection().exec_driver_sql(statement)


async def test_a_decided_card_is_updated_at_once_while_hundreds_of_updates_wait(
    slack: SlackServer, rows: MessageRows, simulation: Simulation
) -> None:
    async with simulation.sending() as outbox:
        rows.want_thread("of a card", 0)
        await simulation.until(lambda: rows.waiting() == 0, step=1, within=5)
        ts = slack.workspace.messages.top_level("CINCIDENTS")[0].ts
        with rows.database.write() as session:
            for number in range(300):
                session.add(
                    MessageRecord(
                        incident_id=f"other {number}",
                        channel="CINCIDENTS",
                        kind=(MessageKind.ROOT if number % 2 else MessageKind.PROGRESS).value,
                        ts=ts,
                        wanted_revision=2,
                        sent_revision=1,
                        created_at=simulation.time.clock(),
                        sent_at=simulation.time.clock(),
                    )
                )
        for _ in range(30):
            await simulation.step(1)
        before = outbox.counts.updated
        with rows.database.write() as session:
            session.connection().exec_driver_sql(
                "UPDATE message SET wanted_revision = 2, kind = 'proposal' WHERE incident_id = 'of a card'"
            )
        took = await simulation.until(lambda: card_is_up_to_date(rows), step=0.25, within=10)
    assert before < 60  # the others keep to Slack's pace
    assert took <= 0.5
    assert refused_by_limit(slack) == []


def card_is_up_to_date(rows: MessageRows) -> bool:
    with rows.database.read() as session:
        statement = "SELECT sent_revision FROM message WHERE incident_id = 'of a card'"
        return session.connection().exec_driver_sql(statement).scalar_one() == 2


async def test_the_next_sender_goes_on_within_what_slack_still_takes(
    slack: SlackServer, rows: MessageRows, simulation: Simulation
) -> None:
    for number in range(8):
        rows.want_thread(f"thread {number}", 0)
    for owner in ("a", "b", "c"):
        async with simulation.sending(owner) as outbox:
            await simulation.step(0.5)
            assert outbox.is_sending
    async with simulation.sending("d"):
        await simulation.until(lambda: rows.waiting() == 0, step=0.5, within=15)
    assert refused_by_limit(slack) == []
    assert len(threads_in(slack)) == 8


async def test_the_next_sender_waits_as_long_as_slack_asked_the_one_before(
    slack: SlackServer, rows: MessageRows, simulation: Simulation
) -> None:
    rows.want_thread("one", 0)
    slack.workspace.faults.add("rate_limited", count=1, seconds=30, match="chat.postMessage")
    async with simulation.sending("a") as first:
        await simulation.step(0.5)
        assert first.counts.limited == 1
    async with simulation.sending("b") as second:
        took = await simulation.until(lambda: second.counts.posted == 1, step=0.5, within=60)
    assert 29 <= took <= 31
    assert len(slack.workspace.records.calls_of("chat.postMessage")) == 2


@thorough
async def test_usual_messages_go_out_in_the_order_in_which_they_were_wanted(
    slack: SlackServer, rows: MessageRows, simulation: Simulation
) -> None:
    rows.want_many(40, CHANNELS)
    async with simulation.sending():
        await simulation.until(lambda: rows.waiting() == 0, step=0.5, within=60)
    for channel in CHANNELS:
        texts = [one.text for one in slack.workspace.messages.top_level(channel)]
        numbers = [int(text.split("/")[0].split()[1]) for text in texts]
        assert all(a < b for a, b in pairwise(numbers))
