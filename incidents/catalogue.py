"""The catalogue of watched models (manifests/models.yaml) and how an alert finds its entry."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from incidents.alert import AlertKind, Severity

Comparison = Literal[">", "<"]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Signal(_Strict):
    """One thing measured about a model, and the bounds past which it is trouble.

    `query` is PromQL for the value alone; ``$model``, ``$env``, ``$endpoint`` and ``$variant`` stand for the
    entry's names.
    """

    kind: AlertKind
    query: Name
    comparison: Comparison
    warning: float | None = None
    critical: float | None = None
    baseline: Name
    unit: Literal["PSI", "ratio", "s", "count", "1/s"]
    needs_labels: bool = False

    @model_validator(mode="after")
    def _has_a_bound(self) -> "Signal":
        if self.warning is None and self.critical is None:
            raise ValueError("give at least one of warning and critical")
        return self

    def severity_of(self, value: float) -> Severity | None:
        """The severity that `value` earns, or None inside both bounds."""

        def past(bound: float | None) -> bool:
            return bound is not None and (value > bound if self.comparison == ">" else value < bound)

        if past(self.critical):
            return Severity.CRITICAL
        return Severity.WARNING if past(self.warning) else None

    @property
    def loosest_bound(self) -> float:
        """The bound that is crossed first."""
        bounds = [b for b in (self.warning, self.critical) if b is not None]
        return min(bounds) if self.comparison == ">" else max(bounds)


class Roles(_Strict):
    """IAM roles, one for each thing that may be done; a remediation whose role is missing cannot run."""

    reader: str | None = None
    roller: str | None = None
    retrainer: str | None = None
    promoter: str | None = None


class EndpointSpec(_Strict):
    """The SageMaker endpoint that serves the model."""

    name: Name
    variant: Name = "AllTraffic"
    last_known_good: str | None = None


class PromotionSpec(_Strict):
    """How a candidate goes live: a canary that SageMaker takes back by itself when one of `alarms` fires.

    Attributes:
        alarms: names of CloudWatch alarms on the endpoint, 1 to 10; without one nothing is promoted.
        canary_percent: share of the capacity that serves first.
        bake_minutes: how long the canary, and then the whole new fleet, is watched.
    """

    alarms: Annotated[tuple[Name, ...], Field(min_length=1, max_length=10)]
    canary_percent: Annotated[int, Field(ge=1, le=50)] = 10
    bake_minutes: Annotated[float, Field(gt=0, le=60)] = 5


class RetrainingSpec(_Strict):
    """The SageMaker pipeline that trains a candidate, and the gate it must pass."""

    pipeline: Name
    model_package_group: Name
    pipeline_version: int | None = None
    metric: Literal["accuracy", "f1", "precision", "recall", "auc"] = "f1"
    margin: Annotated[float, Field(ge=0, le=1)] = 0.01
    window_days: Annotated[int, Field(ge=1, le=730)] = 28
    expected_minutes: Annotated[float, Field(gt=0)] = 60
    expected_cost_usd: Annotated[float, Field(ge=0)] = 0.0
    promotion: PromotionSpec | None = None


class DataSpec(_Strict):
    """Where the model's inputs come from and where they are recorded.

    `capture` is what a quarantine tags; `pipeline` is the SageMaker pipeline that fills the features again.
    """

    capture: str | None = None
    baseline: str | None = None
    monitor: str | None = None
    source: str | None = None
    pipeline: str | None = None
    expected_minutes: Annotated[float, Field(gt=0)] = 15
    expected_cost_usd: Annotated[float, Field(ge=0)] = 0.0


class ModelSpec(_Strict):
    """One entry of the catalogue. `name` is the entry's key in the file."""

    name: Name
    description: str = ""
    environment: Name = "prod"
    tier: Annotated[int, Field(ge=1, le=4)] = 3
    team: Name = "unknown"
    owners: str | None = None
    channel: Name
    account: str | None = None
    region: Name = "eu-west-1"
    roles: Roles = Roles()
    endpoint: EndpointSpec | None = None
    retraining: RetrainingSpec | None = None
    data: DataSpec = DataSpec()
    features: tuple[str, ...] = ()
    dashboard: str | None = None
    repository: (
        Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$")] | None
    ) = None
    """``owner/name`` on GitHub, where issues about the model are opened."""
    signals: dict[str, Signal] = {}

    def query_of(self, signal: Signal) -> str:
        """The signal's PromQL with this entry's names put in."""
        names = {
            "$endpoint": self.endpoint.name if self.endpoint else "",
            "$variant": self.endpoint.variant if self.endpoint else "",
            "$model": self.name,
            "$env": self.environment,
        }
        query = signal.query
        for placeholder, value in names.items():
            query = query.replace(placeholder, value)
        return query


class Defaults(_Strict):
    """What holds for an alert whose model is not in the catalogue."""

    channel: Name
    environment: Name = "prod"


class Catalogue(_Strict):
    """All watched models."""

    version: Literal[1]
    defaults: Defaults
    models: dict[str, ModelSpec]

    def find(self, labels: Mapping[str, str]) -> "ModelSpec | Unlisted":
        """The entry that labels mean; see `CatalogueIndex.find`, which is for many alerts."""
        return CatalogueIndex(self).find(labels)


class Unlisted(_Strict):
    """An alert whose model the catalogue does not know, or whose labels contradict each other."""

    name: str
    environment: str
    reason: str


class CatalogueIndex:
    """A catalogue arranged for looking entries up: the time that takes does not grow with the number of models."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Of entries with the same name or endpoint the first one counts."""
        self._default = catalogue.defaults.environment
        self._by_model: dict[str, ModelSpec] = {}
        self._by_endpoint: dict[str, ModelSpec] = {}
        for entry in catalogue.models.values():
            self._by_model.setdefault(entry.name, entry)
            if entry.endpoint is not None:
                self._by_endpoint.setdefault(entry.endpoint.name, entry)

    def find(self, labels: Mapping[str, str]) -> ModelSpec | Unlisted:
        """The entry that labels mean: by endpoint first, then by model and environment, then the entry's default.

        Labels that contradict each other (endpoint of one entry, model of another) find none: see `Unlisted.reason`.
        """
        model = labels.get("model") or labels.get("model_name") or ""
        endpoint = labels.get("endpoint") or labels.get("endpoint_name") or ""
        environment = labels.get("env") or labels.get("environment") or ""
        by_endpoint = self._by_endpoint.get(endpoint)
        entry = by_endpoint or self._by_model.get(model)
        name = model or endpoint or labels.get("alertname", "unknown")
        if by_endpoint and model and by_endpoint.name != model:
            return Unlisted(
                name=name,
                environment=environment or self._default,
                reason=f"the endpoint label belongs to {by_endpoint.name}, the model label says {model}",
            )
        if entry is None:
            return Unlisted(
                name=name,
                environment=environment or self._default,
                reason="no entry has this endpoint or model",
            )
        if environment and environment != entry.environment:
            return Unlisted(
                name=name,
                environment=environment,
                reason=f"the entry of {entry.name} is for {entry.environment}, the alert says {environment}",
            )
        return entry
