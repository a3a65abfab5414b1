"""The language model: Claude when there is a key, the offline rules otherwise and whenever Claude fails."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, SecretStr

if TYPE_CHECKING:
    import httpx2
    from pydantic_ai import UsageLimits
    from pydantic_ai.messages import ModelResponse
    from pydantic_ai.models import Model

DEFAULT_MODEL = "claude-sonnet-5-5"
"""Claude Sonnet 5.5: tool use and structured output, with prompt caching."""


class LlmConfig(BaseModel):
    """Which language model, and how much of it an investigation may use.

    Attributes:
        model: name of an Anthropic model, with or without ``anthropic:`` in front.
        api_key: without one, the offline rules do all the work.
        base_url: another address of the Messages API.
        request_limit, tool_calls_limit, total_tokens_limit, cost_limit_usd, deadline_s: for one investigation, all
            agents together. Past any of them the offline rules take over.
        attempts: how often one request is sent when the API answers 429, 529 or 5xx.
        caching: mark instructions and tools for prompt caching.
    """

    model_config = ConfigDict(frozen=True)

    model: str = DEFAULT_MODEL
    api_key: SecretStr | None = None
    base_url: str | None = None
    request_limit: int = Field(default=14, ge=1)
    tool_calls_limit: int = Field(default=30, ge=1)
    total_tokens_limit: int = Field(default=250_000, ge=1)
    cost_limit_usd: Decimal | None = Field(default=Decimal("0.60"), gt=0)
    max_output_tokens: int = Field(default=8192, ge=256)
    deadline_s: float = Field(default=75.0, gt=0)
    request_timeout_s: float = Field(default=45.0, gt=0)
    attempts: int = Field(default=2, ge=1, le=5)
    longest_retry_wait_s: float = Field(default=8.0, ge=0)
    caching: bool = True

    @property
    def offline(self) -> bool:
        """Whether the offline rules do all the work."""
        return self.api_key is None or not self.api_key.get_secret_value()

    @property
    def model_name(self) -> str:
        """The name without the provider."""
        return self.model.removeprefix("anthropic:")


@dataclass(frozen=True)
class LanguageModel:
    """What the agents run on. `close` gives its connections back."""

    model: "Model"
    offline_model: "Model"
    limits: "UsageLimits"
    client: "httpx2.AsyncClient | None" = None

    async def close(self) -> None:
        """Close the connections."""
        if self.client is not None:
            await self.client.aclose()


def build(config: LlmConfig) -> LanguageModel:
    """The model of a configuration. Importing pydantic-ai takes a second, Anthropic's client two more."""
    from pydantic_ai import UsageLimits

    from agents.rules.model import OfflineModel

    offline = OfflineModel()
    if config.offline:
        return LanguageModel(offline, offline, UsageLimits(request_limit=config.request_limit))
    from agents.claude import claude

    model, client = claude(config)
    from pydantic_ai.models.fallback import FallbackModel

    limits = UsageLimits(
        request_limit=config.request_limit,
        tool_calls_limit=config.tool_calls_limit,
        total_tokens_limit=config.total_tokens_limit,
        cost_limit=config.cost_limit_usd if _priced(config.model_name) else None,
    )
    return LanguageModel(FallbackModel(model, offline), offline, limits, client)


def names_of(responses: Iterable["ModelResponse"]) -> tuple[str, ...]:
    """Who answered, each once, in order."""
    return tuple(dict.fromkeys(r.model_name for r in responses if r.model_name))


def why_not(responses: Iterable["ModelResponse"]) -> str:
    """Why another model than the first answered, in plain words; empty where the first did."""
    for response in responses:
        for attempt in response.failed_attempts or ():
            return f"{attempt.model_name} {failure_in_words(attempt.error or '')}"
    return ""


_STATUS = re.compile(r"status_code: (\d{3})")
_IN_WORDS: Sequence[tuple[str, str]] = (
    ("429", "asked to slow down (429)"),
    ("529", "was overloaded (529)"),
    ("401", "refused the API key (401)"),
    ("403", "refused the API key (403)"),
    ("404", "is not known to the API (404)"),
    ("502", "gave no usable answer (502)"),
)


def failure_in_words(error: str) -> str:
    """An error of the API in plain words; its own words stay in the log."""
    status = _STATUS.search(error)
    if status:
        words = dict(_IN_WORDS).get(status[1])
        return words or f"failed with status {status[1]}"
    if "Timeout" in error or "timed out" in error:
        return "did not answer in time"
    if "Connection" in error:
        return "could not be reached, or the answer broke off"
    return "gave no usable answer"


def _priced(model_name: str) -> bool:
    """Whether the price of a model is known offline; a limit on unknown prices could not be kept."""
    from genai_prices import Usage, calc_price

    try:
        calc_price(Usage(input_tokens=1, output_tokens=1), model_name, provider_id="anthropic")
    except LookupError:
        return False
    return True
