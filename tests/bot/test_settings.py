"""Settings: what the environment may say, and what is said when it is wrong."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.settings import Settings, environment_name, inherited, misspelt, problems

TOKEN, OTHER, THIRD = "a" * 16, "b" * 20, "c" * 32

Reader = Callable[..., Settings]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Reader:
    """Reads the settings in an empty folder, from nothing but the variables given."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("AGENTOPS_", "SLACK_", "ANTHROPIC_")):
            monkeypatch.delenv(name)

    def from_environment(**variables: str) -> Settings:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return Settings()

    return from_environment


def refusals(read: Reader, **variables: str) -> list[str]:
    with pytest.raises(ValidationError) as refused:
        read(**variables)
    return problems(refused.value)


def test_everything_has_a_default(read: Reader) -> None:
    settings = read()
    assert settings.slack_bot_token is None and settings.webhook_tokens == () and settings.port == 8080
    assert settings.database == "sqlite:///data/agentops.sqlite"
    assert settings.models_file.is_file() and settings.policy_file.is_file() and settings.runbooks_dir.is_dir()


def test_a_file_named_env_is_read_and_the_environment_wins(read: Reader) -> None:
    Path(".env").write_text("AGENTOPS_PORT=1234\nAGENTOPS_LLM=claude-x\nSOMETHING_ELSE=1\n", encoding="utf-8")
    settings = read(AGENTOPS_PORT="4321")
    assert (settings.port, settings.llm) == (4321, "claude-x")


@pytest.mark.parametrize("blank", ["", "  "])
def test_a_blank_variable_counts_as_not_set(read: Reader, blank: str) -> None:
    assert read(**{environment_name(field): blank for field in Settings.model_fields}) == read()


def test_a_blank_metrics_token_is_no_token(read: Reader) -> None:
    assert read(AGENTOPS_METRICS_TOKEN="").metrics_token is None


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("AGENTOPS_PORT", "abc", "integer"),
        ("AGENTOPS_PORT", "0", "greater than or equal to 1"),
        ("AGENTOPS_PORT", "70000", "less than or equal to 65535"),
        ("AGENTOPS_SANDBOX", "maybe", "boolean"),
        ("AGENTOPS_SPEED", "0.5", "greater than or equal to 1"),
        ("AGENTOPS_SPEED", "nan", "less than or equal to 600"),
        ("AGENTOPS_POLL_SECONDS", "0", "greater than 0"),
        ("AGENTOPS_POLL_SECONDS", "inf", "finite"),
        ("AGENTOPS_CLOSE_AFTER_HOURS", "-1", "greater than 0"),
        ("AGENTOPS_LEASE_SECONDS", "5", "at least 30"),
        ("AGENTOPS_LLM_COST_LIMIT_USD", "free", "number"),
        ("AGENTOPS_LOG_LEVEL", "loud", "'debug', 'info', 'warning' or 'error'"),
        ("AGENTOPS_LOG_FORMAT", "xml", "'json' or 'console'"),
        ("AGENTOPS_EMBEDDING", "word2vec", "'wordllama' or 'minilm'"),
        ("AGENTOPS_PROMETHEUS_URL", "prometheus:9090", "begins with http:// or https://"),
        ("AGENTOPS_GITHUB_URL", "http://github.example/api/v3", "travel readable"),
        ("AGENTOPS_GITHUB_URL", "https://me:secret@github.example/api/v3", "no user name"),
        ("AGENTOPS_RUNBOOK_BASE_URL", "javascript:alert(1)", "begins with http:// or https://"),
        ("AGENTOPS_DATABASE_URL", "mysql://db/x", "sqlite:/// or postgresql://"),
        ("AGENTOPS_WEBHOOK_TOKENS", "short", "at least 16 characters"),
        ("AGENTOPS_WEBHOOK_TOKENS", f"{TOKEN},short", "at least 16 characters"),
        ("AGENTOPS_WEBHOOK_TOKENS", f"{TOKEN},{OTHER},{THIRD}", "one token, or two"),
        ("AGENTOPS_METRICS_TOKEN", "short", "at least 16 characters"),
        ("AGENTOPS_DATABASE_URL", "postgresql://db/agentops", "AGENTOPS_EXECUTOR_ID"),
        ("SLACK_API_URL", "https://slack.example/api/", "only with AGENTOPS_SANDBOX=true"),
        ("SLACK_API_URL", "https://slack.com.example/api/", "only with AGENTOPS_SANDBOX=true"),
        ("AGENTOPS_SPEED", "60", "only the sandbox"),
        ("AGENTOPS_DECISION_SPEED", "60", "only the sandbox"),
    ],
)
def test_a_wrong_value_is_refused_by_the_variables_name(read: Reader, name: str, value: str, words: str) -> None:
    (told,) = refusals(read, **{name: value})
    assert name in told or words == "AGENTOPS_EXECUTOR_ID"
    assert words in told
    assert re.match(r"(AGENTOPS|SLACK)_[A-Z_]+", told)


