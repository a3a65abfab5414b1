"""What the log says, and what it never says."""

import io
import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot import logs
from tests.bot.quiet import restored_logging

SECRETS = [
    "xoxb-1234567890-abcdefghijkl",
    "xapp-1-A0123-456-abcdef",
    "xoxe.xoxp-1-Mi0yLTEyMw",
    "sk-ant-api03-aBcD_ef-gh",
    "AKIAIOSFODNN7EXAMPLE",
    "ASIAIOSFODNN7EXAMPLE",
    "Bearer f00f00f00f00f00f",
    "Authorization: Basic dXNlcjpwYXNzd29yZA==",
]

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def start() -> Iterator[Callable[..., Lines]]:
    """Configures logging with standard error caught; everything is put back at the end."""
    caught = io.StringIO()

    def configure(level: str = "info", form: str = "json") -> Lines:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "stderr", caught)
            logs.configure(level, form)
        return lambda: [json.loads(line) if form == "json" else {"text": line} for line in text(caught)]

    with restored_logging():
        yield configure


def text(caught: io.StringIO) -> list[str]:
    return caught.getvalue().splitlines()


def logger(name: str = "bot.test") -> structlog.stdlib.BoundLogger:
    return structlog.get_logger(name)


WRAPS: dict[str, Callable[[str], Any]] = {
    "in a sentence": lambda secret: f"refused: {secret} is not valid",
    "in a mapping": lambda secret: {"headers": {"X-Given": secret}},
    "in lists": lambda secret: ["a", ("b", {"c": [secret]})],
    "in bytes": lambda secret: secret.encode(),
    "as a key": lambda secret: {secret: "as a key"},
    "in an error": lambda secret: ValueError(f"no: {secret}"),
}


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS.keys())
def test_what_looks_like_a_secret_is_taken_out_wherever_it_stands(wrap: Callable[[str], Any], secret: str) -> None:
    told = repr(logs.redact(None, "info", {"event": "said", "value": wrap(secret)}))
    assert secret.split()[-1] not in told
    assert "[redacted]" in told


@pytest.mark.parametrize("key", ["token", "slack_bot_token", "Authorization", "db_password", "x-api-key", "Set-Cookie"])
def test_the_value_under_a_telling_key_is_taken_out(key: str) -> None:
    plain = "nothing-special-about-it"
    told = logs.redact(None, "info", {"event": "said", key: plain, "inner": {key: plain, "list": [{key: plain}]}})
    assert plain not in repr(told)


def test_counts_of_tokens_are_no_secrets() -> None:
    assert logs.redact(None, "info", {"input_tokens": 1200, "cached": {"tokens": 3.5}}) == {
        "input_tokens": 1200,
        "cached": {"tokens": 3.5},
    }


def test_a_secret_setting_is_not_told_by_any_key() -> None:
    told = logs.redact(None, "info", {"event": "x", "value": SecretStr("plain-words"), "more": [SecretStr("also")]})
    assert "plain-words" not in repr(told) and "also" not in repr(told)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("postgresql+psycopg://bot:pa:ss@db.example:5432/agentops", "db.example:5432/agentops"),
        ("postgresql://bot:p@ss@db.example/agentops", "db.example/agentops"),
        ("https://:secretword@gateway.example/", "gateway.example/"),
    ],
)
def test_the_password_in_an_address_is_taken_out_and_the_host_stays(said: str, kept: str) -> None:
    told = logs.redact(None, "info", {"event": f"cannot reach {said}"})["event"]
    assert kept in told and "[redacted]@" in told
    assert not any(word in told for word in ("pa:ss", "p@ss", "secretword"))


def test_a_secret_in_a_query_is_taken_out() -> None:
    told = logs.redact(None, "info", {"event": "GET https://x.example/a?token=abc123&k=2 failed"})["event"]
    assert told == "GET https://x.example/a?token=[redacted]&k=2 failed"


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(min_size=1, max_size=8), json_values, max_size=4), st.sampled_from(SECRETS))
def test_redaction_takes_any_value_and_never_lets_a_secret_through(event: dict[str, Any], secret: str) -> None:
    told = repr(logs.redact(None, "info", {**event, "deep": {"er": [event, secret]}}))
    assert secret.split()[-1] not in told


def test_an_endless_value_is_cut_off() -> None:
    endless: dict[str, Any] = {"event": "x"}
    endless["again"] = endless
    assert "[redacted]" in repr(logs.redact(None, "info", dict(endless)))


