"""A picture that somebody asked for, in the channel where they asked."""

from collections.abc import AsyncIterator

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.blocks.chart import chart_post
from bot.slack.clients import open_session, outbox_client
from bot.slack.showing import show
from sandbox.slack.messages import Message
from sandbox.slack.server import SlackServer

FILE = chart_post(b"\x89PNG picture", title="Remediations by month", said="2026-11: 7 proposed.", name="trust.png")
CHANNEL = "CINCIDENTS"


@pytest.fixture
async def client(slack: SlackServer) -> AsyncIterator[AsyncWebClient]:
    session = open_session()
    yield outbox_client(slack.workspace.credentials.bot_token, slack.slack_api_url, session)
    await session.close()


def posted(slack: SlackServer) -> list[Message]:
    return slack.workspace.messages.top_level(CHANNEL)


async def test_the_picture_stands_in_the_channel(slack: SlackServer, client: AsyncWebClient) -> None:
    assert await show(client, CHANNEL, FILE)
    (message,) = posted(slack)
    assert message.text == "Remediations by month"
    assert [block["type"] for block in message.blocks] == ["image"]
    assert message.blocks[0]["alt_text"] == "2026-11: 7 proposed."


async def test_where_the_app_is_no_member_it_says_no(slack: SlackServer, client: AsyncWebClient) -> None:
    assert not await show(client, "CNOSUCHCHANNEL", FILE)
    assert posted(slack) == []


async def test_a_picture_that_slack_has_not_taken_in_yet_is_shown_a_moment_later(
    slack: SlackServer, client: AsyncWebClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0
    files = slack.workspace.files
    known = files.is_shown

    def late(file_id: str) -> bool:
        nonlocal looks
        looks += 1
        return looks > 2 and known(file_id)

    monkeypatch.setattr(files, "is_shown", late)
    assert await show(client, CHANNEL, FILE, wait_s=0.01)
    assert looks == 3 and len(posted(slack)) == 1


async def test_a_picture_that_slack_never_takes_in_is_given_up(
    slack: SlackServer, client: AsyncWebClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(file_id: str) -> bool:
        return False

    monkeypatch.setattr(slack.workspace.files, "is_shown", never)
    assert not await show(client, CHANNEL, FILE, wait_s=0.01)
    assert posted(slack) == []


async def test_an_answer_that_was_lost_does_not_make_it_stand_there_twice(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    slack.workspace.faults.add("lost_answer", match="chat.postMessage")
    assert await show(client, CHANNEL, FILE, wait_s=0.01)
    assert len(posted(slack)) == 1


async def test_when_slack_is_down_it_says_no(slack: SlackServer, client: AsyncWebClient) -> None:
    slack.workspace.faults.add("down")
    assert not await show(client, CHANNEL, FILE, wait_s=0.01)
