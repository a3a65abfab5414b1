"""The language model: the one that the settings name, and the offline rules whenever it fails or there is none."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agents.llm_config import CLAUDE, LlmConfig

if TYPE_CHECKING:
    import httpx2
    from pydantic_ai import UsageLimits
    from pydantic_ai.messages import ModelResponse
    from pydantic_ai.models import Model
    from pydantic_ai.settings import ModelSettings


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
    """The model of a configuration. Importing pydantic-ai takes a second, a provider's client two more.

    Raises `agents.llm_config.LlmUnusable` where it cannot be used at all.
    """
    from pydantic_ai import UsageLimits

    from agents.rules.model import OfflineModel

    offline = OfflineModel()
    if config.offline:
        return LanguageModel(offline, offline, UsageLimits(request_limit=config.request_limit))
    from pydantic_ai.models.fallback import FallbackModel

    model, client = connect(config)
    limits = UsageLimits(
        request_limit=config.request_limit,
        tool_calls_limit=config.tool_calls_limit,
        total_tokens_limit=config.total_tokens_limit,
        cost_limit=config.cost_limit_usd if has_price(model) else None,
    )
    return LanguageModel(FallbackModel(model, offline), offline, limits, client)


def connect(config: LlmConfig) -> "tuple[Model, httpx2.AsyncClient]":
    """The configured model without the rules behind it, and the HTTP client to close at the end.

    Raises `agents.llm_config.LlmUnusable`.
    """
    from agents.llm_edge import LlmEdge

    if config.provider == CLAUDE:
        from agents.claude import claude

        model, client = claude(config)
    else:
        from agents.any_llm import any_llm

        model, client = any_llm(config)
    return LlmEdge(model, _settings(config)), client


def _settings(config: LlmConfig) -> "ModelSettings":
    """What every provider is asked for; what a model cannot do, its profile leaves out."""
    from pydantic_ai.settings import ModelSettings

    settings = ModelSettings(max_tokens=config.max_output_tokens, timeout=config.request_timeout_s, max_retries=0)
    if config.caching:
        settings["cache"] = True
    return settings


def has_price(model: "Model") -> bool:
    """Whether the price of a model is known offline; a limit on unknown prices could not be kept."""
    from genai_prices import Usage, calc_price

    one = Usage(input_tokens=1, output_tokens=1)
    try:
        calc_price(one, model.model_name, provider_id=model.system)
        return True
    except LookupError:
        pass
    if model.base_url is None:
        return False
    try:
        calc_price(one, model.model_name, provider_api_url=model.base_url)
        return True
    except LookupError:
        return False


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
    if "Connect" in error:
        return "could not be reached, or the answer broke off"
    return "gave no usable answer"