def test_a_line_is_one_json_object_with_level_name_and_time(start: Callable[..., Lines]) -> None:
    lines = start()
    logger("bot.web").info("webhook.stored", alerts=3)
    (line,) = lines()
    assert {key: line[key] for key in ("event", "alerts", "level", "logger")} == {
        "event": "webhook.stored",
        "alerts": 3,
        "level": "info",
        "logger": "bot.web",
    }
    assert line["timestamp"].endswith("Z")


def test_the_incident_stands_in_every_line_of_its_work_also_in_those_of_libraries(start: Callable[..., Lines]) -> None:
    lines = start()
    with structlog.contextvars.bound_contextvars(incident="INC-7"):
        logger().info("investigation.done")
        logging.getLogger("botocore").warning("slow")
    logger().info("elsewhere")
    assert [line.get("incident") for line in lines()] == ["INC-7", "INC-7", None]


def test_an_exception_is_told_without_its_secrets(start: Callable[..., Lines]) -> None:
    lines = start()
    try:
        raise ValueError(f"refused with {SECRETS[0]} at postgresql://bot:hunter2@db.example/x")
    except ValueError:
        logger().exception("it.failed")
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
    for line in lines():
        assert "ValueError" in line["exception"] and "test_logs.py" in line["exception"]
        assert SECRETS[0] not in line["exception"] and "hunter2" not in line["exception"]
    assert len(lines()) == 2


def test_people_may_read_it_too(start: Callable[..., Lines]) -> None:
    lines = start("info", "console")
    try:
        raise ValueError(SECRETS[0])
    except ValueError:
        logger().exception("it.failed", incident="INC-7")
    told = "\n".join(line["text"] for line in lines())
    assert "it.failed" in told and "INC-7" in told and "ValueError" in told
    assert SECRETS[0] not in told


@pytest.mark.parametrize("level", ["debug", "info"])
def test_libraries_are_heard_from_warning_on(start: Callable[..., Lines], level: str) -> None:
    lines = start(level)
    for name in ("uvicorn.error", "slack_bolt.AsyncApp", "bm25s", "httpx", "somebody.new"):
        logging.getLogger(name).info("chatter")
        logging.getLogger(name).warning("worth a line")
    assert [line["event"] for line in lines()] == ["worth a line"] * 5


def test_a_library_that_sets_its_own_level_later_is_quiet_as_well(start: Callable[..., Lines]) -> None:
    lines = start("debug")
    logging.getLogger("bm25s").setLevel(logging.DEBUG)
    logging.getLogger("bm25s").debug("Building index from tokens")
    assert lines() == []


def test_ours_are_heard_at_the_level_asked_for(start: Callable[..., Lines]) -> None:
    lines = start("error")
    logger("agents.investigator").warning("not this")
    logger("tools.prometheus").error("this")
    logging.getLogger("botocore").warning("nor this")
    assert [line["event"] for line in lines()] == ["this"]


def test_bolt_does_not_complain_about_the_token_it_found_itself(start: Callable[..., Lines]) -> None:
    lines = start()
    logging.getLogger("slack_bolt.AsyncApp").warning(logs.UNTRUE_OF_US)
    assert lines() == []


def test_the_engine_prints_nothing_past_the_redaction(start: Callable[..., Lines]) -> None:
    lines = start()
    from dbos._logger import init_logger

    init_logger()
    logging.getLogger("dbos").error("cannot reach postgresql://bot:hunter2@db.example/x")
    (line,) = lines()
    assert line["event"] == "cannot reach postgresql://[redacted]@db.example/x"


def test_the_words_that_are_left_out_are_still_bolts_words() -> None:
    from slack_bolt.logger.messages import warning_client_prioritized_and_token_skipped

    assert warning_client_prioritized_and_token_skipped() == logs.UNTRUE_OF_US


def test_nothing_but_our_lines_comes_from_bm25s_and_bolt_in_a_process_of_its_own() -> None:
    script = """
import asyncio
from bot import logs
from tests.bot.quiet import restored_logging
logs.configure("debug", "json")
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from tools.runbook_index.lexical import Bm25

async def main():
    AsyncApp(client=AsyncWebClient(token="xoxb-found-there"), signing_secret="x" * 32)

asyncio.run(main())
print(Bm25(["hello world", "foo bar"]).scores(["hello"])[0] > 0)
"""
    ran = subprocess.run(
        [sys.executable, "-c", script],
        env={"SLACK_BOT_TOKEN": "xoxb-found-there"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.stdout, ran.stderr) == ("True\n", "")
