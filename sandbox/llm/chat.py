"""The wire format of chat completions, as OpenAI's API and many servers of one's own (Ollama, vLLM) speak it.

A request is brought into the shape of the Messages API, which the brain understands, and its reply is brought back.
"""

import json
from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from sandbox.llm.wire import Block, Refusal, Reply, Usage

_MESSAGES: TypeAdapter[list[dict[str, Any]]] = TypeAdapter(list[dict[str, Any]])
_FINISH = {"end_turn": "stop", "tool_use": "tool_calls", "max_tokens": "length", "refusal": "content_filter"}


def problem_with_chat(request: dict[str, Any]) -> str | None:
    """Why a request is invalid, or None. Streams are not served, as the agents ask for none."""
    if not isinstance(request.get("model"), str):
        return "you must provide a model parameter"
    if request.get("stream"):
        return "streams are not served here"
    try:
        messages = _MESSAGES.validate_python(request.get("messages"))
    except ValidationError:
        return "messages: must be an array of objects"
    if not messages:
        return "messages: must not be empty"
    return _unanswered_call(messages)


def _unanswered_call(messages: Sequence[dict[str, Any]]) -> str | None:
    """Each call must be answered by a message of the role `tool` before anything else is said."""
    waiting: set[str] = set()
    for at, message in enumerate(messages):
        if message.get("role") == "tool":
            waiting.discard(str(message.get("tool_call_id")))
            continue
        if waiting:
            return f"messages.{at}: tool_call_ids did not have response messages: {', '.join(sorted(waiting))}"
        waiting = {str(call.get("id")) for call in message.get("tool_calls") or ()}
    return None


def as_messages_request(request: dict[str, Any]) -> dict[str, Any]:
    """The same request as the Messages API would get it."""
    tools = [tool["function"] for tool in request.get("tools") or () if tool.get("type") == "function"]
    system = [_text(one) for one in request["messages"] if one.get("role") in {"system", "developer"}]
    wanted: dict[str, Any] = request.get("response_format") or {}
    schema: dict[str, Any] = wanted.get("json_schema") or {}
    return {
        "model": request["model"],
        "system": "\n\n".join(system),
        "messages": [_message(one) for one in request["messages"] if one.get("role") in {"user", "assistant", "tool"}],
        "tools": [{"name": tool["name"], "input_schema": tool.get("parameters") or {}} for tool in tools],
        **({"output_format": {"schema": schema["schema"]}} if "schema" in schema else {}),
    }


def _message(message: dict[str, Any]) -> dict[str, Any]:
    if message["role"] == "tool":
        answered = {"type": "tool_result", "tool_use_id": message.get("tool_call_id"), "content": _text(message)}
        return {"role": "user", "content": [answered]}
    words = _text(message)
    blocks: list[Block] = [{"type": "text", "text": words}] if words else []
    blocks += [_call(one) for one in message.get("tool_calls") or ()]
    return {"role": message["role"], "content": blocks}


def _call(call: dict[str, Any]) -> Block:
    function = call["function"]
    arguments = json.loads(function.get("arguments") or "{}")
    return {"type": "tool_use", "id": call["id"], "name": function["name"], "input": arguments}


def _text(message: dict[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    parts: Sequence[dict[str, Any]] = content or ()
    return "\n".join(str(part.get("text", "")) for part in parts)


def completion(answer_id: str, model: str, reply: Reply, usage: Usage | None) -> dict[str, Any]:
    """A whole chat completion; without `usage` the server does not count tokens."""
    words = "\n".join(block["text"] for block in reply.content if block["type"] == "text")
    calls = [
        {
            "id": block["id"],
            "type": "function",
            "function": {"name": block["name"], "arguments": json.dumps(block["input"])},
        }
        for block in reply.content
        if block["type"] == "tool_use"
    ]
    message = {"role": "assistant", "content": words or None, **({"tool_calls": calls} if calls else {})}
    told = {
        "id": answer_id,
        "object": "chat.completion",
        "created": 1_767_225_600,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": _FINISH[reply.stop_reason], "logprobs": None}],
    }
    return told | ({"usage": _usage(usage)} if usage is not None else {})


def _usage(usage: Usage) -> dict[str, int]:
    asked = usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens
    return {
        "prompt_tokens": asked,
        "completion_tokens": usage.output_tokens,
        "total_tokens": asked + usage.output_tokens,
    }


def refused_chat(refusal: Refusal) -> dict[str, Any]:
    """The body of an error."""
    return {"error": {"message": refusal.message, "type": "error", "param": None, "code": str(refusal.status)}}
