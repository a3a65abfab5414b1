"""`agentops check` against the local stand-ins: what is right, what is wrong, and what to do about it."""

import asyncio
import contextlib
import re
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from sandbox.app import Sandbox, SandboxConfig
from tests.bot.quiet import restored_logging

ROOT = Path(__file__).parents[3]
TOKEN = "token-of-sixteen-characters"
NOBODY = "http://127.0.0.1:9"
"""The discard port: nothing listens there."""


@dataclass
class Local:
    """The sandbox on a thread of its own, and the environment of a bot that is set up right for it."""

    sandbox: Sandbox
    loop: asyncio.AbstractEventLoop
    environment: dict[str, str]

    def do(self, act: Callable[[], object]) -> None:
        """Act on the sandbox's own loop."""
        done = threading.Event()
        self.loop.call_soon_threadsafe(lambda: (act(), done.set()))
        assert done.wait(10)


@pytest.fixture(scope="module")
def local() -> Iterator[Local]:
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    stop = asyncio.Event()
    sandbox = Sandbox(SandboxConfig(monitoring="built-in", history_seconds=60.0))

    async def run() -> None:
        async with sandbox:
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    assert ready.wait(60)
    told = {key: str(value) for key, value in sandbox.ready_line().items()}
    environment = {
        "SLACK_BOT_TOKEN": told["bot_token"],
        "SLACK_APP_TOKEN": told["app_token"],
        "SLACK_API_URL": told["slack_api_url"],
        "AGENTOPS_SANDBOX": "true",
        "AGENTOPS_WEBHOOK_TOKENS": TOKEN,
        "AGENTOPS_PROMETHEUS_URL": told["prometheus_url"],
        "AGENTOPS_RULES_DIR": told["rules_dir"],
        "AGENTOPS_AWS_ENDPOINT_URL": told["aws_url"],
        "AGENTOPS_GITHUB_URL": told["github_url"],
        "AGENTOPS_GITHUB_TOKEN": told["github_token"],
        "AGENTOPS_AWS_EXTERNAL_ID": told["aws_external_id"],
        "AWS_ACCESS_KEY_ID": told["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": "sandbox",
    }
    yield Local(sandbox, loop, environment)
    loop.call_soon_threadsafe(stop.set)
    thread.join(30)
    loop.close()


def checked(local: Local, folder: Path, **changes: str) -> Result:
    environment = {**local.environment, "AGENTOPS_DATA_DIR": str(folder / "data"), **changes}
    with contextlib.chdir(folder), restored_logging():
        return CliRunner().invoke(app, ["check"], env=environment, catch_exceptions=False)


@pytest.fixture
def check(local: Local, tmp_path: Path) -> Callable[..., Result]:
    return partial(checked, local, tmp_path)


@pytest.fixture(scope="module")
def right(local: Local, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """What is said where everything is set up right."""
    return checked(local, tmp_path_factory.mktemp("right"))


def catalogue_with(folder: Path, old: str, new: str) -> str:
    text = (ROOT / "manifests" / "models.yaml").read_text(encoding="utf-8")
    assert old in text
    path = folder / "models.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return str(path)


def wrong(result: Result) -> dict[str, str]:
    """What has to be mended, by its subject."""
    found = re.findall(r"^WRONG  (.{31})  (.+)$", result.output, re.MULTILINE)
    return {subject.strip(): text for subject, text in found}


def test_what_is_set_up_right_is_said_to_be_right(right: Result) -> None:
    assert (right.exit_code, wrong(right)) == (0, {}), right.output
    for subject in ("catalogue", "policy", "database", "runbooks", "webhook", "Slack bot token", "Slack scopes"):
        assert re.search(rf"^ok     {subject} ", right.output, re.MULTILINE), subject
    for subject in ("Slack app token", "channel #ml-incidents", "Prometheus", "endpoint of fraud-detector"):
        assert re.search(rf"^ok     {subject} ", right.output, re.MULTILINE), subject
    assert re.search(r"alert rules +1\d can be read, each has a runbook", right.output)
    assert right.output.splitlines()[-1].startswith("Everything that is needed is right")


def test_what_is_only_good_to_know_is_noted_and_breaks_nothing(check: Callable[..., Result]) -> None:
    result = check(AGENTOPS_WATCH="true", AGENTOPS_WEBHOK_TOKENS="x", AGENTOPS_GITHUB_TOKEN="")
    assert (result.exit_code, wrong(result)) == (0, {}), result.output
    for subject, words in (
        ("alert rules", "may be told twice; keep one"),
        ("settings", "AGENTOPS_WEBHOK_TOKENS is no setting; is AGENTOPS_WEBHOOK_TOKENS meant?"),
        ("GitHub", "no AGENTOPS_GITHUB_TOKEN"),
    ):
        assert re.search(rf"^note   {subject} .*{re.escape(words)}", result.output, re.MULTILINE), result.output


def test_columns_stand_below_each_other(right: Result) -> None:
    lines = right.output.splitlines()[:-2]
    assert len(lines) > 12
    assert all(re.match(r"(ok   |note |WRONG)  \S.{30}  \S", line) for line in lines)


@pytest.mark.usefixtures("right")
def test_a_check_leaves_no_message_behind(local: Local) -> None:
    assert local.sandbox.workspace.scheduled == {}


def test_what_is_not_there_at_all_is_named_with_what_to_do(check: Callable[..., Result], tmp_path: Path) -> None:
    result = check(
        SLACK_BOT_TOKEN="",
        AGENTOPS_WEBHOOK_TOKENS="",
        AGENTOPS_RUNBOOKS_DIR=str(tmp_path / "none"),
        AGENTOPS_MODELS_FILE=str(tmp_path / "none.yaml"),
    )
    found = wrong(result)
    assert result.exit_code == 1
    assert set(found) == {"catalogue", "runbooks", "webhook", "Slack bot token"}
    assert "AGENTOPS_WEBHOOK_TOKENS" in found["webhook"] and "SLACK_BOT_TOKEN" in found["Slack bot token"]
    assert "none.yaml" in found["catalogue"] and "AGENTOPS_RUNBOOKS_DIR" in found["runbooks"]
    assert result.output.splitlines()[-1].startswith("4 things to mend")


@pytest.mark.parametrize(
    ("variable", "value", "subject", "words"),
    [
        ("SLACK_BOT_TOKEN", "xoxb-not-known", "Slack bot token", "does not know this token"),
        ("SLACK_BOT_TOKEN", "xapp-the-other-one", "Slack bot token", "should begin with xoxb-"),
        ("SLACK_APP_TOKEN", "", "Slack app token", "connections:write"),
        ("SLACK_APP_TOKEN", "xoxb-the-other-one", "Slack app token", "should begin with xapp-"),
        ("SLACK_APP_TOKEN", "xapp-not-known", "Slack app token", "does not know this token"),
        ("SLACK_API_URL", f"{NOBODY}/api/", "Slack", "does not answer"),
        ("AGENTOPS_PROMETHEUS_URL", NOBODY, "Prometheus", "does not answer"),
        ("AGENTOPS_AWS_ENDPOINT_URL", NOBODY, "SageMaker", "does not answer"),
        ("AGENTOPS_GITHUB_URL", f"{NOBODY}/github", "GitHub", "AGENTOPS_GITHUB_URL"),
        ("AGENTOPS_DATABASE_URL", "sqlite:////nowhere/at/all.sqlite", "database", "AGENTOPS_DATABASE_URL"),
        ("AGENTOPS_DATA_DIR", "/dev/null/data", "data folder", "AGENTOPS_DATA_DIR"),
    ],
)
def test_one_thing_that_is_wrong_is_the_one_thing_that_is_told(
    check: Callable[..., Result], variable: str, value: str, subject: str, words: str
) -> None:
    result = check(**{variable: value})
    found = wrong(result)
    assert (result.exit_code, set(found)) == (1, {subject}), result.output
    assert words in found[subject]
    assert result.output.splitlines()[-1].startswith("1 thing to mend")
    assert "Traceback" not in result.output and "not-known" not in result.output


def test_a_page_that_is_no_prometheus_is_told_apart(check: Callable[..., Result], local: Local) -> None:
    found = wrong(check(AGENTOPS_PROMETHEUS_URL=f"{local.sandbox.url}/nothing"))
    assert set(found) == {"Prometheus"} and "not like Prometheus" in found["Prometheus"]


def test_requests_over_http_need_no_app_token(check: Callable[..., Result]) -> None:
    result = check(SLACK_APP_TOKEN="", SLACK_SIGNING_SECRET="s" * 32)
    assert result.exit_code == 0
    assert "/slack/events" in result.output


def test_a_missing_scope_is_named(check: Callable[..., Result], local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = local.sandbox.workspace
    fewer = tuple(scope for scope in workspace.credentials.scopes if scope not in {"files:write", "users:read"})
    monkeypatch.setattr(workspace, "credentials", replace(workspace.credentials, scopes=fewer))
    result = check()
    assert result.exit_code == 1
    assert wrong(result) == {
        "Slack scopes": "missing files:write, users:read; add them to the app and install it again"
    }


def test_a_scope_that_is_only_good_to_have_is_a_note(
    check: Callable[..., Result], local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = local.sandbox.workspace
    fewer = tuple(scope for scope in workspace.credentials.scopes if not scope.endswith(":history"))
    monkeypatch.setattr(workspace, "credentials", replace(workspace.credentials, scopes=fewer))
    result = check()
    assert result.exit_code == 0
    assert re.search(r"^note   Slack scopes .*twice", result.output, re.MULTILINE)


def test_a_channel_that_the_bot_was_not_invited_to_is_named(check: Callable[..., Result], tmp_path: Path) -> None:
    models = catalogue_with(tmp_path, "channel: ml-incidents\n    account", "channel: general\n    account")
    result = check(AGENTOPS_MODELS_FILE=models)
    assert wrong(result) == {"channel #general": "the bot is not in it; write /invite @AgentOps there"}
    assert re.search(r"^ok     channel #ml-incidents ", result.output, re.MULTILINE)


def test_a_channel_that_is_not_there_is_named(check: Callable[..., Result], tmp_path: Path) -> None:
    models = catalogue_with(tmp_path, "channel: ml-incidents\n    account", "channel: nowhere\n    account")
    found = wrong(check(AGENTOPS_MODELS_FILE=models))
    assert set(found) == {"channel #nowhere"} and "no such channel" in found["channel #nowhere"]


def test_what_the_catalogue_names_and_aws_does_not_have_is_named(check: Callable[..., Result], tmp_path: Path) -> None:
    text = (ROOT / "manifests" / "models.yaml").read_text(encoding="utf-8")
    text = text.replace("name: fraud-detector-prod", "name: fraud-detector-gone")
    text = text.replace("last_known_good: churn-predictor-v16", "last_known_good: churn-predictor-v1")
    text = text.replace("pipeline: churn-predictor-train", "pipeline: churn-predictor-lost")
    (tmp_path / "models.yaml").write_text(text, encoding="utf-8")
    found = wrong(check(AGENTOPS_MODELS_FILE=str(tmp_path / "models.yaml")))
    # The reader's policy names each log group, and none of an endpoint that it has never heard of.
    assert "/aws/sagemaker/Endpoints/fraud-detector-gone as in manifests/iam/reader.json" in found.pop(
        "log of fraud-detector"
    )
    assert found == {
        "endpoint of fraud-detector": "fraud-detector-gone is not in eu-west-1",
        "endpoint of churn-predictor": "its last_known_good churn-predictor-v1 does not exist; mend models.yaml",
        "pipeline of churn-predictor": "churn-predictor-lost is not in eu-west-1",
    }


def test_a_role_that_cannot_be_assumed_is_named(check: Callable[..., Result], tmp_path: Path) -> None:
    models = catalogue_with(
        tmp_path, "promoter: arn:aws:iam::123456789012:role/agentops-promoter", "promoter: agentops-promoter"
    )
    result = check(AGENTOPS_MODELS_FILE=models)
    found = wrong(result)
    assert set(found) == {"role agentops-promoter"}
    assert "no ARN of a role" in found["role agentops-promoter"]
    assert "manifests/iam/trust.json" in found["role agentops-promoter"]
    assert re.search(r"^ok     role agentops-roller +it can be assumed", result.output, re.MULTILINE)


def test_a_reader_role_that_cannot_be_assumed_is_why_nothing_can_be_read(
    check: Callable[..., Result], local: Local
) -> None:
    faults = local.sandbox.sagemaker.faults
    faults.add("denied", match="sts:AssumeRole")
    try:
        found = wrong(check())
    finally:
        faults.clear()
    assert {f"role agentops-{name}" for name in ("reader", "roller", "retrainer", "promoter")} < set(found)
    assert "role/agentops-reader for reading could not be assumed" in found["SageMaker"]


def test_without_roles_the_check_says_what_then_holds(check: Callable[..., Result]) -> None:
    result = check(AGENTOPS_AWS_ASSUME_ROLES="false")
    assert re.search(r"^note   roles .*with its own credentials", result.output, re.MULTILINE)


def test_different_reader_roles_are_refused(check: Callable[..., Result], tmp_path: Path) -> None:
    text = (ROOT / "manifests" / "models.yaml").read_text(encoding="utf-8")
    (tmp_path / "models.yaml").write_text(text.replace("agentops-reader", "other-reader", 1), encoding="utf-8")
    found = wrong(check(AGENTOPS_MODELS_FILE=str(tmp_path / "models.yaml")))
    assert "one process reads under one role" in found["catalogue"]


def test_alarms_that_are_there_are_right_and_one_that_is_not_is_noted(
    check: Callable[..., Result], tmp_path: Path
) -> None:
    models = catalogue_with(tmp_path, "churn-predictor-latency", "churn-predictor-slow")
    result = check(AGENTOPS_MODELS_FILE=models)
    assert (result.exit_code, wrong(result)) == (0, {})
    assert re.search(r"^ok     alarms of fraud-detector ", result.output, re.MULTILINE)
    assert re.search(r"^note   alarms of churn-predictor .*no alarm churn-predictor-slow", result.output, re.MULTILINE)


def test_models_of_two_regions_are_refused_and_nothing_breaks(check: Callable[..., Result], tmp_path: Path) -> None:
    text = (ROOT / "manifests" / "models.yaml").read_text(encoding="utf-8")
    (tmp_path / "models.yaml").write_text(text.replace("region: eu-west-1", "region: us-east-1", 1), encoding="utf-8")
    found = wrong(check(AGENTOPS_MODELS_FILE=str(tmp_path / "models.yaml")))
    assert set(found) == {"catalogue"} and "eu-west-1, us-east-1" in found["catalogue"]


def test_a_file_that_is_no_database_is_told(check: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "agentops.sqlite").write_text("these are no rows" * 100, encoding="utf-8")
    result = check()
    assert (result.exit_code, set(wrong(result))) == (1, {"database"})


def test_no_secret_is_told(check: Callable[..., Result], local: Local) -> None:
    result = check(ANTHROPIC_API_KEY="sk-ant-secret", AGENTOPS_METRICS_TOKEN="metrics-token-0123456789")
    secrets = [TOKEN, "sk-ant-secret", "metrics-token-0123456789"]
    secrets += [local.environment[name] for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "AGENTOPS_GITHUB_TOKEN")]
    assert not any(secret in result.output for secret in secrets)


@pytest.mark.parametrize(
    ("variable", "value"), [("AGENTOPS_PORT", "abc"), ("AGENTOPS_SPEED", "0"), ("AGENTOPS_LOG_LEVEL", "loud")]
)
def test_a_wrong_setting_is_named_and_ends_it(check: Callable[..., Result], variable: str, value: str) -> None:
    result = check(**{variable: value})
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{variable}: ") and len(result.stderr.splitlines()) == 1


def test_a_repository_that_the_token_reaches_is_right(right: Result) -> None:
    assert re.search(r"^ok     issues of churn-predictor +the token reaches example-ml/churn", right.output, re.M)


def test_a_repository_without_issues_or_not_there_is_named(
    check: Callable[..., Result], local: Local, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local.sandbox.github.github.repositories["example-ml/fraud-detector"], "has_issues", False)
    monkeypatch.setattr(local.sandbox.github.github.repositories["example-ml/product-recommender"], "labels", False)
    models = catalogue_with(tmp_path, "repository: example-ml/churn-predictor", "repository: example-ml/gone")
    found = wrong(check(AGENTOPS_MODELS_FILE=models))
    assert set(found) == {f"issues of {name}" for name in ("fraud-detector", "product-recommender", "churn-predictor")}
    assert "switched off" in found["issues of fraud-detector"]
    assert "triage" in found["issues of product-recommender"]
    gone = found["issues of churn-predictor"]
    assert "example-ml/gone" in gone and "issues: read and write" in gone


def test_the_language_model_is_asked_once(check: Callable[..., Result], local: Local) -> None:
    url = str(local.sandbox.ready_line()["llm_url"])
    own = {"AGENTOPS_LLM": "openai:llama3.1", "AGENTOPS_LLM_BASE_URL": f"{url}/v1"}
    assert "language model" in (told := check(**own).output)
    assert "openai:llama3.1 answered in" in " ".join(told.split())
    assert "its cost is not known, so tokens bound it" in " ".join(told.split())
    local.do(lambda: local.sandbox.llm.api.inject("overloaded"))
    told = " ".join(check(ANTHROPIC_API_KEY="sandbox", ANTHROPIC_BASE_URL=url).output.split())
    local.do(local.sandbox.llm.api.clear_faults)
    assert "was overloaded (529); the offline rules would reason" in told
    told = " ".join(check(AGENTOPS_LLM="groq:llama").output.split())
    assert "needs agentops[groq], which is not installed" in told


def test_other_sources_are_connected_and_what_they_offer_is_told(check: Callable[..., Result], tmp_path: Path) -> None:
    file = tmp_path / "mcp.yaml"
    server = ROOT / "tests" / "tools" / "mcp_servers" / "server.py"
    file.write_text(
        f"servers:\n  logs:\n    stdio: {{command: {sys.executable}, args: [{server}]}}\n"
        "    tools: [search_logs, delete_dashboard]\n"
        "  traces: {stdio: {command: no-such-command}, tools: [x]}\n",
        "utf-8",
    )
    told = " ".join(check(AGENTOPS_MCP_SERVERS_FILE=str(file)).output.split())
    assert "offers search_logs; 8 more are not listed" in told
    assert "delete_dashboard is not offered: the server says that it can destroy something" in told
    assert "it cannot be read: its command is not there" in told
    file.write_text("servers: {logs: {tools: [x]}}", "utf-8")
    told = " ".join(check(AGENTOPS_MCP_SERVERS_FILE=str(file)).output.split())
    assert "reached by stdio or by http" in told
