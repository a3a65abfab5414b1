"""`agentops diagnose`: the investigation of a thread, on the command line."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from agents.investigator import Investigator
from agents.llm_config import LlmConfig
from agents.replay import scene_of
from bot.cli import app
from tests.bot.quiet import restored_logging
from tests.evals.eval_case import FOLDER, read_case
from tests.evals.runner import ROOT, shipped_runbooks
from tools.manifests.load import load_catalogue

Typed = Callable[..., Result]


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Typed]:
    """Runs the command in an empty folder, with nothing of ours in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("AGENTOPS_", "SLACK_", "ANTHROPIC_")):
            monkeypatch.delenv(name)

    def run(*words: str, **environment: str) -> Result:
        return CliRunner().invoke(app, ["diagnose", *words], env=environment, catch_exceptions=False)

    with restored_logging():
        yield run


def told(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def untimed(diagnosis: dict[str, Any]) -> dict[str, Any]:
    """How long it took is no part of the answer."""
    return {**diagnosis, "reasoner": {**diagnosis["reasoner"], "seconds": 0}}


@pytest.mark.parametrize(
    "name",
    ["01_new_config_slow_and_failing", "10_upstream_nulls", "20_drift_with_harm", "71_strong_drift_without_harm"],
)
async def test_the_command_and_the_evals_answer_the_same(typed: Typed, name: str) -> None:
    with shipped_runbooks() as runbooks:
        scene = scene_of(read_case(FOLDER / name), load_catalogue(ROOT / "manifests" / "models.yaml"), runbooks)
        findings = await Investigator(scene.sources, LlmConfig()).investigate(scene.case)
    # The command runs an event loop of its own.
    answer = told(await asyncio.to_thread(typed, "--case", str(FOLDER / name), "--json"))
    assert untimed(answer["diagnosis"]) == untimed(findings.diagnosis.model_dump(mode="json"))
    # Pages are searched side by side: what no statement stands on has no certain place.
    assert sorted(one["found"] for one in answer["evidence"]) == sorted(one.found for one in findings.evidence)
    assert answer["plan"]["explanation"] == findings.plan.explanation
    assert [step["remediation"] for step in answer["plan"]["steps"]] == [
        choice.remediation.model_dump(mode="json") for choice in findings.plan.choices
    ]


def test_a_rollback_is_shown_with_before_after_and_the_policys_word(typed: Typed) -> None:
    (step,) = told(typed("--case", str(FOLDER / "01_new_config_slow_and_failing"), "--json"))["plan"]["steps"]
    assert {"what": "Endpoint config", "before": "product-recommender-v24", "after": "product-recommender-v23"} in step[
        "before_after"
    ]
    assert step["policy"].startswith("needs one person of ml-oncall, ml-leads to approve within 5 min")
    assert step["not_proposed"] == []


def test_what_stands_against_a_step_is_told_in_place_of_its_card(typed: Typed) -> None:
    steps = told(typed("--case", str(FOLDER / "10_upstream_nulls"), "--json"))["plan"]["steps"]
    quarantine = next(step for step in steps if step["remediation"]["kind"] == "QuarantineData")
    assert quarantine["before_after"] == []
    assert quarantine["not_proposed"] == ["a recorded case holds no S3 objects, so what it would mark is unknown"]


def test_the_terminal_form_says_what_why_and_what_next(typed: Typed) -> None:
    result = typed("--case", str(FOLDER / "20_drift_with_harm"))
    assert result.exit_code == 0, result.output
    words = " ".join(result.stdout.split())
    for part in (
        "product-recommender in prod, tier 2 · 20 Nov 2026 19:10 UTC",
        "Feature drift: feature basket_value since 20 Nov 2026 16:51 UTC",
        "high confidence: 8 statements for it and 0 against, on 9 of",
        "Should it be retrained? Yes: The inputs drifted",
        "Training run none → one run of product-recommender-train",
        "Only if the candidate is worse than the live model at the gate.",
        "against product-recommender-v23 was live on product-recommender-prod during the whole window.",
        "ModelFeatureDriftHigh.md › Mitigation, line",
        "Written by the offline rules, no language model",
    ):
        assert part in words, part
    assert max(map(len, result.stdout.splitlines())) <= 110
    assert "\x1b" not in result.stdout


def test_on_a_terminal_the_progress_and_nothing_else_goes_to_standard_error() -> None:
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "CI", "AGENTOPS_"))}
    ours, theirs = os.openpty()
    agentops, case = Path(sys.executable).parent / "agentops", FOLDER / "81_everything_down"
    command = [agentops, "diagnose", "--json", "--llm", "offline", "--case", case]
    ran = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, env=outside, text=True)
    os.close(theirs)
    shown = b"".join(iter(partial(_read, ours), b"")).decode()
    os.close(ours)
    out, _ = ran.communicate(timeout=60)
    assert ran.returncode == 0 and json.loads(out)["diagnosis"]["root_cause"] == "unknown"
    assert "Search the runbooks" in shown and "100%" in shown
    assert "pydantic" not in shown.lower()


