"""One call to Slack, and what its failure means for the message: wait, try again, look first, or never."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.clients import called
from bot.slack.ids import MESSAGE_EVENT
from bot.slack.rendered import FilePost, Rendered
from incidents.errors import AgentOpsError
from incidents.message import OutboxMessage

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
_LOOK_BACK = 200


class NotSent(AgentOpsError):
    """The message is surely not in Slack, and may be sent again."""


class Limited(NotSent):
    """Slack asks to wait `seconds`."""

    def __init__(self, seconds: float) -> None:
        """Keep how long."""
        super().__init__(f"rate limited for {seconds} s")
        self.seconds = seconds


class NotYet(NotSent):
    """Slack is not ready for this one message; others may go."""


class OutcomeUnknown(AgentOpsError):
    """The request left, the answer did not come: the message may be in Slack or not."""


class Refused(AgentOpsError):
    """Slack will not take it, however often. `code` is Slack's word, `details` what it adds."""

    def __init__(self, code: str, details: tuple[str, ...] = ()) -> None:
        """Keep both."""
        super().__init__(code if not details else f"{code}: {'; '.join(details)}")
        self.code = code
        self.details = details


@dataclass(frozen=True)
class Posted:
    """Where a message stands."""

    channel: str
    ts: str
    revision: int


class Sender:
    """The calls the outbox makes. Each raises one of the errors above and no other.

    Args:
        client: one that does not retry by itself (see `clients.outbox_client`).
        installation: tells this database's messages from those of another that posted into the same channels.
    """

    def __init__(self, client: AsyncWebClient, installation: str) -> None:
        """No call is made yet."""
        self._client = client
        self._installation = installation

    async def post(self, message: OutboxMessage, content: Rendered) -> Posted:
        """chat.postMessage, marked so that it can be recognised."""
        body: dict[str, Any] = {
            "channel": message.channel,
            "text": content.text,
            "blocks": content.blocks,
            "unfurl_links": False,
            "unfurl_media": False,
            "metadata": {"event_type": MESSAGE_EVENT, "event_payload": self._mark(message)},
        }
        if message.root_ts is not None:
            body["thread_ts"] = message.root_ts
        answer = await self._call("chat.postMessage", body=body)
        return Posted(str(answer["channel"]), str(answer["ts"]), message.wanted_revision)

    async def update(self, message: OutboxMessage, content: Rendered) -> Posted:
        """chat.update. Doing it twice does no harm, so an unknown outcome counts as not sent."""
        body = {"channel": message.channel, "ts": message.ts, "text": content.text, "blocks": content.blocks}
        try:
            answer = await self._call("chat.update", body=body)
        except OutcomeUnknown as error:
            raise NotSent(str(error)) from error
        return Posted(str(answer.get("channel", message.channel)), str(message.ts), message.wanted_revision)

    async def upload(self, file: FilePost) -> str:
        """Put a picture into Slack, shared nowhere yet; its id. What is uploaded twice is seen once."""
        try:
            answer = await self._client.files_upload_v2(  # pyright: ignore[reportUnknownMemberType] the SDK types its arguments as bare dicts
                filename=file.filename, content=file.content, title=file.title, alt_txt=file.alt_text
            )
            files = cast("list[dict[str, Any]]", answer.get("files"))  # pyright: ignore[reportUnknownMemberType] the same
            return str(files[0]["id"])
        except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
            try:
                raise meaning(error) from error
            except OutcomeUnknown as unknown:
                raise NotSent(str(unknown)) from error

    async def find(self, message: OutboxMessage) -> Posted | None:
        """The message, if it stands in Slack already: among the latest in its thread, or in its channel.

        Raises what the others raise; `Refused("missing_scope")` where the app may not look.
        """
        params: dict[str, Any] = {"channel": message.channel, "limit": _LOOK_BACK, "include_all_metadata": True}
        if message.root_ts is not None:
            params["ts"] = message.root_ts
        method = "conversations.replies" if message.root_ts is not None else "conversations.history"
        try:
            answer = await self._call(method, params=params)
        except OutcomeUnknown as error:
            raise NotSent(str(error)) from error
        for one in cast("list[dict[str, Any]]", answer.get("messages") or []):
            metadata = _data(one.get("metadata"))
            mark = _data(metadata.get("event_payload"))
            ours = metadata.get("event_type") == MESSAGE_EVENT and mark.get("installation") == self._installation
            if ours and mark.get("message_id") == message.id:
                return Posted(message.channel, str(one["ts"]), int(mark.get("revision") or 1))
        return None

    def _mark(self, message: OutboxMessage) -> dict[str, Any]:
        return {
            "message_id": message.id,
            "installation": self._installation,
            "incident_id": message.incident_id or "",
            "kind": message.kind.value,
            "revision": message.wanted_revision,
        }

    async def _call(
        self, method: str, *, params: dict[str, Any] | None = None, body: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        try:
            return await called(self._client, method, params=params, body=body)
        except SlackApiError as error:
            failure = meaning(error)
            if (
                isinstance(failure, NotSent)
                and not isinstance(failure, Limited)
                and method.startswith("conversations.")
            ):
                raise Refused(str(failure)) from error
            raise failure from error
        except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
            raise meaning(error) from error


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
    data = _data(getattr(answer, "data", None))
    code = str(data.get("error") or "")
    if status == 429 or code in _RATE_LIMITED:
        headers = cast("Mapping[str, str]", getattr(answer, "headers", None) or {})
        return Limited(_seconds(next((v for k, v in headers.items() if k.lower() == "retry-after"), "")))
    if status >= 500 or code in _OUTCOME_UNKNOWN or not code:
        return OutcomeUnknown(f"Slack answered {code or status}")
    if code in _OURS:
        return NotSent(code)
    details = cast("list[Any]", _data(data.get("response_metadata")).get("messages") or data.get("errors") or [])
    return Refused(code, tuple(str(one)[:300] for one in details[:5]))


def _data(value: object) -> dict[str, Any]:
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
