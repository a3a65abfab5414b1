"""What the real Messages API refuses: requests that it would not take are not taken here either."""

from collections.abc import Iterator
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError

MOST_CACHE_MARKS = 4
_BLOCKS: TypeAdapter[list[dict[str, Any]]] = TypeAdapter(list[dict[str, Any]])


def problem_with(request: dict[str, Any]) -> str | None:
    """Why a request is invalid, in the API's manner, or None."""
    for name, kind in (("model", str), ("max_tokens", int), ("messages", list)):
        if not isinstance(request.get(name), kind):
            return f"{name}: field required"
    try:
        messages = _BLOCKS.validate_python(request["messages"])
    except ValidationError:
        return "messages: must be objects"
    if not messages or messages[0].get("role") != "user":
        return "messages: first message must use the user role"
    if sum(1 for _ in cache_marks(request)) > MOST_CACHE_MARKS:
        return f"A maximum of {MOST_CACHE_MARKS} blocks with cache_control may be provided"
    return _unanswered_call(messages)


def cache_marks(value: Any) -> Iterator[dict[str, Any]]:
    """Every `cache_control` in a request, the one at its top too."""
    if isinstance(value, dict):
        for name, inner in cast(dict[str, Any], value).items():
            if name == "cache_control" and isinstance(inner, dict):
                yield cast(dict[str, Any], inner)
            elif name not in {"input_schema", "input"}:
                yield from cache_marks(inner)
    elif isinstance(value, list):
        for inner in cast(list[Any], value):
            yield from cache_marks(inner)


def _unanswered_call(messages: list[dict[str, Any]]) -> str | None:
    """Each tool_use must be answered by a tool_result in the next message."""
    for at, message in enumerate(messages[:-1]):
        calls = {b.get("id") for b in blocks_of(message) if b.get("type") == "tool_use"}
        answers = {b.get("tool_use_id") for b in blocks_of(messages[at + 1]) if b.get("type") == "tool_result"}
        if calls - answers:
            return f"messages.{at}: `tool_use` ids were found without `tool_result` blocks immediately after"
    return None


def blocks_of(message: dict[str, Any]) -> list[dict[str, Any]]:
    """The content of a message as blocks; a bare string is one block of text, what is neither is none."""
    content = message.get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    try:
        return _BLOCKS.validate_python(content)
    except ValidationError:
        return []
