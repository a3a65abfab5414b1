"""The default brain: the project's own offline rules, spoken to over the wire."""

from collections.abc import Sequence
from typing import Any

from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    ModelResponsePart,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.tools import ToolDefinition

from agents.rules.model import respond
from sandbox.llm.checks import blocks_of
from sandbox.llm.wire import Block, Reply, tool_use

OUTPUT_TOOLS = frozenset({"diagnosis", "plan", "triage_note", "answer", "final_result"})
TRIAL = "ready"
"""The tool of `agents.llm_trial`, about no case."""


def think(request: dict[str, Any]) -> Reply:
    """What the rules reply to a request."""
    tools: list[dict[str, Any]] = request.get("tools", [])
    if any(tool["name"] == TRIAL for tool in tools):
        return tool_use(TRIAL, {"ready": True})
    definitions = [
        ToolDefinition(name=tool["name"], parameters_json_schema=tool["input_schema"])
        for tool in tools
        if "input_schema" in tool
    ]
    native = _native_schema(request)
    parameters = ModelRequestParameters(
        function_tools=[tool for tool in definitions if tool.name not in OUTPUT_TOOLS],
        output_tools=[tool for tool in definitions if tool.name in OUTPUT_TOOLS],
        output_object=OutputObjectDefinition(json_schema=native) if native else None,
    )
    answer = respond(_messages(request), parameters)
    blocks = [_block(part, number) for number, part in enumerate(answer.parts)]
    calls = any(block["type"] == "tool_use" for block in blocks)
    return Reply(blocks, "tool_use" if calls else "end_turn")


def _native_schema(request: dict[str, Any]) -> dict[str, Any] | None:
    """The JSON schema of native structured output, in either of its places."""
    output: dict[str, Any] = request.get("output_config", {}).get("format") or request.get("output_format") or {}
    return output.get("schema")


def _messages(request: dict[str, Any]) -> list[ModelMessage]:
    names: dict[str, str] = {}
    messages: list[ModelMessage] = []
    for message in request["messages"]:
        blocks = blocks_of(message)
        if message.get("role") == "assistant":
            parts = [part for block in blocks if (part := _said(block)) is not None]
            names.update({part.tool_call_id: part.tool_name for part in parts if isinstance(part, ToolCallPart)})
            messages.append(ModelResponse(parts=parts))
        else:
            heard = [part for block in blocks if (part := _heard(block, names)) is not None]
            messages.append(ModelRequest(parts=heard))
    return messages


def _said(block: Block) -> TextPart | ToolCallPart | None:
    match block.get("type"):
        case "text":
            return TextPart(str(block.get("text", "")))
        case "tool_use":
            return ToolCallPart(str(block["name"]), block["input"], tool_call_id=str(block["id"]))
        case _:
            return None


def _heard(block: Block, names: dict[str, str]) -> ModelRequestPart | None:
    match block.get("type"):
        case "text":
            return UserPromptPart(str(block.get("text", "")))
        case "tool_result":
            call_id = str(block["tool_use_id"])
            return ToolReturnPart(names.get(call_id, "unknown"), _result_text(block), tool_call_id=call_id)
        case _:
            return None


def _result_text(block: Block) -> str:
    content = block.get("content", "")
    if isinstance(content, str):
        return content
    items: Sequence[dict[str, Any]] = content
    return "\n".join(str(item.get("text", "")) for item in items)


def _block(part: ModelResponsePart, number: int) -> Block:
    if isinstance(part, ToolCallPart):
        # An id of the API's looks; unlike the rules' own, it must not repeat within a conversation.
        call_id = f"toolu_{part.tool_call_id.replace('-', '_')}_{number}"
        return {"type": "tool_use", "id": call_id, "name": part.tool_name, "input": part.args_as_dict()}
    if isinstance(part, TextPart):
        return {"type": "text", "text": part.content}
    raise TypeError(f"the rules never reply with {type(part).__name__}")
