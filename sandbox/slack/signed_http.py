"""HTTP mode: payloads are posted to the app's request URL, signed as Slack signs them.

A sender can also be told to sign badly or to use an old timestamp, since an app has to refuse both.
"""

import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

import aiohttp

from sandbox.slack.shape import as_object

PayloadKind = Literal["events_api", "interactive", "slash_commands"]


def sign(signing_secret: str, timestamp: int, body: str) -> str:
    """Slack's signature, version 0: HMAC-SHA256 over `v0:<timestamp>:<body>`."""
    digest = hmac.new(signing_secret.encode(), f"v0:{timestamp}:{body}".encode(), hashlib.sha256).hexdigest()
    return f"v0={digest}"


def encode(kind: PayloadKind, payload: dict[str, Any]) -> tuple[str, str]:
    """The body and its content type: events are JSON, the others are forms."""
    match kind:
        case "events_api":
            return json.dumps(payload), "application/json"
        case "interactive":
            return urlencode({"payload": json.dumps(payload)}), "application/x-www-form-urlencoded"
        case "slash_commands":
            return urlencode(payload), "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Answer:
    """What the app answered: its status, and its JSON body or its text as `{"text": ...}`."""

    status: int
    payload: dict[str, Any] | None


class SignedSender:
    """Posts payloads to one request URL.

    Args:
        session: the HTTP session; its owner closes it.
        request_url: where the app listens.
        signing_secret: shared with the app.
    """

    def __init__(self, session: aiohttp.ClientSession, request_url: str, signing_secret: str):
        self._session = session
        self._request_url = request_url
        self._signing_secret = signing_secret

    async def send(
        self,
        kind: PayloadKind,
        payload: dict[str, Any],
        *,
        within: float = 3.0,
        attempt: int = 0,
        age_seconds: int = 0,
        bad_signature: bool = False,
    ) -> Answer:
        """Post one payload.

        Args:
            kind: decides the encoding.
            payload: what Slack would send.
            within: seconds the app has to answer.
            attempt: above 0, the retry headers are sent.
            age_seconds: how old the timestamp claims to be; Slack's apps must refuse more than 300.
            bad_signature: sign with a secret the app does not share.

        Raises:
            TimeoutError: the app did not answer in time.
            aiohttp.ClientError: nobody listens at the request URL.
        """
        body, content_type = encode(kind, payload)
        timestamp = int(time.time()) - age_seconds
        secret = "another secret" if bad_signature else self._signing_secret
        headers = {
            "Content-Type": content_type,
            "X-Slack-Request-Timestamp": str(timestamp),
            "X-Slack-Signature": sign(secret, timestamp, body),
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        }
        if attempt:
            headers |= {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": "http_timeout"}
        limit = aiohttp.ClientTimeout(total=within)
        async with self._session.post(
            self._request_url, data=body.encode(), headers=headers, timeout=limit
        ) as response:
            text = await response.text()
            return Answer(response.status, _payload_of(response.content_type, text))


def _payload_of(content_type: str, text: str) -> dict[str, Any] | None:
    if not text:
        return None
    if content_type != "application/json":
        return {"text": text}
    return as_object(json.loads(text))
