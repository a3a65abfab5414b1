"""The three models of the world: what they read, how good they are, what their endpoints bear."""

from dataclasses import dataclass

from sandbox.world.features import Feature

QUALITY_METRICS = ("accuracy", "f1", "precision", "recall", "auc")


@dataclass(frozen=True, slots=True)
class ModelProfile:
    """What does not change about a model.

    Attributes:
        name: The model; also its package group.
        endpoint: Its endpoint in SageMaker.
        config: The endpoint config that is live at the start.
        features: Its inputs.
        quality: The evaluation at registration: metric -> value.
        requests_per_second: Usual traffic, per second of wall time.
        instances: Instances behind the endpoint at the start.
        requests_per_instance: What one instance bears before requests queue.
        median_seconds: Median latency of an unloaded endpoint.
        label_delay_seconds: Age of labels when they arrive, in production seconds.
        data_pipeline: The SageMaker pipeline that fills its features.
        training_minutes: How long a training run takes, in production minutes.
    """

    name: str
    endpoint: str
    config: str
    features: tuple[Feature, ...]
    quality: dict[str, float]
    requests_per_second: float
    instances: int
    requests_per_instance: float
    median_seconds: float
    label_delay_seconds: float
    data_pipeline: str
    training_minutes: float
    env: str = "prod"

    @property
    def bucket(self) -> str:
        """Its S3 bucket."""
        return f"agentops-{self.name}"

    @property
    def training_pipeline(self) -> str:
        """The SageMaker pipeline that trains it."""
        return f"{self.name}-train"

    @property
    def version(self) -> int:
        """The version that is live at the start."""
        return int(self.config.rpartition("-v")[2])


FRAUD_DETECTOR = ModelProfile(
    name="fraud-detector",
    endpoint="fraud-detector-prod",
    config="fraud-detector-v41",
    features=(
        Feature("amount", "lognormal", 42.0, 0.9, importance=0.34, effect=0.9),
        Feature(
            "country",
            "category",
            importance=0.14,
            effect=0.3,
            weights=(0.42, 0.2, 0.14, 0.1, 0.08, 0.06),
            values=("DE", "FR", "NL", "ES", "IT", "PL"),
        ),
        Feature("device_age_days", "lognormal", 210.0, 0.8, importance=0.14, effect=-0.4),
        Feature("hour_of_day", "normal", 14.0, 4.5, importance=0.1, effect=0.1),
        Feature(
            "merchant_category",
            "category",
            importance=0.28,
            effect=0.6,
            weights=(0.24, 0.2, 0.16, 0.12, 0.1, 0.08, 0.06, 0.04),
            values=("grocery", "fuel", "restaurant", "clothing", "travel", "electronics", "games", "jewellery"),
        ),
    ),
    quality={"accuracy": 0.962, "f1": 0.884, "precision": 0.901, "recall": 0.868, "auc": 0.971},
    requests_per_second=420.0,
    instances=3,
    requests_per_instance=320.0,
    median_seconds=0.028,
    label_delay_seconds=120.0,
    data_pipeline="payments-features",
    training_minutes=12.0,
)

CHURN_PREDICTOR = ModelProfile(
    name="churn-predictor",
    endpoint="churn-predictor-prod",
    config="churn-predictor-v17",
    features=(
        Feature("tenure_months", "lognormal", 19.0, 0.7, importance=0.27, effect=-0.7),
        Feature("support_tickets", "count", 1.4, importance=0.2, effect=0.5),
        Feature("monthly_charges", "normal", 64.0, 18.0, importance=0.06, effect=0.08),
        Feature("last_login_days", "lognormal", 6.0, 0.9, importance=0.37, effect=0.45),
        Feature(
            "plan_type",
            "category",
            importance=0.1,
            effect=0.2,
            weights=(0.5, 0.3, 0.15, 0.05),
            values=("basic", "standard", "premium", "family"),
        ),
    ),
    quality={"accuracy": 0.914, "f1": 0.846, "precision": 0.861, "recall": 0.832, "auc": 0.928},
    requests_per_second=180.0,
    instances=2,
    requests_per_instance=220.0,
    median_seconds=0.045,
    label_delay_seconds=180.0,
    data_pipeline="subscriber-features",
    training_minutes=10.0,
)

PRODUCT_RECOMMENDER = ModelProfile(
    name="product-recommender",
    endpoint="product-recommender-prod",
    config="product-recommender-v23",
    features=(
        Feature("session_length", "lognormal", 240.0, 0.8, importance=0.22, effect=0.5),
        Feature("basket_value", "lognormal", 55.0, 0.7, importance=0.2, effect=0.5),
        Feature("category_affinity", "normal", 0.6, 0.18, importance=0.26, effect=0.7),
        Feature("days_since_purchase", "lognormal", 21.0, 0.8, importance=0.18, effect=-0.4),
        Feature("price_sensitivity", "normal", 0.45, 0.2, importance=0.14, effect=-0.3),
    ),
    quality={"accuracy": 0.873, "f1": 0.812, "precision": 0.826, "recall": 0.799, "auc": 0.904},
    requests_per_second=600.0,
    instances=4,
    requests_per_instance=345.0,
    median_seconds=0.06,
    label_delay_seconds=90.0,
    data_pipeline="session-features",
    training_minutes=14.0,
)

PROFILES = (FRAUD_DETECTOR, CHURN_PREDICTOR, PRODUCT_RECOMMENDER)
