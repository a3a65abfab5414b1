"""The offline model: a deterministic pydantic-ai model that uses the same tools and returns the same types.

It keeps nothing between requests: what to do next is a pure function of the message history, so a `FallbackModel` may
hand any request of a run to it.
"""

import hashlib
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from pydantic import BaseModel
from pydantic_ai import RunContext
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    ModelResponsePart,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
)
from pydantic_ai.models import CompletedStreamedResponse, Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition
from pydantic_ai.usage import RequestUsage

from agents.fencing import fences_in
from agents.rules import answers, draft, remedy, triage
from agents.rules.casefile import Casefile, casefile
from agents.rules.table import decide
from agents.rules.topics import searches
from agents.task import output_wanted, prompts_of

OFFLINE_NAME = "offline-rules"


class OfflineModel(Model):
    """Decides by the rule table. Costs nothing and asks nobody."""

    @property
    def model_name(self) -> str:
        """Stands on every response, so that whatever it wrote can be labelled."""
        return OFFLINE_NAME

    @property
    def system(self) -> str:
        """The provider's name."""
        return "agentops"

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """The next response to a history."""
        _, parameters = self.prepare_request(model_settings, model_request_parameters)
        return respond(messages, parameters)

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: RunContext[Any] | None = None,
    ) -> AsyncGenerator[StreamedResponse]:
        """The same, all at once."""
        response = await self.request(messages, model_settings, model_request_parameters)
        yield CompletedStreamedResponse(response, model_request_parameters=model_request_parameters, replay_events=True)


def respond(messages: Sequence[ModelMessage], parameters: ModelRequestParameters) -> ModelResponse:
    """What the rules say next: calls of tools while something is still to be asked, then the output."""
    contents = [content for text in _texts(messages) for content in fences_in(text)]
    case = casefile(contents)
    asked = {
        (part.tool_name, _arguments(part)) for m in messages if isinstance(m, ModelResponse) for part in m.tool_calls
    }
    tools = {tool.name for tool in parameters.function_tools}
    wanted = _output_asked(messages, parameters)
    if case is not None:
        calls = [call for call in _next_calls(case, wanted, asked) if call.tool_name in tools]
        if calls:
            return _response(*calls)
    return _response(_output(case, wanted, output_tool(messages, parameters)))


def output_tool(messages: Sequence[ModelMessage], parameters: ModelRequestParameters) -> ToolDefinition | None:
    """The output tool that is asked for: where there are several, the one that the task names."""
    named = output_wanted(messages)
    tools = parameters.output_tools
    return next((tool for tool in tools if tool.name == named), tools[0] if tools else None)


def _texts(messages: Sequence[ModelMessage]) -> list[str]:
    requests = [message for message in messages if isinstance(message, ModelRequest)]
    answers = [part for message in requests for part in message.parts if isinstance(part, ToolReturnPart)]
    return [*prompts_of(requests), *(answer.model_response_str() for answer in answers)]


def _output_asked(messages: Sequence[ModelMessage], parameters: ModelRequestParameters) -> str:
    """Which of our outputs is asked for, by a field that only it has; from the output tool or the native schema."""
    schema: dict[str, Any] = {}
    if (tool := output_tool(messages, parameters)) is not None:
        schema = tool.parameters_json_schema
    elif parameters.output_object is not None:
        schema = parameters.output_object.json_schema
    fields = schema.get("properties", {})
    for field, output in (("root_cause", "diagnosis"), ("choices", "plan"), ("case_kind", "triage")):
        if field in fields:
            return output
    return "answer"


def _next_calls(case: Casefile, wanted: str, asked: set[tuple[str, str]]) -> list[ToolCallPart]:
    """What is still to be read before the output can be written."""

    def once(name: str, **arguments: str) -> list[ToolCallPart]:
        key = (name, json.dumps(arguments, sort_keys=True))
        # The id follows from the call, so that a repeated run has the same history.
        mark = hashlib.sha256("".join(key).encode()).hexdigest()[:12]
        return [] if key in asked else [ToolCallPart(name, arguments, tool_call_id=f"offline-{name}-{mark}")]

    dossier = case.dossier
    if wanted == "answer":
        question = case.brief.question[:400]
        return once("search_runbooks", query=question) if question else []
    if wanted != "diagnosis":
        return []
    calls: list[ToolCallPart] = []
    if case.brief.listed:
        gaps = {gap.part for gap in dossier.gaps}
        if not dossier.signals and "signals" not in gaps:
            calls += once("all_signals")
        if dossier.endpoint is None and "endpoint" not in gaps:
            calls += once("endpoint_state")
        if not dossier.changes and dossier.no_changes is None and "changes" not in gaps:
            calls += once("recent_changes")
        if dossier.monitor is None and "violations" not in gaps and case.brief.monitored:
            calls += once("data_quality")
        if not dossier.capacity and "capacity" not in gaps:
            calls += once("capacity")
    if calls:
        return calls
    if dossier.lacks("Runbook index"):
        return []
    wanted_words = searches(case.symptoms, decide(case.symptoms).cause)
    return [call for query in wanted_words for call in once("search_runbooks", query=query[:400])]


def _output(case: Casefile | None, wanted: str, tool: ToolDefinition | None) -> ModelResponsePart:
    output: BaseModel | None = None
    if case is not None:
        match wanted:
            case "diagnosis":
                output = draft.write(case)
            case "plan":
                output = remedy.write(case)
            case "triage":
                output = triage.write(case)
            case _:
                output = answers.write(case)
    if output is None:
        return TextPart("There is no case here that the offline rules know how to read.")
    if tool is not None:
        return ToolCallPart(tool.name, output.model_dump(mode="json"), tool_call_id="offline-output")
    return TextPart(output.model_dump_json())


def _arguments(call: ToolCallPart) -> str:
    return json.dumps(call.args_as_dict(), sort_keys=True)


def _response(*parts: ModelResponsePart) -> ModelResponse:
    # A price of nothing is a known price: cost limits stay enforceable when this model stands in for another.
    return ModelResponse(
        parts=list(parts),
        usage=RequestUsage(cost=Decimal(0)),
        model_name=OFFLINE_NAME,
        provider_name="agentops",
    )
