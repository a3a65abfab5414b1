"""Claude by Anthropic's client, with bounded retries in the transport. Imported only where there is a key."""

from typing import Any, Literal

import httpx2
from anthropic import AsyncAnthropic
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_ai.models import create_async_httpx2_client
from pydantic_ai.models.anthropic import AnthropicModel, AnthropicModelSettings
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.retries import AsyncHTTPX2TenacityTransport, RetryConfig, wait_retry_after
from tenacity import retry_if_exception, stop_after_attempt, wait_exponential_jitter

from agents.llm_config import LlmConfig


class _Message(BaseModel):
    """As much of a message's shape as everything after it relies on."""

    type: Literal["message"]
    model: str
    content: list[dict[str, Any]]
    usage: dict[str, Any]


_MESSAGE = TypeAdapter(_Message)
RETRIED = frozenset({429, 500, 502, 503, 504, 529})
"""Statuses after which the same request may succeed."""


def claude(config: LlmConfig) -> tuple[AnthropicModel, httpx2.AsyncClient]:
    """The model, and the HTTP client to close at the end."""
    assert config.api_key is not None  # noqa: S101 - for the type checker: `build` has asked
    transport = AsyncHTTPX2TenacityTransport(
        RetryConfig(
            retry=retry_if_exception(_worth_another_try),
            wait=wait_retry_after(
                fallback_strategy=wait_exponential_jitter(multiplier=0.5, max=config.longest_retry_wait_s),
                max_wait=config.longest_retry_wait_s,
            ),
            stop=stop_after_attempt(config.attempts),
            reraise=True,
        ),
        validate_response=_raise_for_retry,
    )
    client = create_async_httpx2_client(timeout=config.request_timeout_s, transport=_Edge(transport))
    anthropic = AsyncAnthropic(
        api_key=config.api_key.get_secret_value(),
        base_url=config.base_url,
        http_client=client,
        max_retries=0,
    )
    settings = AnthropicModelSettings(max_tokens=config.max_output_tokens, timeout=config.request_timeout_s)
    if config.caching:
        settings["anthropic_cache_instructions"] = True
        settings["anthropic_cache_tool_definitions"] = True
        settings["anthropic_cache"] = True
    model = AnthropicModel(config.model_name, provider=AnthropicProvider(anthropic_client=anthropic), settings=settings)
    return model, client


class _Retryable(httpx2.HTTPStatusError):
    """An answer worth another try."""


class _Edge(httpx2.AsyncBaseTransport):
    """Hands on answers that Anthropic's client knows how to take, and nothing else.

    When tries run out, the status goes on, and the client maps it to an error of its own. A good status with a body
    that is no message becomes a bad gateway: past this point code trusts the shape of what it reads.
    """

    def __init__(self, retrying: AsyncHTTPX2TenacityTransport) -> None:
        self._retrying = retrying

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        try:
            response = await self._retrying.handle_async_request(request)
        except _Retryable as refused:
            return _error(refused.response.status_code, "refused", request)
        is_stream = "event-stream" in response.headers.get("content-type", "")
        if response.is_success and not is_stream and not _is_message(await response.aread()):
            return _error(502, "the answer is no message", request)
        return response

    async def aclose(self) -> None:
        await self._retrying.aclose()


def _error(status: int, words: str, request: httpx2.Request) -> httpx2.Response:
    body = {"type": "error", "error": {"type": "api_error", "message": words}}
    return httpx2.Response(status, json=body, request=request)


def _is_message(body: bytes) -> bool:
    try:
        _MESSAGE.validate_json(body)
    except ValidationError:
        return False
    return True


def _raise_for_retry(response: httpx2.Response) -> None:
    if response.status_code in RETRIED:
        raise _Retryable(f"status {response.status_code}", request=response.request, response=response)


def _worth_another_try(error: BaseException) -> bool:
    return isinstance(error, _Retryable | httpx2.ConnectError | httpx2.ConnectTimeout)
