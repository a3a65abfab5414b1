"""files.*: the three steps of `files_upload_v2`."""

from typing import Any

from aiohttp import web

from sandbox.slack.blocks import check_message_blocks
from sandbox.slack.errors import ApiError
from sandbox.slack.files import StoredFile
from sandbox.slack.messages import Message
from sandbox.slack.people import BOT_USER_ID
from sandbox.slack.shape import as_array, as_object
from sandbox.slack.web_api.call import Call, Method
from sandbox.slack.workspace import Workspace

MAX_FILE_BYTES = 20_000_000
"""Far below Slack's 1 GB: everything is kept in memory."""

MAX_ALT_TXT = 1_000


def get_upload_url(call: Call) -> dict[str, Any]:
    """files.getUploadURLExternal."""
    length = call.number("length", 0, maximum=MAX_FILE_BYTES + 1)
    if length > MAX_FILE_BYTES:
        raise ApiError("file_upload_size_restricted")
    alt_txt = call.text("alt_txt") or ""
    if len(alt_txt) > MAX_ALT_TXT:
        raise ApiError("alt_txt_too_large")
    file = call.workspace.files.announce(
        name=call.need("filename"), length=length, alt_txt=alt_txt, created=call.workspace.now()
    )
    return {"upload_url": f"{call.workspace.base_url}/upload/v1/{file.ticket}", "file_id": file.id}


async def receive_upload(workspace: Workspace, request: web.Request) -> web.Response:
    """Take the bytes posted to an upload URL, raw or as the first part of a form."""
    file = workspace.files.by_ticket(request.match_info["ticket"])
    if file is None or file.content is not None:
        return web.Response(status=404, text="Not found")
    content = await _body(request)
    if len(content) > MAX_FILE_BYTES or len(content) != file.length:
        return web.Response(status=400, text="The length is not the one announced")
    file.content = content
    return web.Response(text=f"OK - {len(content)}")


async def _body(request: web.Request) -> bytes:
    if request.content_type != "multipart/form-data":
        return await request.read()
    parts = (await request.post()).values()
    return next((part.file.read() for part in parts if isinstance(part, web.FileField)), b"")


def complete_upload(call: Call) -> dict[str, Any]:
    """files.completeUploadExternal: without a channel the file stays private, for an image block to show."""
    listed = as_array(call.json("files"))
    if not listed or any(as_object(entry) is None for entry in listed):
        raise ApiError("invalid_arguments", messages=["missing required field: files"])
    files = [_uploaded(call.workspace, entry) for entry in listed]
    names = (call.text("channels") or call.text("channel_id") or "").split(",")
    shares = [_share(call, name, files) for name in names if name]
    for file, entry in zip(files, listed, strict=True):
        file.title = str(entry.get("title") or file.name)
        file.completed = True
    for message in shares:
        call.workspace.post(message)
    return {"files": [file.as_file(call.workspace.base_url) for file in files]}


def _uploaded(workspace: Workspace, entry: dict[str, Any]) -> StoredFile:
    file = workspace.files.get(str(entry.get("id")))
    if file is None or file.content is None or file.completed:
        raise ApiError("file_not_found")
    return file


def _share(call: Call, name: str, files: list[StoredFile]) -> Message:
    channel = call.workspace.find_channel(name)
    if channel is None:
        raise ApiError("channel_not_found")
    if not channel.bot_is_member:
        raise ApiError("not_in_channel")
    blocks = call.json("blocks", "invalid_blocks_format")
    return Message(
        call.workspace.timestamps.next(),
        channel.id,
        BOT_USER_ID,
        call.text("initial_comment") or "",
        [] if blocks is None else check_message_blocks(blocks, call.workspace.files.is_shown),
        thread_ts=call.text("thread_ts") or None,
        files=[file.id for file in files],
    )


METHODS = {
    "files.getUploadURLExternal": Method(get_upload_url, "files:write", 4),
    "files.completeUploadExternal": Method(complete_upload, "files:write", 4),
}
