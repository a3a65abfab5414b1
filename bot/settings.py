"""Every setting, and the only place that reads the environment. The README's table is checked against this file."""

import os
from datetime import time, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import (
    AfterValidator,
    AliasChoices,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from agents.llm_config import DEFAULT_MODEL

PREFIX = "AGENTOPS_"
SHORTEST_TOKEN = 16
GITHUB = "https://api.github.com"
DATABASES = ("sqlite:", "postgresql:", "postgresql+psycopg:", "postgres:")

SHARE = Path(__file__).parent / "_share"
"""Where an installed wheel keeps runbooks/ and manifests/; a checkout has them at its top."""


def _shipped(name: str) -> Path:
    installed = SHARE / name
    return installed if installed.is_dir() else Path(__file__).parent.parent / name


def _web_address(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("an address begins with http:// or https://")
    return value


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


Address = Annotated[str, AfterValidator(_web_address)]
Duration = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Settings(BaseSettings):
    """All settings. Names in the environment are upper case; the prefix ``AGENTOPS_`` is ours alone.

    A variable that is there and empty counts as not set.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore", populate_by_name=True)

    slack_bot_token: SecretStr | None = Field(default=None, validation_alias=AliasChoices("SLACK_BOT_TOKEN"))
    """Bot token, begins with xoxb-."""
    slack_app_token: SecretStr | None = Field(default=None, validation_alias=AliasChoices("SLACK_APP_TOKEN"))
    """App-level token for Socket Mode, begins with xapp-."""
    slack_signing_secret: SecretStr | None = Field(default=None, validation_alias=AliasChoices("SLACK_SIGNING_SECRET"))
    """Signing secret; with it and without an app token, Slack is served over HTTP at /slack/events."""
    slack_api_url: Address = Field(default="https://slack.com/api/", validation_alias=AliasChoices("SLACK_API_URL"))
    """Where the Web API is; another address is taken only in sandbox mode."""

    anthropic_api_key: SecretStr | None = Field(default=None, validation_alias=AliasChoices("ANTHROPIC_API_KEY"))
    """With it, Claude reasons; without it, the offline rules do."""
    anthropic_base_url: Address | None = Field(default=None, validation_alias=AliasChoices("ANTHROPIC_BASE_URL"))
    """Another address of the Messages API, e.g. a gateway."""
    llm: str = DEFAULT_MODEL
    """The language model: a name of Anthropic's, or provider:name as Pydantic AI spells it, e.g. openai:gpt-5."""
    llm_api_key: SecretStr | None = None
    """Key for a provider other than Anthropic; not needed where its own variables or AWS credentials are there."""
    llm_base_url: Address | None = None
    """Another address of that provider; with openai:NAME any server that speaks chat completions, e.g. Ollama's /v1."""
    llm_cost_limit_usd: Duration = 0.50
    """The most that one investigation may cost in language-model tokens."""
    llm_token_limit: int = Field(default=250_000, ge=1000)
    """The most tokens, in and out, that one investigation may use; what binds where the price is not known."""
    llm_deadline_seconds: Duration = 90.0
    """The longest that one investigation may reason before the offline rules finish it."""

    otlp_endpoint: Address | None = None
    """Where spans of investigations go by OTLP over HTTP, e.g. http://phoenix:6006/v1/traces; nowhere without it."""
    otlp_headers: SecretStr | None = None
    """Headers for it: name=value, comma-separated, e.g. a token."""
    otlp_content: bool = False
    """Let the spans hold prompts and answers, too; secrets are taken out of them all the same."""

    database_url: str | None = Field(default=None, repr=False)
    """SQLAlchemy URL; a SQLite file in the data folder where it is not set."""
    data_dir: Path = Path("data")
    """Where the databases and the runbook index are kept."""
    host: str = "127.0.0.1"
    """Address the HTTP server binds to."""
    port: int = Field(default=8080, ge=1, le=65535)
    """Port the HTTP server binds to."""
    webhook_tokens: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    """One or two bearer tokens, comma-separated, that Alertmanager may send; two for rotation."""
    metrics_token: SecretStr | None = None
    """Bearer token for /metrics, /docs and /runbooks; without it only this machine may read them."""

    prometheus_url: Address = Field(default="http://127.0.0.1:9090", repr=False)
    """Prometheus or a compatible query API."""
    prometheus_token: SecretStr | None = None
    """Bearer token for Prometheus."""
    rules_dir: Path | None = None
    """Folder of Prometheus rule files; used where Prometheus does not serve its rules."""

    aws_endpoint_url: Address | None = None
    """Another address of the AWS APIs, e.g. the sandbox's."""
    aws_external_id: SecretStr | None = None
    """ExternalId for assuming the roles of the catalogue."""
    aws_assume_roles: bool = True
    """Assume the catalogue's role for each remediation; without it the bot's own credentials are used."""

    mcp_servers_file: Path | None = None
    """YAML file of MCP servers (logs, traces, dashboards) that a language model may ask, each with a list of tools."""

    github_token: SecretStr | None = None
    """Fine-grained token with issues: read and write and contents: read on the catalogue's repositories; without it no
    issue is opened, and commits and releases are read of public repositories only."""
    github_url: Address = Field(default=GITHUB, repr=False)
    """GitHub's REST API; for GitHub Enterprise Server https://HOST/api/v3."""

    models_file: Path = _shipped("manifests") / "models.yaml"
    """The catalogue."""
    policy_file: Path = _shipped("manifests") / "policy.yaml"
    """The policy."""
    runbooks_dir: Path = _shipped("runbooks")
    """Folder of runbooks."""
    runbook_base_url: Address | None = None
    """Address under which people read the runbooks; links of citations begin with it."""
    chroma_url: Address | None = Field(default=None, repr=False)
    """Chroma server; embedded in the data folder where it is not set."""
    embedding: Literal["wordllama", "minilm"] = "wordllama"
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
    settle_seconds: Duration = 10.0
    """How long the first investigation of an incident waits for alerts of the same outage."""
    settle_max_seconds: Duration = 30.0
    """How long it waits at most since the first alert: each that joins puts it off by the settle time."""
    flapping_changes: int = Field(default=5, ge=3, le=100)
    """So many changes between firing and cleared within the window are flapping: no look before it is calm."""
    flapping_window_minutes: Duration = 60.0
    """What is looked back on to tell whether something flaps."""
    flapping_calm_minutes: Duration = 15.0
    """Without a change for so long, what flapped is calm again."""
    storm_incidents: int = Field(default=10, ge=1, le=300)
    """New threads that a channel bears within the window; one more incident is a storm, told in one digest."""
    storm_window_minutes: Duration = 5.0
    """What is looked back on to tell whether there is a storm."""
    investigations_at_once: int = Field(default=4, ge=1, le=200)
    """Investigations under way at once, in the whole deployment."""
    investigations_per_hour: int = Field(default=120, ge=1, le=100_000)
    """Investigations begun within an hour, in the whole deployment; the rest wait, the worst go first."""
    llm_cost_per_hour_usd: Duration = 10.0
    """What language models may cost an hour, in the whole deployment; beyond it the offline rules investigate."""
    poll_seconds: Duration = 15.0
    """How often a running change is looked at."""
    lease_seconds: float = Field(default=30.0, ge=3.0, le=3600.0)
    """How long a process keeps a change without a sign of life before another may take it over."""
    heartbeat_seconds: float = Field(default=5.0, ge=0.25, le=15.0)
    """How often a process gives a sign of life; after four that are missing, another takes over what it did."""
    observe_seconds: Duration = 60.0
    """How often the live endpoint configs are recorded."""
    watch: bool = False
    """Check the catalogue's thresholds against Prometheus here, for where Prometheus evaluates no such rules."""
    watch_seconds: Duration = 60.0
    """How often the watch looks at every signal."""
    daily_note_at: time | None = None
    """UTC time of day, e.g. 07:30, at which each channel is told how its models stand; unset, it is not told."""
    group_interval_minutes: Duration = 5.0
    """Alertmanager's group_interval; part of the time a signal must stay well."""
    update_limit_minutes: Duration = 60.0
    """How long a change may take before a person is called."""
    verification_limit_minutes: Duration = 30.0
    """How long after a change the signals may take to recover before it counts as failed."""
    close_after_hours: Duration = 24.0
    """When a resolved incident is closed."""
    retention_days: float = Field(default=90.0, ge=0, allow_inf_nan=False)
    """How long alerts, messages and workflow history of closed incidents are kept; 0 keeps them for ever."""
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = "info"
    """debug, info, warning or error."""
    log_format: Annotated[Literal["json", "console"], BeforeValidator(_lower)] = "json"
    """json, or console for people."""

    @field_validator("*", mode="before")
    @classmethod
    def _blank_is_not_set(cls, value: object, info: ValidationInfo) -> object:
        field = cls.model_fields[info.field_name or ""]
        return field.get_default() if isinstance(value, str) and not value.strip() else value

    @field_validator("webhook_tokens", "link_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _is_calm_within_the_window(self) -> "Settings":
        if self.flapping_calm_minutes > self.flapping_window_minutes:
            raise ValueError("AGENTOPS_FLAPPING_CALM_MINUTES: at most AGENTOPS_FLAPPING_WINDOW_MINUTES")
        return self

    @model_validator(mode="after")
    def _is_consistent(self) -> "Settings":
        if len(self.webhook_tokens) > 2:
            raise ValueError("AGENTOPS_WEBHOOK_TOKENS: give one token, or two while you rotate")
        if any(len(token.get_secret_value()) < SHORTEST_TOKEN for token in self.webhook_tokens):
            raise ValueError(f"AGENTOPS_WEBHOOK_TOKENS: a token needs at least {SHORTEST_TOKEN} characters")
        if self.metrics_token and len(self.metrics_token.get_secret_value()) < SHORTEST_TOKEN:
            raise ValueError(f"AGENTOPS_METRICS_TOKEN: a token needs at least {SHORTEST_TOKEN} characters")
        if not all(name and value for name, value in self.otlp_header_values.items()):
            raise ValueError("AGENTOPS_OTLP_HEADERS: write name=value, comma-separated")
        if self.database_url and not self.database_url.startswith(DATABASES):
            raise ValueError("AGENTOPS_DATABASE_URL: give an address that begins with sqlite:/// or postgresql://")
        foreign = not self.slack_api_url.startswith("https://slack.com/") and not self.slack_api_url.startswith(
            "https://slack-gov.com/"
        )
        if foreign and not self.sandbox:
            raise ValueError("SLACK_API_URL: another address than Slack's is taken only with AGENTOPS_SANDBOX=true")
        if not self.github_url.startswith("https://") and not self.sandbox:
            raise ValueError("AGENTOPS_GITHUB_URL: without https the token would travel readable; https://HOST/api/v3")
        if "@" in urlsplit(self.github_url).netloc:
            raise ValueError("AGENTOPS_GITHUB_URL: give no user name in it; the token stands in AGENTOPS_GITHUB_TOKEN")
        if self.database_url and self.database_url.startswith("postgres") and not self.executor_id:
            raise ValueError("AGENTOPS_EXECUTOR_ID: with PostgreSQL every process needs its own stable name")
        if (self.speed != 1.0 or self.decision_speed != 1.0) and not self.sandbox:
            raise ValueError("AGENTOPS_SPEED and AGENTOPS_DECISION_SPEED: only the sandbox may speed time up")
        if self.lease_seconds < 30 and not self.sandbox:
            raise ValueError("AGENTOPS_LEASE_SECONDS: at least 30, longer than any call to AWS may take")
        return self

    @property
    def database(self) -> str:
        """The database's URL."""
        if self.database_url:
            # The short form that many platforms hand out.
            return self.database_url.replace("postgres://", "postgresql://", 1)
        return f"sqlite:///{self.data_dir / 'agentops.sqlite'}"

    @property
    def otlp_header_values(self) -> dict[str, str]:
        """The headers for OTLP, by name."""
        text = self.otlp_headers.get_secret_value() if self.otlp_headers else ""
        parts = (one.partition("=") for one in text.split(",") if one.strip())
        return {name.strip().lower(): value.strip() for name, _, value in parts}

    def scaled(self, seconds: float) -> timedelta:
        """A duration of the world, as it passes here."""
        return timedelta(seconds=seconds / self.speed)


def environment_value(name: str) -> SecretStr | None:
    """The value of a variable that a file refers to, from the environment or from `.env`; None where it is not set."""
    value = os.environ.get(name) or dotenv_values(".env").get(name)
    return SecretStr(value) if value else None


def environment_name(field: str) -> str:
    """The name of a setting in the environment."""
    alias = Settings.model_fields[field].validation_alias
    return str(alias.choices[0]) if isinstance(alias, AliasChoices) else PREFIX + field.upper()


def problems(error: ValidationError) -> list[str]:
    """What is wrong with the settings, each in one line that begins with the variable's name. No value is repeated."""
    told: list[str] = []
    for one in error.errors(include_url=False, include_input=False, include_context=False):
        words = str(one["msg"]).removeprefix("Value error, ")
        field = str(one["loc"][0]) if one["loc"] else ""
        name = environment_name(field) if field in Settings.model_fields else field
        told.append(f"{name}: {words}" if name else words)
    return told


def misspelt() -> list[tuple[str, str | None]]:
    """Variables with our prefix that are no setting, each with the setting that it may have been meant to be."""
    known = {environment_name(field).removeprefix(PREFIX): environment_name(field) for field in Settings.model_fields}
    told: list[tuple[str, str | None]] = []
    for name in sorted(os.environ):
        rest = name.upper().removeprefix(PREFIX)
        if name.startswith(PREFIX) and rest not in known and not rest.startswith("TEST_"):
            near = get_close_matches(rest, known, n=1)
            told.append((name, known[near[0]] if near else None))
    return told


def inherited() -> dict[str, str]:
    """The environment for child processes that are set up by us: as it is, but with no setting of ours in it.

    The names are there with nothing behind them, so that a `.env` file does not fill them in either.
    """
    foreign = {name: value for name, value in os.environ.items() if not name.startswith((PREFIX, "AWS_"))}
    return foreign | {environment_name(field): "" for field in Settings.model_fields}
