"""The living metric world: the states of all models on one clock."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from sandbox.world.concept import Concept
from sandbox.world.exposition import RawSample, text_format
from sandbox.world.features import UNSHIFTED, Shift
from sandbox.world.model_state import Defect, ModelState
from sandbox.world.profiles import PROFILES, ModelProfile
from sandbox.world.serving import LiveEndpoint, Serving, Share

TICK_SECONDS = 1.0
HARM_OF_BROKEN_DATA = 0.05
"""Relative loss of accuracy of a model that was trained on imputed values, beside what the nulls cost the live one."""

PAST_SAMPLE_TICKS = 4
"""In the past made at the start, inputs are sampled every so many ticks, for a quick start."""


class World:
    """Three models whose metrics follow from their state.

    Args:
        serving: What is live in SageMaker.
        speed: Production seconds per wall second.
        seed: Makes the noise repeatable.
        profiles: The models.
    """

    def __init__(
        self, serving: Serving, *, speed: float, seed: int = 7, profiles: Iterable[ModelProfile] = PROFILES
    ) -> None:
        self._serving = serving
        self.models = {p.name: ModelState(p, speed, seed + n) for n, p in enumerate(profiles)}
        self.now = 0.0
        self._inputs: dict[str, list[tuple[float, dict[str, Shift]]]] = {name: [] for name in self.models}

    def tick(self, now: float) -> None:
        """Advance every model to a wall time (Unix seconds)."""
        elapsed = TICK_SECONDS if self.now == 0.0 else max(0.0, now - self.now)
        self.now = now
        for state in self.models.values():
            state.tick(now, elapsed, self._serving.live(state.profile.endpoint))

    def remember(self, until: float, seconds: float, record: Callable[[float], None]) -> None:
        """Live through a healthy past that ends at a time, calling `record` after each tick."""
        ticks = int(seconds / TICK_SECONDS)
        for number in range(ticks):
            at = until - (ticks - number) * TICK_SECONDS
            self._tick_healthy(at, sample=number % PAST_SAMPLE_TICKS == 0)
            record(at)

    def samples(self) -> list[RawSample]:
        """Everything the models expose now."""
        return [sample for state in self.models.values() for sample in state.samples()]

    def exposition(self) -> str:
        """The body of `/metrics`."""
        return text_format(self.samples())

    def shift(self, model: str, feature: str, **changes: object) -> None:
        """Change the distribution of an input from now on; keywords are fields of Shift."""
        conditions = self.models[model].conditions
        before = conditions.shifts.get(feature, UNSHIFTED)
        conditions.shifts[feature] = replace(before, **changes)
        conditions.shifted_at = self.now
        self._inputs_changed(model)

    def change_concept(self, model: str, loss: float, retrained: float, versions: dict[str, float]) -> None:
        """From now on the same inputs of a model mean something else; see `Concept` for the losses."""
        self.models[model].conditions.concept = Concept(loss, retrained, dict(versions), self.now)

    def refill(self, model: str) -> None:
        """The data pipeline has filled a model's features again."""
        self.models[model].refill()
        self._inputs_changed(model)

    def shifts_between(self, model: str, begin: float, end: float) -> list[tuple[float, float, dict[str, Shift]]]:
        """Stretches from `begin` to `end` (Unix seconds), each with how the inputs differed from the training data."""
        changes = [(0.0, dict[str, Shift]()), *self._inputs[model]]
        ends = [at for at, _ in changes[1:]] + [end]
        spans = [(max(at, begin), min(until, end), shifts) for (at, shifts), until in zip(changes, ends, strict=True)]
        return [span for span in spans if span[0] < span[1]]

    def nulls_since(self, model: str) -> float | None:
        """Unix seconds since when a model's features hold nulls; None while they hold none."""
        conditions = self.models[model].conditions
        holds = any(shift.nulls > 0 for shift in conditions.shifts.values())
        return conditions.shifted_at if holds else None

    def live_quality(self, model: str) -> dict[str, float]:
        """The metrics of what is live, on a holdout of today's data with all labels there."""
        state = self.models[model]
        traffic = (Share(state.profile.config),) if state.live is None else state.live.traffic
        return state.expected_quality(max(traffic, key=lambda one: one.share))

    def candidate_quality(self, model: str, trained_at: float, window: tuple[float, float] | None) -> dict[str, float]:
        """The metrics of a model whose training began at a moment, on the same holdout.

        A window that ends before the inputs moved teaches nothing new. A window with nulls in it teaches the nulls: the
        candidate is worse than the live model, which never saw any.
        """
        state = self.models[model]
        moved, nulls = state.conditions.shifted_at, self.nulls_since(model)
        end = trained_at if window is None else window[1]
        learns = moved is None or end >= moved
        broken = nulls is not None and end >= nulls
        candidate = Share(f"{model}-candidate", 1.0, trained_at if learns and not broken else None)
        return state.expected_quality(candidate, extra_harm=HARM_OF_BROKEN_DATA if broken else 0.0)

    def break_config(self, model: str, config: str, defect: Defect) -> None:
        """Say what is wrong with an endpoint config, whenever it is live."""
        self.models[model].conditions.defects[config] = defect

    def set_traffic(self, model: str, factor: float) -> None:
        """Multiply the traffic of a model."""
        self.models[model].conditions.traffic = factor

    def reset(self, model: str) -> None:
        """Undo everything that happens to a model from outside."""
        self.models[model].reset()
        self._inputs[model] = []

    def feature_names(self) -> dict[str, set[str]]:
        """The features of each model."""
        return {name: {f.name for f in state.profile.features} for name, state in self.models.items()}

    def describe(self) -> dict[str, object]:
        """Each model's live config, conditions and current metric values."""
        return {name: _describe(state) for name, state in self.models.items()}

    def _inputs_changed(self, model: str) -> None:
        self._inputs[model].append((self.now, dict(self.models[model].conditions.shifts)))

    def _tick_healthy(self, now: float, *, sample: bool) -> None:
        elapsed = TICK_SECONDS if self.now == 0.0 else max(0.0, now - self.now)
        self.now = now
        for state in self.models.values():
            state.tick(now, elapsed, LiveEndpoint(state.profile.config), sample=sample)


