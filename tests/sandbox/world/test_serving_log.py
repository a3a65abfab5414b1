"""What an endpoint logs follows from what it does."""

from collections.abc import Callable

import pytest

from sandbox.scenario import load_scenarios
from sandbox.world.serving_log import MOST_FAILURES, lines_of
from tests.sandbox.world.conftest import Rig
from tools.cloudwatch_logs.trouble import TROUBLE

MODELS = ("fraud-detector", "churn-predictor", "product-recommender")


def texts(rig: Rig, model: str, failed: int = 0) -> list[str]:
    return [text for _, text in lines_of(rig.world.models[model], rig.now, failed)]


@pytest.mark.parametrize("model", MODELS)
def test_a_healthy_endpoint_logs_its_requests_and_nothing_else(make_rig: Callable[..., Rig], model: str) -> None:
    rig = make_rig()
    rig.run(5)
    told = texts(rig, model, failed=2)
    assert any('"POST /invocations HTTP/1.1" 200' in text for text in told)
    assert not [text for text in told if TROUBLE.search(text)]


def test_a_bad_version_logs_the_traceback_of_each_request_that_fails(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig()
    rig.run(2)
    rig.stage.start("bad_deployment")
    rig.run(3)
    told = texts(rig, "product-recommender", failed=40)
    assert sum("Traceback" in text for text in told) == MOST_FAILURES
    assert any("feature_store.FeatureStoreTimeout: no answer within 2.0 s" in text for text in told)
    assert any('"POST /invocations HTTP/1.1" 500' in text for text in told)


def test_more_visitors_than_an_endpoint_bears_time_out(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig()
    rig.stage.start("latency_saturation")
    rig.run(5)
    assert any("upstream timed out" in text for text in texts(rig, "product-recommender"))


def test_nulls_are_warned_of_with_their_share(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig()
    rig.stage.start("upstream_nulls")
    rig.run(5)
    (warning,) = [text for text in texts(rig, "churn-predictor") if TROUBLE.search(text)]
    assert "WARNING validation - last_login_days is null in 3" in warning


def test_after_a_rollback_the_errors_end(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig()
    rig.stage.start("bad_deployment")
    rig.run(3)
    rig.serving.deploy("product-recommender-prod", "product-recommender-v23")
    rig.run(3)
    assert not [text for text in texts(rig, "product-recommender", failed=1) if TROUBLE.search(text)]


def test_a_scenario_with_a_new_version_has_a_release_before_it() -> None:
    for scenario in load_scenarios().values():
        deploys = [change for change in scenario.changes if change.kind == "deploy"]
        assert bool(deploys) == bool(scenario.releases), scenario.name
