"""That the sender behaves as Alertmanager does, against a receiver that misbehaves."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from tests.fleet.alertmanager import AlertSender
from tests.fleet.alerts import outage, payload_of
from tools.alertmanager.payload import WebhookPayload

AT = datetime(2026, 1, 1, 3, tzinfo=UTC)
Json = dict[str, Any]


@dataclass
class Receiver:
    """Answers with these codes in turn, then with 200."""

    answers: list[int] = field(default_factory=list[int])
    got: list[Json] = field(default_factory=list[Json])
    url: str = ""

    async def take(self, request: web.Request) -> web.Response:
        """One notification."""
        self.got.append(await request.json())
        code = self.answers.pop(0) if self.answers else 200
        if code == 0 and request.transport is not None:
            request.transport.abort()
        return web.Response(status=code or 200)

    @property
    def sizes(self) -> list[int]:
        """Alerts of each notification."""
        return [len(one["alerts"]) for one in self.got]


@asynccontextmanager
async def receiving(*answers: int) -> AsyncGenerator[Receiver]:
    receiver = Receiver(list(answers))
    app = web.Application()
    app.router.add_post("/webhooks/alertmanager", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield receiver
    await runner.cleanup()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - it is another's state
            await asyncio.sleep(0.005)


def sender_to(receiver: Receiver, interval: float = 0.2) -> AlertSender:
    return AlertSender(lambda: [receiver.url], "token", group_wait=0.01, group_interval=interval)


async def test_a_group_is_sent_whole_again_when_an_alert_joins_it() -> None:
    first, second = outage("model-000", 2, since=AT)
    async with receiving() as receiver, sender_to(receiver) as sender:
        sender.put(first)
        await until(lambda: sender.all_taken)
        sender.put(second)
        await until(lambda: sender.all_taken)
    assert receiver.sizes == [1, 2]
    assert sender.acknowledged.firing == {first.episode, second.episode}


async def test_what_has_resolved_is_told_once_and_then_left_out() -> None:
    first, second = outage("model-000", 2, since=AT)
    async with receiving() as receiver, sender_to(receiver) as sender:
        sender.put(first, second)
        await until(lambda: sender.all_taken)
        sender.put(first.resolved(AT))
        await until(lambda: sender.all_taken)
        sender.put(second.resolved(AT))
        await until(lambda: sender.all_taken)
    assert [[one["status"] for one in told["alerts"]] for told in receiver.got] == [
        ["firing", "firing"],
        ["resolved", "firing"],
        ["resolved"],
    ]
    assert sender.acknowledged.resolved == {first.episode, second.episode}


@pytest.mark.parametrize("answer", [503, 500, 0])
async def test_errors_and_lost_connections_are_tried_again_within_the_interval(answer: int) -> None:
    async with receiving(answer) as receiver, sender_to(receiver, interval=60) as sender:
        sender.put(*outage("model-000", 1, since=AT))
        await until(lambda: sender.all_taken)
    assert receiver.sizes == [1, 1]
    assert [one.status for one in sender.deliveries] == [answer, 200]


async def test_a_refusal_comes_again_with_the_next_interval_only() -> None:
    async with receiving(400) as receiver, sender_to(receiver) as sender:
        sender.put(*outage("model-000", 1, since=AT))
        await until(lambda: sender.all_taken)
    first, second = sender.deliveries
    assert (first.status, second.status) == (400, 200)
    assert second.at - first.at >= 0.15


async def test_nothing_is_acknowledged_without_an_answer() -> None:
    async with receiving(*[500] * 50) as receiver, sender_to(receiver) as sender:
        sender.put(*outage("model-000", 1, since=AT))
        await until(lambda: bool(receiver.got))
    assert not sender.acknowledged.firing


def test_its_payloads_are_those_that_the_bot_reads() -> None:
    alerts = outage("model-000", 3, since=AT)
    payload = WebhookPayload.model_validate(payload_of("model-000", [alerts[0].resolved(AT), *alerts[1:]]))
    read = payload.to_alerts()
    assert [(one.fingerprint, one.starts_at) for one in read] == [one.episode for one in alerts]
    assert [one.status for one in read] == ["resolved", "firing", "firing"]
    assert payload.status == "firing"
