"""The two clients of a workspace: one for messages that must not go out twice, one for everything else."""

from typing import Any, cast

import aiohttp
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient

TIMEOUT_SECONDS = 15


def open_session() -> aiohttp.ClientSession:
    """A session that keeps connections open; the SDK's own opens one for each call. Close it at the end."""
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS, connect=5))


def outbox_client(token: str, base_url: str, session: aiohttp.ClientSession) -> AsyncWebClient:
    """No retries of its own: a retry after a lost answer would post twice. The outbox knows when to send again."""
    return AsyncWebClient(
        token=token, base_url=_with_slash(base_url), timeout=TIMEOUT_SECONDS, session=session, retry_handlers=[]
    )


def asking_client(token: str, base_url: str, session: aiohttp.ClientSession) -> AsyncWebClient:
    """For lookups, modals and homes, which may be asked for twice."""
    return AsyncWebClient(
        token=token,
        base_url=_with_slash(base_url),
        timeout=TIMEOUT_SECONDS,
        session=session,
        retry_handlers=[AsyncConnectionErrorRetryHandler(), AsyncRateLimitErrorRetryHandler(max_retry_count=2)],
    )


def _with_slash(base_url: str) -> str:
    return base_url if base_url.endswith("/") else f"{base_url}/"


async def called(
    client: AsyncWebClient, method: str, *, params: dict[str, Any] | None = None, body: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The answer of one Web API call as plain JSON. A question goes as `params`, anything else as `body`."""
    if body is None:
        answer = await client.api_call(method, http_verb="GET", params=params)  # pyright: ignore[reportUnknownMemberType] the SDK types its arguments as bare dicts
    else:
        answer = await client.api_call(method, json=body)  # pyright: ignore[reportUnknownMemberType] the same
    data = cast("object", answer.data)  # pyright: ignore[reportUnknownMemberType] the same
    return cast("dict[str, Any]", data) if isinstance(data, dict) else {}
