"""chat.scheduleMessage and chat.deleteScheduledMessage: posts that wait for their time, or are taken back."""

import asyncio
import secrets
import time
from typing import Any

from sandbox.slack.errors import ApiError
from sandbox.slack.messages import Message
from sandbox.slack.people import BOT_USER_ID
from sandbox.slack.web_api.call import Call, Method
from sandbox.slack.web_api.chat import place_to_post

LONGEST_S = 120 * 24 * 3600
"""Slack takes posts up to 120 days ahead."""


def schedule_message(call: Call) -> dict[str, Any]:
    """chat.scheduleMessage, plain text only."""
    channel = place_to_post(call)
    wait = call.number("post_at", 0, maximum=2**40) - time.time()
    if wait <= 0:
        raise ApiError("time_in_past")
    if wait > LONGEST_S:
        raise ApiError("time_too_far")
    text = call.need("text")
    workspace = call.workspace
    scheduled_id = f"Q{secrets.token_hex(5).upper()}"

    def post() -> None:
        workspace.scheduled.pop(scheduled_id, None)
        workspace.post(Message(workspace.timestamps.next(), channel.id, BOT_USER_ID, text, []))

    workspace.scheduled[scheduled_id] = asyncio.get_running_loop().call_later(wait, post)
    return {"channel": channel.id, "scheduled_message_id": scheduled_id, "post_at": int(time.time() + wait)}


def delete_scheduled_message(call: Call) -> dict[str, Any]:
    """chat.deleteScheduledMessage."""
    call.channel()
    timer = call.workspace.scheduled.pop(call.need("scheduled_message_id"), None)
    if timer is None:
        raise ApiError("invalid_scheduled_message_id")
    timer.cancel()
    return {}


METHODS = {
    "chat.scheduleMessage": Method(schedule_message, "chat:write", 3),
    "chat.deleteScheduledMessage": Method(delete_scheduled_message, "chat:write", 3),
}
