"""Answers posted to a response URL."""

from typing import Any

from aiohttp import web

from sandbox.slack.blocks import check_message_blocks
from sandbox.slack.errors import ApiError
from sandbox.slack.messages import Message
from sandbox.slack.people import BOT_USER_ID
from sandbox.slack.response_urls import ResponseUrl
from sandbox.slack.web_api.call import merged_arguments
from sandbox.slack.workspace import Workspace

_GONE = frozenset({"invalid_url", "expired_url", "used_url"})


async def receive(workspace: Workspace, request: web.Request) -> web.Response:
    """Post, replace or delete what the answer says. 404 once the URL is used up or expired, 400 for bad content."""
    try:
        url = workspace.response_urls.use(request.match_info["secret"])
        _follow(workspace, url, await merged_arguments(request))
    except ApiError as error:
        return web.json_response(error.body(), status=404 if error.code in _GONE else 400)
    return web.json_response({"ok": True})


def _follow(workspace: Workspace, url: ResponseUrl, answer: dict[str, Any]) -> None:
    original = workspace.messages.find(url.channel, url.original_ts) if url.original_ts else None
    if answer.get("delete_original"):
        if original is not None:
            workspace.messages.remove(original.channel, original.ts)
            workspace.changed(original)
        return
    text = str(answer.get("text") or "")
    blocks = check_message_blocks(answer.get("blocks") or [], workspace.files.is_shown)
    if not text and not blocks:
        raise ApiError("no_text")
    if answer.get("replace_original") and original is not None:
        original.text, original.blocks = text, blocks
        if not original.is_ephemeral:
            original.edited = {"user": BOT_USER_ID, "ts": workspace.timestamps.next()}
        workspace.changed(original)
        return
    in_channel = answer.get("response_type") == "in_channel"
    workspace.post(
        Message(
            workspace.timestamps.next(),
            url.channel,
            BOT_USER_ID,
            text,
            blocks,
            thread_ts=str(answer.get("thread_ts") or "") or url.thread_ts,
            visible_to=None if in_channel else url.user,
        )
    )
