import pytest
from pydantic import ValidationError

from incidents.autonomy import AutonomyEntry
from incidents.policy import Allow, Policy, Rule
from tests.incidents.builders import policy


@pytest.mark.parametrize("word", ["observe", "suggest"])
def test_up_to_suggest_a_word_is_enough(word: str) -> None:
    assert AutonomyEntry.model_validate(word).level == word


@pytest.mark.parametrize("level", ["execute_low", "execute_high"])
@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, "author and reason"),
        ({"author": "the team lead"}, "needs reason"),
        ({"reason": "twenty good months"}, "needs author"),
        ({"author": " ", "reason": "x"}, "needs author"),
    ],
)
def test_above_suggest_somebody_answers_for_it(level: str, given: dict[str, str], missing: str) -> None:
    with pytest.raises(ValidationError, match=missing):
        AutonomyEntry.model_validate({"level": level, **given})


def test_above_suggest_a_word_is_not_enough() -> None:
    with pytest.raises(ValidationError, match="author and reason"):
        AutonomyEntry.model_validate("execute_high")


def test_who_raised_it_and_why_are_kept() -> None:
    entry = AutonomyEntry(level="execute_low", author="the team lead", reason="20 of 20 approved since May")
    assert (entry.author, entry.reason) == ("the team lead", "20 of 20 approved since May")
    assert AutonomyEntry.model_validate_json(entry.model_dump_json()) == entry


def test_a_model_that_is_not_named_only_suggests() -> None:
    assert policy().autonomy_of("nobody") == "suggest"


def test_the_level_is_part_of_the_policys_hash() -> None:
    def at(level: str) -> Policy:
        return Policy.model_validate(
            {"version": 1, "autonomy": {"m": level}, "rules": [Rule(name="r", then=Allow()).model_dump()]}
        )

    assert at("observe").autonomy_of("m") == "observe"
    assert at("observe").hash != at("suggest").hash