def _shift_text(shift: Shift) -> dict[str, object]:
    changed: dict[str, object] = {
        "scale": shift.scale,
        "offset": shift.offset,
        "nulls": shift.nulls,
        "weights": list(shift.weights),
    }
    usual: dict[str, object] = {"scale": 1.0, "offset": 0.0, "nulls": 0.0, "weights": []}
    return {name: value for name, value in changed.items() if value != usual[name]}


def _describe(state: ModelState) -> dict[str, object]:
    live = state.live
    conditions = state.conditions
    return {
        "endpoint": state.profile.endpoint,
        "config": None if live is None else live.config,
        "endpoint_status": None if live is None else live.status,
        "traffic": {} if live is None else {one.model: round(one.share, 4) for one in live.traffic},
        "instances": state.instances,
        "state": state.health,
        "conditions": {
            "traffic": conditions.traffic,
            "shifts": {name: _shift_text(shift) for name, shift in conditions.shifts.items()},
            "defective_configs": sorted(conditions.defects),
            "concept_changed": conditions.concept is not None,
        },
        "metrics": {
            "feature_psi": state.reading.psi,
            "feature_psi_aggregate": state.aggregate_psi,
            "prediction_psi": state.reading.prediction_psi,
            "null_ratio": state.reading.nulls,
            "schema_violation_ratio": state.reading.violations,
            "anomaly_ratio": state.reading.anomalies,
            "quality": dict(state.quality),
            "baseline": dict(state.profile.quality),
            "cpu": state.cpu,
            "memory": state.memory,
            "input_volume_ratio": state.volume,
            "requests_total": state.requests,
            "errors_total": state.errors,
        },
    }
