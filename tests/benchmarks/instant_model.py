"""A language model of zero latency: every answer was written down beforehand, so that only our own time is measured."""

from collections.abc import Mapping
from typing import Any

from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, ToolCallPart, ToolReturnPart
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings
from pydantic_ai.usage import RequestUsage

from agents.rules.model import output_tool

USAGE = RequestUsage(input_tokens=1000, output_tokens=200)


class Recorder(WrapperModel):
    """Notes what another model hands in at the end, by the output's name."""

    def __init__(self, wrapped: Model) -> None:
        super().__init__(wrapped)
        self.outputs: dict[str, dict[str, Any]] = {}

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        response = await super().request(messages, model_settings, model_request_parameters)
        for output in model_request_parameters.output_tools:
            for part in response.parts:
                if isinstance(part, ToolCallPart) and part.tool_name == output.name:
                    self.outputs[output.name] = part.args_as_dict()
        return response


class InstantModel(Model):
    """For a diagnosis calls a tool first, then hands in what was noted; everything else it hands in at once."""

    def __init__(self, outputs: Mapping[str, dict[str, Any]], tool: str) -> None:
        super().__init__()
        self._outputs = outputs
        self._tool = tool
        self.requests = 0
        self.tool_calls = 0

    @property
    def model_name(self) -> str:
        return "instant"

    @property
    def system(self) -> str:
        return "benchmark"

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        _, parameters = self.prepare_request(model_settings, model_request_parameters)
        self.requests += 1
        output = output_tool(messages, parameters)
        assert output is not None
        if output.name == "diagnosis" and not _tool_was_called(messages):
            self.tool_calls += 1
            return ModelResponse([ToolCallPart(self._tool, {})], usage=USAGE, model_name=self.model_name)
        answer = ToolCallPart(output.name, self._outputs[output.name])
        return ModelResponse([answer], usage=USAGE, model_name=self.model_name)


def _tool_was_called(messages: list[ModelMessage]) -> bool:
    return any(
        isinstance(part, ToolReturnPart)
        for message in messages
        if isinstance(message, ModelRequest)
        for part in message.parts
    )
