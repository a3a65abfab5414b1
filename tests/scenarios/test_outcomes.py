"""Each scenario through its headless demo: the right answer, and nothing done that nobody decided."""

import asyncio

import pytest
import pytest_asyncio
from dirty_equals import HasLen, IsDatetime, IsInt, IsList, IsPartialDict, IsPositiveInt, IsStr

from bot.demo import Answer
from tests.scenarios.played import Played, played
from tests.scenarios.rig import Rig, buttons

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

WAVES: tuple[dict[str, Answer], ...] = (
    {"bad_deployment": "deny", "feature_drift": "approve", "upstream_nulls": "deny"},
    {"latency_saturation": "approve", "benign_drift": "approve"},
)
"""What is played at the same time, each on a model of its own.

The deployment comes before the saturation of the same model: a minute here is four hours, and the other way round the
saturation would stand in the window that the diagnosis looks at.
"""
NOTHING = ("benign_drift", "latency_saturation")
"""Where a change would not help."""
DENIED = ("bad_deployment", "upstream_nulls")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stories(rig: Rig) -> dict[str, Played]:
    told: dict[str, Played] = {}
    for wave in WAVES:
        ended = await asyncio.gather(*(played(rig, name, answer) for name, answer in wave.items()))
        told |= dict(zip(wave, ended, strict=True))
        await rig.calm()
    return told


@pytest.mark.parametrize(
    ("scenario", "cause", "culprit", "outcome", "retrain", "advice"),
    [
        ("bad_deployment", "bad_deployment", "product-recommender-v24", "monitoring", False, set[str]()),
        ("feature_drift", "feature_drift", "amount", "resolved", True, set[str]()),
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
    stories: dict[str, Played],
    scenario: str,
    cause: str,
    culprit: str,
    outcome: str,
    retrain: bool,
    advice: set[str],
) -> None:
    told = stories[scenario].told
    assert told["diagnosis"]["class"] == cause
    assert told["diagnosis"]["culprit"]["name"] == culprit
    assert told["outcome"] == outcome
    assert told["diagnosis"]["retrain"] is retrain
    assert advice <= set(told["diagnosis"]["advice"])


async def test_drift_with_harm_is_retrained_and_promoted_once_each_with_its_own_approval(
    stories: dict[str, Played],
) -> None:
    story = stories["feature_drift"]
    assert story.states == [("StartRetraining", "approved"), ("PromoteModel", "approved")]
    assert story.changes.count("StartPipelineExecution") == story.changes.count("UpdateEndpoint") == 1
    assert "Candidate version" in story.read and "passes its gate" in story.read


@pytest.mark.parametrize("scenario", DENIED)
async def test_a_denied_change_is_not_made_and_the_thread_says_who_said_no(
    stories: dict[str, Played], scenario: str
) -> None:
    story = stories[scenario]
    assert story.changes == []
    denied = {view.proposal.remediation.kind for view in story.file.proposals if view.approval.state == "denied"}
    assert denied == {"bad_deployment": {"RollbackEndpoint"}, "upstream_nulls": {"QuarantineData"}}[scenario]
    assert [one["actor"] for one in story.told["decisions"] if one["kind"] == "denied"] == ["UONCALL"]
    assert "Not now: answered by the demo." in story.read
    assert [one for message in story.thread for one in buttons(message)] == []


async def test_broken_data_is_never_retrained_and_the_next_step_needs_the_first(stories: dict[str, Played]) -> None:
    story = stories["upstream_nulls"]
    assert sorted(kind for kind, _ in story.states) == ["NotifyOwners", "OpenIssue", "QuarantineData"]


@pytest.mark.parametrize("scenario", NOTHING)
async def test_where_a_change_would_not_help_none_is_proposed_and_none_is_made(
    stories: dict[str, Played], scenario: str
) -> None:
    story = stories[scenario]
    assert story.told["proposals"] == []
    assert story.told["aws_changes"] == []
    assert [one for message in story.thread for one in buttons(message)] == []


async def test_only_what_was_approved_reached_aws(stories: dict[str, Played]) -> None:
    approved = stories["feature_drift"].executions
    for story in stories.values():
        for call in story.told["aws_changes"]:
            assert call["role_session_name"] in approved
            assert call["outcome"] == "ok"


async def test_the_json_has_every_field(stories: dict[str, Played]) -> None:
    for scenario, story in stories.items():
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
            "posted_before_call": IsList(length=...),
            "canary_steps": IsList(length=...),
            "verifications": IsList(length=...),
            "outcome": IsStr,
            "timings_ms": IsPartialDict(alert_received=IsInt, diagnosed=IsPositiveInt, total=IsPositiveInt),
        }
        assert story.told["timings_ms"]["total"] < 60_000


async def test_each_incident_is_told_in_the_channel_that_its_model_names(stories: dict[str, Played]) -> None:
    told = {story.told["model"]: {message["channel"] for message in story.thread} for story in stories.values()}
    assert told == {
        "fraud-detector": {"CPLATFORM"},
        "churn-predictor": {"CINCIDENTS"},
        "product-recommender": {"CINCIDENTS"},
    }


async def test_every_citation_is_a_passage_people_can_read_in_the_thread(stories: dict[str, Played]) -> None:
    for story in stories.values():
        for citation in story.told["diagnosis"]["citations"]:
            assert citation["file"] in story.read
            assert citation["lines"] == HasLen(2)


async def test_what_ended_is_shown_as_a_course_from_the_first_sign_to_the_recovery(stories: dict[str, Played]) -> None:
    story = stories["feature_drift"]
    (picture,) = story.thread[-1]["blocks"]
    assert story.thread[-2]["metadata"]["event_payload"]["kind"] == "report"
    assert picture["title"]["text"] == "fraud-detector: how this was found and decided"
    for part in ("Trouble begins", "Alert: ", "Evidence: ", "Diagnosis: Feature drift", "Retrain? Yes", "Recovered"):
        assert part in picture["alt_text"]
    assert picture["alt_text"].count("Approved by ") == 2


async def test_every_thread_names_its_reasoner_and_shows_a_picture_with_words(stories: dict[str, Played]) -> None:
    for story in stories.values():
        images = [b for message in story.thread for b in message["blocks"] if b["type"] == "image"]
        pictures = [one for one in images if "found and decided" not in one["title"]["text"]]
        assert len(pictures) == len(story.entries("diagnosed")) >= 1
        assert "threshold" in pictures[0]["alt_text"]
        assert "offline rules" in story.read.lower()
