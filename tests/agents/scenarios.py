"""The scenarios: worlds in which something went wrong."""

from collections.abc import Callable
from datetime import timedelta

from tests.agents.moments import NOW, ONSET
from tests.agents.shapes import flat, step_up
from tests.agents.world import World, alert, case_of, world
from tools.datasets.monitor import Violation
from tools.sagemaker.states import (
    Change,
)


def bad_deployment() -> World:
    case = case_of(
        "product-recommender",
        alert("EndpointLatencyP99High", "product-recommender", endpoint="product-recommender-prod"),
        alert("EndpointErrorRateHigh", "product-recommender", endpoint="product-recommender-prod"),
    )
    made = world(case, "product-recommender-v24", "product-recommender-v23")
    series = made.prometheus.series
    series["ml_inference_latency_seconds_bucket"] = [({}, step_up(0.21, 2.48))]
    series["ml_inference_errors_total"] = [({}, step_up(0.002, 0.061))]
    nan = float("nan")
    series["ml_endpoint_config_info"] = [
        ({"config": "product-recommender-v23"}, lambda at: 1.0 if at < ONSET - timedelta(seconds=90) else nan),
        ({"config": "product-recommender-v24"}, lambda at: 1.0 if at >= ONSET - timedelta(seconds=90) else nan),
    ]
    made.sagemaker.configs = [
        ("product-recommender-v24", ONSET - timedelta(minutes=4)),
        ("product-recommender-v23", NOW - timedelta(days=20)),
        ("product-recommender-v22", NOW - timedelta(days=50)),
    ]
    made.sagemaker.last_modified = ONSET - timedelta(seconds=60)
    made.sagemaker.changes = [
        Change(
            at=ONSET - timedelta(seconds=60),
            what="endpoint updated",
            subject="product-recommender-prod",
            detail="product-recommender-prod is InService on product-recommender-v24",
        ),
        Change(
            at=ONSET - timedelta(minutes=4),
            what="endpoint config created",
            subject="product-recommender-v24",
            detail="product-recommender-v24 was created and is live now",
        ),
    ]
    return made


def feature_drift() -> World:
    case = case_of(
        "fraud-detector",
        alert("ModelFeatureDriftHigh", "fraud-detector", feature="amount"),
        alert("ModelAccuracyLow", "fraud-detector"),
    )
    made = world(case, "fraud-detector-v41", "fraud-detector-v40")
    one = {"model": "fraud-detector", "env": "prod"}
    series = made.prometheus.series
    series["ml_feature_psi{"] = [
        ({**one, "feature": "amount"}, step_up(0.03, 0.41)),
        ({**one, "feature": "merchant_category"}, step_up(0.04, 0.33)),
        ({**one, "feature": "country"}, flat(0.04)),
    ]
    series["ml_feature_psi_aggregate"] = [(one, step_up(0.04, 0.36))]
    later = ONSET + timedelta(minutes=2)
    series["ml_model_accuracy"] = [(one, step_up(0.004, 0.082, later))]
    series["ml_model_f1"] = [(one, step_up(0.004, 0.094, later))]
    return made


def upstream_nulls() -> World:
    case = case_of(
        "churn-predictor",
        alert("FeatureNullRateHigh", "churn-predictor", feature="last_login_days"),
        alert("ModelFeatureDriftHigh", "churn-predictor", feature="last_login_days"),
    )
    made = world(case, "churn-predictor-v17", "churn-predictor-v16")
    one = {"model": "churn-predictor", "env": "prod"}
    series = made.prometheus.series
    series["ml_feature_null_ratio"] = [
        ({**one, "feature": "last_login_days"}, step_up(0.004, 0.381)),
        ({**one, "feature": "plan_type"}, flat(0.002)),
    ]
    series["ml_schema_violation_ratio"] = [(one, step_up(0.003, 0.38))]
    series["ml_feature_psi{"] = [
        ({**one, "feature": "last_login_days"}, step_up(0.03, 0.9)),
        ({**one, "feature": "plan_type"}, flat(0.02)),
    ]
    series["ml_model_accuracy"] = [(one, step_up(0.004, 0.09))]
    made.datasets.found = [
        Violation(
            feature="last_login_days",
            check="completeness_check",
            description="Data is not complete: 61.9 % of values present, 100 % required",
            seen_at=NOW,
            uri="s3://agentops-churn-predictor/monitor/constraint_violations.json",
        )
    ]
    return made


def benign_drift() -> World:
    case = case_of(
        "churn-predictor", alert("ModelFeatureDriftHigh", "churn-predictor", "warning", feature="monthly_charges")
    )
    made = world(case, "churn-predictor-v17", "churn-predictor-v16")
    one = {"model": "churn-predictor", "env": "prod"}
    made.prometheus.series["ml_feature_psi{"] = [
        ({**one, "feature": "monthly_charges"}, step_up(0.03, 0.17)),
        ({**one, "feature": "plan_type"}, flat(0.02)),
    ]
    return made


def latency_saturation() -> World:
    case = case_of(
        "product-recommender",
        alert("EndpointLatencyP99High", "product-recommender", endpoint="product-recommender-prod"),
        alert("EndpointCpuSaturated", "product-recommender", "warning", endpoint="product-recommender-prod"),
    )
    made = world(case, "product-recommender-v23", "product-recommender-v22")
    series = made.prometheus.series
    series["ml_inference_latency_seconds_bucket"] = [({}, step_up(0.21, 1.62))]
    series["ml_endpoint_cpu_utilization_ratio"] = [({}, step_up(0.41, 0.97))]
    series["sum(rate(ml_inference_requests_total"] = [({}, step_up(40.0, 100.0))]
    return made


SCENARIOS: dict[str, Callable[[], World]] = {
    "bad_deployment": bad_deployment,
    "feature_drift": feature_drift,
    "upstream_nulls": upstream_nulls,
    "benign_drift": benign_drift,
    "latency_saturation": latency_saturation,
}
