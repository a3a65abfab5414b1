"""The wire format of Anthropic's Messages API, as far as the agents use it: messages, events and errors."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Block = dict[str, Any]

ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}
"""The error type that goes with each status."""

CHUNK = 400
"""Characters of one delta of a stream."""


@dataclass(frozen=True)
class Usage:
    """What a request cost, in tokens."""

    input_tokens: int
    output_tokens: int
    cache_creation_input_tokens: int = 0
    cache_read_input_tokens: int = 0

    def on_the_wire(self) -> dict[str, Any]:
        """As the API tells it."""
        return {
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "cache_creation_input_tokens": self.cache_creation_input_tokens,
            "cache_read_input_tokens": self.cache_read_input_tokens,
            "cache_creation": {
                "ephemeral_5m_input_tokens": self.cache_creation_input_tokens,
                "ephemeral_1h_input_tokens": 0,
            },
            "service_tier": "standard",
        }


@dataclass(frozen=True)
class Reply:
    """The content of a message that answers a request."""

    content: Sequence[Block]
    stop_reason: Literal["end_turn", "tool_use", "max_tokens", "refusal"] = "end_turn"


@dataclass(frozen=True)
class Refusal:
    """An error of the API."""

    status: int
    message: str
    retry_after_s: float | None = None
    headers: dict[str, str] = field(default_factory=dict[str, str])

    def on_the_wire(self, request_id: str) -> dict[str, Any]:
        """The body."""
        kind = ERROR_TYPES.get(self.status, "api_error")
        return {"type": "error", "error": {"type": kind, "message": self.message}, "request_id": request_id}


def text(words: str) -> Reply:
    """A reply in prose."""
    return Reply([{"type": "text", "text": words}])


def tool_use(name: str, arguments: dict[str, Any], *, call_id: str = "toolu_scripted") -> Reply:
    """A reply that calls one tool."""
    return Reply([{"type": "tool_use", "id": call_id, "name": name, "input": arguments}], "tool_use")


def message(message_id: str, model: str, reply: Reply, usage: Usage) -> dict[str, Any]:
    """A whole message."""
    return {
        "id": message_id,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": list(reply.content),
        "stop_reason": reply.stop_reason,
        "stop_sequence": None,
        "usage": usage.on_the_wire(),
    }


def events(message_id: str, model: str, reply: Reply, usage: Usage) -> Iterator[bytes]:
    """The same message as server-sent events."""
    opened = {**message(message_id, model, Reply([]), usage), "stop_reason": None}
    opened["usage"] = {**usage.on_the_wire(), "output_tokens": 1}
    yield _event("message_start", {"message": opened})
    yield _event("ping", {})
    for index, block in enumerate(reply.content):
        is_call = block["type"] == "tool_use"
        empty: Block = {**block, **({"input": {}} if is_call else {"text": ""})}
        yield _event("content_block_start", {"index": index, "content_block": empty})
        whole = json.dumps(block["input"]) if is_call else str(block["text"])
        for at in range(0, len(whole), CHUNK):
            part = whole[at : at + CHUNK]
            delta = (
                {"type": "input_json_delta", "partial_json": part} if is_call else {"type": "text_delta", "text": part}
            )
            yield _event("content_block_delta", {"index": index, "delta": delta})
        yield _event("content_block_stop", {"index": index})
    closing = {"stop_reason": reply.stop_reason, "stop_sequence": None}
    yield _event("message_delta", {"delta": closing, "usage": {"output_tokens": usage.output_tokens}})
    yield _event("message_stop", {})


def _event(kind: str, content: dict[str, Any]) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **content})}\n\n".encode()
