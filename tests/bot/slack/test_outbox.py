"""The outbox against a Slack that limits, fails and forgets to answer, over real HTTP."""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

import pytest

from bot.slack.clients import open_session, outbox_client
from bot.slack.delivering import RENDERED_AT_ONCE, Render
from bot.slack.outbox import Outbox
from bot.slack.rendered import FilePost, Rendered
from incidents.message import MessageKind, OutboxMessage, Priority
from sandbox.slack.messages import Message
from sandbox.slack.server import SlackServer
from sandbox.slack.web_api.uploads import MAX_FILE_BYTES
from tests.bot.slack.fakes import FakeStore, eventually, render_plainly


@dataclass
class Bench:
    """A store, an outbox that can be started again as after a crash, and the Slack it sends to."""

    slack: SlackServer
    store: FakeStore
    render: Render = render_plainly
    outbox: Outbox | None = None
    task: "asyncio.Task[None] | None" = None
    lives: int = 0

    async def start(self) -> Outbox:
        self.session = open_session()
        token = self.slack.workspace.credentials.bot_token
        client = outbox_client(token, self.slack.slack_api_url, self.session)
        self.lives += 1
        instance = f"life {self.lives}"
        self.outbox = Outbox(client, self.store, self.render, "here", instance, installation="test", repair_seconds=0.2)
        self.task = asyncio.create_task(self.outbox.run())
        return self.outbox

    async def stop(self) -> None:
        if self.task is not None:
            self.task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.task
            self.task = None
            await self.session.close()

    def wake(self) -> None:
        assert self.outbox is not None
        self.outbox.wake()

    async def settle(self, within: float = 15.0) -> None:
        self.wake()
        await eventually(lambda: self.store.settled, within=within)

    def posted(self, channel: str = "CINCIDENTS") -> list[Message]:
        workspace = self.slack.workspace
        roots = workspace.messages.top_level(channel)
        return [message for root in roots for message in [root, *workspace.messages.thread(channel, root.ts)[1:]]]

    def texts(self, channel: str = "CINCIDENTS") -> list[str]:
        return [message.text for message in self.posted(channel)]

    def calls(self, method: str) -> list[float]:
        return [call.at for call in self.slack.workspace.records.calls_of(method)]


@pytest.fixture
async def bench(slack: SlackServer) -> AsyncIterator[Bench]:
    made = Bench(slack, FakeStore())
    yield made
    await made.stop()


async def test_a_first_post_leaves_within_milliseconds_of_the_wake(bench: Bench) -> None:
    await bench.start()
    bench.store.want()
    await bench.settle()  # connection open, code loaded
    woken = time.time()
    bench.store.want()
    await bench.settle()
    assert bench.calls("chat.postMessage")[-1] - woken < 0.1


async def test_replies_follow_their_root_in_order_of_their_rows(bench: Bench) -> None:
    root = bench.store.want()
    for kind in (MessageKind.PROGRESS, MessageKind.DIAGNOSIS):
        bench.store.want(kind=kind, root=root)
    bench.store.want(kind=MessageKind.PROPOSAL, root=root, urgent=True)
    await bench.start()
    await bench.settle()
    assert bench.texts() == [f"message {n} revision 1" for n in (1, 2, 3, 4)]
    assert {message.thread_ts for message in bench.posted()[1:]} == {bench.posted()[0].ts}


async def test_an_urgent_thread_goes_first(bench: Bench) -> None:
    for _ in range(4):
        bench.store.want()
    urgent = bench.store.want(urgent=True)
    await bench.start()
    await bench.settle()
    assert bench.texts()[0] == f"message {urgent} revision 1"


async def test_posts_keep_to_a_message_a_second_and_channel_after_a_burst(bench: Bench) -> None:
    for _ in range(5):
        bench.store.want()
    bench.store.want("CPLATFORM")
    began = time.monotonic()
    outbox = await bench.start()
    await eventually(lambda: len(bench.texts("CPLATFORM")) == 1)
    assert time.monotonic() - began < 1.0  # another channel does not wait for the first
    await bench.settle()
    assert len(bench.texts()) == 5
    assert outbox.counts.limited == 0


