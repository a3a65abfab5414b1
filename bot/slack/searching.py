"""Finding what already stands in Slack, by the mark that every message of ours carries."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.failures import NotSent, OutcomeUnknown, Refused, call, data_of
from bot.slack.ids import MESSAGE_EVENT
from incidents.message import OutboxMessage

HISTORY = "conversations.history"
REPLIES = "conversations.replies"
DELETE = "chat.delete"

PAGE = 200
MOST_PAGES = 10
BEFORE = timedelta(minutes=2)
"""Searched before the first possible moment: Slack's clock is not ours."""


@dataclass(frozen=True)
class Standing:
    """A message of ours in Slack. `answered`: somebody wrote below it."""

    ts: str
    revision: int
    answered: bool


class Searcher:
    """Looks for a message, and takes one away. Each call raises one of the errors of `failures` and no other.

    Args:
        client: one that does not retry by itself.
        installation: tells this database's messages from another's in the same channels.
    """

    def __init__(self, client: AsyncWebClient, installation: str) -> None:
        """No call is made yet."""
        self._client, self._installation = client, installation

    async def standing(self, message: OutboxMessage, channel: str, since: datetime | None) -> list[Standing]:
        """Every copy of the message in its thread, or in the `channel` (Slack's id), oldest first.

        Raises `Refused("missing_scope")` where the app may not look.
        """
        params: dict[str, Any] = {"channel": channel, "limit": PAGE, "include_all_metadata": True}
        if message.root_ts is not None:
            params["ts"] = message.root_ts
        if since is not None:
            params["oldest"] = f"{(since - BEFORE).timestamp():.6f}"
        found: list[Standing] = []
        for _ in range(MOST_PAGES):
            answer = await self._ask(method_for(message), params)
            for one in cast("list[dict[str, Any]]", answer.get("messages") or []):
                if self._is_a_copy(one, message):
                    found.append(
                        Standing(str(one["ts"]), _revision_of(one), answered=bool(one.get("reply_count") or 0))
                    )
            cursor = str(data_of(answer.get("response_metadata")).get("next_cursor") or "")
            if not cursor:
                break
            params["cursor"] = cursor
        return sorted(found, key=lambda one: float(one.ts))

    async def remove(self, channel: str, ts: str) -> None:
        """chat.delete; what is gone already is gone."""
        try:
            await call(self._client, DELETE, body={"channel": channel, "ts": ts})
        except OutcomeUnknown as error:
            raise NotSent(str(error)) from error
        except Refused as refused:
            if refused.code != "message_not_found":
                raise

    async def _ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        try:
            return await call(self._client, method, params=params)
        except OutcomeUnknown as error:
            raise NotSent(str(error)) from error
        except NotSent as error:
            # Of a post it means that every message waits; here it means that there is no looking.
            if str(error) == "missing_scope":
                raise Refused("missing_scope") from error
            raise

    def _is_a_copy(self, one: dict[str, Any], message: OutboxMessage) -> bool:
        metadata = data_of(one.get("metadata"))
        mark = data_of(metadata.get("event_payload"))
        ours = metadata.get("event_type") == MESSAGE_EVENT and mark.get("installation") == self._installation
        return ours and mark.get("message_id") == message.id


def method_for(message: OutboxMessage) -> str:
    """The method that a look for this message calls."""
    return HISTORY if message.root_ts is None else REPLIES


def _revision_of(one: dict[str, Any]) -> int:
    mark = data_of(data_of(one.get("metadata")).get("event_payload"))
    return int(mark.get("revision") or 1)
