"""The HTTP session under prometheus-api-client, with what the library leaves out: bounds on size and time."""

import io
import time
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

MAX_BODY = 20_000_000
"""Bytes of one answer. The largest we ask for (500 series of 300 points) is about 5 MB."""


class Refused(Exception):
    """Prometheus answered with another status than 200."""

    def __init__(self, status: int, body: str, retry_after_s: float | None) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.body = body
        self.retry_after_s = retry_after_s


class TooLarge(Exception):
    """The answer is larger than `MAX_BODY`."""


class TooSlow(Exception):
    """The answer trickles in for longer than the deadline."""


class BoundedSession(requests.Session):
    """A session that reads at most `MAX_BODY` bytes in at most `deadline_s` and sends POST parameters as a form.

    requests' own timeout is one of each wait for a packet, so a server that sends a byte a second is never late.
    The library puts the parameters of a POST into the address, which is what a POST is meant to avoid.
    """

    def __init__(self, *, deadline_s: float, ca_bundle: str | None = None) -> None:
        super().__init__()
        self._deadline_s = deadline_s
        # A proxy or .netrc of the environment must not see or replace the token.
        self.trust_env = False
        if ca_bundle is not None:
            self.verify = ca_bundle

    def request(self, method: str, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """As requests does it, within bounds.

        Raises:
            Refused: any status but 200.
            TooLarge: more than `MAX_BODY` bytes.
            TooSlow: the body took longer than the deadline.
        """
        ends = time.monotonic() + self._deadline_s
        if method == "POST":
            kwargs["data"] = kwargs.pop("params", None)
        response = super().request(method, url, *args, **{**kwargs, "stream": True})
        try:
            body = _body(response, ends)
        finally:
            response.close()
        response.raw = io.BytesIO(body)
        if response.status_code != 200:
            raise Refused(response.status_code, body[:2_000].decode("utf-8", "replace"), _retry_after(response))
        return response


def retry() -> Retry:
    """One more try at once for a gateway that hiccups; a server's own wish to wait is told, not slept through."""
    return Retry(
        total=1,
        backoff_factor=0.1,
        status_forcelist=[502, 503, 504],
        allowed_methods={"GET", "POST"},
        raise_on_status=False,
        respect_retry_after_header=False,
    )


def adapter(connections: int) -> HTTPAdapter:
    """An adapter with a pool of `connections` and our retry."""
    return HTTPAdapter(max_retries=retry(), pool_maxsize=connections)


def _body(response: requests.Response, ends: float) -> bytes:
    body = bytearray()
    for chunk in response.raw.stream(65_536, decode_content=True):
        body += chunk
        if len(body) > MAX_BODY:
            raise TooLarge
        if time.monotonic() > ends:
            raise TooSlow
    return bytes(body)


def _retry_after(response: requests.Response) -> float | None:
    try:
        return max(0.0, float(response.headers["Retry-After"]))
    except (KeyError, ValueError):
        return None