async def test_a_message_that_took_long_to_render_does_not_make_the_next_ones_too_fast(slack: SlackServer) -> None:
    drawn = asyncio.Event()

    async def render(message: OutboxMessage) -> Rendered:
        if message.kind is MessageKind.CHART:
            await drawn.wait()
        return await render_plainly(message)

    bench = Bench(slack, FakeStore(), render)
    root = bench.store.want()
    bench.store.want(kind=MessageKind.CHART, root=root)
    for _ in range(4):
        bench.store.want(kind=MessageKind.NOTE, root=root)
    outbox = await bench.start()
    asyncio.get_running_loop().call_later(2.5, drawn.set)
    await bench.settle()
    await bench.stop()
    assert len(bench.texts()) == 6
    assert outbox.counts.limited == 0


async def test_updates_of_one_message_are_joined_and_throttled(bench: Bench) -> None:
    id = bench.store.want()
    await bench.start()
    await bench.settle()
    for _ in range(30):
        bench.store.change(id)
        bench.wake()
        await asyncio.sleep(0.02)
    await bench.settle()
    assert bench.texts() == ["message 1 revision 31"]
    assert len(bench.calls("chat.update")) <= 3


async def test_a_rate_limit_is_honoured_to_the_second(bench: Bench) -> None:
    bench.slack.workspace.faults.add("rate_limited", count=1, seconds=2, match="chat.postMessage")
    bench.store.want()
    outbox = await bench.start()
    await bench.settle()
    refused, taken = bench.calls("chat.postMessage")
    assert 2.0 <= taken - refused < 3.0
    assert outbox.counts.limited == 1


async def test_nothing_is_lost_doubled_or_overtaken_while_slack_is_down(bench: Bench) -> None:
    outbox = await bench.start()
    root = bench.store.want()
    await bench.settle()
    bench.slack.workspace.faults.add("down", seconds=2.0)
    replies = [bench.store.want(kind=MessageKind.NOTE, root=root) for _ in range(4)]
    bench.store.change(root)
    bench.wake()
    await eventually(lambda: outbox.counts.posted == 1 and len(bench.calls("chat.postMessage")) > 1)
    await bench.settle()
    assert bench.texts() == ["message 1 revision 2", *(f"message {n} revision 1" for n in replies)]


async def test_a_post_whose_answer_was_lost_is_found_and_not_sent_again(bench: Bench) -> None:
    bench.slack.workspace.faults.add("lost_answer", count=1, match="chat.postMessage")
    bench.store.want()
    outbox = await bench.start()
    await bench.settle()
    assert bench.texts() == ["message 1 revision 1"]
    assert outbox.counts.found_again == 1
    assert bench.store.rows[1].ts == bench.posted()[0].ts


async def test_a_reply_whose_answer_was_lost_is_found_in_its_thread(bench: Bench) -> None:
    root = bench.store.want()
    outbox = await bench.start()
    await bench.settle()
    bench.slack.workspace.faults.add("lost_answer", count=1, match="chat.postMessage")
    bench.store.want(kind=MessageKind.PROPOSAL, root=root)
    await bench.settle()
    assert len(bench.texts()) == 2
    assert outbox.counts.found_again == 1


async def test_without_the_scope_to_look_a_lost_post_is_sent_again_and_counted(slack: SlackServer) -> None:
    slack.workspace.credentials = type(slack.workspace.credentials)(
        slack.workspace.credentials.bot_token,
        slack.workspace.credentials.app_token,
        slack.workspace.credentials.signing_secret,
        ("chat:write",),
    )
    bench = Bench(slack, FakeStore())
    slack.workspace.faults.add("lost_answer", count=1, match="chat.postMessage")
    bench.store.want()
    outbox = await bench.start()
    await bench.settle()
    await bench.stop()
    assert outbox.counts.sent_again_blindly == 1
    assert len(bench.texts()) == 2


async def test_a_crash_between_post_and_row_does_not_post_twice(bench: Bench) -> None:
    bench.store.lose_sent = 1_000
    bench.store.want()
    await bench.start()
    bench.wake()
    await eventually(lambda: len(bench.texts()) == 1)
    await bench.stop()
    bench.store.lose_sent = 0
    outbox = await bench.start()
    await bench.settle()
    assert bench.texts() == ["message 1 revision 1"]
    assert outbox.counts.found_again == 1


async def test_a_database_that_goes_away_after_the_post_is_written_when_it_is_back(bench: Bench) -> None:
    bench.store.lose_sent = 2
    bench.store.want()
    await bench.start()
    await bench.settle()
    assert bench.texts() == ["message 1 revision 1"]


