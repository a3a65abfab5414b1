"""What the readings say by themselves: which signals are past their limits, and what could be read."""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property

from agents.brief import CaseBrief
from agents.readings.data import CapturedFeatureReading, ViolationReading
from agents.readings.dossier import Dossier
from agents.readings.metrics import CapacityReading, LabelDelayReading, SignalReading
from incidents.alert import AlertKind, Severity

SLIPPING = 0.4
"""A loss of quality counts as harm in the making from this share of its limit, once it has left its usual level."""
SATURATED = 0.9
THROTTLED = 0.01
"""Throttling counts from this share of the requests on, as errors do for a warning."""
GROWN = 1.5
"""Traffic has grown from this factor on."""
FALLEN = 0.5
"""Traffic has fallen up to this factor."""
LATE = 2.0
"""Labels are late past this multiple of their usual delay."""


class Measured:
    """What was measured. Every list is worst first."""

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
    def captured_broken(self) -> list[CapturedFeatureReading]:
        """Features that captured requests have without values, of another type, or not at all any more."""
        return [c for c in self.dossier.captured if c.verdict == "broken" and not c.prediction]

    @cached_property
    def captured_drifted(self) -> list[CapturedFeatureReading]:
        """Features whose captured values no longer look like the training data."""
        return [c for c in self.dossier.captured if c.verdict == "drifted" and not c.prediction]

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
    def labels_late(self) -> LabelDelayReading | None:
        """The label delay, where it is far above its usual value."""
        delay = self.dossier.label_delay
        return delay if delay and delay.usual > 0 and delay.now > LATE * delay.usual else None

    @property
    def seasonal(self) -> bool:
        """All that drifted was there at this hour a week ago, too, and comes and goes: it moved today."""
        moved = self.drifted + self.predictions_drifted
        usual = {(one.signal, one.feature) for one in self.dossier.seasons if one.usual and one.last_week is not None}
        return bool(moved) and all(s.onset is not None and (s.signal, s.feature) in usual for s in moved)

    @cached_property
    def quality(self) -> list[SignalReading]:
        """Readings of predictive quality that can be trusted, inside their limits or not.

        While labels are late, what waits for labels says nothing: positives come last.
        """
        found = [s for s in self.dossier.signals if s.kind is AlertKind.ACCURACY_DROP]
        return [s for s in found if not s.needs_labels] if self.labels_late else found

    @cached_property
    def quality_unconfirmed(self) -> list[SignalReading]:
        """Quality past its limit by labels that are late."""
        return [s for s in self._breached(AlertKind.ACCURACY_DROP) if s not in self.quality]

    @cached_property
    def quality_lost(self) -> list[SignalReading]:
        """Quality past its limit."""
        return [s for s in self.quality if s.severity is not None]

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

    @property
    def serving_harm(self) -> list[SignalReading]:
        """Slow or failing."""
        return self.slow + self.failing

    @property
    def quality_harm(self) -> list[SignalReading]:
        """Quality lost, or on its way."""
        return self.quality_lost + self.quality_slipping

    @property
    def scores_jumped(self) -> bool:
        """The predictions drifted past their critical limit, which needs no labels to be known."""
        return any(s.severity is Severity.CRITICAL for s in self.predictions_drifted)

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
    def throttled(self) -> CapacityReading | None:
        """Throttled requests, where they are many."""
        throttled, traffic = self.dossier.capacity.get("throttled"), self.dossier.capacity.get("traffic")
        if throttled is None or traffic is None or traffic.now <= 0:
            return None
        return throttled if throttled.now >= THROTTLED * traffic.now else None

    @property
    def full(self) -> list[CapacityReading]:
        """What the endpoint has no more of."""
        return [one for one in (self.cpu, self.memory, self.throttled) if one is not None]

    @cached_property
    def fewer(self) -> CapacityReading | None:
        """The number of instances, where it fell: a host was lost, or somebody or something scaled in."""
        count = self.dossier.capacity.get("instances")
        return count if count and count.onset is not None and count.now < count.before else None

    @cached_property
    def crowded(self) -> CapacityReading | None:
        """Requests per instance, where each instance has far more to do than before."""
        each = self.dossier.capacity.get("per_instance")
        return each if each and each.onset is not None and each.factor >= GROWN else None

    @cached_property
    def traffic_grew(self) -> CapacityReading | None:
        """Traffic, where it has grown."""
        traffic = self.dossier.capacity.get("traffic")
        return traffic if traffic and traffic.factor >= GROWN else None

    @cached_property
    def traffic_fell(self) -> CapacityReading | None:
        """Traffic, where it has fallen."""
        traffic = self.dossier.capacity.get("traffic")
        return traffic if traffic and traffic.factor <= FALLEN else None

    @cached_property
    def volume(self) -> list[SignalReading]:
        """All readings of the input volume, inside their limits or not."""
        return [s for s in self.dossier.signals if s.kind is AlertKind.DATA_VOLUME and s.now is not None]

    @property
    def volume_usual(self) -> bool:
        """The volume was read, and neither it nor the traffic is unusual."""
        unusual = self.volume_low or self.volume_high or self.traffic_grew or self.traffic_fell
        return bool(self.volume) and not unusual

    @property
    def quality_readable(self) -> bool:
        """Whether any measure of quality could be read, and trusted."""
        return bool(self.quality)

    @property
    def alerts_measured(self) -> bool:
        """Whether the signals that were read measure what the alerts are about."""
        return {alert.kind for alert in self.dossier.alerts} <= {signal.kind for signal in self.dossier.signals}

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


def earliest(signals: Sequence[SignalReading]) -> datetime | None:
    """The earliest onset of them."""
    return min((s.onset for s in signals if s.onset is not None), default=None)
