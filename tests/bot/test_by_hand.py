"""From what a person types to a remediation: what is missing is named, nothing is guessed."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.by_hand import VERBS, ByHand, Unusable, Wanted
from incidents.catalogue import Catalogue, PromotionSpec
from incidents.errors import UnknownModel
from incidents.remediation import (
    NotifyOwners,
    OpenIssue,
    PromoteModel,
    QuarantineData,
    RerunDataPipeline,
    RollbackEndpoint,
    ShiftTraffic,
    StartRetraining,
)
from tests.incidents.builders import ENDPOINT, START, catalogue, later
from tests.stores import store_at
from tests.tools.incident_store.stage import Stage
from tools.errors import Unavailable
from tools.sagemaker.states import ModelPackage

ARN = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/fraud-detector/42"


async def packages(group: str, limit: int) -> list[ModelPackage]:
    return [
        ModelPackage(
            arn=ARN,
            group=group,
            version=42,
            status="Completed",
            approval_status="PendingManualApproval",
            created_at=START,
        )
    ]


async def no_packages(group: str, limit: int) -> list[ModelPackage]:
    raise Unavailable("SageMaker", "ListModelPackages", "down")


@pytest.fixture
def stage(tmp_path: Path, request: pytest.FixtureRequest) -> Stage:
    database = store_at(tmp_path / "agentops.sqlite")
    request.addfinalizer(database.close)
    return Stage(database)


def whole_catalogue() -> Catalogue:
    """With an alarm to promote under and a repository for each, whatever the shipped file names."""
    models = dict(catalogue().models)
    for name, one in models.items():
        retraining = one.retraining
        if retraining is not None:
            retraining = retraining.model_copy(update={"promotion": PromotionSpec(alarms=(f"{name}-errors",))})
        models[name] = one.model_copy(update={"retraining": retraining, "repository": f"example/{name}"})
    return catalogue().model_copy(update={"models": models})


def by_hand(stage: Stage) -> ByHand:
    return ByHand(stage.reader, whole_catalogue(), packages, lambda: START)


async def wanted(stage: Stage, words: str) -> Wanted:
    read = await by_hand(stage).read(words)
    assert isinstance(read, Wanted), read
    return read


async def problem(stage: Stage, words: str) -> str:
    read = await by_hand(stage).read(words)
    assert isinstance(read, Unusable), read
    return read.problem


async def test_each_verb_makes_its_remediation(stage: Stage) -> None:
    made = {
        words.split()[0]: (await wanted(stage, words)).remediation
        for words in (
            "rollback product-recommender product-recommender-v22",
            "retrain fraud-detector 14",
            "promote fraud-detector 42",
            "quarantine churn-predictor 2h now",
            "release churn-predictor 2h now",
            "rerun churn-predictor 2h",
            "shift product-recommender v23=1 v24=0",
            "issue churn-predictor last_login_days is null",
            "notify churn-predictor please look",
        )
    }
    assert set(made) == set(VERBS)
    kinds = {verb: type(remediation) for verb, remediation in made.items()}
    assert kinds == {
        "rollback": RollbackEndpoint,
        "retrain": StartRetraining,
        "promote": PromoteModel,
        "quarantine": QuarantineData,
        "release": QuarantineData,
        "rerun": RerunDataPipeline,
        "shift": ShiftTraffic,
        "issue": OpenIssue,
        "notify": NotifyOwners,
    }
    retraining, quarantine, promotion = made["retrain"], made["quarantine"], made["promote"]
    assert isinstance(retraining, StartRetraining)
    assert retraining.window_end - retraining.window_start == timedelta(days=14)
    assert isinstance(quarantine, QuarantineData)
    assert (quarantine.window_start, quarantine.window_end) == (later(hours=-2), START)
    assert made["release"] == quarantine.model_copy(update={"mode": "release"})
    assert isinstance(promotion, PromoteModel) and promotion.model_package == ARN


async def test_a_rollback_without_a_config_goes_to_the_one_that_served_before(stage: Stage) -> None:
    read = await wanted(stage, "rollback product-recommender")
    assert isinstance(read.remediation, RollbackEndpoint)
    assert read.remediation.to_config == "product-recommender-v22", "the catalogue's, where none has been seen"
    seen = stage.writer.observations.seen
    seen(ENDPOINT, "product-recommender-v23", later(minutes=-60), later(minutes=-9))
    seen(ENDPOINT, "product-recommender-v24", later(minutes=-8), later())
    read = await wanted(stage, "rollback product-recommender")
    assert isinstance(read.remediation, RollbackEndpoint)
    assert read.remediation.to_config == "product-recommender-v23"


async def test_a_rollback_of_a_model_without_a_known_good_config_asks_for_its_name(stage: Stage) -> None:
    known = catalogue()
    model = known.models["product-recommender"]
    assert model.endpoint is not None
    bare = model.model_copy(update={"endpoint": model.endpoint.model_copy(update={"last_known_good": None})})
    entries = known.model_copy(update={"models": {**known.models, model.name: bare}})
    read = await ByHand(stage.reader, entries, packages, lambda: START).read("rollback product-recommender")
    assert isinstance(read, Unusable)
    assert read.problem == f"No earlier endpoint config of {ENDPOINT} is known; name the one to go back to"


async def test_the_persons_own_words_are_the_reason(stage: Stage) -> None:
    assert (await wanted(stage, "retrain fraud-detector")).reason == "Chosen by hand: retrain fraud-detector"


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("", "nothing that can be proposed"),
        ("delete fraud-detector", "nothing that can be proposed"),
        ("rollback", "Which model?"),
        ("rollback product-recommender a b", "at most one"),
        ("rollback product-recommender ../../x", "to_config"),
        ("retrain fraud-detector soon", "number from 1"),
        ("retrain fraud-detector 0", "number from 1"),
        ("promote fraud-detector", "the version to promote"),
        ("promote fraud-detector latest", "must be a number"),
        ("promote fraud-detector 7", "no version 7; the newest are 42"),
        ("quarantine churn-predictor 2h", "from when until when"),
        ("quarantine churn-predictor now 2h", "begin before it ends"),
        ("quarantine churn-predictor yesterday now", "no moment"),
        ("rerun churn-predictor", "from when on"),
        ("shift product-recommender v23", "no variant with its weight"),
        ("shift product-recommender v23=nan v24=1", "v23=nan"),
        ("shift product-recommender v23=0 v24=0", "weight above 0"),
        ("shift product-recommender", "weights"),
        ("issue churn-predictor", "Give the issue a title"),
        ("notify churn-predictor", "What should they be told?"),
    ],
)
async def test_what_is_missing_or_wrong_is_named(stage: Stage, words: str, named: str) -> None:
    assert named in await problem(stage, words)


async def test_every_problem_of_a_known_verb_shows_its_usage_and_an_example(stage: Stage) -> None:
    for verb in VERBS:
        read = await by_hand(stage).read(verb)
        assert isinstance(read, Unusable)
        assert read.usage.startswith(f"/agentops propose {verb} ") and read.example


async def test_an_unknown_model_is_told_with_those_there_are(stage: Stage) -> None:
    with pytest.raises(UnknownModel) as raised:
        await by_hand(stage).read("rollback fraud-detektor")
    assert "fraud-detector" in raised.value.known


async def test_what_cannot_be_read_is_said_so(stage: Stage) -> None:
    hand = ByHand(stage.reader, whole_catalogue(), no_packages, lambda: START)
    read = await hand.read("promote fraud-detector 42")
    assert isinstance(read, Unusable) and "SageMaker could not be read" in read.problem