class SlowStore(FakeStore):
    """Hands its rows out late: what was sent meanwhile is not yet sent in them."""

    def __init__(self) -> None:
        super().__init__()
        self.slow = False
        self.reading, self.hand_out = threading.Event(), threading.Event()

    def due(self, now: datetime, limit: int) -> list[OutboxMessage]:
        rows = super().due(now, limit)
        if self.slow and rows:
            self.slow = False
            self.reading.set()
            assert self.hand_out.wait(10)
        return rows


async def test_rows_read_before_a_message_was_written_down_do_not_post_it_twice(slack: SlackServer) -> None:
    rendering, go_on = asyncio.Event(), asyncio.Event()

    async def render(message: OutboxMessage) -> Rendered:
        rendering.set()
        await go_on.wait()
        return await render_plainly(message)

    store = SlowStore()
    bench = Bench(slack, store, render)
    store.want()
    await bench.start()
    await rendering.wait()
    store.slow = True
    bench.wake()
    await eventually(store.reading.is_set)
    go_on.set()
    await eventually(lambda: store.settled and not any(one.get_name() == "message 1" for one in asyncio.all_tasks()))
    store.hand_out.set()
    store.want()  # sent by a later look
    await bench.settle()
    await bench.stop()
    assert bench.texts() == ["message 1 revision 1", "message 2 revision 1"]


async def test_an_unreadable_store_does_not_stop_the_outbox(bench: Bench) -> None:
    bench.store.broken = ConnectionError("down")
    await bench.start()
    bench.store.want()
    bench.wake()
    await eventually(lambda: bench.store.refused > 0)
    bench.store.broken = None
    await bench.settle()
    assert len(bench.texts()) == 1


async def test_a_restart_sends_what_was_left_in_order(bench: Bench) -> None:
    root = bench.store.want()
    replies = [bench.store.want(kind=MessageKind.NOTE, root=root) for _ in range(4)]
    await bench.start()
    bench.wake()
    await eventually(lambda: len(bench.texts()) >= 2)
    await bench.stop()
    await bench.start()
    await bench.settle()
    assert bench.texts() == [f"message {n} revision 1" for n in (root, *replies)]


async def test_a_channel_the_bot_was_not_invited_to_stops_no_other_and_is_told_once_it_was(bench: Bench) -> None:
    waiting = bench.store.want("CGENERAL")
    bench.store.want()
    outbox = await bench.start()
    outbox.wake()
    await eventually(lambda: len(bench.texts()) == 1 and outbox.counts.refused > 0)
    assert not bench.store.rows[waiting].given_up
    bench.slack.workspace.channels["CGENERAL"].members.add("UAGENTOPS")
    await bench.settle()
    assert len(bench.texts("CGENERAL")) == 1


async def test_a_channel_that_is_not_there_stops_no_other(bench: Bench) -> None:
    waiting = bench.store.want("CNOWHERE")
    bench.store.want()
    outbox = await bench.start()
    outbox.wake()
    await eventually(lambda: len(bench.texts()) == 1 and outbox.counts.refused > 0)
    assert not bench.store.rows[waiting].given_up


async def test_refused_blocks_go_as_plain_words(slack: SlackServer) -> None:
    async def render(message: OutboxMessage) -> Rendered:
        return Rendered("what it says", [{"type": "section", "text": {"type": "plain_text", "text": "x" * 5_000}}])

    bench = Bench(slack, FakeStore(), render)
    bench.store.want()
    await bench.start()
    await bench.settle()
    await bench.stop()
    assert bench.texts() == ["what it says"]
    assert bench.posted()[0].blocks == []


async def test_a_message_that_cannot_be_rendered_is_given_up_in_the_end_and_its_thread_goes_on(
    slack: SlackServer,
) -> None:
    async def render(message: OutboxMessage) -> Rendered | None:
        if message.kind is MessageKind.PROGRESS:
            raise KeyError("a bug of ours")
        return None if message.kind is MessageKind.NOTE else await render_plainly(message)

    bench = Bench(slack, FakeStore(), render)
    root = bench.store.want()
    bad = bench.store.want(kind=MessageKind.PROGRESS, root=root)
    bench.store.rows[bad].attempts = 4
    bench.store.want(kind=MessageKind.NOTE, root=root)
    good = bench.store.want(kind=MessageKind.DIAGNOSIS, root=root)
    await bench.start()
    await bench.settle()
    await bench.stop()
    assert bench.texts() == [f"message {root} revision 1", f"message {good} revision 1"]
    assert "rendered" in bench.store.rows[bad].given_up


