"""What a failed call to Slack means for a message: wait, try again, look first, or never.

AgentOpsError
├── NotSent             surely not in Slack, may be sent again
│   ├── Limited         Slack asks to wait
│   ├── NotYet          not ready for this one message
│   └── HeldBack        not ours to send any more
├── OutcomeUnknown      in Slack or not
└── Refused             Slack will not take it
"""

import json
from collections.abc import Mapping
from typing import Any, cast

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.clients import called
from incidents.errors import AgentOpsError

_OUTCOME_UNKNOWN = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})
_RATE_LIMITED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
_OURS = frozenset(
    {
        "not_authed",
        "invalid_auth",
        "account_inactive",
        "token_revoked",
        "token_expired",
        "no_permission",
        "missing_scope",
        "not_allowed_token_type",
        "ekm_access_denied",
        "access_denied",
        "org_login_required",
        "team_access_not_granted",
    }
)
"""Wrong with the app, not with the message: every message waits until it is put right."""
UNFIT = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long"})
"""Wrong with the blocks: the same words without blocks may still go."""


class NotSent(AgentOpsError):
    """The message is surely not in Slack, and may be sent again."""


class Limited(NotSent):
    """Slack asks to wait `seconds` with `method`; for posts, with this channel only."""

    def __init__(self, seconds: float, method: str = "") -> None:
        """Keep how long, and with what; the caller knows the method, the answer does not."""
        super().__init__(f"rate limited for {seconds} s")
        self.seconds = seconds
        self.method = method


class NotYet(NotSent):
    """Slack is not ready for this one message; others may go."""


class HeldBack(NotSent):
    """The turn to send was over, or the row not what it was, at the last look before the call."""


class OutcomeUnknown(AgentOpsError):
    """The request left, the answer did not come: the message may be in Slack or not."""


class Refused(AgentOpsError):
    """Slack will not take it, however often. `code` is Slack's word, `details` what it adds."""

    def __init__(self, code: str, details: tuple[str, ...] = ()) -> None:
        """Keep both."""
        super().__init__(code if not details else f"{code}: {'; '.join(details)}")
        self.code = code
        self.details = details


async def call(
    client: AsyncWebClient, method: str, *, params: dict[str, Any] | None = None, body: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The answer of one Web API call. Raises one of the errors above and no other."""
    try:
        return await called(client, method, params=params, body=body)
    except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
        failure = meaning(error)
        if isinstance(failure, Limited):
            failure.method = method
        raise failure from error


def meaning(error: Exception) -> NotSent | OutcomeUnknown | Refused:
    """What a failed call means."""
    if isinstance(error, SlackApiError):
        return _meaning_of_answer(error)
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return NotSent("Slack cannot be reached")
    return OutcomeUnknown(f"no answer from Slack ({type(error).__name__})")


def _meaning_of_answer(error: SlackApiError) -> NotSent | OutcomeUnknown | Refused:
    answer = cast("Any", error.response)  # pyright: ignore[reportUnknownMemberType] an SDK response, or aiohttp's own
    status = int(getattr(answer, "status_code", None) or getattr(answer, "status", 0))
    data = data_of(getattr(answer, "data", None))
    code = str(data.get("error") or "")
    if status == 429 or code in _RATE_LIMITED:
        headers = cast("Mapping[str, str]", getattr(answer, "headers", None) or {})
        return Limited(_seconds(next((v for k, v in headers.items() if k.lower() == "retry-after"), "")))
    if status >= 500 or code in _OUTCOME_UNKNOWN or not code:
        return OutcomeUnknown(f"Slack answered {code or status}")
    if code in _OURS:
        return NotSent(code)
    details = cast("list[Any]", data_of(data.get("response_metadata")).get("messages") or data.get("errors") or [])
    return Refused(code, tuple(str(one)[:300] for one in details[:5]))


def data_of(value: object) -> dict[str, Any]:
    """A part of an answer as a mapping, also where Slack sends it as JSON in a string; empty for anything else."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _seconds(text: str) -> float:
    try:
        return max(0.5, float(text))
    except ValueError:
        return 1.0
