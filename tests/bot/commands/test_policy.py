"""`agentops policy`: what a person types, and what comes back."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from tests.bot.quiet import restored_logging
from tests.incidents.builders import MANIFESTS, forbidden, policy, proposal, retraining
from tests.stores import store_at
from tests.tools.incident_store.stage import Stage

Typed = Callable[..., Result]
SHIPPED = MANIFESTS / "policy.yaml"


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Typed]:
    """Runs a command in an empty folder, with nothing of ours in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("AGENTOPS_"):
            monkeypatch.delenv(name)

    def run(*words: str, **environment: str) -> Result:
        return CliRunner().invoke(app, ["policy", *words], env=environment, catch_exceptions=False)

    with restored_logging():
        yield run


@pytest.fixture
def other(tmp_path: Path) -> Callable[[str, str], str]:
    """A copy of the shipped file with one text in place of another."""

    def write(old: str, new: str) -> str:
        text = SHIPPED.read_text(encoding="utf-8")
        assert old in text
        path = tmp_path / "other.yaml"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return str(path)

    return write


@pytest.fixture
def stage(tmp_path: Path, request: pytest.FixtureRequest) -> Stage:
    (tmp_path / "data").mkdir()
    database = store_at(tmp_path / "data" / "agentops.sqlite")
    request.addfinalizer(database.close)
    return Stage(database)


def test_the_shipped_file_is_right_and_its_examples_hold(typed: Typed) -> None:
    result = typed("check")
    assert result.exit_code == 0
    assert result.stdout == (
        f"{SHIPPED} is right: rules {len(policy().rules)}, change freezes 1, "
        f"examples that hold {len(policy().examples)}; hash {policy().hash[:8]}\n"
    )
    result = typed("test")
    assert result.exit_code == 0 and "FAIL" not in result.stdout
    assert result.stdout.splitlines()[-1] == f"{len(policy().examples)} of {len(policy().examples)} examples hold"


def test_a_wrong_file_is_told_by_file_line_and_key(typed: Typed, other: Callable[[str, str], str]) -> None:
    path = other("{paused: true}", "{pausd: true}")
    result = typed("check", path)
    assert result.exit_code == 1 and result.stdout == ""
    assert result.stderr.startswith(f"{path}:") and "rules[0].when.pausd: is not a known key" in result.stderr
    told: dict[str, Any] = json.loads(typed("check", path, "--json").stdout)
    assert told["right"] is False and told["key"] == "rules[0].when.pausd" and told["line"] > 1
    assert typed("test", path).exit_code == 1


def test_names_that_no_watched_model_has_are_worth_a_note(typed: Typed, other: Callable[[str, str], str]) -> None:
    result = typed("check", other("churn-predictor: suggest", "chrun-predictor: suggest"))
    assert result.exit_code == 0
    assert "note: autonomy names chrun-predictor, which is not in the catalogue\n" in result.stdout
    sale = '  - {name: sale, environments: [production], weekly: {days: [fri], starts: "00:00", ends: "24:00"}}'
    result = typed("check", other("freezes:\n", f"freezes:\n{sale}\n"), "--json")
    assert json.loads(result.stdout)["notes"] == [
        "the freeze 'sale' is for environment production, which no model of the catalogue has"
    ]


def test_an_example_that_fails_is_told_with_what_the_rules_say(typed: Typed, other: Callable[[str, str], str]) -> None:
    right = "tier: 2\n    expect: {effect: require_approval, count: 1,"
    path = other(right, right.replace("count: 1", "count: 3"))
    result = typed("test", path)
    assert result.exit_code == 1
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("FAIL")]
    assert "a rollback of a tier-2 model" in line and "expected require_approval of 3; the rules say" in line
    told = json.loads(typed("test", path, "--json").stdout)
    assert (told["failed"], told["passed"]) == (1, len(policy().examples) - 1)
    assert [one["name"] for one in told["examples"] if not one["passed"]] == ["a rollback of a tier-2 model"]
    assert "the example 'a rollback of a tier-2 model' fails" in typed("check", path).stderr


def test_an_example_is_explained_without_a_store(typed: Typed) -> None:
    result = typed("explain", "a guess")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[1] == "  forbid: the diagnosis is of low confidence; a person has to look first"
    assert "  confidence            low" in lines
    assert "  decides  forbid            nothing on a guess" in lines
    assert any("minutes_since_last is never (wanted: below 30)" in line for line in lines)
    assert all(any(rule.name in line for line in lines) for rule in policy().rules)


def test_a_proposal_and_an_incident_are_explained_as_they_are_now(typed: Typed, stage: Stage) -> None:
    incident = stage.open()
    stage.propose(incident, proposal("p1", incident))
    (told,) = json.loads(typed("explain", "p1", "--json").stdout)["explained"]
    assert told["title"].endswith("(p1, pending)")
    assert told["facts"]["remediation"] == "RollbackEndpoint" and told["facts"]["model"] == "product-recommender"
    assert told["decision"]["effect"]["effect"] == "require_approval"
    assert {rule["name"] for rule in told["rules"]} == {rule.name for rule in policy().rules}
    stage.writer.pauses.pause("*", "UVIEWER", stage.incident(incident).opened_at)
    (told,) = json.loads(typed("explain", incident, "--json").stdout)["explained"]
    assert told["said"] == "forbid: changes are paused" and told["facts"]["paused"] is True


def test_a_step_of_the_plan_that_became_no_proposal_is_explained_too(typed: Typed, stage: Stage) -> None:
    incident = stage.open()
    made = proposal("p1", incident, remediation=retraining(), decision=forbidden())
    stage.propose(incident, made)
    result = typed("explain", incident)
    assert result.stdout.splitlines()[0] == "StartRetraining of the plan, which became no proposal"


def test_of_an_incident_without_a_plan_there_is_nothing_to_explain(typed: Typed, stage: Stage) -> None:
    incident = stage.open()
    result = typed("explain", incident)
    assert result.exit_code == 1 and f"nothing was proposed for {incident}" in result.stderr


def test_another_file_can_be_asked(typed: Typed, stage: Stage, other: Callable[[str, str], str]) -> None:
    incident = stage.awaiting()
    path = other("churn-predictor: suggest", "churn-predictor: observe")
    assert typed("explain", incident, "--file", path).stdout.splitlines()[1].startswith("  require_approval: 1 of")
    path = other("product-recommender: suggest", "product-recommender: observe")
    result = typed("explain", incident, "--file", path)
    assert result.stdout.splitlines()[1] == "  forbid: the model's autonomy level is observe"


def test_what_is_not_there_is_said_in_one_line(typed: Typed, stage: Stage) -> None:
    result = typed("explain", "INC-9")
    assert (result.exit_code, result.stderr) == (
        1,
        "could not go on: there is no example, incident or proposal 'INC-9'\n",
    )


def test_without_a_store_only_examples_can_be_explained(typed: Typed) -> None:
    result = typed("explain", "INC-9")
    assert result.exit_code == 1 and "there is no example 'INC-9', and no store to look in" in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize("words", [["check"], ["test"], ["explain"]])
def test_every_command_has_help(typed: Typed, words: list[str]) -> None:
    result = typed(*words, "--help")
    assert result.exit_code == 0 and "Usage" in result.output
