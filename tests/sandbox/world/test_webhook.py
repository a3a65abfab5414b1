"""Delivery over real HTTP: authorization, retries, and giving up."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from sandbox.world.alert_groups import Notification
from sandbox.world.webhook import Receiver, WebhookSender

NOTIFICATION = Notification((("model", "m"),), {"version": "4", "alerts": []}, frozenset(), frozenset(), ())


class Bot:
    """Answers with the statuses given, then with 200."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.requests: list[tuple[str | None, object]] = []
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        self.requests.append((request.headers.get("Authorization"), await request.json()))
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    found = Bot()
    app = web.Application()
    app.router.add_post("/webhooks/alertmanager", found.answer)
    async with TestServer(app) as server:
        found.url = str(server.make_url("/webhooks/alertmanager"))
        yield found


@pytest.fixture
async def sender() -> AsyncIterator[WebhookSender]:
    async with aiohttp.ClientSession() as session:
        yield WebhookSender(session, first_backoff_seconds=0.005)


async def test_the_payload_is_posted_with_the_bearer_token(bot: Bot, sender: WebhookSender):
    assert await sender.deliver(Receiver(bot.url, "secret"), NOTIFICATION, 5.0)
    assert bot.requests == [("Bearer secret", NOTIFICATION.payload)]


async def test_a_5xx_is_tried_again_at_once(bot: Bot, sender: WebhookSender):
    bot.statuses = [503, 500, 502]
    assert await sender.deliver(Receiver(bot.url, "secret"), NOTIFICATION, 5.0)
    assert len(bot.requests) == 4


@pytest.mark.parametrize("status", [400, 401, 413, 422])
async def test_a_4xx_is_left_for_the_next_look_at_the_group(bot: Bot, sender: WebhookSender, status: int):
    bot.statuses = [status]
    assert not await sender.deliver(Receiver(bot.url, "secret"), NOTIFICATION, 5.0)
    assert len(bot.requests) == 1


async def test_a_bot_that_is_away_is_given_up_in_the_end(monkeypatch: pytest.MonkeyPatch, sender: WebhookSender):
    monkeypatch.setattr("sandbox.world.webhook.ATTEMPT_SECONDS", 0.2)
    receiver = Receiver(f"http://127.0.0.1:{unused_port()}/", "secret")
    assert not await sender.deliver(receiver, NOTIFICATION, 0.2)
