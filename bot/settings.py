"""Every setting, and the only place that reads the environment. The README's table is checked against this file."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

SHARE = Path(__file__).parent / "_share"
"""Where an installed wheel keeps runbooks/ and manifests/; a checkout has them at its top."""


def _shipped(name: str) -> Path:
    installed = SHARE / name
    return installed if installed.is_dir() else Path(__file__).parent.parent / name


class Settings(BaseSettings):
    """All settings. Names in the environment are upper case; the prefix ``AGENTOPS_`` is ours alone."""

    model_config = SettingsConfigDict(env_prefix="AGENTOPS_", env_file=".env", extra="ignore", populate_by_name=True)

    slack_bot_token: SecretStr | None = Field(default=None, validation_alias=AliasChoices("SLACK_BOT_TOKEN"))
    """Bot token, begins with xoxb-."""
    slack_app_token: SecretStr | None = Field(default=None, validation_alias=AliasChoices("SLACK_APP_TOKEN"))
    """App-level token for Socket Mode, begins with xapp-."""
    slack_signing_secret: SecretStr | None = Field(default=None, validation_alias=AliasChoices("SLACK_SIGNING_SECRET"))
    """Signing secret; with it and without an app token, Slack is served over HTTP at /slack/events."""
    slack_api_url: str = Field(default="https://slack.com/api/", validation_alias=AliasChoices("SLACK_API_URL"))
    """Where the Web API is; another address is taken only in sandbox mode."""

    anthropic_api_key: SecretStr | None = Field(default=None, validation_alias=AliasChoices("ANTHROPIC_API_KEY"))
    """With it, Claude reasons; without it, the offline rules do."""
    anthropic_base_url: str | None = Field(default=None, validation_alias=AliasChoices("ANTHROPIC_BASE_URL"))
    """Another address of the Messages API, e.g. a gateway."""
    llm: str = "claude-sonnet-4-5"
    """The language model's name, as Anthropic spells it."""
    llm_cost_limit_usd: float = 0.50
    """The most that one investigation may cost in language-model tokens."""
    llm_deadline_seconds: float = 90.0
    """The longest that one investigation may reason before the offline rules finish it."""

    database_url: str | None = None
    """SQLAlchemy URL; a SQLite file in the data folder where it is not set."""
    data_dir: Path = Path("data")
    """Where the databases and the runbook index are kept."""
    host: str = "127.0.0.1"
    """Address the HTTP server binds to."""
    port: int = 8080
    """Port the HTTP server binds to."""
    webhook_tokens: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    """One or two bearer tokens, comma-separated, that Alertmanager may send; two for rotation."""
    metrics_token: SecretStr | None = None
    """Bearer token for /metrics and /docs; without it only this machine may read them."""

    prometheus_url: str = "http://127.0.0.1:9090"
    """Prometheus or a compatible query API."""
    prometheus_token: SecretStr | None = None
    """Bearer token for Prometheus."""
    rules_dir: Path | None = None
    """Folder of Prometheus rule files; used where Prometheus does not serve its rules."""

    aws_endpoint_url: str | None = None
    """Another address of the AWS APIs, e.g. the sandbox's."""
    aws_external_id: SecretStr | None = None
    """ExternalId for assuming the roles of the catalogue."""
    aws_assume_roles: bool = True
    """Assume the catalogue's role for each remediation; without it the bot's own credentials are used."""

    models_file: Path = _shipped("manifests") / "models.yaml"
    """The catalogue."""
    policy_file: Path = _shipped("manifests") / "policy.yaml"
    """The policy."""
    runbooks_dir: Path = _shipped("runbooks")
    """Folder of runbooks."""
    runbook_base_url: str | None = None
    """Address under which people read the runbooks; links of citations begin with it."""
    chroma_url: str | None = None
    """Chroma server; embedded in the data folder where it is not set."""
    embedding: str = "wordllama"
    """Embedding of the runbook index: wordllama (in the package) or minilm (downloads a model)."""
    link_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Hosts that links out of alerts may lead to, comma-separated; others are shown as text."""

    executor_id: str | None = None
    """Stable name of this process; required with PostgreSQL."""
    sandbox: bool = False
    """Local stand-ins are on the other side: foreign Slack addresses are allowed, labels say so."""
    speed: float = Field(default=1.0, ge=1.0, le=600.0)
    """How much faster than real time the durations below pass; only the sandbox sets it."""
    decision_speed: float = Field(default=1.0, ge=1.0, le=600.0)
    """How much faster the time to decide passes. People do not speed up: only the demo without people sets it."""
    settle_seconds: float = 10.0
    """How long the first investigation of an incident waits for alerts of the same outage."""
    poll_seconds: float = 15.0
    """How often a running change is looked at."""
    observe_seconds: float = 60.0
    """How often the live endpoint configs are recorded."""
    group_interval_minutes: float = 5.0
    """Alertmanager's group_interval; part of the time a signal must stay well."""
    update_limit_minutes: float = 60.0
    """How long a change may take before a person is called."""
    verification_limit_minutes: float = 30.0
    """How long after a change the signals may take to recover before it counts as failed."""
    close_after_hours: float = 24.0
    """When a resolved incident is closed."""
    log_level: str = "info"
    """debug, info, warning or error."""
    log_format: str = "json"
    """json, or console for people."""

    @field_validator("webhook_tokens", "link_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _is_consistent(self) -> "Settings":
        if len(self.webhook_tokens) > 2:
            raise ValueError("AGENTOPS_WEBHOOK_TOKENS: give one token, or two while you rotate")
        if any(len(token.get_secret_value()) < 16 for token in self.webhook_tokens):
            raise ValueError("AGENTOPS_WEBHOOK_TOKENS: a token needs at least 16 characters")
        foreign = not self.slack_api_url.startswith("https://slack.com/") and not self.slack_api_url.startswith(
            "https://slack-gov.com/"
        )
        if foreign and not self.sandbox:
            raise ValueError("SLACK_API_URL: another address than Slack's is taken only with AGENTOPS_SANDBOX=true")
        if self.database_url and self.database_url.startswith("postgres") and not self.executor_id:
            raise ValueError("AGENTOPS_EXECUTOR_ID: with PostgreSQL every process needs its own stable name")
        if (self.speed != 1.0 or self.decision_speed != 1.0) and not self.sandbox:
            raise ValueError("AGENTOPS_SPEED and AGENTOPS_DECISION_SPEED: only the sandbox may speed time up")
        return self

    @property
    def database(self) -> str:
        """The database's URL."""
        return self.database_url or f"sqlite:///{self.data_dir / 'agentops.sqlite'}"

    def scaled(self, seconds: float) -> timedelta:
        """A duration of the world, as it passes here."""
        return timedelta(seconds=seconds / self.speed)


def inherited() -> dict[str, str]:
    """The environment as it is, for child processes."""
    return dict(os.environ)