def test_every_wrong_variable_is_told_at_once(read: Reader) -> None:
    told = refusals(read, AGENTOPS_PORT="abc", AGENTOPS_SANDBOX="maybe", SLACK_API_URL="nowhere")
    assert [line.split(":")[0] for line in told] == ["SLACK_API_URL", "AGENTOPS_PORT", "AGENTOPS_SANDBOX"]


def test_a_refusal_never_repeats_the_value(read: Reader) -> None:
    for told in (
        refusals(read, AGENTOPS_WEBHOOK_TOKENS=f"{TOKEN},hunter2"),
        refusals(read, AGENTOPS_DATABASE_URL="mysql://bot:hunter2@db/x"),
    ):
        assert "hunter2" not in " ".join(told) and TOKEN not in " ".join(told)


def test_two_tokens_may_be_valid_at_once(read: Reader) -> None:
    settings = read(AGENTOPS_WEBHOOK_TOKENS=f" {TOKEN} , {OTHER},")
    assert [token.get_secret_value() for token in settings.webhook_tokens] == [TOKEN, OTHER]


def test_hosts_of_links_are_a_list(read: Reader) -> None:
    assert read(AGENTOPS_LINK_HOSTS="grafana.example, wiki.example").link_hosts == ("grafana.example", "wiki.example")


def test_the_sandbox_may_speed_time_up_and_stand_in_for_slack(read: Reader) -> None:
    settings = read(AGENTOPS_SANDBOX="true", AGENTOPS_SPEED="60", SLACK_API_URL="http://127.0.0.1:1/api/")
    assert settings.scaled(300).total_seconds() == 5


def test_github_enterprise_is_taken_over_https_and_the_stand_in_in_the_sandbox(read: Reader) -> None:
    assert read().github_url == "https://api.github.com"
    assert read(AGENTOPS_GITHUB_URL="https://github.example/api/v3").github_url == "https://github.example/api/v3"
    local = read(AGENTOPS_GITHUB_URL="http://127.0.0.1:1/github", AGENTOPS_SANDBOX="true")
    assert local.github_url == "http://127.0.0.1:1/github"


def test_the_level_of_the_log_is_read_in_any_case(read: Reader) -> None:
    assert read(AGENTOPS_LOG_LEVEL="WARNING").log_level == "warning"


def test_the_short_form_of_a_postgresql_address_is_understood(read: Reader) -> None:
    settings = read(AGENTOPS_DATABASE_URL="postgres://db/agentops", AGENTOPS_EXECUTOR_ID="bot-1")
    assert settings.database == "postgresql://db/agentops"


def test_headers_for_spans_are_pairs(read: Reader) -> None:
    assert read(AGENTOPS_OTLP_HEADERS="X-Token=a=b, other=c").otlp_header_values == {"x-token": "a=b", "other": "c"}
    with pytest.raises(ValidationError, match="write name=value"):
        read(AGENTOPS_OTLP_HEADERS="a token")


def test_no_secret_stands_in_the_repr(read: Reader) -> None:
    secret = "hunter2-hunter2-hunter2"
    fields = [name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)]
    variables = {environment_name(name): secret for name in fields}
    variables |= {
        "AGENTOPS_EXECUTOR_ID": "bot-1",
        "AGENTOPS_OTLP_HEADERS": f"x-token={secret}",
        "AGENTOPS_DATABASE_URL": f"postgresql://bot:{secret}@db/agentops",
        "AGENTOPS_PROMETHEUS_URL": f"https://bot:{secret}@prometheus.example",
        "AGENTOPS_CHROMA_URL": f"https://bot:{secret}@chroma.example",
    }
    settings = read(**variables)
    assert len(fields) >= 8
    for told in (repr(settings), str(settings), repr(settings.model_dump(include=set(fields)))):
        assert secret not in told


def test_a_misspelt_variable_is_noticed(read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    read(AGENTOPS_WEBHOK_TOKENS=TOKEN, AGENTOPS_ZZZZ="1", AGENTOPS_PORT="1", AGENTOPS_TEST_REQUIRE_ALL="1")
    assert misspelt() == [("AGENTOPS_WEBHOK_TOKENS", "AGENTOPS_WEBHOOK_TOKENS"), ("AGENTOPS_ZZZZ", None)]


def test_a_child_process_inherits_the_path_and_no_setting_of_ours(
    read: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = read()
    Path(".env").write_text("AGENTOPS_POLICY_FILE=/elsewhere.yaml\n", encoding="utf-8")
    read(AGENTOPS_METRICS_TOKEN=TOKEN, ANTHROPIC_API_KEY="sk-ant-real", AWS_PROFILE="production")
    child = inherited()
    assert child["PATH"] == os.environ["PATH"]
    assert "AWS_PROFILE" not in child and not child["ANTHROPIC_API_KEY"]
    assert read(**child) == plain
