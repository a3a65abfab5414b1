"""An alert: one firing or resolved condition, as Alertmanager tells it."""

import hashlib
import json
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from incidents.clock import Moment


class Severity(StrEnum):
    """How bad, from the label or from the catalogue's bounds."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 is the worst."""
        return list(Severity).index(self)


class AlertKind(StrEnum):
    """What sort of trouble an alert names."""

    FEATURE_DRIFT = "feature_drift"
    PREDICTION_DRIFT = "prediction_drift"
    ACCURACY_DROP = "accuracy_drop"
    LATENCY = "latency"
    ERROR_RATE = "error_rate"
    DATA_QUALITY = "data_quality"
    DATA_VOLUME = "data_volume"
    ANOMALY_SPIKE = "anomaly_spike"
    PIPELINE = "pipeline"
    COST = "cost"
    OTHER = "other"


KIND_BY_ALERT_NAME: dict[str, AlertKind] = {
    "ModelFeatureDriftHigh": AlertKind.FEATURE_DRIFT,
    "ModelAggregateDriftHigh": AlertKind.FEATURE_DRIFT,
    "ModelPredictionDriftHigh": AlertKind.PREDICTION_DRIFT,
    "ModelAccuracyLow": AlertKind.ACCURACY_DROP,
    "ModelF1Low": AlertKind.ACCURACY_DROP,
    "ModelPrecisionLow": AlertKind.ACCURACY_DROP,
    "ModelRecallLow": AlertKind.ACCURACY_DROP,
    "ModelAucLow": AlertKind.ACCURACY_DROP,
    "EndpointLatencyP99High": AlertKind.LATENCY,
    "EndpointCpuSaturated": AlertKind.LATENCY,
    "EndpointErrorRateHigh": AlertKind.ERROR_RATE,
    "ModelAnomalyRateHigh": AlertKind.ANOMALY_SPIKE,
    "FeatureNullRateHigh": AlertKind.DATA_QUALITY,
    "SchemaViolationRateHigh": AlertKind.DATA_QUALITY,
    "InputVolumeAbnormal": AlertKind.DATA_VOLUME,
}
"""The rules this project ships. A rule of one's own names its kind by the label `kind`."""


class Alert(BaseModel):
    """One Alertmanager alert. Identity is `fingerprint`; an episode is (`fingerprint`, `starts_at`)."""

    model_config = ConfigDict(frozen=True)

    fingerprint: str
    starts_at: Moment
    status: str  # "firing" or "resolved"; the payload's schema allows nothing else
    ends_at: Moment | None = None
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    generator_url: str = ""

    @property
    def name(self) -> str:
        """The alert rule's name."""
        return self.labels.get("alertname", "unnamed alert")

    @property
    def kind(self) -> AlertKind:
        """From the label `kind`, else from the rule's name."""
        label = self.labels.get("kind", "")
        if label in {kind.value for kind in AlertKind}:
            return AlertKind(label)
        return KIND_BY_ALERT_NAME.get(self.name, AlertKind.OTHER)

    @property
    def severity(self) -> Severity:
        """From the label; an unknown or missing word counts as a warning."""
        label = self.labels.get("severity", "").lower()
        return Severity(label) if label in {one.value for one in Severity} else Severity.WARNING

    @property
    def content_hash(self) -> str:
        """SHA-256 of what the alert says, without what changes from send to send (annotations, `endsAt`, URLs)."""
        content = [self.fingerprint, self.starts_at.isoformat(), self.status, sorted(self.labels.items())]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()
