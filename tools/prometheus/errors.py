"""Everything that can be raised on the way to Prometheus, as one of our errors."""

import json

import requests.exceptions as http
import urllib3.exceptions
from prometheus_api_client.exceptions import PrometheusApiClientException

from tools.errors import AccessDenied, BadAnswer, InvalidRequest, NotFound, Throttled, Unavailable, UpstreamError
from tools.prometheus.session import MAX_BODY, Refused, TooLarge, TooSlow

SERVICE = "Prometheus"
MAX_DETAIL = 500

FAMILIES: tuple[type[Exception], ...] = (
    PrometheusApiClientException,
    http.RequestException,
    urllib3.exceptions.HTTPError,
    json.JSONDecodeError,
    Refused,
    TooLarge,
    TooSlow,
)
"""What a call may raise; anything else is a bug of ours and not caught."""


def mapped(error: Exception, operation: str) -> UpstreamError:
    """Our error for one of `FAMILIES`."""
    detail = f"{type(error).__name__}: {error}"[:MAX_DETAIL]
    match error:
        case Refused():
            return _refused(error, operation)
        case TooLarge():
            return InvalidRequest(SERVICE, operation, f"the answer is larger than {MAX_BODY:,} bytes; narrow the query")
        case TooSlow():
            return Unavailable(SERVICE, operation, "the answer came too slowly")
        case json.JSONDecodeError() | http.InvalidJSONError() | PrometheusApiClientException():
            return BadAnswer(SERVICE, operation, f"not JSON: {detail}")
        case http.InvalidURL() | http.MissingSchema() | http.InvalidSchema():
            return InvalidRequest(SERVICE, operation, detail)
        case http.TooManyRedirects() | http.ContentDecodingError() | urllib3.exceptions.DecodeError():
            return BadAnswer(SERVICE, operation, detail)
        case _:
            return Unavailable(SERVICE, operation, detail)


def _refused(refusal: Refused, operation: str) -> UpstreamError:
    detail = f"HTTP {refusal.status}: {_reason(refusal.body)}"[:MAX_DETAIL]
    match refusal.status:
        case 400 | 422:
            return InvalidRequest(SERVICE, operation, detail)
        case 401 | 403 | 407:
            return AccessDenied(SERVICE, operation, detail)
        case 404:
            return NotFound(SERVICE, operation, detail)
        case 429:
            return Throttled(SERVICE, operation, detail, refusal.retry_after_s)
        case status if status >= 500 or status == 408:
            return Unavailable(SERVICE, operation, detail)
        case _:
            return BadAnswer(SERVICE, operation, detail)


def _reason(body: str) -> str:
    """Prometheus's own sentence where there is one, else the beginning of what came."""
    try:
        content = json.loads(body)
        return str(content["error"])
    except (ValueError, KeyError, TypeError):
        return " ".join(body.split())[:200] or "no text"
