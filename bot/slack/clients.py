"""The two clients of a workspace: one for messages that must not go out twice, one for everything else."""

from urllib.parse import urlsplit

import aiohttp
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient

SLACK_API_URL = "https://slack.com/api/"
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


def foreign_address(token: str, base_url: str, *, sandbox: bool) -> str | None:
    """Why this token must not be sent to this address, in plain words, or None when it may.

    A real token goes to Slack only, unless sandbox mode is said outright.
    """
    host = urlsplit(base_url).hostname or ""
    if sandbox or host == "slack.com" or host.endswith(".slack.com") or "-sandbox-" in token:
        return None
    return (
        f"SLACK_API_URL leads to {host or 'nowhere'}, which is not Slack, and the token does not look like a sandbox's"
    )


def _with_slash(base_url: str) -> str:
    return base_url if base_url.endswith("/") else f"{base_url}/"