async def test_a_picture_is_uploaded_and_shown(slack: SlackServer) -> None:
    async def render(message: OutboxMessage) -> FilePost:
        def around(file_id: str) -> Rendered:
            return Rendered("chart", [{"type": "image", "slack_file": {"id": file_id}, "alt_text": "p99"}])

        return FilePost("p99.png", "p99", "p99 rose", b"\x89PNG not really", around)

    bench = Bench(slack, FakeStore(), render)
    bench.store.want()
    await bench.start()
    await bench.settle()
    await bench.stop()
    file_id = bench.posted()[0].blocks[0]["slack_file"]["id"]
    file = slack.workspace.files.get(file_id)
    assert file is not None and file.content == b"\x89PNG not really" and file.alt_txt == "p99 rose"


def picture(alt_text: str, *, content: bytes = b"\x89PNG not really", words_instead: bool = True) -> FilePost:
    def around(file_id: str) -> Rendered:
        return Rendered("chart", [{"type": "image", "slack_file": {"id": file_id}, "alt_text": alt_text}])

    return FilePost("p.png", "p99", alt_text, content, around, words_instead)


async def test_alternative_text_is_whole_in_the_message_and_as_long_as_an_upload_takes(slack: SlackServer) -> None:
    async def render(message: OutboxMessage) -> FilePost:
        return picture("a" * 1_900)

    bench = Bench(slack, FakeStore(), render)
    bench.store.want()
    await bench.start()
    await bench.settle()
    await bench.stop()
    (block,) = bench.posted()[0].blocks
    file = slack.workspace.files.get(block["slack_file"]["id"])
    assert len(block["alt_text"]) == 1_900
    assert file is not None and len(file.alt_txt) == 1_000


@pytest.mark.parametrize("words_instead", [True, False])
async def test_a_picture_that_slack_refuses_leaves_its_words_or_nothing(
    slack: SlackServer, words_instead: bool
) -> None:
    async def render(message: OutboxMessage) -> FilePost | Rendered:
        if message.kind is MessageKind.CHART:
            return picture("p99 rose", content=bytes(MAX_FILE_BYTES + 1), words_instead=words_instead)
        return await render_plainly(message)

    bench = Bench(slack, FakeStore(), render)
    root = bench.store.want()
    chart = bench.store.want(kind=MessageKind.CHART, root=root)
    after = bench.store.want(kind=MessageKind.NOTE, root=root)
    await bench.start()
    await bench.settle()
    await bench.stop()
    between = ["p99: p99 rose"] if words_instead else []
    assert bench.texts() == [f"message {root} revision 1", *between, f"message {after} revision 1"]
    assert ("file_upload_size_restricted" in bench.store.rows[chart].given_up) == (not words_instead)


async def test_links_do_not_unfurl_and_a_post_carries_its_rows_id(bench: Bench) -> None:
    bench.store.want()
    await bench.start()
    await bench.settle()
    [call] = bench.slack.workspace.records.calls_of("chat.postMessage")
    assert call.args["unfurl_links"] is False and call.args["unfurl_media"] is False
    metadata = bench.posted()[0].metadata
    assert metadata is not None and metadata["event_payload"]["message_id"] == 1


class Renderings:
    """A rendering that ends when it is told to, and how many are under way."""

    def __init__(self) -> None:
        self.under_way: list[int] = []
        self.go_on = asyncio.Event()

    async def render(self, message: OutboxMessage) -> Rendered:
        if message.priority is not Priority.FIRST:
            self.under_way.append(message.id)
            await self.go_on.wait()
        return await render_plainly(message)


async def test_what_goes_before_everything_does_not_wait_for_what_others_show(slack: SlackServer) -> None:
    renderings = Renderings()
    bench = Bench(slack, FakeStore(), renderings.render)
    for channel in ("CINCIDENTS", "CPLATFORM"):
        for _ in range(RENDERED_AT_ONCE):
            bench.store.want(channel)
    await bench.start()
    await eventually(lambda: len(renderings.under_way) == RENDERED_AT_ONCE)
    first = [bench.store.want() for _ in range(4)]
    for id in first:
        bench.store.rows[id].priority = Priority.FIRST
    bench.wake()
    # Four of them at Slack's pace in one channel: meanwhile that pace would let others go in the other channel.
    await eventually(lambda: all(bench.store.rows[id].ts is not None for id in first))
    assert len(renderings.under_way) == RENDERED_AT_ONCE, "no more are rendered at once"
    renderings.go_on.set()
    await bench.settle()
    assert len(set(renderings.under_way)) == 2 * RENDERED_AT_ONCE
    await bench.stop()
