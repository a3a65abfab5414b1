"""Bad days on demand."""

import time
from typing import Any, cast

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.server import SlackServer


async def test_rate_limited_hits_the_matching_method_once(client: Any, hand: Any) -> None:
    await hand.post("faults/slack", kind="rate_limited", match="chat.postMessage", seconds=7)
    await client.auth_test()
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel="CINCIDENTS", text="x")
    response = cast(Any, caught.value).response
    assert response.headers["Retry-After"] == "7"
    await client.chat_postMessage(channel="CINCIDENTS", text="x")


async def test_a_client_that_retries_gets_through_a_rate_limit(server: SlackServer, hand: Any) -> None:
    patient: Any = AsyncWebClient(
        token=server.workspace.credentials.bot_token,
        base_url=server.slack_api_url,
        retry_handlers=[AsyncRateLimitErrorRetryHandler(max_retry_count=1)],
    )
    await hand.post("faults/slack", kind="rate_limited", match="chat.postMessage")
    await patient.chat_postMessage(channel="CINCIDENTS", text="x")
    assert [call.status for call in server.workspace.records.calls_of("chat.postMessage")] == [429, 200]


async def test_latency_delays_an_answer(client: Any, hand: Any) -> None:
    await hand.post("faults/slack", kind="latency", seconds=0.2, count=1)
    started = time.monotonic()
    await client.auth_test()
    assert time.monotonic() - started >= 0.2


async def test_down_answers_503_until_it_is_cleared(client: Any, hand: Any) -> None:
    await hand.post("faults/slack", kind="down")
    with pytest.raises(SlackApiError):
        await client.auth_test()
    assert (await hand.get("faults"))["slack"] == [{"kind": "down", "count": None, "seconds": None, "match": None}]
    await hand.delete("faults")
    assert (await client.auth_test())["ok"] is True


async def test_a_lost_answer_still_takes_effect(server: SlackServer, hand: Any) -> None:
    once: Any = AsyncWebClient(
        token=server.workspace.credentials.bot_token, base_url=server.slack_api_url, retry_handlers=[]
    )
    await hand.post("faults/slack", kind="lost_answer", match="chat.postMessage")
    with pytest.raises(aiohttp.ClientError):
        await once.chat_postMessage(channel="CINCIDENTS", text="did you get this?")
    assert [message["text"] for message in await hand.messages()] == ["did you get this?"]


async def test_the_sdk_s_default_client_posts_twice_when_an_answer_is_lost(client: Any, hand: Any) -> None:
    await hand.post("faults/slack", kind="lost_answer", match="chat.postMessage")
    await client.chat_postMessage(channel="CINCIDENTS", text="again")
    assert [message["text"] for message in await hand.messages()] == ["again", "again"]


async def test_unheard_faults_are_refused(hand: Any) -> None:
    assert (await hand.post("faults/slack", kind="earthquake"))["error"] == "unknown_fault"
    assert (await hand.post("faults/slack", kind="latency", seconds="long"))["error"] == "missing_argument"
