"""Each scenario through its headless demo: the right answer, and nothing done that nobody decided."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from dirty_equals import HasLen, IsDatetime, IsInt, IsList, IsPartialDict, IsPositiveInt, IsStr

from bot.demo import Answer, play
from incidents.ledger import IncidentFile
from tests.scenarios.rig import Rig, buttons, rig_in, words

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

Json = dict[str, Any]


@dataclass
class Played:
    """What the demo told of one scenario, and the thread as people saw it."""

    told: Json
    file: IncidentFile
    thread: list[Json]

    @property
    def read(self) -> str:
        return "\n".join(words(message) for message in self.thread)

    @property
    def changes(self) -> list[str]:
        """Changing calls on this model's own resources."""
        return [one["operation"] for one in self.told["aws_changes"] if self.told["model"] in str(one["request"])]


async def _played(rig: Rig, scenario: str, answer: Answer = "approve") -> Played:
    told = await play(rig.driver(), scenario, answer)
    return Played(told, await rig.file(told["incident"]), await rig.thread_of(told["incident"]))


@dataclass
class All:
    """Every scenario by its name, and every changing call that reached AWS meanwhile."""

    by_name: dict[str, Played]
    changes: list[Json]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def everything(rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> All:
    """All five, on different models at the same time where they can be.

    The deployment has a world of its own: a minute here is four hours, and the same model's saturation before it would
    stand in the window that the diagnosis looks at.
    """
    played: list[Played] = []
    changes: list[Json] = []
    for wave in (("feature_drift", "upstream_nulls"), ("latency_saturation", "benign_drift")):
        played += await asyncio.gather(*(_played(rig, scenario) for scenario in wave))
        changes += await rig.changes()
        await rig.calm()
    async with rig_in(tmp_path_factory.mktemp("deployment")) as fresh:
        played.append(await _played(fresh, "bad_deployment", "deny"))
        changes += await fresh.changes()
    return All({one.told["scenario"]: one for one in played}, changes)


@pytest.fixture(scope="module")
def played(everything: All) -> dict[str, Played]:
    return everything.by_name


@pytest.mark.parametrize(
    ("scenario", "cause", "culprit", "outcome", "retrain", "advice"),
    [
        ("bad_deployment", "bad_deployment", "product-recommender-v24", "monitoring", False, set[str]()),
        ("feature_drift", "feature_drift", "amount", "awaiting_decision", True, set[str]()),
        (
            "upstream_nulls",
            "data_quality",
            "last_login_days",
            "monitoring",
            False,
            {"quarantine_data", "rerun_data_pipeline", "do_not_retrain"},
        ),
        ("benign_drift", "benign", "monthly_charges", "monitoring", False, {"watch"}),
        ("latency_saturation", "infrastructure", "product-recommender-prod", "monitoring", False, {"scale_endpoint"}),
    ],
)
async def test_each_scenario_is_diagnosed_and_ends_as_it_should(
    played: dict[str, Played],
    scenario: str,
    cause: str,
    culprit: str,
    outcome: str,
    retrain: bool,
    advice: set[str],
) -> None:
    told = played[scenario].told
    assert told["diagnosis"]["class"] == cause
    assert told["diagnosis"]["culprit"]["name"] == culprit
    assert told["outcome"] == outcome
    assert told["diagnosis"]["retrain"] is retrain
    assert advice <= set(told["diagnosis"]["advice"])


async def test_drift_with_harm_is_retrained_once_and_a_person_is_asked_about_the_candidate(
    played: dict[str, Played],
) -> None:
    story = played["feature_drift"]
    assert story.changes == ["StartPipelineExecution"]
    assert [one["remediation"]["kind"] for one in story.told["proposals"]] == ["StartRetraining"]
    assert "Candidate version" in story.read and "passes its gate" in story.read
    assert "not deployed" in story.read


async def test_a_denied_rollback_changes_nothing_and_says_who_said_no(played: dict[str, Played]) -> None:
    story = played["bad_deployment"]
    assert story.changes == []
    assert [one["state"] for one in story.told["proposals"]] == ["denied"]
    assert IsList(IsPartialDict(kind="denied", actor="UONCALL"), length=...) == story.told["decisions"]
    assert "Not now: answered by the demo." in story.read
    assert [one for message in story.thread for one in buttons(message)] == []


@pytest.mark.parametrize("scenario", ["upstream_nulls", "benign_drift", "latency_saturation"])
async def test_where_a_change_would_not_help_none_is_proposed_and_none_is_made(
    played: dict[str, Played], scenario: str
) -> None:
    story = played[scenario]
    assert story.told["proposals"] == []
    assert story.changes == []
    assert [one for message in story.thread for one in buttons(message)] == []


async def test_only_what_was_approved_reached_aws(everything: All) -> None:
    assert [(one["operation"], one["outcome"]) for one in everything.changes] == [("StartPipelineExecution", "ok")]


async def test_the_json_has_every_field(played: dict[str, Played]) -> None:
    for scenario, story in played.items():
        assert story.told == {
            "scenario": scenario,
            "incident": IsStr(regex=r"INC-\d+"),
            "model": IsStr,
            "diagnosis": {
                "class": IsStr,
                "culprit": {"kind": IsStr, "name": IsStr},
                "confidence": IsStr(regex="low|medium|high"),
                "onset": IsDatetime(iso_string=True) | None,
                "summary": IsStr(min_length=20),
                "retrain": story.told["diagnosis"]["retrain"],
                "advice": IsList(length=...),
                "reasoner": "offline-rules",
                "citations": IsList(length=(1, ...)),
            },
            "proposals": IsList(length=...),
            "decisions": IsList(length=...),
            "aws_changes": IsList(length=...),
            "outcome": IsStr,
            "timings_ms": IsPartialDict(alert_received=IsInt, diagnosed=IsPositiveInt, total=IsPositiveInt),
        }
        assert story.told["timings_ms"]["total"] < 60_000


async def test_each_incident_is_told_in_the_channel_that_its_model_names(played: dict[str, Played]) -> None:
    told = {story.told["model"]: {message["channel"] for message in story.thread} for story in played.values()}
    assert told == {
        "fraud-detector": {"CPLATFORM"},
        "churn-predictor": {"CINCIDENTS"},
        "product-recommender": {"CINCIDENTS"},
    }


async def test_every_citation_is_a_passage_people_can_read_in_the_thread(played: dict[str, Played]) -> None:
    for story in played.values():
        for citation in story.told["diagnosis"]["citations"]:
            assert citation["file"] in story.read
            assert citation["lines"] == HasLen(2)


async def test_every_thread_names_its_reasoner_and_shows_a_picture_with_words(played: dict[str, Played]) -> None:
    for story in played.values():
        pictures = [b for message in story.thread for b in message["blocks"] if b["type"] == "image"]
        assert len(pictures) == 1
        assert "threshold" in pictures[0]["alt_text"]
        assert "offline rules" in story.read.lower()
