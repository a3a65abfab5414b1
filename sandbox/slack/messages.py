"""Messages, threads and ephemerals, kept in memory."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.slack.people import APP_ID, BOT_ID, BOT_USER_ID, TEAM_ID


@dataclass
class Message:
    """One message, as it is now. `visible_to` makes it an ephemeral of that one person."""

    ts: str
    channel: str
    user: str
    text: str
    blocks: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    thread_ts: str | None = None
    broadcast: bool = False
    attachments: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    metadata: dict[str, Any] | None = None
    edited: dict[str, str] | None = None
    files: list[str] = field(default_factory=list[str])
    reactions: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    visible_to: str | None = None
    notice: bool = False

    @property
    def is_ephemeral(self) -> bool:
        """Whether only one person sees it; the Web API never returns such a message."""
        return self.visible_to is not None

    @property
    def is_reply(self) -> bool:
        """Whether it stands in a thread, below a parent."""
        return self.thread_ts is not None and self.thread_ts != self.ts


class MessageStore:
    """All messages of all channels, in the order they were written."""

    def __init__(self):
        self._channels: dict[str, dict[str, Message]] = {}
        self._threads: dict[tuple[str, str], dict[str, Message]] = {}

    def add(self, message: Message) -> None:
        """Keep a new message."""
        self._channels.setdefault(message.channel, {})[message.ts] = message
        if message.thread_ts is not None and message.is_reply:
            self._threads.setdefault((message.channel, message.thread_ts), {})[message.ts] = message

    def find(self, channel: str, ts: str) -> Message | None:
        """The message of that timestamp, an ephemeral too."""
        return self._channels.get(channel, {}).get(ts)

    def remove(self, channel: str, ts: str) -> None:
        """Forget a message; its replies stay, as they do in Slack."""
        message = self._channels.get(channel, {}).pop(ts, None)
        if message is not None and message.thread_ts is not None:
            self._threads.get((channel, message.thread_ts), {}).pop(ts, None)

    def top_level(self, channel: str, *, persona: str | None = None) -> list[Message]:
        """What stands in the channel itself, oldest first; ephemerals only of `persona`."""
        messages = self._channels.get(channel, {}).values()
        return [m for m in messages if (not m.is_reply or m.broadcast) and m.visible_to in (None, persona)]

    def thread(self, channel: str, thread_ts: str, *, persona: str | None = None) -> list[Message]:
        """The parent, if it is still there, and its replies, oldest first; ephemerals only of `persona`."""
        parent = self.find(channel, thread_ts)
        replies = self._threads.get((channel, thread_ts), {}).values()
        messages = [*([parent] if parent is not None else []), *replies]
        return [m for m in messages if m.visible_to in (None, persona)]

    def replies(self, parent: Message) -> list[Message]:
        """The replies everybody sees, oldest first."""
        return [m for m in self.thread(parent.channel, parent.ts) if m.is_reply]

    def as_api(self, message: Message, *, metadata: bool = False, files: list[dict[str, Any]]) -> dict[str, Any]:
        """The message object of the Web API and of interaction payloads."""
        body: dict[str, Any] = {"type": "message", "user": message.user, "ts": message.ts, "team": TEAM_ID}
        body["text"] = message.text
        if message.user == BOT_USER_ID:
            body |= {"bot_id": BOT_ID, "app_id": APP_ID}
            body["bot_profile"] = {
                "id": BOT_ID,
                "app_id": APP_ID,
                "name": "AgentOps",
                "team_id": TEAM_ID,
                "deleted": False,
            }
        if message.blocks:
            body["blocks"] = message.blocks
        if message.attachments:
            body["attachments"] = message.attachments
        if message.edited is not None:
            body["edited"] = message.edited
        if files:
            body["files"] = files
        if message.reactions:
            body["reactions"] = reactions_of(message)
        if metadata and message.metadata is not None:
            body["metadata"] = message.metadata
        return body | self._thread_fields(message)

    def _thread_fields(self, message: Message) -> dict[str, Any]:
        if message.is_reply:
            return {"thread_ts": message.thread_ts}
        replies = self.replies(message)
        if not replies:
            return {}
        users = list(dict.fromkeys(reply.user for reply in replies))
        return {
            "thread_ts": message.ts,
            "reply_count": len(replies),
            "reply_users_count": len(users),
            "reply_users": users,
            "latest_reply": replies[-1].ts,
            "is_locked": False,
            "subscribed": False,
        }


def reactions_of(message: Message) -> list[dict[str, Any]]:
    """The reactions as Slack lists them."""
    return [{"name": name, "users": users, "count": len(users)} for name, users in message.reactions.items()]
