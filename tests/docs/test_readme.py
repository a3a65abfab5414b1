"""The documents say what the program does: settings, commands, runbooks, links."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from bot.cli import app
from tests.docs.settings_table import rows

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = sorted(path for path in [*ROOT.glob("*.md"), *ROOT.glob("sandbox/**/*.md"), *ROOT.glob("runbooks/**/*.md")])
TARGETS = set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def code_blocks(text: str) -> Iterator[str]:
    for found in re.finditer(r"^```(?:sh|bash|console|shell)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield found[1].replace("\\\n", " ")


def commands() -> Iterator[list[str]]:
    """Every command in the README: lines of its code blocks, and `agentops ...` or `make ...` in its sentences."""
    lines = [line for block in code_blocks(README) for line in block.splitlines()]
    outside = re.sub(r"^```.*?^```", "", README, flags=re.MULTILINE | re.DOTALL)
    lines += re.findall(r"`((?:\.venv/bin/)?(?:agentops|make) [^`]+)`", outside)
    for line in lines:
        words = shlex.split(line.removeprefix("$ "), comments=True)
        while words and re.fullmatch(r"[A-Z_][A-Z0-9_]*=.*", words[0]):
            words = words[1:]
        if words:
            yield words


def of_program(name: str) -> list[list[str]]:
    return [words for words in commands() if words[0].removeprefix(".venv/bin/") == name]


@pytest.mark.parametrize("name", rows())
def test_every_setting_has_its_row_with_name_and_default(name: str) -> None:
    assert rows()[name] in README, "run `python -m tests.docs.settings_table` and put what it prints into README.md"


def test_the_table_names_no_setting_that_is_not_there() -> None:
    named = re.findall(r"^\| `((?:AGENTOPS|SLACK|ANTHROPIC)_\w+)`", README, re.MULTILINE)
    assert set(named) <= set(rows())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_setting_that_a_document_names_is_one(document: Path) -> None:
    named = set(re.findall(r"\bAGENTOPS_[A-Z][A-Z_]*[A-Z]\b", document.read_text(encoding="utf-8")))
    assert {name for name in named if not name.startswith("AGENTOPS_TEST_")} <= set(rows())


@pytest.mark.parametrize("words", of_program("make"), ids=" ".join)
def test_every_make_command_has_its_target(words: list[str]) -> None:
    asked = [word for word in words[1:] if "=" not in word and not word.startswith("-")]
    assert asked and set(asked) <= TARGETS


@pytest.mark.parametrize("words", of_program("agentops"), ids=" ".join)
def test_every_agentops_command_is_one(words: list[str]) -> None:
    """Parsed by the command line itself: subcommand, options and their values."""
    command: Any = typer.main.get_command(app)
    rest = words[1:]
    assert rest
    while hasattr(command, "commands") and rest and not rest[0].startswith("-"):
        assert rest[0] in command.commands, f"agentops has no command {rest[0]}"
        command, rest = command.commands[rest[0]], rest[1:]
    if "--help" not in rest:
        command.make_context(" ".join(words), list(rest))


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_file_that_a_command_names_is_there(words: list[str]) -> None:
    named = [word for word in words if re.fullmatch(r"(?:[\w.-]+/)*[\w.-]+\.(?:txt|lock|ya?ml|md|py|json|toml)", word)]
    assert [name for name in named if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    text = re.sub(r"^```.*?^```", "", document.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    targets = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", text))
    paths = [target.partition("#")[0] for target in targets if not re.match(r"[a-z]+:", target)]
    assert [path for path in paths if path and not (document.parent / path).exists()] == []


FOLDERS = {"agentops.rules.yml": "runbooks", "agentops-self.rules.yml": "runbooks/bot"}
"""Where the pages of each rule file lie: those for who cares for models, and those for who runs the bot."""


def alert_rules() -> list[str]:
    """The page of every alert rule, without its ending."""
    assert {path.name for path in (ROOT / "manifests" / "prometheus").glob("*.rules.yml")} == set(FOLDERS)
    pages: set[str] = set()
    for file, folder in FOLDERS.items():
        document = yaml.safe_load((ROOT / "manifests" / "prometheus" / file).read_text(encoding="utf-8"))
        pages |= {f"{folder}/{rule['alert']}" for group in document["groups"] for rule in group["rules"]}
    return sorted(pages)


def test_there_are_alert_rules() -> None:
    assert len(alert_rules()) >= 15


@pytest.mark.parametrize("page", alert_rules())
def test_every_alert_rule_has_a_runbook_with_the_four_parts(page: str) -> None:
    text = (ROOT / f"{page}.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {Path(page).name}\n")
    parts = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert [part for part in parts if part in {"Meaning", "Impact", "Diagnosis", "Mitigation"}] == [
        "Meaning",
        "Impact",
        "Diagnosis",
        "Mitigation",
    ]


def test_every_runbook_of_an_alert_has_its_rule() -> None:
    pages = {f"{folder}/{path.stem}" for folder in FOLDERS.values() for path in (ROOT / folder).glob("*.md")}
    assert {page for page in pages if not page.endswith("/README")} == set(alert_rules())


def test_packages_say_nothing_in_their_init_files() -> None:
    """Import-linter does not see what an `__init__` hands on."""
    packages = ("bot", "agents", "tools", "incidents", "sandbox")
    files = [path for name in packages for path in (ROOT / name).rglob("__init__.py")]
    assert len(files) > 30
    assert [path for path in files if path.read_text(encoding="utf-8").strip()] == []
