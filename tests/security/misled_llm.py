"""A language model that asks nobody: what it hands in is a function of what it was told."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from pydantic_ai import RunContext
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, ToolCallPart, ToolReturnPart
from pydantic_ai.models import CompletedStreamedResponse, Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.settings import ModelSettings
from pydantic_ai.usage import RequestUsage

from agents.task import prompts_of


class MisledLlm(Model, ABC):
    """Answers at once and whole, with the calls of tools that `respond` makes of a history."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    @property
    def model_name(self) -> str:
        return self._name

    @property
    def system(self) -> str:
        return "tests"

    @abstractmethod
    def respond(self, messages: Sequence[ModelMessage], parameters: ModelRequestParameters) -> list[ToolCallPart]:
        """What it calls next, an output among it."""

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        _, parameters = self.prepare_request(model_settings, model_request_parameters)
        calls = self.respond(messages, parameters)
        return ModelResponse(parts=calls, usage=RequestUsage(cost=Decimal(0)), model_name=self._name)

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: RunContext[Any] | None = None,
    ) -> AsyncGenerator[StreamedResponse]:
        response = await self.request(messages, model_settings, model_request_parameters)
        yield CompletedStreamedResponse(response, model_request_parameters=model_request_parameters, replay_events=True)


def told(messages: Sequence[ModelMessage]) -> list[str]:
    """What stands in a history that the model did not write: prompts, and answers of tools."""
    requests = [message for message in messages if isinstance(message, ModelRequest)]
    answers = [part for message in requests for part in message.parts if isinstance(part, ToolReturnPart)]
    return [*prompts_of(requests), *(part.model_response_str() for part in answers)]
