"""One model's living state: what its inputs, its endpoint and its labels do, second by second.

Nothing here knows of scenarios or alerts. Drift is a changed distribution and PSI is computed from samples of it;
quality falls by as much as the drifted features matter to the model that is live; latency follows from traffic,
capacity and the live config. So whatever is done in SageMaker shows, and nothing else heals.
"""

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from sandbox.world.concept import Concept
from sandbox.world.features import UNSHIFTED, Reading, Reference, Shift
from sandbox.world.latency import LatencyHistogram, waiting_factor
from sandbox.world.profiles import QUALITY_METRICS, ModelProfile
from sandbox.world.serving import LiveEndpoint, Share
from sandbox.world.serving_window import ServingWindow

ROWS_PER_TICK = 4000
HEALTHY_ERRORS = 0.001
SATURATION = 0.95
SATURATED_ERRORS = 0.004
"""Share of requests that time out when the endpoint is saturated; too few for the error alert."""

HARM_FROM_PSI = 0.1
"""Drift below this PSI does no harm; the usual bound of "no significant change"."""

HARM_PER_PSI = 0.28
HARM_PER_NULL = 0.55
LARGEST_HARM = 0.35

# How hard each metric is hit, relative to accuracy.
SENSITIVITY = {"accuracy": 1.0, "f1": 1.25, "precision": 0.35, "recall": 1.5, "auc": 0.3}

ALARM_PERIOD_SECONDS = 60.0
"""CloudWatch's alarms look at one (production) minute."""

QUALITY_WINDOW_SECONDS = 120.0
"""Quality is measured on the labels of the last two (production) minutes."""


@dataclass(frozen=True, slots=True)
class Defect:
    """What is wrong with a version: latency multiplied, share of requests that fail, what it logs for each of them."""

    latency: float = 1.0
    errors: float = 0.0
    logs: str = ""


@dataclass(slots=True)
class Conditions:
    """What happens to a model from outside. `defects` are by SageMaker model, which is named as its config."""

    shifts: dict[str, Shift] = field(default_factory=dict[str, Shift])
    traffic: float = 1.0
    defects: dict[str, Defect] = field(default_factory=dict[str, Defect])
    shifted_at: float | None = None
    concept: Concept | None = None


