"""Which language model reasons, and how much of it one investigation may use."""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

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
