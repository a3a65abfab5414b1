"""What each scenario does to the world, what heals it, and what does not."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from sandbox.scenario import Scenario, load_scenarios
from sandbox.stage import ScenarioRefused
from tests.thoroughness import THOROUGH

Rig = Any
AlertKey = tuple[str, str, str | None]
SCENARIOS = load_scenarios()
RECOMMENDER, FRAUD, CHURN = "product-recommender-prod", "fraud-detector-prod", "churn-predictor-prod"


def meant(scenario: Scenario) -> set[AlertKey]:
    return {(alert.alertname, alert.severity, alert.feature) for alert in scenario.alerts}


@pytest.mark.parametrize("seed", [1, 7] if THOROUGH else [1])
def test_a_healthy_world_raises_no_alert_in_six_hours(make_rig: Callable[..., Rig], seed: int):
    rig = make_rig(seed=seed)
    rig.run(360)
    assert rig.payloads == []
    assert rig.firing() == set()


@dataclass
class Course:
    """What was told of a scenario that ran for two minutes and was undone then."""

    scenario: Scenario
    soon: int
    """Notifications within ten seconds; 15 where only the concept changes, since labels come late."""
    told: set[AlertKey]
    """Within a minute."""
    models: set[str]
    open_after_a_minute: set[AlertKey]
    open_after_two_minutes: set[AlertKey]
    open_after_the_reset: set[AlertKey]
    last_status: str


@pytest.fixture(scope="module", params=SCENARIOS.values(), ids=lambda scenario: scenario.name)
def course(request: pytest.FixtureRequest, make_lasting_rig: Callable[..., Rig]) -> Course:
    scenario, rig = request.param, make_lasting_rig()
    rig.run(5)
    rig.stage.start(scenario.name)
    soon = 15 if any(change.kind == "concept" for change in scenario.changes) else 10
    rig.run(soon)
    notifications = len(rig.payloads)
    rig.run(60 - soon)
    told, after_a_minute = set(rig.told), rig.open()
    models = {alert["labels"]["model"] for payload in rig.payloads for alert in payload["alerts"]}
    rig.run(60)
    after_two_minutes = rig.open()
    rig.stage.reset()
    rig.serving.update(RECOMMENDER, config="product-recommender-v23")
    rig.run(30)
    last = rig.payloads[-1]["status"]
    return Course(scenario, notifications, told, models, after_a_minute, after_two_minutes, rig.open(), last)


def test_a_scenario_raises_exactly_the_alerts_it_is_meant_to(course: Course):
    assert course.told == course.open_after_a_minute == meant(course.scenario)
    assert course.models == {course.scenario.model}


def test_the_first_notification_leaves_within_ten_seconds(course: Course):
    assert course.soon, "quality alone waits for labels, which takes longer"


def test_nothing_heals_by_waiting(course: Course):
    assert course.open_after_two_minutes == meant(course.scenario)


def test_a_reset_heals_everything(course: Course):
    assert course.open_after_the_reset == set()
    assert course.last_status == "resolved"


def test_a_rollback_brings_the_latency_back_within_eight_seconds(make_rig: Callable[..., Rig]):
    rig = make_rig()
    rig.stage.start("bad_deployment")
    rig.run(30)
    query = (
        "histogram_quantile(0.99, sum by (le) "
        '(rate(ml_inference_latency_seconds_bucket{endpoint="product-recommender-prod"}[5s])))'
    )
    assert 2.0 < rig.value(query) < 3.0
    rig.serving.update(RECOMMENDER, config="product-recommender-v23")
    rig.run(8)
    assert rig.value(query) < 1.0
    assert rig.firing() == set()
    assert rig.stage.running()[0]["state"] == "recovered"


def test_promoting_a_model_trained_after_the_drift_restores_quality(make_rig: Callable[..., Rig]):
    rig = make_rig()
    rig.stage.start("feature_drift")
    rig.run(30)
    rig.serving.update(FRAUD, config="fraud-detector-v42", trained_at=rig.now)
    rig.run(20)
    assert rig.open() == set()
    assert rig.value('ml_model_f1{model="fraud-detector"}') > 0.87


@pytest.mark.parametrize(
    ("name", "endpoint", "config", "trained_in_time"),
    [
        ("feature_drift", FRAUD, "fraud-detector-v40", False),
        ("feature_drift", FRAUD, "fraud-detector-v42", False),
        ("latency_saturation", RECOMMENDER, "product-recommender-v22", False),
        ("bad_deployment", FRAUD, "fraud-detector-v40", False),
    ],
    ids=["rolling back a drift", "promoting an old model", "rolling back a saturation", "the wrong endpoint"],
)
def test_the_wrong_remedy_does_not_heal(
    make_rig: Callable[..., Rig], name: str, endpoint: str, config: str, trained_in_time: bool
):
    rig = make_rig()
    before = rig.now - 3600
    rig.stage.start(name)
    rig.run(30)
    rig.serving.update(endpoint, config=config, trained_at=rig.now if trained_in_time else before)
    rig.run(40)
    assert rig.open() == meant(SCENARIOS[name])


def test_retraining_on_nulls_does_not_bring_quality_back(make_rig: Callable[..., Rig]):
    rig = make_rig()
    rig.stage.start("upstream_nulls")
    rig.run(30)
    rig.serving.update(CHURN, config="churn-predictor-v18", trained_at=rig.now)
    rig.run(40)
    assert {alert[0] for alert in rig.open()} >= {"FeatureNullRateHigh", "SchemaViolationRateHigh", "ModelAccuracyLow"}


def test_scaling_out_heals_a_saturation(make_rig: Callable[..., Rig]):
    rig = make_rig()
    rig.stage.start("latency_saturation")
    rig.run(30)
    rig.serving.update(RECOMMENDER, instances=10)
    rig.run(20)
    assert {alert[0] for alert in rig.open()} == {"InputVolumeAbnormal"}


def test_benign_drift_leaves_quality_alone(make_rig: Callable[..., Rig]):
    rig = make_rig()
    rig.stage.start("benign_drift")
    rig.run(60)
    assert rig.value('min_over_time(ml_model_accuracy{model="churn-predictor"}[50s]) / 0.914') > 0.99
    assert 0.14 < rig.value('avg_over_time(ml_feature_psi{feature="monthly_charges"}[50s])') < 0.21


def test_one_scenario_at_a_time_runs_on_a_model(make_rig: Callable[..., Rig]):
    rig = make_rig()
    rig.stage.start("bad_deployment")
    rig.run(2)
    with pytest.raises(ScenarioRefused) as refused:
        rig.stage.start("latency_saturation")
    assert refused.value.word == "scenario_running"
    rig.stage.start("feature_drift")
    assert {run["name"] for run in rig.stage.running()} == {"bad_deployment", "feature_drift"}


def test_the_next_scenario_may_start_once_the_last_has_healed(make_rig: Callable[..., Rig]):
    rig = make_rig()
    rig.stage.start("bad_deployment")
    rig.run(10)
    rig.serving.update(RECOMMENDER, config="product-recommender-v23")
    rig.run(2)
    assert rig.stage.start("latency_saturation").scenario.name == "latency_saturation"


def test_an_unknown_scenario_is_refused(make_rig: Callable[..., Rig]):
    with pytest.raises(ScenarioRefused) as refused:
        make_rig().stage.start("nothing_of_the_kind")
    assert refused.value.word == "unknown_scenario"


def test_the_same_seed_gives_the_same_world(make_rig: Callable[..., Rig]):
    first, second = make_rig(seed=3), make_rig(seed=3)
    first.run(20)
    second.run(20)
    assert first.world.exposition() == second.world.exposition()


def test_a_config_that_left_is_stale_at_the_next_scrape(make_rig: Callable[..., Rig]):
    rig = make_rig()
    rig.stage.start("bad_deployment")
    rig.run(1)
    assert rig.value('count(ml_endpoint_config_info{model="product-recommender"})') == 1.0
    assert rig.value('ml_endpoint_config_info{config="product-recommender-v24"}') == 1.0
