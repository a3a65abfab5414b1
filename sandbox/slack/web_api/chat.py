"""chat.* and reactions.*: messages."""

from typing import Any

from sandbox.slack.blocks import check_message_blocks
from sandbox.slack.errors import ApiError
from sandbox.slack.messages import Message
from sandbox.slack.people import BOT_USER_ID, Channel
from sandbox.slack.shape import as_array, as_object
from sandbox.slack.web_api.call import Call, Method

MAX_TEXT = 40_000


def _content(call: Call) -> tuple[str, list[dict[str, Any]] | None, list[dict[str, Any]] | None]:
    """The text, blocks and attachments of a call; None for what was not given."""
    blocks = call.json("blocks", "invalid_blocks_format")
    if blocks is not None:
        blocks = check_message_blocks(blocks, call.workspace.files.is_shown)
    given = call.json("attachments", "invalid_attachments")
    attachments = as_array(given)
    if given is not None and attachments is None:
        raise ApiError("invalid_attachments")
    text = call.text("text") or ""
    markdown = call.text("markdown_text")
    if markdown:
        if text or blocks:
            raise ApiError("markdown_text_conflict")
        blocks = check_message_blocks([{"type": "markdown", "text": markdown}], call.workspace.files.is_shown)
    if len(text) > MAX_TEXT:
        raise ApiError("msg_too_long")
    return text, blocks, attachments


def _metadata(call: Call) -> dict[str, Any] | None:
    given = call.json("metadata", "invalid_metadata_format")
    metadata = as_object(given)
    if given is None or metadata == {}:
        return metadata
    if metadata is None or not {"event_type", "event_payload"} <= metadata.keys():
        raise ApiError("invalid_metadata_format")
    return metadata


def place_to_post(call: Call) -> Channel:
    """Where the app may post: channels it is in, or any public one with `chat:write.public`."""
    channel = call.channel()
    if not channel.bot_is_member and "chat:write.public" not in call.workspace.credentials.scopes:
        raise ApiError("not_in_channel")
    return channel


def _thread(call: Call, channel: Channel) -> str | None:
    """The parent's timestamp. A reply to a reply goes to the parent; a parent that is not there is refused."""
    thread_ts = call.text("thread_ts") or None
    if thread_ts is None:
        return None
    parent = call.workspace.messages.find(channel.id, thread_ts)
    if parent is not None:
        return parent.thread_ts or parent.ts
    if call.workspace.messages.thread(channel.id, thread_ts):
        return thread_ts
    raise ApiError("thread_not_found")


def post_message(call: Call) -> dict[str, Any]:
    """chat.postMessage."""
    channel = place_to_post(call)
    wait = call.workspace.rate_limits.retry_after_post(channel.id)
    if wait:
        raise ApiError("ratelimited", retry_after=wait)
    message = _said(call, channel)
    message.broadcast, message.metadata = call.flag("reply_broadcast"), _metadata(call) or None
    call.workspace.post(message)
    return {"channel": channel.id, "ts": message.ts, "message": call.workspace.api_message(message, metadata=True)}


def post_ephemeral(call: Call) -> dict[str, Any]:
    """chat.postEphemeral."""
    channel = call.joined_channel()
    user = call.need("user")
    if user not in channel.members:
        raise ApiError("user_not_in_channel")
    message = _said(call, channel)
    message.visible_to = user
    call.workspace.post(message)
    return {"message_ts": message.ts}


def _said(call: Call, channel: Channel) -> Message:
    """What the app says in a channel or a thread of it, not posted yet."""
    text, blocks, attachments = _content(call)
    if not text and not blocks and not attachments:
        raise ApiError("no_text")
    return Message(
        call.workspace.timestamps.next(),
        channel.id,
        BOT_USER_ID,
        text,
        blocks or [],
        thread_ts=_thread(call, channel),
        attachments=attachments or [],
    )


def _own_message(call: Call, refusal: str, ts_argument: str = "ts") -> Message:
    channel = call.channel()
    message = call.workspace.messages.find(channel.id, call.need(ts_argument))
    if message is None or message.is_ephemeral:
        raise ApiError("message_not_found")
    if message.user != BOT_USER_ID:
        raise ApiError(refusal)
    return message


def update(call: Call) -> dict[str, Any]:
    """chat.update. Blocks, attachments and metadata that are not given are kept, as Slack documents."""
    message = _own_message(call, "cant_update_message")
    text, blocks, attachments = _content(call)
    if not text and not blocks and not attachments:
        raise ApiError("no_text")
    metadata = _metadata(call)
    message.text = text or message.text
    message.blocks = message.blocks if blocks is None else blocks
    message.attachments = message.attachments if attachments is None else attachments
    message.metadata = message.metadata if metadata is None else metadata or None
    message.edited = {"user": BOT_USER_ID, "ts": call.workspace.timestamps.next()}
    call.workspace.changed(message)
    body = call.workspace.api_message(message, metadata=True)
    return {"channel": message.channel, "ts": message.ts, "text": message.text, "message": body}


def delete(call: Call) -> dict[str, Any]:
    """chat.delete."""
    message = _own_message(call, "cant_delete_message")
    call.workspace.messages.remove(message.channel, message.ts)
    call.workspace.changed(message)
    return {"channel": message.channel, "ts": message.ts}


def get_permalink(call: Call) -> dict[str, Any]:
    """chat.getPermalink."""
    channel = call.channel()
    message = call.workspace.messages.find(channel.id, call.need("message_ts"))
    if message is None or message.is_ephemeral:
        raise ApiError("message_not_found")
    link = f"{call.workspace.base_url}/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.is_reply:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


def add_reaction(call: Call) -> dict[str, Any]:
    """reactions.add."""
    channel = call.joined_channel()
    message = call.workspace.messages.find(channel.id, call.need("timestamp"))
    if message is None:
        raise ApiError("message_not_found")
    users = message.reactions.setdefault(call.need("name").strip(":"), [])
    if BOT_USER_ID in users:
        raise ApiError("already_reacted")
    users.append(BOT_USER_ID)
    call.workspace.changed(message)
    return {}


METHODS = {
    "chat.postMessage": Method(post_message, "chat:write", 0),
    "chat.postEphemeral": Method(post_ephemeral, "chat:write", 4),
    "chat.update": Method(update, "chat:write", 3),
    "chat.delete": Method(delete, "chat:write", 3),
    "chat.getPermalink": Method(get_permalink, None, 4),
    "reactions.add": Method(add_reaction, "reactions:write", 3),
}
