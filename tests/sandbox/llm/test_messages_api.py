"""The local Messages API, spoken to by Anthropic's own client."""

import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web
from anthropic import (
    APIConnectionError,
    APIStatusError,
    AsyncAnthropic,
    AuthenticationError,
    BadRequestError,
    RateLimitError,
)
from anthropic.types import Message
from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.providers.anthropic import AnthropicProvider

from agents.brief import CaseBrief
from agents.strategies import look_first
from incidents.alert import AlertKind
from sandbox.llm.api import LocalMessagesApi
from sandbox.llm.part import LlmPart
from sandbox.llm.wire import Refusal, Reply, text, tool_use
from sandbox.parts import UnknownFault
from tests.agents.moments import NOW

MODEL = "claude-sonnet-5-5"
HELLO: list[Any] = [{"role": "user", "content": "hello"}]


@dataclass
class Local:
    """The API as a part, listening, with a client that never retries."""

    part: LlmPart
    client: AsyncAnthropic
    url: str

    @property
    def api(self) -> LocalMessagesApi:
        return self.part.api

    async def say(self, **changes: Any) -> Message:
        asked: dict[str, Any] = {"model": MODEL, "max_tokens": 100, "messages": HELLO, **changes}
        return cast(Message, await self.client.messages.create(**asked))


@pytest.fixture
async def local() -> AsyncIterator[Local]:
    app = web.Application()
    part = LlmPart()
    part.install(app, "token")
    runner = web.AppRunner(app)
    await runner.setup()
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    await web.SockSite(runner, listener).start()
    await part.start(f"http://127.0.0.1:{listener.getsockname()[1]}")
    url = part.ready_fields()["llm_url"]
    assert url is not None
    async with AsyncAnthropic(api_key="k", base_url=url, max_retries=0) as client:
        yield Local(part, client, url)
    await part.stop()
    await runner.cleanup()


async def test_a_scripted_text_comes_back_as_a_message(local: Local):
    local.api.script(text("hi there"))
    message = await local.say()
    assert message.content[0].type == "text"
    assert message.content[0].text == "hi there"
    assert (message.model, message.stop_reason) == (MODEL, "end_turn")
    assert message.usage.input_tokens > 0
    assert local.api.bodies[0]["messages"] == HELLO


async def test_a_scripted_call_comes_back_as_tool_use(local: Local):
    local.api.script(tool_use("look", {"at": "metrics"}))
    message = await local.say(tools=[{"name": "look", "input_schema": {"type": "object"}}])
    assert message.stop_reason == "tool_use"
    assert message.content[0].type == "tool_use"
    assert message.content[0].input == {"at": "metrics"}


async def test_streams_carry_the_same_message(local: Local):
    words = "word " * 300
    call = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"at": "x" * 900}}
    local.api.script(Reply([{"type": "text", "text": words}, call], "tool_use"))
    async with local.client.messages.stream(model=MODEL, max_tokens=100, messages=HELLO) as stream:
        message = await stream.get_final_message()
    assert message.content[0].type == "text"
    assert message.content[0].text == words
    assert message.content[1].type == "tool_use"
    assert message.content[1].input == {"at": "x" * 900}
    assert message.stop_reason == "tool_use"
    assert message.usage.output_tokens > 1


async def test_a_key_is_asked_for(local: Local):
    local.api.api_key = "the right one"
    with pytest.raises(AuthenticationError) as refused:
        await local.say()
    assert refused.value.body == {
        "type": "error",
        "error": {"type": "authentication_error", "message": "invalid x-api-key"},
        "request_id": refused.value.request_id,
    }


async def test_requests_that_the_real_api_refuses_are_refused(local: Local):
    bodies: list[dict[str, Any]] = [
        {"messages": [{"role": "assistant", "content": "me first"}]},
        {"messages": []},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "x", "cache_control": {}}] * 5}]},
        {
            "messages": [
                *HELLO,
                {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "n", "input": {}}]},
                *HELLO,
            ]
        },
    ]
    for body in bodies:
        with pytest.raises(BadRequestError):
            await local.say(**body)
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"{local.url}/v1/messages",
            data=b"not json",
            headers={"x-api-key": "k", "anthropic-version": "2023-06-01"},
        ) as response,
    ):
        assert response.status == 400


