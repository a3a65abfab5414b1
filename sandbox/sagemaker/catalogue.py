"""The three models of the sandbox as they stand in SageMaker, in line with the metric world's profiles.

The baselines are the world's to draw: they are added where the sandbox is put together.
"""

from __future__ import annotations

from sandbox.sagemaker.fleet import SeedModel
from sandbox.world.profiles import PROFILES, ModelProfile

_INSTANCE_TYPES = {"fraud-detector": "ml.m5.xlarge", "churn-predictor": "ml.m5.large"}
_OTHER_INSTANCE_TYPE = "ml.c5.2xlarge"
_SLICES = {
    "fraud-detector": ("amount>100", "device_age_days<7"),
    "churn-predictor": ("tenure_months<6", "support_tickets>3"),
    "product-recommender": ("basket_value<20", "session_length>600", "days_since_purchase>60"),
}


def default_models(profiles: tuple[ModelProfile, ...] = PROFILES) -> tuple[SeedModel, ...]:
    """What `LocalSageMaker.seed` puts in place in the demo, one for each profile, in their order."""
    return tuple(_seed_of(profile) for profile in profiles)


def _seed_of(profile: ModelProfile) -> SeedModel:
    return SeedModel(
        name=profile.name,
        endpoint=profile.endpoint,
        live_version=int(profile.config.rpartition("-v")[2]),
        package_group=profile.name,
        pipeline=f"{profile.name}-train",
        bucket=f"agentops-{profile.name}",
        metrics=dict(profile.quality),
        instance_type=_INSTANCE_TYPES.get(profile.name, _OTHER_INSTANCE_TYPE),
        instance_count=profile.instances,
        slices=_SLICES.get(profile.name, ()),
        data_pipeline=profile.data_pipeline,
        pipeline_minutes=profile.training_minutes,
    )
