"""A world with its built-in monitoring on a clock that the test moves."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sandbox.scenario import load_scenarios
from sandbox.stage import Stage
from sandbox.world.configs import write_scaled
from sandbox.world.datasets import ModelData
from sandbox.world.monitoring import BuiltInMonitoring
from sandbox.world.profiles import PROFILES
from sandbox.world.scaling import Scale
from sandbox.world.serving import InstantServing, LiveEndpoint
from sandbox.world.world import World

MANIFESTS = Path(__file__).parents[3] / "manifests"
START = 1_800_000_000.0

AlertKey = tuple[str, str, str | None]


@dataclass
class Rig:
    """One world; `run` moves the clock second by second."""

    world: World
    serving: InstantServing
    monitoring: BuiltInMonitoring
    stage: Stage
    now: float = START
    payloads: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    told: set[AlertKey] = field(default_factory=set[AlertKey])

    def run(self, seconds: int) -> None:
        for _ in range(seconds):
            self.now += 1.0
            self.world.tick(self.now)
            self.monitoring.step(self.now)
            for notification in self.monitoring.groups.due(self.now):
                self.monitoring.groups.sent(notification, self.now)
                self.payloads.append(notification.payload)
                self.told |= {key_of(alert["labels"]) for alert in notification.payload["alerts"]}

    def firing(self) -> set[AlertKey]:
        alerts = [alert for _, found in self.monitoring.evaluation.active() for alert in found]
        return {key_of(dict(alert.labels)) for alert in alerts if alert.state == "firing"}

    def open(self) -> set[AlertKey]:
        """Alerts last told as firing and not yet told as resolved."""
        last: dict[AlertKey, str] = {}
        for payload in self.payloads:
            last |= {key_of(alert["labels"]): alert["status"] for alert in payload["alerts"]}
        return {key for key, status in last.items() if status == "firing"}

    def value(self, query: str) -> float:
        result = self.monitoring.engine.instant(query, round(self.now * 1000))
        assert isinstance(result, list) and len(result) == 1
        point = result[0]
        assert hasattr(point, "value")
        return float(getattr(point, "value"))  # noqa: B009 - a vector's element, as asserted


def key_of(labels: dict[str, str]) -> AlertKey:
    return labels["alertname"], labels["severity"], labels.get("feature")


@pytest.fixture
def make_rig(tmp_path: Path) -> Callable[..., Rig]:
    return _maker(tmp_path)


@pytest.fixture(scope="module")
def make_lasting_rig(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Rig]:
    """For a world that several tests look at."""
    return _maker(tmp_path_factory.mktemp("world"))


def _maker(folder: Path) -> Callable[..., Rig]:
    def make(speed: float = 60.0, seed: int = 7, past: float = 60.0) -> Rig:
        scale = Scale(speed)
        scaled = write_scaled(MANIFESTS, folder, scale)
        serving = InstantServing({p.endpoint: LiveEndpoint(p.config, instances=p.instances) for p in PROFILES})
        world = World(serving, speed=speed, seed=seed)
        rig: list[Rig] = []
        clock = lambda: rig[0].now if rig else START  # noqa: E731
        monitoring = BuiltInMonitoring(
            world, scaled.rules, scaled.alertmanager, scale, clock, "http://sandbox.example/prometheus"
        )
        world.remember(START, past, monitoring.record)
        data = {p.name: ModelData(p, n) for n, p in enumerate(PROFILES)}
        stage = Stage(world, serving, load_scenarios(), data, clock=clock)
        rig.append(Rig(world, serving, monitoring, stage))
        return rig[0]

    return make
