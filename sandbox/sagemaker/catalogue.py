"""The three models of the sandbox as they stand in SageMaker, in line with the metric world's profiles.

The baseline that goes with each, in the formats of SageMaker Model Monitor, is drawn from the same distributions
that the world serves from, so drift that is computed from data agrees with the world's metrics.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sandbox.sagemaker.fleet import SeedModel
from sandbox.world.features import UNSHIFTED, Feature, Values, draw
from sandbox.world.profiles import PROFILES, ModelProfile

Json = dict[str, Any]

BASELINE_ROWS = 5_000
_BUCKETS = 10
_INSTANCE_TYPES = {"fraud-detector": "ml.m5.xlarge", "churn-predictor": "ml.m5.large"}
_OTHER_INSTANCE_TYPE = "ml.c5.2xlarge"
_SLICES = {
    "fraud-detector": ("country=0", "merchant_category=0", "amount>100"),
    "churn-predictor": ("plan_type=0", "plan_type=1", "tenure_months<6"),
    "product-recommender": ("basket_value<20", "session_length>600", "days_since_purchase>60"),
}


def default_models(profiles: tuple[ModelProfile, ...] = PROFILES) -> tuple[SeedModel, ...]:
    """What `LocalSageMaker.seed` puts in place in the demo."""
    return tuple(_seed_of(profile) for profile in profiles)


def _seed_of(profile: ModelProfile) -> SeedModel:
    rng = np.random.default_rng(len(profile.name))
    return SeedModel(
        name=profile.name,
        endpoint=profile.endpoint,
        live_version=profile.version,
        package_group=profile.name,
        pipeline=profile.training_pipeline,
        bucket=profile.bucket,
        metrics=dict(profile.quality),
        instance_type=_INSTANCE_TYPES.get(profile.name, _OTHER_INSTANCE_TYPE),
        instance_count=profile.instances,
        slices=_SLICES.get(profile.name, ()),
        data_pipeline=profile.data_pipeline,
        pipeline_minutes=profile.training_minutes,
        baseline=_statistics(profile.features, rng),
        constraints=_constraints(profile.features),
    )


def _statistics(features: tuple[Feature, ...], rng: np.random.Generator) -> Json:
    """Model Monitor's `statistics.json`: one entry a feature, with its distribution."""
    return {
        "version": 0.0,
        "dataset": {"item_count": BASELINE_ROWS},
        "features": [_feature(feature, draw(feature, UNSHIFTED, BASELINE_ROWS, rng)[0]) for feature in features],
    }


def _feature(feature: Feature, values: Values) -> Json:
    common: Json = {"num_present": BASELINE_ROWS, "num_missing": 0}
    if feature.family == "category":
        codes, counts = np.unique(values, return_counts=True)
        buckets = [{"value": str(int(code)), "count": int(count)} for code, count in zip(codes, counts, strict=True)]
        distribution: Json = {"categorical": {"buckets": buckets}}
        string: Json = {"common": common, "distinct_count": len(codes), "distribution": distribution}
        return {"name": feature.name, "inferred_type": "String", "string_statistics": string}
    counts, edges = np.histogram(values, bins=_BUCKETS)
    buckets = [
        {"lower_bound": float(edges[at]), "upper_bound": float(edges[at + 1]), "count": float(counts[at])}
        for at in range(_BUCKETS)
    ]
    numerical: Json = {
        "common": common,
        "mean": float(values.mean()),
        "sum": float(values.sum()),
        "std_dev": float(values.std()),
        "min": float(values.min()),
        "max": float(values.max()),
        "distribution": {"kll": {"buckets": buckets}},
    }
    kind = "Integral" if feature.family == "count" else "Fractional"
    return {"name": feature.name, "inferred_type": kind, "numerical_statistics": numerical}


def _constraints(features: tuple[Feature, ...]) -> Json:
    """Model Monitor's `constraints.json`: types, completeness, and the bounds of drift."""
    entries: list[Json] = []
    for feature in features:
        entry: Json = {"name": feature.name, "completeness": 1.0}
        if feature.family == "category":
            domain = [str(code) for code in range(len(feature.weights))]
            entry |= {"inferred_type": "String", "string_constraints": {"domains": domain}}
        else:
            kind = "Integral" if feature.family == "count" else "Fractional"
            never_negative = feature.family in {"count", "lognormal"}
            entry |= {"inferred_type": kind, "num_constraints": {"is_non_negative": never_negative}}
        entries.append(entry)
    monitoring: Json = {
        "evaluate_constraints": "Enabled",
        "emit_metrics": "Enabled",
        "datatype_check_threshold": 1.0,
        "domain_content_threshold": 1.0,
        "distribution_constraints": {
            "perform_comparison": "Enabled",
            "comparison_threshold": 0.1,
            "comparison_method": "Robust",
        },
    }
    return {"version": 0.0, "features": entries, "monitoring_config": monitoring}
