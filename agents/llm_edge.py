"""The edge of a provider's client: whatever it raises becomes an error that the offline rules can stand in for."""

import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from pydantic_ai.exceptions import AgentRunError, ModelAPIError
from pydantic_ai.messages import (
    CachePoint,
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    UserPromptPart,
)
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings, merge_model_settings
from pydantic_ai.usage import RequestUsage

from agents.compaction import compacted

log = logging.getLogger(__name__)

CHARACTERS_PER_TOKEN = 4
"""A rule of thumb for English and JSON, where a server does not tell its tokens."""


class LlmEdge(WrapperModel):
    """A model of any provider, behind an edge: it is given the history compacted.

    A response whose server told no usage is counted by its length, so that a limit on tokens binds all the same.
    """

    def __init__(self, wrapped: Model, settings: ModelSettings) -> None:
        """Wraps a model. `settings`: what every request asks for, less what the model says it does not know."""
        super().__init__(wrapped)
        known = {name: value for name, value in settings.items() if name not in wrapped.unsupported_settings}
        self._asked = cast(ModelSettings, known)
        self._caching = bool(settings.get("cache"))

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """The response. Raises only errors of Pydantic AI."""
        try:
            settings = merge_model_settings(self._asked, model_settings)
            sent = compacted(messages) if self._caching else unmarked(compacted(messages))
            response = await super().request(sent, settings, model_request_parameters)
        except AgentRunError:
            raise
        except Exception as error:
            # A dozen vendors' clients, each with errors of its own; none of them may cost a diagnosis.
            log.warning("client of the language model failed: %s", type(error).__name__, exc_info=error)
            raise ModelAPIError(self.model_name, f"{type(error).__name__}: {error}") from error
        if not response.usage.total_tokens:
            response.usage = _by_length(messages, model_request_parameters, response)
        return response


def unmarked(messages: Sequence[ModelMessage]) -> list[ModelMessage]:
    """The history without marks for prompt caches."""
    return [
        replace(message, parts=[_unmarked(part) for part in message.parts])
        if isinstance(message, ModelRequest)
        else message
        for message in messages
    ]


def _unmarked(part: ModelRequestPart) -> ModelRequestPart:
    if not isinstance(part, UserPromptPart) or isinstance(part.content, str):
        return part
    return replace(part, content=[item for item in part.content if not isinstance(item, CachePoint)])


def _by_length(messages: list[ModelMessage], asked: ModelRequestParameters, response: ModelResponse) -> RequestUsage:
    tools = sum(
        len(tool.name) + len(tool.description or "") + len(json.dumps(tool.parameters_json_schema))
        for tool in (*asked.function_tools, *asked.output_tools)
    )
    characters = tools + len(ModelMessagesTypeAdapter.dump_json(messages))
    answered = len(ModelMessagesTypeAdapter.dump_json([response]))
    return RequestUsage(
        input_tokens=max(1, characters // CHARACTERS_PER_TOKEN),
        output_tokens=max(1, answered // CHARACTERS_PER_TOKEN),
    )
