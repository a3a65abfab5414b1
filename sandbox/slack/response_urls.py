"""Response URLs: five answers within 30 minutes to one command or click."""

import secrets
import time
from dataclasses import dataclass

from sandbox.slack.errors import ApiError

MAX_USES = 5
LIFETIME_SECONDS = 30 * 60.0


@dataclass
class ResponseUrl:
    """Where an answer goes: to `user` in `channel`; `original_ts` is the message that was clicked, if any."""

    user: str
    channel: str
    thread_ts: str | None
    original_ts: str | None
    expires: float
    uses: int = 0


class ResponseUrls:
    """Issues response URLs and counts their uses."""

    def __init__(self, lifetime_seconds: float = LIFETIME_SECONDS):
        self._lifetime = lifetime_seconds
        self._urls: dict[str, ResponseUrl] = {}

    def issue(self, *, user: str, channel: str, thread_ts: str | None = None, original_ts: str | None = None) -> str:
        """A new secret; the URL is `<base>/response/<secret>`."""
        secret = secrets.token_urlsafe(18)
        self._urls[secret] = ResponseUrl(user, channel, thread_ts, original_ts, time.monotonic() + self._lifetime)
        return secret

    def use(self, secret: str) -> ResponseUrl:
        """Count one use.

        Raises:
            ApiError: `invalid_url`, `expired_url` or `used_url`.
        """
        url = self._urls.get(secret)
        if url is None:
            raise ApiError("invalid_url")
        if time.monotonic() > url.expires:
            raise ApiError("expired_url")
        if url.uses >= MAX_USES:
            raise ApiError("used_url")
        url.uses += 1
        return url
