"""The HTTP client of every language model: bounded retries, and an edge past which the shape of answers is trusted."""

from collections.abc import Callable

import httpx2
from pydantic_ai.models import create_async_httpx2_client
from pydantic_ai.retries import AsyncHTTPX2TenacityTransport, RetryConfig, wait_retry_after
from tenacity import retry_if_exception, stop_after_attempt, wait_exponential_jitter

from agents.llm_config import LlmConfig

RETRIED = frozenset({429, 500, 502, 503, 504, 529})
"""Statuses after which the same request may succeed."""


def patient_client(config: LlmConfig, is_answer: Callable[[bytes], bool] | None = None) -> httpx2.AsyncClient:
    """A client that asks again as often as the configuration says, and waits as the API asks.

    `is_answer`: whether a body is of the shape that everything after it relies on; another becomes a bad gateway.
    """
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
    return create_async_httpx2_client(timeout=config.request_timeout_s, transport=_Edge(transport, is_answer))


class _Retryable(httpx2.HTTPStatusError):
    """An answer worth another try."""


class _Edge(httpx2.AsyncBaseTransport):
    """Hands on answers that the providers' clients know how to take, and nothing else.

    When tries run out, the status goes on, and the client maps it to an error of its own. A good status with a body
    of another shape becomes a bad gateway: past this point code trusts the shape of what it reads.
    """

    def __init__(self, retrying: AsyncHTTPX2TenacityTransport, is_answer: Callable[[bytes], bool] | None) -> None:
        self._retrying = retrying
        self._is_answer = is_answer

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        try:
            response = await self._retrying.handle_async_request(request)
        except _Retryable as refused:
            return _error(refused.response.status_code, "refused", request)
        is_stream = "event-stream" in response.headers.get("content-type", "")
        if self._is_answer is None or not response.is_success or is_stream or self._is_answer(await response.aread()):
            return response
        return _error(502, "the answer has another shape", request)

    async def aclose(self) -> None:
        await self._retrying.aclose()


def _error(status: int, words: str, request: httpx2.Request) -> httpx2.Response:
    body = {"type": "error", "error": {"type": "api_error", "message": words}}
    return httpx2.Response(status, json=body, request=request)


def _raise_for_retry(response: httpx2.Response) -> None:
    if response.status_code in RETRIED:
        raise _Retryable(f"status {response.status_code}", request=response.request, response=response)


def _worth_another_try(error: BaseException) -> bool:
    return isinstance(error, _Retryable | httpx2.ConnectError | httpx2.ConnectTimeout)
