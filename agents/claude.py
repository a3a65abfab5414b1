"""Claude by Anthropic's client, the documented default. Imported only where there is a key."""

from typing import Any, Literal

import httpx2
from anthropic import AsyncAnthropic
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.providers.anthropic import AnthropicProvider

from agents.llm_config import LlmConfig
from agents.llm_transport import patient_client


class _Message(BaseModel):
    """As much of a message's shape as everything after it relies on."""

    type: Literal["message"]
    model: str
    content: list[dict[str, Any]]
    usage: dict[str, Any]


_MESSAGE = TypeAdapter(_Message)


def claude(config: LlmConfig) -> tuple[AnthropicModel, httpx2.AsyncClient]:
    """The model, and the HTTP client to close at the end."""
    client = patient_client(config, _is_message)
    anthropic = AsyncAnthropic(api_key=config.key, base_url=config.base_url, http_client=client, max_retries=0)
    return AnthropicModel(config.model_name, provider=AnthropicProvider(anthropic_client=anthropic)), client


def _is_message(body: bytes) -> bool:
    try:
        _MESSAGE.validate_json(body)
    except ValidationError:
        return False
    return True
