"""What a canary, a second variant, a retrained candidate and a refilled table do to the world."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sandbox.world.serving import Share

Rig = Any
RECOMMENDER, FRAUD, CHURN = "product-recommender-prod", "fraud-detector-prod", "churn-predictor-prod"


def serve(rig: Rig, endpoint: str, **shares: float) -> None:
    """Let versions share an endpoint's traffic: `v23=0.9, v24=0.1`."""
    model = endpoint.removesuffix("-prod")
    rig.serving.update(endpoint, shares=tuple(Share(f"{model}-{version}", part) for version, part in shares.items()))


def recent(rig: Rig, model: str) -> tuple[float, float]:
    window = rig.world.models[model].recent
    return window.error_share, window.p99_seconds


def test_a_tenth_of_the_traffic_on_a_bad_version_shows_in_what_alarms_measure(make_rig: Callable[..., Rig]):
    rig = make_rig()
    rig.run(5)
    errors, p99 = recent(rig, "product-recommender")
    assert errors < 0.002 and p99 < 1.0
    rig.stage.start("bad_deployment")
    serve(rig, RECOMMENDER, v23=0.9, v24=0.1)
    rig.run(5)
    errors, p99 = recent(rig, "product-recommender")
    assert 0.005 < errors < 0.02
    assert p99 > 1.0


def test_shifting_the_traffic_back_heals(make_rig: Callable[..., Rig]):
    rig = make_rig()
    rig.stage.start("bad_deployment")
    serve(rig, RECOMMENDER, v23=0.5, v24=0.5)
    rig.run(20)
    assert {alert[0] for alert in rig.open()} == {"EndpointLatencyP99High", "EndpointErrorRateHigh"}
    serve(rig, RECOMMENDER, v23=1.0)
    rig.run(20)
    assert rig.open() == set()


def test_a_model_that_came_out_of_training_slow_is_slow_wherever_it_serves(make_rig: Callable[..., Rig]):
    rig = make_rig()
    rig.serving.update(
        FRAUD, config="fraud-detector-v42", shares=(Share("fraud-detector-v42", 1.0, rig.now, latency=20, errors=0.2),)
    )
    rig.run(5)
    errors, p99 = recent(rig, "fraud-detector")
    assert errors > 0.15 and p99 > 1.0
    assert rig.world.models["fraud-detector"].health == "disturbed"


def test_promoting_the_candidate_of_the_new_way_to_pay_heals_everything(make_rig: Callable[..., Rig]):
    rig = make_rig()
    rig.stage.start("retrain_and_promote")
    rig.run(30)
    trained = rig.now
    candidate = rig.world.candidate_quality("fraud-detector", trained, (trained - 60, trained))
    live = rig.world.live_quality("fraud-detector")
    assert candidate["f1"] > live["f1"] + 0.05
    rig.serving.update(FRAUD, config="fraud-detector-v42", trained_at=trained)
    rig.run(20)
    assert rig.open() == set()


def test_a_window_before_the_drift_teaches_nothing_new(make_rig: Callable[..., Rig]):
    rig = make_rig()
    rig.stage.start("feature_drift")
    began = rig.now
    rig.run(10)
    stale = rig.world.candidate_quality("fraud-detector", rig.now, (began - 600, began - 60))
    assert stale["f1"] == pytest.approx(rig.world.live_quality("fraud-detector")["f1"], abs=0.005)


def test_a_window_with_nulls_makes_a_candidate_that_fails_its_gate(make_rig: Callable[..., Rig]):
    rig = make_rig()
    rig.stage.start("upstream_nulls")
    began = rig.now
    rig.run(10)
    broken = rig.world.candidate_quality("churn-predictor", rig.now, (began - 60, rig.now))
    live = rig.world.live_quality("churn-predictor")
    assert broken["f1"] < live["f1"] - 0.02
    rig.world.refill("churn-predictor")
    assert rig.world.candidate_quality("churn-predictor", rig.now, (began - 60, rig.now))["f1"] > 0.83


def test_after_a_change_of_concept_a_candidate_fails_and_the_version_before_heals(make_rig: Callable[..., Rig]):
    rig = make_rig()
    rig.stage.start("gate_fails")
    rig.run(30)
    live = rig.world.live_quality("churn-predictor")
    candidate = rig.world.candidate_quality("churn-predictor", rig.now, (rig.now - 60, rig.now))
    assert candidate["f1"] < live["f1"] - 0.02
    rig.serving.update(CHURN, config="churn-predictor-v18", trained_at=rig.now)
    rig.run(20)
    assert rig.open(), "promoting it all the same heals nothing"
    rig.serving.update(CHURN, config="churn-predictor-v16")
    rig.run(20)
    assert rig.open() == set()
    assert rig.world.models["churn-predictor"].health == "recovered"


def test_refilled_features_heal_the_nulls_and_all_that_followed_from_them(make_rig: Callable[..., Rig]):
    rig = make_rig()
    rig.stage.start("upstream_nulls")
    rig.run(30)
    assert rig.world.nulls_since("churn-predictor") is not None
    rig.world.refill("churn-predictor")
    rig.run(25)
    assert rig.open() == set()
    assert rig.world.nulls_since("churn-predictor") is None


def test_a_canary_mixes_the_quality_of_both_models(make_rig: Callable[..., Rig]):
    rig = make_rig()
    rig.stage.start("gate_fails")
    rig.run(20)
    before = rig.value('ml_model_f1{model="churn-predictor"}')
    half = replace(
        rig.serving.live(CHURN), shares=(Share("churn-predictor-v17", 0.5), Share("churn-predictor-v16", 0.5))
    )
    rig.serving.endpoints[CHURN] = half
    rig.run(20)
    mixed = rig.value('ml_model_f1{model="churn-predictor"}')
    assert before + 0.02 < mixed < 0.846 - 0.01
