"""The command line: what a person types, and what comes back."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.interpreter import TURN_S
from tests.bot.quiet import restored_logging
from tools.runbook_index.embedding import embedder_named
from tools.runbook_index.index import RunbookIndex

ROOT = Path(__file__).parents[2]
SLACK = {"SLACK_BOT_TOKEN": "xoxb-none", "SLACK_APP_TOKEN": "xapp-none"}

Typed = Callable[..., Result]


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Typed]:
    """Runs a command in an empty folder, with nothing of ours in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("AGENTOPS_", "SLACK_", "ANTHROPIC_")):
            monkeypatch.delenv(name)

    def run(*words: str, **environment: str) -> Result:
        return CliRunner().invoke(app, list(words), env=environment, catch_exceptions=False)

    with restored_logging():
        yield run


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "CacheMissHigh.md").write_text(
        "# CacheMissHigh\n\n## Meaning\n\nThe feature cache answers too rarely.\n\n"
        "## Mitigation\n\nWarm the cache with the script of the feature store.\n",
        encoding="utf-8",
    )
    (folder / "Bread.md").write_text("# Bread\n\nKnead the dough, let it rise, bake it.\n", encoding="utf-8")
    return folder


def test_help_tells_every_command(typed: Typed) -> None:
    result = typed("--help")
    assert result.exit_code == 0
    for word in ("serve", "demo", "check", "runbooks"):
        assert re.search(rf"\b{word}\b", result.output)
    assert {"index", "search"} <= set(typed("runbooks", "--help").output.split())


@pytest.mark.parametrize(
    "words", [["serve"], ["demo"], ["check"], ["diagnose"], ["drift"], ["runbooks", "index"], ["runbooks", "search"]]
)
def test_every_command_has_help(typed: Typed, words: list[str]) -> None:
    result = typed(*words, "--help")
    assert result.exit_code == 0 and "Usage" in result.output


def test_the_command_is_installed_and_help_comes_without_loading_the_bot() -> None:
    script = (
        "import sys; from bot.cli import app; print(sorted({'chromadb', 'boto3', 'slack_bolt'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout == "[]\n"
    command = Path(sys.executable).parent / "agentops"
    ran = subprocess.run([command, "--help"], capture_output=True, text=True, timeout=60, check=True)
    assert "serve" in ran.stdout


def test_search_answers_in_json_as_promised(typed: Typed) -> None:
    result = typed("runbooks", "search", "slow right after a deployment", "--alert", "EndpointLatencyP99High", "--json")
    assert result.exit_code == 0
    told: dict[str, Any] = json.loads(result.stdout)
    assert list(told) == ["results"] and 1 <= len(told["results"]) <= 5
    for hit in told["results"]:
        assert list(hit) == ["file", "heading", "lines", "quote", "score"]
        first, last = hit["lines"]
        lines = (ROOT / "runbooks" / hit["file"]).read_text(encoding="utf-8").splitlines()[first - 1 : last]
        assert " ".join(hit["quote"].split()) in " ".join(" ".join(lines).split())
        assert isinstance(hit["score"], float)
    assert told["results"][0]["file"] == "EndpointLatencyP99High.md"


def test_search_takes_any_folder_and_leaves_nothing_behind(typed: Typed, corpus: Path) -> None:
    before = sorted(path for path in corpus.parent.rglob("*"))
    result = typed("runbooks", "search", "how do I warm the cache", "--corpus", str(corpus), "--json", "--k", "1")
    (hit,) = json.loads(result.stdout)["results"]
    assert (hit["file"], hit["heading"], hit["lines"]) == ("CacheMissHigh.md", "Mitigation", [9, 9])
    assert sorted(path for path in corpus.parent.rglob("*")) == before


def test_search_for_people_names_file_line_and_quote(typed: Typed, corpus: Path) -> None:
    result = typed("runbooks", "search", "warm the cache", "--corpus", str(corpus), "--k", "1")
    assert result.stdout.splitlines()[:2] == [
        "CacheMissHigh.md:9  Mitigation",
        "    Warm the cache with the script of the feature store.",
    ]


def test_a_question_that_no_runbook_fits_gets_no_answer(typed: Typed, corpus: Path) -> None:
    question = "quarterly tax declaration of a shipping company"
    assert json.loads(typed("runbooks", "search", question, "--corpus", str(corpus), "--json").stdout) == {
        "results": []
    }
    assert typed("runbooks", "search", question, "--corpus", str(corpus)).stdout == "No runbook fits.\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["search", "x", "--corpus", "nowhere"], "nowhere is not a folder"),
        (["search", "x", "--k", "0"], "--k"),
        (["search"], "Missing argument"),
    ],
)
def test_a_search_that_cannot_be_says_why(typed: Typed, words: list[str], said: str) -> None:
    result = typed("runbooks", *words)
    assert result.exit_code == 2 and said in result.output


def test_the_index_reads_only_what_has_changed(typed: Typed, corpus: Path) -> None:
    assert typed("runbooks", "index", str(corpus)).stdout == "2 added, 0 updated, 0 removed, 0 unchanged\n"
    assert typed("runbooks", "index", str(corpus)).stdout == "0 added, 0 updated, 0 removed, 2 unchanged\n"
    (corpus / "Bread.md").unlink()
    (corpus / "CacheMissHigh.md").write_text("# CacheMissHigh\n\nAnother text of some words.\n", encoding="utf-8")
    (corpus / "New.md").write_text("# New\n\nA new page with some words.\n", encoding="utf-8")
    assert typed("runbooks", "index", str(corpus)).stdout == "1 added, 1 updated, 1 removed, 0 unchanged\n"


