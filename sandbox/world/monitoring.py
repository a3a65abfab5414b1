"""The built-in Prometheus and Alertmanager: scrape, rules and notifications on the sandbox's own clock."""

from collections.abc import Callable
from typing import Any

from sandbox.world.alert_groups import AlertGroups, load_routing
from sandbox.world.exposition import target_labels
from sandbox.world.promql.engine import Engine
from sandbox.world.query_api import QueryApi
from sandbox.world.rules import RuleEvaluation, load_rules
from sandbox.world.scaling import Scale
from sandbox.world.tsdb import Labels, TimeSeriesDatabase
from sandbox.world.world import World

JOB = "ml-serving"
INSTANCE = "ml-serving-0"
TARGET = {"job": JOB, "instance": INSTANCE}


class BuiltInMonitoring:
    """What Prometheus and Alertmanager would do with the world's metrics.

    Args:
        world: What is scraped.
        rules: The scaled rule file.
        alertmanager: The scaled alertmanager.yml.
        scale: For the scrape interval.
        clock: Unix seconds now.
        external_url: Where links to expressions lead.
    """

    def __init__(
        self,
        world: World,
        rules: dict[str, Any],
        alertmanager: dict[str, Any],
        scale: Scale,
        clock: Callable[[], float],
        external_url: str,
    ) -> None:
        self.database = TimeSeriesDatabase()
        self.engine = Engine(self.database, default_step_seconds=scale.scrape_seconds)
        self.evaluation = RuleEvaluation(load_rules(rules), self.engine, external_url)
        self.groups = AlertGroups(load_routing(alertmanager), external_url)
        self.api = QueryApi(self.engine, self.database, self.evaluation, clock, scale.scrape_seconds)
        self._world = world
        self._interval = scale.scrape_seconds
        self._next = 0.0
        self._labels: dict[tuple[str, tuple[str, ...]], Labels] = {}

    def record(self, at: float) -> None:
        """Scrape the world as it is, at a time."""
        self.database.scrape(round(at * 1000), [*self._samples(), (self._target_labels("up", {}), 1.0)])

    def step(self, now: float) -> None:
        """Scrape, evaluate and group when an interval has passed."""
        if now >= self._next:
            self._next = now + self._interval * 0.999
            self.record(now)
            self.groups.receive(self.evaluation.evaluate(now), now)
            self.database.scrape(round(now * 1000), self.evaluation.series(), source="rules")

    def _samples(self) -> list[tuple[Labels, float]]:
        return [(self._target_labels(name, labels), value) for name, labels, value in self._world.samples()]

    def _target_labels(self, name: str, labels: dict[str, str]) -> Labels:
        key = (name, tuple(labels.values()))
        found = self._labels.get(key)
        if found is None:
            found = self._labels[key] = target_labels(name, labels, TARGET)
        return found
