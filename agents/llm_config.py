"""Which language model reasons, and how much of it one investigation may use."""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from incidents.errors import AgentOpsError

CLAUDE = "anthropic"
"""The provider of a name that stands without one."""
DEFAULT_MODEL = "claude-sonnet-5-5"
"""Claude Sonnet 5.5: tool use and structured output, with prompt caching."""


class LlmUnusable(AgentOpsError):
    """The language model that the settings name cannot be used. The message is fit to show and says what to do."""


class LlmConfig(BaseModel):
    """Which language model, and how much of it an investigation may use.

    Attributes:
        model: ``provider:name`` as Pydantic AI spells it; a name alone is one of Anthropic's.
        api_key: Claude without one means that the offline rules do all the work. Other providers then look for what
            their own clients look for, e.g. AWS credentials; a server at an address of one's own gets none.
        base_url: another address of the provider's API; with ``openai:`` that of any server that speaks chat
            completions, such as Ollama or vLLM.
        request_limit, tool_calls_limit, total_tokens_limit, cost_limit_usd, deadline_s: for one investigation, all
            agents together. Past any of them the offline rules take over. Where no price of the model is known, the
            cost cannot bind and the tokens do.
        attempts: how often one request is sent when the API answers 429, 529 or 5xx.
        caching: mark instructions and tools for prompt caching, where the model can be told to.
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
    def key(self) -> str | None:
        """The key itself, for the one who hands it on; None where there is none."""
        return (self.api_key.get_secret_value() or None) if self.api_key is not None else None

    @property
    def offline(self) -> bool:
        """Whether the offline rules do all the work: Claude is meant, and there is no key for it."""
        return self.provider == CLAUDE and self.key is None

    @property
    def provider(self) -> str:
        """The provider, as Pydantic AI spells it."""
        provider, colon, _ = self.model.partition(":")
        return provider if colon else CLAUDE

    @property
    def model_name(self) -> str:
        """The name without the provider."""
        provider, colon, name = self.model.partition(":")
        return name if colon else provider