def test_an_index_that_a_running_bot_holds_is_not_touched(typed: Typed, corpus: Path, tmp_path: Path) -> None:
    held = RunbookIndex.on_disk(tmp_path / "data" / "chroma", embedder_named("wordllama"))
    try:
        held.index(corpus)
        result = typed("runbooks", "index", str(corpus))
    finally:
        held.close()
    assert result.exit_code == 1
    assert f"is in use by process {os.getpid()}" in result.stderr and "Stop it" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert typed("runbooks", "index", str(corpus)).exit_code == 0


def test_a_folder_that_is_not_there_cannot_be_indexed(typed: Typed) -> None:
    result = typed("runbooks", "index", "nowhere")
    assert result.exit_code == 1 and "no folder of Markdown files at nowhere" in result.stderr


def test_serve_without_slack_says_what_is_needed_and_what_works_without(typed: Typed) -> None:
    result = typed("serve")
    assert result.exit_code == 2
    for words in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "agentops demo"):
        assert words in result.stderr
    assert "Traceback" not in result.output


def manifest_with(folder: Path, name: str, old: str, new: str) -> tuple[str, int]:
    """A copy with a mistake, and the line that the mistake is in."""
    text = (ROOT / "manifests" / name).read_text(encoding="utf-8")
    assert old in text
    path = folder / name
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return str(path), text[: text.index(old)].count("\n") + 1


@pytest.mark.parametrize(
    ("variable", "name", "old", "new", "key"),
    [
        ("AGENTOPS_MODELS_FILE", "models.yaml", "tier: 1", "tier: top", "tier"),
        ("AGENTOPS_MODELS_FILE", "models.yaml", "team: risk-ml", "taem: risk-ml", "taem"),
        ("AGENTOPS_POLICY_FILE", "policy.yaml", "version: 1", "version: 7", "version"),
    ],
)
def test_serve_refuses_a_wrong_manifest_by_file_line_and_key(
    typed: Typed, tmp_path: Path, variable: str, name: str, old: str, new: str, key: str
) -> None:
    path, line = manifest_with(tmp_path, name, old, new)
    result = typed("serve", **SLACK, **{variable: path})
    assert result.exit_code == 2
    assert f"{path}:{line}:" in result.stderr and key in result.stderr
    assert "Traceback" not in result.output


def test_serve_says_that_the_port_is_taken(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        ran = subprocess.run(
            [sys.executable, "-m", "bot", "serve"],
            env={**SLACK, "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "AGENTOPS_PORT": str(port)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert f"AGENTOPS_PORT: 127.0.0.1:{port} cannot be used" in ran.stderr and "Traceback" not in ran.stderr


def test_serve_says_that_the_data_folder_cannot_be_used(typed: Typed) -> None:
    result = typed("serve", **SLACK, AGENTOPS_DATA_DIR="/dev/null/data")
    assert result.exit_code == 1
    assert "/dev/null/data" in result.stderr and "Traceback" not in result.output


@pytest.mark.parametrize("command", [["serve"], ["check"], ["runbooks", "index"], ["runbooks", "search", "x"]])
def test_a_wrong_setting_ends_every_command_with_its_name(typed: Typed, command: list[str]) -> None:
    result = typed(*command, AGENTOPS_PORT="abc")
    assert result.exit_code == 2
    assert result.stderr == "AGENTOPS_PORT: Input should be a valid integer, unable to parse string as an integer\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--headless"], "--headless needs --scenario"),
        (["--answer", "perhaps"], "give approve, deny or ignore"),
        (["--speed", "fast"], "--speed"),
        (["--nothing"], "--nothing"),
    ],
)
def test_a_demo_that_cannot_be_says_why(typed: Typed, words: list[str], said: str) -> None:
    result = typed("demo", *words)
    assert result.exit_code == 2 and said in re.sub(r"\x1b\[[0-9;]*m", "", result.output)


def test_in_the_bot_a_thread_that_waits_has_its_turn_soon(typed: Typed, request: pytest.FixtureRequest) -> None:
    before = sys.getswitchinterval()
    request.addfinalizer(lambda: sys.setswitchinterval(before))
    assert typed("serve").exit_code != 0, "it has no settings, and does not go on"
    assert sys.getswitchinterval() == pytest.approx(TURN_S)


def test_a_demo_that_is_asked_to_end_stops_what_it_started() -> None:
    """By SIGTERM as by Ctrl+C: a bot that was left behind would go on without its stand-ins."""
    playing = """
import asyncio
import bot.demo
from bot.cli import app

async def plays(options, say):
    try:
        print("both run", flush=True)
        await asyncio.Event().wait()
    finally:
        print("both stopped", flush=True)

bot.demo.interactive = plays
app(["demo"])
"""
    command = [sys.executable, "-c", playing]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "both run\n"
        process.terminate()
        said, _ = process.communicate(timeout=30)
    assert (said, process.returncode) == ("both stopped\n", 0)
