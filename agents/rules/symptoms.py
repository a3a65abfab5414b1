"""Symptoms: the yes-and-no questions of the rule table, answered from the readings."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from agents.brief import CaseBrief
from agents.data_readings import CapturedFeatureReading
from agents.readings import CapacityReading, Dossier, LabelDelayReading, SignalReading, ViolationReading
from agents.rules.written import Written
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
NEARLY_ALL = 0.8
"""Nearly all rows are anomalous from this share on; no group of callers makes so many at the usual volume."""
LATE = 2.0
"""Labels are late past this multiple of their usual delay."""


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

    def _departed_with(self, onset: datetime | None, others: Sequence[datetime | None]) -> bool:
        """Whether something else began when this did."""
        near = self.brief.together
        return onset is not None and any(abs(other - onset) <= near for other in others if other is not None)

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

    @cached_property
    def odd_rows_on_top(self) -> bool:
        """Anomalous rows came together with more requests: an attack, a replay or a load test until shown otherwise."""
        if not self.anomalies:
            return False
        began = [s.onset for s in self.anomalies]
        grown = [s.onset for s in self.volume if (s.now or 0.0) >= GROWN]
        grown += [self.traffic_grew.onset] if self.traffic_grew else []
        if self.volume_high and (None in began or None in grown):
            return True
        return any(self._departed_with(onset, grown) for onset in began)

    @cached_property
    def unit_changed(self) -> list[SignalReading]:
        """Anomalies of nearly every row with a shifted feature, at the usual volume and without a deployment.

        All callers at once means a unit, a currency or a pipeline.
        """
        most = [s for s in self.anomalies if (s.now or 0.0) >= NEARLY_ALL]
        return most if self.drifted_features and self.volume_usual and self.deployment is None else []

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
        """Nulls, schema, types or units, by the metrics, by the monitor, or in captured requests."""
        return bool(self.nulls or self.schema or self.broken or self.unit_changed or self.captured_broken)

    @property
    def inputs_flat(self) -> bool:
        """Inputs were read, and neither drifted nor broken."""
        read = any(s.kind is AlertKind.FEATURE_DRIFT for s in self.dossier.signals)
        return read and not self.drifted and not self.data_broken

    @property
    def scores_jumped(self) -> bool:
        """The predictions drifted past their critical limit, which needs no labels to be known."""
        return any(s.severity is Severity.CRITICAL for s in self.predictions_drifted)

    @property
    def scores_moved_alone(self) -> bool:
        """The scores jumped, and neither inputs nor a new config nor the season explain it.

        Scores follow from inputs and version alone, so one of the two changed where nothing watches it. The runbook of
        ModelPredictionDriftHigh has the model's team look.
        """
        explained = self.deployment is not None or bool(self.anomalies) or self.seasonal
        return self.scores_jumped and self.inputs_flat and not explained

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
            + self.unit_changed
        )

    @cached_property
    def deployment(self) -> Deployment | None:
        """A change of the live config that may have caused what began at the onset.

        The metrics tell the moment best; SageMaker's last change and its list of changes stand in for them.
        """
        change = self.change
        return None if change is None or self.returned or self.same_config_throughout else change

    @cached_property
    def change(self) -> Deployment | None:
        """A change of the endpoint near the onset, a way back to an older config and mere scaling among them."""
        onset = self.harm_onset
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

    @property
    def harm_onset(self) -> datetime:
        """When the harm began that a change may have caused; the alerts' beginning where no onset was seen."""
        return self.came_again or self._first_onset or self.brief.alerts_since

    @property
    def _first_onset(self) -> datetime | None:
        return earliest(self.serving_harm or self.quality_harm or self.drifted or self.predictions_drifted)

    @cached_property
    def came_again(self) -> datetime | None:
        """When the harm came back with a config that was live, and did harm, before; None where it did not.

        In the few samples between the two times a series may not be seen to be well again, so that its onset is that of
        the first time.
        """
        live, first_onset = self.dossier.live_config, self._first_onset
        if live is None or live.since is None or first_onset is None:
            return None
        signals = [signal.breached for signal in self.serving_harm + self.quality_harm if signal.breached]
        times = [time for breached in signals for time in breached]
        if not _overlap(live.earlier, times):
            return None
        return min((breached[-1][0] for breached in signals if breached[-1][0] > first_onset), default=None)

    @cached_property
    def returned(self) -> bool:
        """The change near the onset put back a config that served well before: a rollback is no new deployment.

        Served well, by the metrics: live before within the window, for longer than it takes to tell, with nothing of
        what is past its limit now past it then. Or by the catalogue: its last known good config, put back over a newer
        one.
        """
        live, endpoint = self.dossier.live_config, self.dossier.endpoint
        if self.change is None:
            return False
        known_good = self.brief.last_known_good is not None and self.change.config == self.brief.last_known_good
        if known_good and endpoint is not None and endpoint.newer_configs:
            return True
        if live is None or live.config != self.change.config:
            return False
        # What the config before it had done is still in the rates of the first minutes.
        settled = [(begin + self.brief.together, end) for begin, end in live.earlier]
        known = [(begin, end) for begin, end in settled if begin < end]
        versions = self.serving_harm + self.quality_harm + self.predictions_drifted
        breached = [time for signal in versions for time in signal.breached or ()]
        return bool(known) and not _overlap(known, breached)

    @property
    def same_config_throughout(self) -> bool:
        """The change near the onset was none of the config: the metrics saw the same one before and after it."""
        live, endpoint, change = self.dossier.live_config, self.dossier.endpoint, self.change
        if live is None or endpoint is None or change is None or live.seen_from is None:
            return False
        only_one = live.since is None and live.config == endpoint.config
        made_before = endpoint.made_at is not None and endpoint.made_at < live.seen_from
        return only_one and made_before and live.seen_from + self.brief.clock_slack < change.at

    @cached_property
    def load_explains(self) -> bool:
        """CPU is saturated since the traffic grew, and the last deployment was well over by then."""
        grown = [s.onset for s in self.volume_high] + ([self.traffic_grew.onset] if self.traffic_grew else [])
        if not self.serving_harm or self.cpu is None or not self._departed_with(self.harm_onset, grown):
            return False
        return self.deployment is None or self.harm_onset - self.deployment.at >= self.brief.together

    @cached_property
    def written(self) -> Written:
        """What was logged, merged and released around the onset of the harm."""
        return Written(self.dossier, self.brief, self.harm_onset)

    @cached_property
    def log_explains(self) -> bool:
        """The endpoint logs since the harm began that what it waits for does not answer, and no deployment is near.

        A version that cannot live with a dependency logs that at once; code that cannot run speaks for the version.
        """
        logged = self.written.decides("dependency")
        if not self.serving_harm or not logged or self.written.logged("broken_code"):
            return False
        if self.deployment is None:
            return True
        over = self.deployment.at + self.brief.together
        return self.harm_onset >= over and all(one.first_at >= over and one.before == 0 for one in logged)

    @cached_property
    def skew_shown(self) -> bool:
        """The served features moved in the minutes of a deployment while the data upstream is sound.

        Sound: nulls, schema and volume are read and inside their limits, and Model Monitor, which watches the data
        itself, finds nothing about these features.
        """
        if self.deployment is None or not self.drifted_features or not (self.quality_harm or self.scores_jumped):
            return False
        live = self.deployment.at
        moved = all(
            s.onset is not None and live - self.brief.clock_slack <= s.onset <= live + self.brief.together
            for s in self.drifted_features
        )
        found = {violation.feature for violation in self.dossier.violations}
        monitored = self.dossier.monitor is not None and not found & {s.feature for s in self.drifted_features}
        return moved and monitored and self.data_readable and not self.data_broken and self.volume_usual

    @property
    def rollback_helps(self) -> bool:
        """Harm that began with a deployment and that nothing upstream explains."""
        if self.deployment is None or self.load_explains or self.log_explains:
            return False
        worse = bool(self.quality_harm) or self.scores_jumped
        return bool(self.serving_harm) or (worse and self.inputs_flat) or self.skew_shown


def _overlap(some: Iterable[tuple[datetime, datetime]], others: Sequence[tuple[datetime, datetime]]) -> bool:
    return any(begin <= last and first <= end for begin, end in some for first, last in others)


def earliest(signals: Sequence[SignalReading]) -> datetime | None:
    """The earliest onset of them."""
    return min((s.onset for s in signals if s.onset is not None), default=None)
