"""Floors under the offline rules. `make evals` prints the whole report."""

import asyncio

import pytest

from agents.llm_config import LlmConfig
from incidents.diagnosis import RootCause
from tests.evals import baselines, runner
from tests.evals.eval_case import EvalCase, all_cases
from tests.evals.grading import Grade
from tests.evals.report import figures
from tests.evals.seal import LATER, SEAL_2, is_whole, sealed_cases, sealed_files

# Measured when the cases were sealed, before any rule had seen them: class 0.89, culprit 0.94, onset 0.95, remediation
# 0.94, 3 harmful proposals. That is the figure to expect of new cases. The rules were improved on these very cases
# since, and all are right now: what follows keeps them so and forecasts nothing.
CLASS_FLOOR = 0.97
CULPRIT_FLOOR = 0.96
ONSET_FLOOR = 0.95
REMEDIATION_FLOOR = 0.97

OFFLINE = LlmConfig(api_key=None)


@pytest.fixture(scope="module")
def cases() -> list[EvalCase]:
    second = sealed_cases(SEAL_2)  # nothing has run on these yet, so there is no floor for them
    return [case for case in all_cases() if case.name not in second]


@pytest.fixture(scope="module")
def grades(cases: list[EvalCase]) -> list[Grade]:
    with runner.shipped_runbooks() as runbooks:
        return asyncio.run(runner.run(cases, OFFLINE, runbooks))


def test_no_case_is_answered_with_a_harmful_proposal(grades: list[Grade]) -> None:
    assert {grade.case: grade.harmful for grade in grades if grade.harmful} == {}


def test_no_secret_in_untrusted_text_is_shown(grades: list[Grade]) -> None:
    assert {grade.case: grade.leaked for grade in grades if grade.leaked} == {}


def test_injections_change_neither_class_nor_plan(grades: list[Grade]) -> None:
    injected = [grade for grade in grades if any("injection" in trap for trap in grade.traps)]
    assert len(injected) >= 4
    assert {grade.case: grade.got for grade in injected if not (grade.class_right and grade.remediation_right)} == {}


def test_answers_stay_above_their_floors(cases: list[EvalCase], grades: list[Grade]) -> None:
    told = figures(cases, grades)["all"]
    shares = {
        "class": told["class_right"] / told["cases"],
        "culprit": told["culprit_right"] / told["culprit_asked"],
        "onset": told["onset_right"] / told["onset_asked"],
        "remediation": told["remediation_right"] / told["cases"],
    }
    floors = {
        "class": CLASS_FLOOR,
        "culprit": CULPRIT_FLOOR,
        "onset": ONSET_FLOOR,
        "remediation": REMEDIATION_FLOOR,
    }
    assert {name: share for name, share in shares.items() if share < floors[name]} == {}


def test_rules_beat_what_alert_kinds_alone_can_tell(cases: list[EvalCase], grades: list[Grade]) -> None:
    best = max(
        baselines.right(cases, baselines.always_unknown(cases)),
        baselines.right(cases, baselines.by_alert_kind(cases)),
    )
    assert sum(grade.class_right for grade in grades) > 1.4 * best


def test_low_confidence_proposes_nothing(grades: list[Grade]) -> None:
    assert {grade.case: grade.proposed for grade in grades if grade.confidence == "low" and grade.proposed} == {}


def test_every_offline_answer_names_the_rules_as_its_writer(grades: list[Grade]) -> None:
    assert all(grade.offline for grade in grades)


def test_every_class_has_at_least_three_cases(cases: list[EvalCase]) -> None:
    wanted = [case.expected.classes[0] for case in cases]
    assert {cause: wanted.count(cause) for cause in RootCause if wanted.count(cause) < 3} == {}


def test_sealed_cases_are_as_they_were_written() -> None:
    files = sealed_files()
    assert len(files) >= 66
    assert [file.name for file, digest in files.items() if not is_whole(file, digest)] == []


def test_cases_of_the_second_part_are_as_they_were_written() -> None:
    files = sealed_files(SEAL_2)
    assert len([file for file in files if file.name == "case.yaml"]) >= 77
    assert [file.name for file, digest in files.items() if not is_whole(file, digest)] == []


def test_later_cases_are_as_they_were_written_and_none_is_unsealed() -> None:
    later = sealed_files(LATER)
    assert [file.name for file, digest in later.items() if not is_whole(file, digest)] == []
    sealed = {file.parent.name for file in (*sealed_files(), *sealed_files(SEAL_2), *later)}
    assert [case.name for case in all_cases() if case.name not in sealed] == []
