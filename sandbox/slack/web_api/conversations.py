"""conversations.*: channels, and what was said in them."""

from typing import Any

from sandbox.slack.errors import ApiError
from sandbox.slack.messages import Message
from sandbox.slack.people import BOT_USER_ID
from sandbox.slack.web_api.call import Call, Method, page_of


def info(call: Call) -> dict[str, Any]:
    """conversations.info."""
    channel = call.channel()
    return {"channel": channel.as_conversation(call.workspace.is_shared(channel))}


def list_channels(call: Call) -> dict[str, Any]:
    """conversations.list."""
    kinds = (call.text("types") or "public_channel").split(",")
    wanted = [c for c in call.workspace.channels.values() if ("im" if c.is_im else "public_channel") in kinds]
    page, cursor = page_of(call, wanted, 100)
    channels = [channel.as_conversation(call.workspace.is_shared(channel)) for channel in page]
    return {"channels": channels, "response_metadata": {"next_cursor": cursor}}


def _window(call: Call, messages: list[Message]) -> list[Message]:
    oldest, latest = call.text("oldest") or "0", call.text("latest") or "99999999999"
    low, high = float(oldest), float(latest)
    if call.flag("inclusive"):
        return [message for message in messages if low <= float(message.ts) <= high]
    return [message for message in messages if low < float(message.ts) < high]


def _answer(call: Call, messages: list[Message]) -> dict[str, Any]:
    page, cursor = page_of(call, messages, 100)
    metadata = call.flag("include_all_metadata")
    return {
        "messages": [call.workspace.api_message(message, metadata=metadata) for message in page],
        "has_more": bool(cursor),
        "response_metadata": {"next_cursor": cursor},
    }


def history(call: Call) -> dict[str, Any]:
    """conversations.history: newest first."""
    channel = call.joined_channel()
    return _answer(call, _window(call, call.workspace.messages.top_level(channel.id))[::-1])


def replies(call: Call) -> dict[str, Any]:
    """conversations.replies: the parent, then the oldest reply first."""
    channel = call.joined_channel()
    ts = call.need("ts")
    thread = call.workspace.messages.thread(channel.id, ts)
    if not thread:
        raise ApiError("thread_not_found")
    parents, rest = thread[:1], thread[1:]
    return _answer(call, parents + _window(call, rest))


def members(call: Call) -> dict[str, Any]:
    """conversations.members."""
    page, cursor = page_of(call, sorted(call.channel().members), 100)
    return {"members": page, "response_metadata": {"next_cursor": cursor}}


def join(call: Call) -> dict[str, Any]:
    """conversations.join."""
    channel = call.channel()
    if channel.is_im:
        raise ApiError("method_not_supported_for_channel_type")
    channel.members.add(BOT_USER_ID)
    return {"channel": channel.as_conversation(call.workspace.is_shared(channel))}


METHODS = {
    "conversations.info": Method(info, "channels:read", 3),
    "conversations.list": Method(list_channels, "channels:read", 2),
    "conversations.history": Method(history, "channels:history", 3),
    "conversations.replies": Method(replies, "channels:history", 3),
    "conversations.members": Method(members, "channels:read", 4),
    "conversations.join": Method(join, "channels:join", 3),
}
