"""The calls that put a message into Slack, marked so that it can be recognised."""

from dataclasses import dataclass
from typing import Any, cast

import aiohttp
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.failures import Limited, NotSent, OutcomeUnknown, call, meaning
from bot.slack.ids import MESSAGE_EVENT
from bot.slack.pacing import POST, UPDATE
from bot.slack.rendered import FilePost, Rendered
from incidents.message import OutboxMessage

UPLOAD = "files.upload"
"""Stands for the calls of an upload: the SDK makes them in one go."""
MOST_ALT = 1_000
"""Characters of alternative text that an upload may have; the image block that shows the file takes twice that."""


@dataclass(frozen=True)
class Posted:
    """Where a message stands."""

    channel: str
    ts: str
    revision: int


class Sender:
    """The calls the outbox makes. Each raises one of the errors of `failures` and no other.

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
        answer = await call(self._client, POST, body=body)
        return Posted(str(answer["channel"]), str(answer["ts"]), message.wanted_revision)

    async def update(self, message: OutboxMessage, content: Rendered) -> Posted:
        """chat.update. Doing it twice does no harm, so an unknown outcome counts as not sent."""
        body = {"channel": message.channel, "ts": message.ts, "text": content.text, "blocks": content.blocks}
        try:
            answer = await call(self._client, UPDATE, body=body)
        except OutcomeUnknown as error:
            raise NotSent(str(error)) from error
        return Posted(str(answer.get("channel", message.channel)), str(message.ts), message.wanted_revision)

    async def upload(self, file: FilePost) -> str:
        """Put a picture into Slack, shared nowhere yet; its id. What is uploaded twice is seen once."""
        try:
            answer = await self._client.files_upload_v2(  # pyright: ignore[reportUnknownMemberType] the SDK types its arguments as bare dicts
                filename=file.filename, content=file.content, title=file.title, alt_txt=file.alt_text[:MOST_ALT]
            )
            files = cast("list[dict[str, Any]]", answer.get("files"))  # pyright: ignore[reportUnknownMemberType] the same
            return str(files[0]["id"])
        except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
            failure = meaning(error)
            if isinstance(failure, Limited):
                failure.method = UPLOAD
            raise NotSent(str(failure)) if isinstance(failure, OutcomeUnknown) else failure from error

    def _mark(self, message: OutboxMessage) -> dict[str, Any]:
        return {
            "message_id": message.id,
            "installation": self._installation,
            "incident_id": message.incident_id or "",
            "kind": message.kind.value,
            "revision": message.wanted_revision,
        }
