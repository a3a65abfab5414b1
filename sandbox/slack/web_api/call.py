"""One Web API call: its arguments, however they were sent, and the answers it can give."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from sandbox.slack.errors import ApiError
from sandbox.slack.people import Channel
from sandbox.slack.shape import as_object
from sandbox.slack.workspace import Workspace

_FALSE = frozenset({"", "0", "false", "False"})


async def merged_arguments(request: web.Request) -> dict[str, Any]:
    """Query, form and JSON body together: the SDK's clients use each of them.

    Raises:
        ApiError: `invalid_json` or `json_not_object`.
    """
    arguments: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        text = await request.text()
        try:
            body = as_object(json.loads(text) if text else {})
        except ValueError as error:
            raise ApiError("invalid_json") from error
        if body is None:
            raise ApiError("json_not_object")
        arguments |= body
    elif request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        arguments |= {key: value for key, value in (await request.post()).items() if isinstance(value, str)}
    return arguments


@dataclass(frozen=True)
class Call:
    """One call to a method, already authenticated."""

    workspace: Workspace
    arguments: dict[str, Any]

    def text(self, name: str) -> str | None:
        """A string argument; None when absent or null."""
        value = self.arguments.get(name)
        return None if value is None else str(value)

    def need(self, name: str) -> str:
        """A string argument that has to be there.

        Raises:
            ApiError: `invalid_arguments`, naming it.
        """
        value = self.text(name)
        if not value:
            raise ApiError("invalid_arguments", messages=[f"missing required field: {name}"])
        return value

    def flag(self, name: str) -> bool:
        """A boolean argument: JSON booleans, and `1`, `0`, `true`, `false` of forms."""
        value = self.arguments.get(name)
        return value not in _FALSE if isinstance(value, str) else bool(value)

    def number(self, name: str, default: int, *, maximum: int) -> int:
        """A whole number; anything else is the default."""
        try:
            value = int(self.arguments.get(name) or default)
        except (TypeError, ValueError):
            return default
        return max(1, min(value, maximum))

    def json(self, name: str, error: str = "invalid_arguments") -> Any:
        """An argument that is JSON, sent as such or as a string; None when absent.

        Raises:
            ApiError: `error`, when it is no JSON.
        """
        value = self.arguments.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError as cause:
            raise ApiError(error, messages=[f"must be valid JSON [json-pointer:/{name}]"]) from cause

    def channel(self, name: str = "channel") -> Channel:
        """The channel an argument names.

        Raises:
            ApiError: `channel_not_found`.
        """
        channel = self.workspace.find_channel(self.text(name) or "")
        if channel is None:
            raise ApiError("channel_not_found")
        return channel

    def joined_channel(self, name: str = "channel") -> Channel:
        """The channel an argument names, if the app is in it.

        Raises:
            ApiError: `channel_not_found` or `not_in_channel`.
        """
        channel = self.channel(name)
        if not channel.bot_is_member:
            raise ApiError("not_in_channel")
        return channel


Handler = Callable[[Call], dict[str, Any]]


@dataclass(frozen=True)
class Method:
    """A method: what it does, the scope it needs, its rate limit tier (0: a limit of its own or none)."""

    handler: Handler
    scope: str | None
    tier: int
    app_token: bool = False


def page_of(call: Call, items: list[Any], default: int) -> tuple[list[Any], str]:
    """One page of a list, and the cursor of the next ("" when there is none).

    Raises:
        ApiError: `invalid_cursor`.
    """
    limit = call.number("limit", default, maximum=1000)
    cursor = call.text("cursor") or "at:0"
    start = cursor.removeprefix("at:")
    if not start.isdigit():
        raise ApiError("invalid_cursor")
    end = int(start) + limit
    return items[int(start) : end], f"at:{end}" if end < len(items) else ""
