"""Symptoms: the yes-and-no questions of the rule table, answered from the readings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from agents.brief import CaseBrief
from agents.readings import CapacityReading, Dossier, SignalReading, ViolationReading
from incidents.alert import AlertKind

SLIPPING = 0.4
"""A loss of quality counts as harm in the making from this share of its limit, once it has left its usual level."""
SATURATED = 0.9
GROWN = 1.5
"""Traffic has grown from this factor on."""


@dataclass(frozen=True)
class Deployment:
    """A change of the live config near the onset."""

    config: str
    previous: str | None
    at: datetime
    evidence: tuple[str, ...]


class Symptoms:
    """What can be said of a dossier. Every list is worst first."""

    def __init__(self, dossier: Dossier, brief: CaseBrief) -> None:
        """Nothing is computed before it is asked for."""
        self.dossier = dossier
        self.brief = brief

    def _breached(self, *kinds: AlertKind) -> list[SignalReading]:
        return [s for s in self.dossier.signals if s.severity is not None and s.kind in kinds]

    @cached_property
    def metrics_readable(self) -> bool:
        """Whether any signal of the catalogue could be read."""
        return bool(self.dossier.signals)

    @cached_property
    def nulls(self) -> list[SignalReading]:
        """Features with too many nulls."""
        return [s for s in self._breached(AlertKind.DATA_QUALITY) if s.feature]

    @cached_property
    def schema(self) -> list[SignalReading]:
        """Too many rows that violate the schema."""
        return [s for s in self._breached(AlertKind.DATA_QUALITY) if not s.feature]

    @cached_property
    def broken(self) -> list[ViolationReading]:
        """Violations that Model Monitor found and that mean broken data, not a shift."""
        return [v for v in self.dossier.violations if v.breaks_data]

    @cached_property
    def volume_low(self) -> list[SignalReading]:
        """Too few rows."""
        return [s for s in self._breached(AlertKind.DATA_VOLUME) if (s.now or 0.0) < s.bound]

    @cached_property
    def volume_high(self) -> list[SignalReading]:
        """Too many rows."""
        return [s for s in self._breached(AlertKind.DATA_VOLUME) if (s.now or 0.0) > s.bound]

    @cached_property
    def anomalies(self) -> list[SignalReading]:
        """Too many inputs far outside of the training data."""
        return self._breached(AlertKind.ANOMALY_SPIKE)

    @cached_property
    def drifted(self) -> list[SignalReading]:
        """Features (and the aggregate) past their drift limit."""
        return self._breached(AlertKind.FEATURE_DRIFT)

    @cached_property
    def drifted_features(self) -> list[SignalReading]:
        """Features past their drift limit."""
        return [s for s in self.drifted if s.feature]

    @cached_property
    def predictions_drifted(self) -> list[SignalReading]:
        """Predictions past their drift limit."""
        return self._breached(AlertKind.PREDICTION_DRIFT)

    @cached_property
    def quality(self) -> list[SignalReading]:
        """All readings of predictive quality, inside their limits or not."""
        return [s for s in self.dossier.signals if s.kind is AlertKind.ACCURACY_DROP]

    @cached_property
    def quality_lost(self) -> list[SignalReading]:
        """Quality past its limit."""
        return self._breached(AlertKind.ACCURACY_DROP)

    @cached_property
    def quality_slipping(self) -> list[SignalReading]:
        """Quality inside its limit that has left its usual level and is on the way out."""
        return [
            s
            for s in self.quality
            if s.severity is None and s.departed and s.now is not None and s.now >= SLIPPING * s.bound
        ]

    @cached_property
    def slow(self) -> list[SignalReading]:
        """Latency past its limit."""
        return [s for s in self._breached(AlertKind.LATENCY) if s.unit == "s"]

    @cached_property
    def failing(self) -> list[SignalReading]:
        """Errors past their limit."""
        return self._breached(AlertKind.ERROR_RATE)

    @cached_property
    def cpu(self) -> CapacityReading | None:
        """CPU, where saturated."""
        cpu = self.dossier.capacity.get("cpu")
        return cpu if cpu and cpu.now >= SATURATED else None

    @cached_property
    def memory(self) -> CapacityReading | None:
        """Memory, where saturated."""
        memory = self.dossier.capacity.get("memory")
        return memory if memory and memory.now >= SATURATED else None

    @cached_property
    def traffic_grew(self) -> CapacityReading | None:
        """Traffic, where it has grown."""
        traffic = self.dossier.capacity.get("traffic")
        return traffic if traffic and traffic.factor >= GROWN else None

    @property
    def serving_harm(self) -> list[SignalReading]:
        """Slow or failing."""
        return self.slow + self.failing

    @property
    def quality_harm(self) -> list[SignalReading]:
        """Quality lost, or on its way."""
        return self.quality_lost + self.quality_slipping

    @property
    def data_broken(self) -> bool:
        """Nulls, schema or types, by the metrics or by the monitor."""
        return bool(self.nulls or self.schema or self.broken)

    @property
    def inputs_flat(self) -> bool:
        """Inputs were read, and neither drifted nor broken."""
        read = any(s.kind is AlertKind.FEATURE_DRIFT for s in self.dossier.signals)
        return read and not self.drifted and not self.data_broken

    @property
    def quality_readable(self) -> bool:
        """Whether any measure of quality could be read."""
        return bool(self.quality)

    @property
    def changes_readable(self) -> bool:
        """Whether SageMaker answered both about the endpoint and about changes."""
        return not self.dossier.lacks("SageMaker")

    @property
    def data_readable(self) -> bool:
        """Whether both the metrics about the data and, where there is one, the monitor could be read."""
        metrics = any(s.kind is AlertKind.DATA_QUALITY for s in self.dossier.signals)
        gaps = {gap.part for gap in self.dossier.gaps}
        return metrics and not self.dossier.lacks("Model Monitor") and not gaps & {"null_rate", "schema_violations"}

    @cached_property
    def onset(self) -> datetime | None:
        """The earliest onset among what is past its limit; None where nothing was seen to begin."""
        return earliest(
            self.nulls
            + self.schema
            + self.serving_harm
            + self.drifted
            + self.quality_harm
            + self.volume_low
            + self.volume_high
        )

    @cached_property
    def deployment(self) -> Deployment | None:
        """A change of the live config that may have caused what began at the onset.

        The metrics tell the moment best; SageMaker's last change and its list of changes stand in for them.
        """
        harm = self.serving_harm or self.quality_harm or self.drifted
        onset = earliest(harm) or self.brief.alerts_since
        first = onset - self.brief.change_may_precede_onset
        last = onset + self.brief.clock_slack
        live, endpoint = self.dossier.live_config, self.dossier.endpoint
        previous = (live.previous if live else None) or (
            endpoint.older_configs[0] if endpoint and endpoint.older_configs else None
        )
        supporting = tuple(r.evidence for r in (live, endpoint) if r is not None)
        if live and live.since and first <= live.since <= last:
            return Deployment(live.config, live.previous, live.since, supporting)
        if endpoint and endpoint.updated_at and first <= endpoint.updated_at <= last:
            return Deployment(endpoint.config, previous, endpoint.updated_at, supporting)
        for change in self.dossier.changes:
            if change.deployment and first <= change.at <= last:
                config = endpoint.config if endpoint else change.subject
                return Deployment(config, previous, change.at, (change.evidence, *supporting))
        return None


def earliest(signals: Sequence[SignalReading]) -> datetime | None:
    """The earliest onset of them."""
    return min((s.onset for s in signals if s.onset is not None), default=None)
