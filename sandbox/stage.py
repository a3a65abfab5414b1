"""Which scenario runs on which model, and what starting and undoing one does to the world."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, assert_never

from sandbox.policy_copy import PolicyCopy
from sandbox.scenario import ConceptChange, Deploy, Drift, Nulls, Scenario, Traffic, check_against
from sandbox.world.datasets import ModelData, ObjectStore
from sandbox.world.model_state import Defect
from sandbox.world.serving import Serving
from sandbox.world.world import World


class ScenarioRefused(Exception):
    """A scenario cannot start now; `word` says why: `unknown_scenario`, `scenario_running`, `endpoint_busy`."""

    def __init__(self, word: str, message: str) -> None:
        super().__init__(message)
        self.word = word


@dataclass(frozen=True, slots=True)
class Run:
    """A scenario that was started and not undone."""

    scenario: Scenario
    started_at: float


class History(Protocol):
    """Where a scenario's commits and releases go."""

    def tell(self, scenario: Scenario, started_at: float) -> None:
        """They were there before the scenario started (Unix seconds)."""
        ...


class Stage:
    """Starts scenarios; at most one at a time per model.

    Args:
        world: What they happen to.
        serving: Where deployments go.
        scenarios: What there is, by name.
        data: Writes the data behind them.
        store: Where the data goes; None writes none.
        policy: What the bot may do by itself while a scenario runs; None where no bot reads it.
        history: Where commits and releases go; None where there is no GitHub.
        clock: Unix seconds now.
    """

    def __init__(
        self,
        world: World,
        serving: Serving,
        scenarios: dict[str, Scenario],
        data: dict[str, ModelData],
        store: ObjectStore | None = None,
        policy: PolicyCopy | None = None,
        history: History | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        check_against(scenarios.values(), world.feature_names())
        self.scenarios = scenarios
        self._world = world
        self._serving = serving
        self._data = data
        self._store = store
        self._policy = policy
        self._history = history
        self._clock = clock
        self._runs: dict[str, Run] = {}

    def start(self, name: str) -> Run:
        """Start a scenario. Raises ScenarioRefused."""
        scenario = self.scenarios.get(name)
        if scenario is None:
            known = ", ".join(sorted(self.scenarios))
            raise ScenarioRefused("unknown_scenario", f"no scenario {name!r}; there are {known}")
        state = self._world.models[scenario.model]
        before = self._runs.get(scenario.model)
        if before is not None and state.health == "disturbed":
            raise ScenarioRefused(
                "scenario_running", f"{before.scenario.name} still runs on {scenario.model}; heal it or reset"
            )
        if self._policy is not None:
            self._policy.set_autonomy(scenario.model, scenario.autonomy, scenario.name)
        for change in scenario.changes:
            match change:
                case Deploy():
                    self._deploy(scenario.model, change)
                case Drift():
                    self._world.shift(
                        scenario.model,
                        change.feature,
                        scale=change.scale,
                        offset=change.offset,
                        weights=change.weights,
                    )
                case Nulls():
                    self._world.shift(scenario.model, change.feature, nulls=change.ratio)
                case ConceptChange():
                    self._world.change_concept(scenario.model, change.loss, change.retrained, change.versions)
                case Traffic():
                    self._world.set_traffic(scenario.model, change.factor)
                case _:
                    assert_never(change)
        run = self._runs[scenario.model] = Run(scenario, self._clock())
        if self._history is not None:
            self._history.tell(scenario, run.started_at)
        return run

    def write_data(self, run: Run) -> None:
        """Write a monitoring run that shows the scenario, in some milliseconds. Requests are captured by themselves."""
        if self._store is None:
            return
        model = run.scenario.model
        shifts = dict(self._world.models[model].conditions.shifts)
        self._data[model].write_monitor(self._store, shifts, run.scenario.violations, run.started_at)

    def reset(self) -> None:
        """Undo every scenario in the world; what was done to SageMaker is undone by its own part."""
        self._runs.clear()
        if self._policy is not None:
            self._policy.reset()
        for model in self._world.models:
            self._world.reset(model)

    def running(self) -> list[dict[str, Any]]:
        """The scenarios started and not undone, with how the model is now."""
        return [
            {
                "name": run.scenario.name,
                "title": run.scenario.title,
                "model": model,
                "started_at": run.started_at,
                "state": self._world.models[model].health,
            }
            for model, run in self._runs.items()
        ]

    def listed(self) -> list[dict[str, Any]]:
        """What there is to start."""
        return [
            {"name": s.name, "title": s.title, "description": s.description, "model": s.model}
            for s in self.scenarios.values()
        ]

    def _deploy(self, model: str, change: Deploy) -> None:
        endpoint = self._world.models[model].profile.endpoint
        live = self._serving.live(endpoint)
        if live is None or live.status != "InService":
            raise ScenarioRefused("endpoint_busy", f"{endpoint} is being changed; try again when it is InService")
        self._world.break_config(model, change.config, Defect(change.latency, change.errors, change.logs))
        self._serving.deploy(endpoint, change.config)