async def test_rate_limits_come_with_a_time_to_wait(local: Local):
    local.api.inject("rate_limited", count=1)
    with pytest.raises(RateLimitError) as refused:
        await local.say()
    assert refused.value.response.headers["retry-after"] == "1"
    local.api.script(text("now"))
    assert (await local.say()).content[0].type == "text"


async def test_overload_is_status_529(local: Local):
    local.api.inject("overloaded")
    with pytest.raises(APIStatusError) as refused:
        await local.say()
    assert refused.value.status_code == 529
    assert refused.value.type == "overloaded_error"


async def test_scripted_errors_have_their_status_and_type(local: Local):
    local.api.script(Refusal(500, "boom"))
    with pytest.raises(APIStatusError) as refused:
        await local.say()
    assert (refused.value.status_code, refused.value.type) == (500, "api_error")


async def test_a_cut_answer_is_a_broken_connection(local: Local):
    local.api.inject("cut_stream")
    local.api.script(text("hello " * 100), text("hello " * 100))
    with pytest.raises(APIConnectionError):
        await local.say()
    with pytest.raises(Exception, match="(?i)peer closed|incomplete|connection|eof"):
        async with local.client.messages.stream(model=MODEL, max_tokens=100, messages=HELLO) as stream:
            await stream.get_final_message()


async def test_nonsense_is_prose_first_and_no_message_then(local: Local):
    local.api.inject("nonsense")
    local.api.script(text("a"), text("b"))
    first = await local.say()
    assert first.content[0].type == "text"
    raw = await local.client.messages.with_raw_response.create(model=MODEL, max_tokens=10, messages=HELLO)
    assert json.loads(await raw.read()) == {"lorem": ["ipsum"]}


async def test_the_marked_prefix_is_written_to_the_cache_once_and_read_after(local: Local):
    system: Any = [{"type": "text", "text": "long " * 1_500, "cache_control": {"type": "ephemeral"}}]
    local.api.script(text("a"), text("b"))
    first, second = await local.say(system=system), await local.say(system=system)
    assert (first.usage.cache_creation_input_tokens or 0) > 100
    assert first.usage.cache_read_input_tokens == 0
    assert second.usage.cache_creation_input_tokens == 0
    assert second.usage.cache_read_input_tokens == first.usage.cache_creation_input_tokens


class CaseKind(BaseModel):
    """What triage says, as native structured output."""

    case_kind: AlertKind
    look_first: tuple[str, ...] = ()
    suspicion: str = ""


async def test_the_rules_also_answer_native_structured_output(local: Local):
    brief = CaseBrief.model_validate(
        {
            "incident": "INC-1",
            "model": "m",
            "listed": True,
            "tier": 2,
            "alerts_since": NOW,
            "now": NOW,
            "change_may_precede_onset": 60,
            "clock_slack": 10,
        }
    )
    model = AnthropicModel(MODEL, provider=AnthropicProvider(anthropic_client=local.client))
    result = await Agent(model, output_type=NativeOutput(CaseKind)).run(brief.fenced())
    assert result.output.case_kind is AlertKind.OTHER
    assert result.output.look_first == look_first(AlertKind.OTHER)
    assert "tools" not in local.api.bodies[0]


async def test_the_part_lists_counts_and_ends_its_faults(local: Local):
    local.part.add_fault("overloaded", 2, None, None)
    local.part.add_fault("nonsense", None, 60.0, None)
    assert [(f["kind"], f["count"]) for f in local.part.faults()] == [("overloaded", 2), ("nonsense", None)]
    with pytest.raises(APIStatusError):
        await local.say()
    assert local.part.faults()[0]["count"] == 1
    local.part.clear_faults()
    assert local.part.faults() == []
    with pytest.raises(UnknownFault, match="rate_limited"):
        local.part.add_fault("toothache", None, None, None)
    assert local.part.state_fields() == {"llm": {"requests": 1}}


async def test_reset_forgets_scripts_and_faults(local: Local):
    local.api.script(text("never said"))
    local.part.add_fault("down", None, None, None)
    local.part.reset()
    message = await local.say()
    assert message.content[0].type == "text"
    assert "no case here" in message.content[0].text
