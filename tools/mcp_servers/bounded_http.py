"""The HTTP client for MCP servers: no body is read further than a bound."""

from collections.abc import AsyncIterator, Mapping

import httpx2


class TooLarge(httpx2.ReadError):
    """A body was longer than may be read."""


class BoundedHttp(httpx2.AsyncBaseTransport):
    """A transport that reads at most so many bytes of an answer, and remembers whether it was let in."""

    def __init__(self, most_bytes: int) -> None:
        """Nothing is connected."""
        self._inner, self._most = httpx2.AsyncHTTPTransport(), most_bytes
        self.shut_out: int | None = None
        """The last status that refused the credentials; the SDK does not hand it on."""

    def client(self, headers: Mapping[str, str], timeout_s: float) -> httpx2.AsyncClient:
        """A client that sends these headers."""
        return httpx2.AsyncClient(headers=dict(headers), timeout=timeout_s, transport=self, trust_env=False)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer, with a body that can be read as far as the bound."""
        response = await self._inner.handle_async_request(request)
        self.shut_out = response.status_code if response.status_code in {401, 403} else None
        assert isinstance(response.stream, httpx2.AsyncByteStream)  # noqa: S101 - an asynchronous transport made it
        response.stream = _Counted(response.stream, self._most, request)
        return response

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


class _Counted(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream, most_bytes: int, request: httpx2.Request) -> None:
        self._inner, self._most, self._request = inner, most_bytes, request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        async for chunk in self._inner:
            read += len(chunk)
            if read > self._most:
                raise TooLarge(f"more than {self._most} bytes", request=self._request)
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()
