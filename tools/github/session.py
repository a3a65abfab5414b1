"""One HTTP call to GitHub's REST API: bounded in time, without retries, answered as our types or our errors."""

import asyncio
from collections.abc import Mapping
from typing import Any, TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError

from tools.errors import BadAnswer
from tools.github.errors import SERVICE, refused, unanswered

API_VERSION = "2022-11-28"
CONNECT_S = 2.0
READ_S = 10.0
WHOLE_S = 30.0
"""httpx's read limit is one of each wait for bytes; this one is of the whole answer."""

A = TypeVar("A")


class GitHubSession:
    """Sends one request at a time, each once. Used by the reader and the operator of this package.

    Args:
        token: a fine-grained token, or one of a GitHub App.
        url: where the API is; `https://HOST/api/v3` for GitHub Enterprise Server.
        transport: another way out than the network.
    """

    def __init__(self, token: str | None, url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """Nothing is connected yet. Without a token only what is public can be read, and little of it an hour."""
        self._client = httpx.AsyncClient(
            base_url=url.rstrip("/"),
            headers={
                **({"authorization": f"Bearer {token}"} if token else {}),
                "accept": "application/vnd.github+json",
                "x-github-api-version": API_VERSION,
                "user-agent": "agentops",
            },
            timeout=httpx.Timeout(READ_S, connect=CONNECT_S),
            # A redirect would carry the call to somewhere nobody named.
            follow_redirects=False,
            # A proxy of the environment may tunnel TLS; over plain HTTP it would read the token.
            trust_env=url.startswith("https://"),
            transport=transport,
        )

    async def call(
        self,
        operation: str,
        method: str,
        path: str,
        kind: type[A],
        *,
        query: dict[str, str | int] | None = None,
        body: dict[str, Any] | None = None,
    ) -> A:
        """The answer as `kind`.

        Raises:
            Unavailable: no answer came; a changing call may have taken effect.
            Throttled, AccessDenied, NotFound, InvalidRequest: as GitHub says; nothing was changed.
            BadAnswer: an answer that is not what GitHub's API promises.
        """
        response = await self._sent(operation, method, path, query, body, {})
        if not response.is_success:
            raise refused(operation, response.status_code, response.headers, response.text)
        return parsed(operation, kind, response.content)

    async def news(
        self, operation: str, path: str, query: dict[str, str | int], known: str | None
    ) -> tuple[bytes | None, Mapping[str, str]]:
        """What stands at a path, with the answer's headers; None where it is still what had the ETag `known`.

        GitHub counts such an answer against no rate limit. Raises as `call` does.
        """
        headers = {"if-none-match": known} if known else {}
        response = await self._sent(operation, "GET", path, query, None, headers)
        if response.status_code == 304:
            return None, response.headers
        if not response.is_success:
            raise refused(operation, response.status_code, response.headers, response.text)
        return response.content, response.headers

    async def _sent(
        self,
        operation: str,
        method: str,
        path: str,
        query: dict[str, str | int] | None,
        body: dict[str, Any] | None,
        headers: dict[str, str],
    ) -> httpx.Response:
        try:
            async with asyncio.timeout(WHOLE_S):
                return await self._client.request(method, path, params=query, json=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise unanswered(operation, error) from error

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()


def parsed(operation: str, kind: type[A], content: bytes) -> A:
    """An answer's body as `kind`. Raises `BadAnswer`."""
    try:
        return TypeAdapter(kind).validate_json(content)
    except ValidationError as error:
        where = ".".join(str(step) for step in error.errors()[0]["loc"])
        raise BadAnswer(SERVICE, operation, f"not what the API promises (at {where or 'the top'})") from error