def _read(terminal: int) -> bytes:
    """Nothing once the other side is closed."""
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


def test_what_could_not_be_read_is_told_and_is_no_error(typed: Typed) -> None:
    result = typed("--case", str(FOLDER / "81_everything_down"))
    assert result.exit_code == 0
    words = " ".join(result.stdout.split())
    assert "Cause unknown low confidence" in words and re.search(r"\b\d+ things could not be read", words)
    assert "Could not be read – The metrics of this model could not be read: Prometheus did not answer." in words


def test_all_prints_every_fact(typed: Typed) -> None:
    folder = str(FOLDER / "01_new_config_slow_and_failing")
    few, all_of_them = typed("--case", folder).stdout, typed("--case", folder, "--all").stdout
    facts = len(told(typed("--case", folder, "--json"))["evidence"])
    assert f"of {facts} facts" in few and f"Evidence: {facts} of {facts} facts" in all_of_them
    assert len(all_of_them) > len(few)


def test_a_cases_own_runbooks_are_the_ones_that_are_cited(typed: Typed, tmp_path: Path) -> None:
    own = tmp_path / "mine"
    shutil.copytree(FOLDER / "01_new_config_slow_and_failing", own)
    (own / "runbooks").mkdir()
    (own / "runbooks" / "EndpointLatencyP99High.md").write_text(
        "# EndpointLatencyP99High\n\n## Mitigation\n\nIf the config changed just before, roll back to the last one.\n"
    )
    cited = told(typed("--case", str(own), "--json"))["diagnosis"]["citations"]
    assert {one["file"] for one in cited} == {"EndpointLatencyP99High.md"}


def test_words_from_outside_hold_nothing_that_a_terminal_obeys(typed: Typed, tmp_path: Path) -> None:
    own = tmp_path / "mine"
    shutil.copytree(FOLDER / "01_new_config_slow_and_failing", own)
    text = (own / "case.yaml").read_text()
    (own / "case.yaml").write_text(
        text.replace("p99 latency of product-recommender-prod is", '"\\e[2J\\e]0;owned\\a is', 1).replace(
            "(limit 1 s)}", '(limit 1 s)"}', 1
        )
    )
    result = typed("--case", str(own), "--all")
    assert result.exit_code == 0, result.output
    assert "owned" in result.stdout and "\x1b" not in result.stdout and "\x07" not in result.stdout


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ((), "give either --case FOLDER or --model NAME"),
        (("--case", "x", "--model", "y"), "give either --case FOLDER or --model NAME"),
        (("--model", "fraud-detecter"), "has no model fraud-detecter; did you mean fraud-detector?"),
        (("--model", "zzz"), "it has churn-predictor, fraud-detector, product-recommender"),
        (("--case", "nowhere"), "nowhere: is no folder; name one that holds a case.yaml"),
        (("--model", "fraud-detector", "--llm", "claude-sonnet-5-5"), "needs ANTHROPIC_API_KEY"),
    ],
)
def test_what_cannot_be_is_said_with_what_can_and_exit_code_2(
    typed: Typed, words: tuple[str, ...], problem: str
) -> None:
    result = typed(*words)
    assert result.exit_code == 2
    assert problem in result.stderr and result.stdout == ""


def test_a_wrong_case_is_told_with_file_line_and_key(typed: Typed, tmp_path: Path) -> None:
    (tmp_path / "case.yaml").write_text("model: fraud-detector\nalerts:\n  - {nmae: X, since: -5m}\n")
    result = typed("--case", str(tmp_path), "--json")
    assert result.exit_code == 2
    assert f"{tmp_path}/case.yaml:3: alerts[0].nmae: is not a known key; did you mean name?" in result.stderr


def test_a_model_whose_partners_are_away_is_diagnosed_as_unknown(typed: Typed, tmp_path: Path) -> None:
    nowhere = "http://127.0.0.1:9"
    answer = told(
        typed(
            "--model",
            "fraud-detector",
            "--json",
            AGENTOPS_PROMETHEUS_URL=nowhere,
            AGENTOPS_AWS_ENDPOINT_URL=nowhere,
            AGENTOPS_AWS_ASSUME_ROLES="false",
            AGENTOPS_DATA_DIR=str(tmp_path / "data"),
            AWS_ACCESS_KEY_ID="none",
            AWS_SECRET_ACCESS_KEY="none",
        )
    )
    assert answer["diagnosis"]["root_cause"] == "unknown" and answer["alerts"] == []
    assert any("Prometheus did not answer" in gap for gap in answer["diagnosis"]["gaps"])
    assert not (tmp_path / "data").exists(), "nothing may be written"
