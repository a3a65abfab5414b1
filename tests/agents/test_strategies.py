"""One strategy for each kind of alert, known to the rules and told to a language model."""

from collections.abc import Callable

import pytest

from agents.investigator import Investigator
from agents.strategies import STRATEGIES, in_words, look_first
from agents.toolsets.investigation import investigation_toolset
from incidents.alert import AlertKind
from tests.agents.conftest import Server
from tests.agents.scenarios import bad_deployment, upstream_nulls
from tests.agents.world import CATALOGUE, World


@pytest.mark.parametrize("kind", AlertKind)
def test_every_kind_has_its_questions_and_each_can_be_answered(kind: AlertKind):
    signals = {name for model in CATALOGUE.models.values() for name in model.signals}
    tools = set(investigation_toolset().tools)
    assert len(STRATEGIES[kind]) >= 2
    for question in STRATEGIES[kind]:
        assert question.asks.endswith("?")
        assert question.look_at and set(question.look_at) <= signals | tools
    assert look_first(kind)


def test_data_is_looked_at_before_drift_and_quality():
    for kind in (AlertKind.FEATURE_DRIFT, AlertKind.PREDICTION_DRIFT, AlertKind.ACCURACY_DROP, AlertKind.ANOMALY_SPIKE):
        assert look_first(kind)[0] == "data_quality"
    for kind in (AlertKind.LATENCY, AlertKind.ERROR_RATE):
        assert look_first(kind)[0] == "recent_changes"


@pytest.mark.parametrize(
    ("make", "kinds"),
    [
        (bad_deployment, (AlertKind.LATENCY, AlertKind.ERROR_RATE)),
        (upstream_nulls, (AlertKind.FEATURE_DRIFT, AlertKind.DATA_QUALITY)),
    ],
)
async def test_the_language_model_is_told_the_strategies_of_its_alerts(
    server: Server, make: Callable[[], World], kinds: tuple[AlertKind, ...]
):
    world = make()
    investigator = Investigator(world.sources, server.config())
    await investigator.investigate(world.case)
    await investigator.close()
    prompt: str = server.api.bodies[1]["messages"][0]["content"][1]["text"]
    for line in in_words(kinds).splitlines():
        assert line in prompt
    assert "- cost:" not in prompt
