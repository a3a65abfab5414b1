"""What the tests of the SageMaker clients agree on."""

from datetime import UTC, datetime

from incidents.catalogue import EndpointSpec, ModelSpec, RetrainingSpec, Roles
from sandbox.sagemaker.fleet import SeedModel
from tools.sagemaker.connection import AwsCredentials

REGION = "eu-west-1"
ACCOUNT = "123456789012"
CREDENTIALS = AwsCredentials("AKIAIOSFODNN7EXAMPLE", "secret")

SEEDED = SeedModel(
    name="product-recommender",
    endpoint="product-recommender-prod",
    live_version=23,
    package_group="product-recommender",
    pipeline="product-recommender-train",
    bucket="agentops-product-recommender",
    metrics={"accuracy": 0.873, "f1": 0.812, "precision": 0.826, "recall": 0.799, "auc": 0.904},
    instance_type="ml.c5.2xlarge",
    instance_count=4,
    slices=("basket_value<20",),
)

SPEC = ModelSpec(
    name="product-recommender",
    channel="ml-incidents",
    account=ACCOUNT,
    roles=Roles(
        roller=f"arn:aws:iam::{ACCOUNT}:role/agentops-roller",
        retrainer=f"arn:aws:iam::{ACCOUNT}:role/agentops-retrainer",
        promoter=f"arn:aws:iam::{ACCOUNT}:role/agentops-promoter",
    ),
    endpoint=EndpointSpec(name="product-recommender-prod"),
    retraining=RetrainingSpec(pipeline="product-recommender-train", model_package_group="product-recommender"),
)


class HandClock:
    """Stands still until it is moved."""

    START = 1_795_200_000.0

    def __init__(self) -> None:
        self.now = self.START

    def __call__(self) -> float:
        return self.now

    def moment(self) -> datetime:
        """Now, as a moment."""
        return datetime.fromtimestamp(self.now, UTC)

    def move(self, *, minutes: float) -> None:
        """Let time pass."""
        self.now += 60 * minutes