class ModelState:
    """The state of one model, advanced by `tick`.

    Args:
        profile: What does not change about it.
        speed: Production seconds per wall second; label delay is divided by it.
        seed: The same seed and the same ticks give the same metrics.
    """

    def __init__(self, profile: ModelProfile, speed: float, seed: int) -> None:
        self.profile = profile
        self.conditions = Conditions()
        self.histogram = LatencyHistogram()
        self.requests = 0
        self.errors = 0
        self.throttled = 0
        self.cpu = 0.0
        self.memory = 0.0
        self.instances = profile.instances
        self.volume = 1.0
        self.label_delay = profile.label_delay_seconds
        self.live: LiveEndpoint | None = LiveEndpoint(profile.config)
        self.quality = dict(profile.quality)
        self.recent = ServingWindow(ALARM_PERIOD_SECONDS / speed)
        self._speed = speed
        self._rng = np.random.default_rng(seed)
        self._original = Reference.train(profile.features, {}, self._rng)
        self._retrained: dict[str, Reference] = {}
        self._harm: deque[tuple[float, float]] = deque()
        self._utilisation = 0.0
        self._request_carry = 0.0
        self._error_carry = 0.0
        self._throttled_carry = 0.0
        self.reading: Reading = self._original.read({}, ROWS_PER_TICK, self._rng)

    @property
    def aggregate_psi(self) -> float:
        """PSI over all features, weighted by importance."""
        total = sum(feature.importance for feature in self.profile.features)
        return sum(f.importance * self.reading.psi[f.name] for f in self.profile.features) / total

    @property
    def saturated(self) -> bool:
        """Whether more requests arrive than the instances bear."""
        return self._utilisation > SATURATION

    @property
    def health(self) -> str:
        """`healthy`; `disturbed` while trouble shows; `recovered` when its cause is still there but harms no more."""
        conditions = self.conditions
        traffic = () if self.live is None else self.live.traffic
        defective = any(one.model in conditions.defects or one.errors or one.latency > 1 for one in traffic)
        concept = conditions.concept is not None and conditions.concept.harms(traffic)
        if not (conditions.shifts or conditions.defects or conditions.traffic != 1.0 or conditions.concept):
            return "disturbed" if defective else "healthy"
        moved = any(psi > HARM_FROM_PSI for psi in self.reading.psi.values())
        nulls = any(share > 0.02 for share in self.reading.nulls.values())
        changing = self.live is None or self.live.status != "InService"
        troubled = changing or moved or nulls or defective or concept or self.saturated
        return "disturbed" if troubled else "recovered"

    def refill(self) -> None:
        """The features are filled again from the source, which is complete by now: no nulls any more."""
        mended = {name: replace(shift, nulls=0.0) for name, shift in self.conditions.shifts.items()}
        self.conditions.shifts = {name: shift for name, shift in mended.items() if shift != UNSHIFTED}

    def expected_quality(self, share: Share, extra_harm: float = 0.0) -> dict[str, float]:
        """The metrics of a SageMaker model on today's data, as they are once all labels are there.

        Args:
            share: The model.
            extra_harm: Relative loss of accuracy on top.
        """
        rng = np.random.default_rng(ROWS_PER_TICK)  # asked for from other threads than the one that ticks
        since = self.conditions.shifted_at
        adapted = share.trained_at is not None and since is not None and share.trained_at >= since
        shifts = dict(self.conditions.shifts)
        reference = Reference.train(self.profile.features, shifts, rng) if adapted else self._original
        reading = reference.read(shifts, ROWS_PER_TICK, rng)
        harm = self._harm_now(reference, reading, share) + extra_harm
        return {metric: self._after(metric, harm) for metric in QUALITY_METRICS}

    def reset(self) -> None:
        """Undo everything from outside and forget retrained models and late labels."""
        self.conditions = Conditions()
        self._retrained.clear()
        self._harm.clear()
        self.recent.clear()

    def tick(self, now: float, elapsed: float, live: LiveEndpoint | None, *, sample: bool = True) -> None:
        """Advance by the wall seconds elapsed.

        Args:
            now: Unix seconds.
            elapsed: Since the last tick.
            live: What SageMaker says serves now.
            sample: Draw new inputs; without, the last reading stands, which is cheaper.
        """
        self.live = live
        wave = math.sin(now / 97.0 + len(self.profile.name))
        traffic = (Share(self.profile.config),) if live is None else live.traffic
        readings = self._readings(traffic, sample=sample)
        self._serve(elapsed, live, wave)
        self.recent.add(now, self.requests, self.errors, self.histogram.counts())
        self._score(now, traffic, readings)
        self.volume = self.conditions.traffic * (1.0 + 0.03 * wave + self._noise(0.01))
        self.label_delay = self.profile.label_delay_seconds * (1.0 + self._noise(0.03))

    def samples(self) -> Iterator[tuple[str, dict[str, str], float]]:
        """Metric name, labels and value of everything the model exposes now."""
        yield from self._data_samples()
        yield from self._endpoint_samples()

    def _noise(self, scale: float) -> float:
        return float(np.clip(self._rng.normal(0.0, scale), -3 * scale, 3 * scale))

    def _readings(self, traffic: tuple[Share, ...], *, sample: bool) -> list[Reading]:
        """Today's inputs against the training data of each model that serves.

        The largest share's reading is the one that is exposed: a drift monitor has one baseline.
        """
        largest = max(traffic, key=lambda one: one.share)
        main = self._reference(largest)
        if sample:
            self.reading = main.read(self.conditions.shifts, ROWS_PER_TICK, self._rng)
        others = [self._reference(one) for one in traffic]
        return [
            self.reading if other is main else other.read(self.conditions.shifts, ROWS_PER_TICK, self._rng)
            for other in others
        ]

    def _reference(self, share: Share) -> Reference:
        """What a model was trained on: its own data, if it was trained after the inputs moved."""
        since = self.conditions.shifted_at
        if share.trained_at is None or since is None or share.trained_at < since:
            return self._original
        if share.model not in self._retrained:
            self._retrained[share.model] = Reference.train(self.profile.features, self.conditions.shifts, self._rng)
        return self._retrained[share.model]

    def _serve(self, elapsed: float, live: LiveEndpoint | None, wave: float) -> None:
        profile, traffic = self.profile, self.conditions.traffic
        self.instances = profile.instances if live is None or live.instances is None else live.instances
        if live is None:
            self.cpu, self.memory = 0.0, 0.0
            return
        rate = profile.requests_per_second * traffic * (1.0 + 0.03 * wave + self._noise(0.01))
        utilisation = rate / max(1.0, self.instances * profile.requests_per_instance)
        self._request_carry += rate * elapsed
        requests = int(self._request_carry)
        self._request_carry -= requests
        median = profile.median_seconds * waiting_factor(utilisation)
        failing = SATURATED_ERRORS if utilisation > SATURATION else HEALTHY_ERRORS
        left = requests
        for position, one in enumerate(live.traffic, start=1):
            defect = self.conditions.defects.get(one.model, Defect())
            part = left if position == len(live.traffic) else round(requests * one.share)
            left -= part
            self.histogram.observe(part, median * defect.latency * one.latency, self._rng)
            failing += one.share * (defect.errors + one.errors)
        self._utilisation = utilisation
        self.requests += requests
        self._error_carry += requests * failing * (1.0 + self._noise(0.05))
        self.errors += int(self._error_carry)
        self._error_carry -= int(self._error_carry)
        # What arrives beyond what the instances bear is refused; callers see it at once, and it is no failure inside.
        self._throttled_carry += requests * max(0.0, 1.0 - 1.0 / max(utilisation, 1.0))
        self.throttled += int(self._throttled_carry)
        self._throttled_carry -= int(self._throttled_carry)
        self.cpu = min(0.985, utilisation) + self._noise(0.004)
        self.memory = 0.52 + 0.02 * wave + self._noise(0.004)

    def _score(self, now: float, traffic: tuple[Share, ...], readings: list[Reading]) -> None:
        """Quality as labels show it: what the models did `label_delay` ago, over a window."""
        harms = [
            one.share * self._harm_now(self._reference(one), reading, one)
            for one, reading in zip(traffic, readings, strict=True)
        ]
        self._harm.append((now, sum(harms)))
        delay = self.profile.label_delay_seconds / self._speed
        window = max(1.5, QUALITY_WINDOW_SECONDS / self._speed)
        while self._harm and self._harm[0][0] < now - delay - window:
            self._harm.popleft()
        labelled = [harm for at, harm in self._harm if at <= now - delay]
        harm = sum(labelled) / len(labelled) if labelled else 0.0
        for metric in QUALITY_METRICS:
            self.quality[metric] = self._after(metric, harm) * (1.0 + self._noise(0.0015))

    def _after(self, metric: str, harm: float) -> float:
        """A metric after a relative loss of accuracy."""
        return self.profile.quality[metric] * (1.0 - min(0.6, harm * SENSITIVITY[metric]))

    def _harm_now(self, reference: Reference, reading: Reading, share: Share) -> float:
        """Relative loss of accuracy of a model on today's inputs."""
        concept = self.conditions.concept
        harm = 0.0 if concept is None else concept.harm(share.model, share.trained_at)
        for feature in self.profile.features:
            nulls = reading.nulls[feature.name]
            moved = max(0.0, reading.psi[feature.name] - HARM_FROM_PSI)
            # Nulls harm by the information that is missing, also after retraining on imputed values.
            harm += feature.importance * (HARM_PER_NULL * nulls if nulls > 0.02 else HARM_PER_PSI * moved)
        return min(LARGEST_HARM, harm if reference.clean else harm * 1.2)

    def _data_samples(self) -> Iterator[tuple[str, dict[str, str], float]]:
        who = {"model": self.profile.name, "env": self.profile.env}
        for feature in self.profile.features:
            yield "ml_feature_psi", {**who, "feature": feature.name}, self.reading.psi[feature.name]
            yield "ml_feature_null_ratio", {**who, "feature": feature.name}, self.reading.nulls[feature.name]
        yield "ml_feature_psi_aggregate", who, self.aggregate_psi
        yield "ml_prediction_psi", who, self.reading.prediction_psi
        for metric in QUALITY_METRICS:
            yield f"ml_model_{metric}", who, self.quality[metric]
            yield "ml_model_baseline", {**who, "metric": metric}, self.profile.quality[metric]
        yield "ml_anomaly_ratio", who, self.reading.anomalies
        yield "ml_schema_violation_ratio", who, self.reading.violations
        yield "ml_input_volume_ratio", who, self.volume
        yield "ml_label_delay_seconds", who, self.label_delay

    def _endpoint_samples(self) -> Iterator[tuple[str, dict[str, str], float]]:
        what = {"model": self.profile.name, "endpoint": self.profile.endpoint}
        for bound, count in self.histogram.buckets():
            yield "ml_inference_latency_seconds_bucket", {**what, "le": bound}, float(count)
        yield "ml_inference_latency_seconds_sum", what, self.histogram.sum_seconds
        yield "ml_inference_latency_seconds_count", what, float(self.histogram.count)
        yield "ml_inference_requests_total", what, float(self.requests)
        yield "ml_inference_errors_total", what, float(self.errors)
        yield "ml_inference_throttled_total", what, float(self.throttled)
        yield "ml_endpoint_cpu_utilization_ratio", what, self.cpu
        yield "ml_endpoint_memory_utilization_ratio", what, self.memory
        yield "ml_endpoint_instances", what, float(self.instances)
        if self.live is not None:
            yield "ml_endpoint_config_info", {**what, "config": self.live.config}, 1.0
