"""GitHub's answers and httpx's exceptions as our errors.

GitHub says "slow down" with 403 as often as with 429, and hides what a token may not see behind 404.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

import httpx

from tools.errors import AccessDenied, BadAnswer, InvalidRequest, NotFound, Throttled, Unavailable, UpstreamError

SERVICE = "GitHub"
MAX_DETAIL = 500
SECONDARY_WAIT_S = 60.0
"""What GitHub asks to wait at least after a secondary rate limit that names no time (REST docs, rate limits)."""


class Gone(NotFound):
    """It was there and is not any more: issues are switched off in the repository, or the issue was deleted."""


def refused(operation: str, status: int, headers: Mapping[str, str], body: str) -> UpstreamError:
    """Our error for an answer that is no success."""
    said = _reason(body)
    detail = f"HTTP {status}: {said}"[:MAX_DETAIL]
    if status == 429 or (status == 403 and _is_rate_limit(headers, said)):
        return Throttled(SERVICE, operation, detail, retry_after(headers))
    match status:
        case 401:
            return AccessDenied(SERVICE, operation, f"the token is not valid or has expired ({detail})")
        case 403 | 451:
            return AccessDenied(SERVICE, operation, f"the token does not allow it ({detail})")
        case 404:
            return NotFound(SERVICE, operation, f"it does not exist, or the token does not cover it ({detail})")
        case 410:
            return Gone(SERVICE, operation, f"issues are switched off there, or it was deleted ({detail})")
        case 301 | 302 | 307 | 308:
            return NotFound(SERVICE, operation, f"it has moved; write the new name into models.yaml ({detail})")
        case 400 | 409 | 413 | 422:
            return InvalidRequest(SERVICE, operation, detail)
        case _ if status >= 500 or status == 408:
            return Unavailable(SERVICE, operation, detail)
        case _:
            return BadAnswer(SERVICE, operation, detail)


def unanswered(operation: str, error: httpx.HTTPError | httpx.InvalidURL | TimeoutError) -> UpstreamError:
    """Our error for a call that got no answer, or one that is no HTTP."""
    detail = f"{type(error).__name__}: {error}".rstrip(": ")[:MAX_DETAIL]
    match error:
        case httpx.InvalidURL() | httpx.UnsupportedProtocol():
            return InvalidRequest(SERVICE, operation, detail)
        case httpx.DecodingError():
            return BadAnswer(SERVICE, operation, detail)
        case _:
            return Unavailable(SERVICE, operation, detail)


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds to wait: `retry-after`, else until `x-ratelimit-reset` by GitHub's own clock, else a minute."""
    told = _number(headers.get("retry-after"))
    if told is not None:
        return told
    reset, date = _number(headers.get("x-ratelimit-reset")), _date(headers.get("date"))
    if headers.get("x-ratelimit-remaining") == "0" and reset is not None and date is not None:
        return max(1.0, reset - date.timestamp())
    return SECONDARY_WAIT_S


def _is_rate_limit(headers: Mapping[str, str], said: str) -> bool:
    if "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0":
        return True
    return "rate limit" in said.lower()


def _number(text: str | None) -> float | None:
    return float(text) if text is not None and text.isascii() and text.isdigit() else None


def _date(text: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(text) if text is not None else None
    except ValueError:
        return None


def _reason(body: str) -> str:
    """GitHub's own sentence where there is one, else the beginning of what came."""
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return " ".join(body.split())[:200] or "no text"
