"""The fleet as it is meant: how many models, in which channels, and what the bot may do to them by itself."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sandbox.world.configs import RULES_FILE
from sandbox.world.scaling import Scale, load_yaml
from tests.benchmarks.catalogue import MANIFESTS, model_names, write_catalogue

RULES_FOLDER = "rules"
AS_SHIPPED = {"AGENTOPS_LEASE_SECONDS": "30", "AGENTOPS_HEARTBEAT_SECONDS": "5"}
"""Settings of production for who holds what; a fleet's own are shorter."""
SLOW_INSTANCE: dict[str, Any] = {
    "alert": "EndpointLatencyP99High",
    "expr": "histogram_quantile(0.99, sum by (model, endpoint, instance, le) "
    "(rate(ml_inference_latency_seconds_bucket[5m]))) > 0.5",
    "for": "2m",
    "labels": {"severity": "warning"},
    "annotations": {},
}
"""What the fleet's outages fire, an alert an instance. The shipped rule of that name is of critical severity alone, and
without its rule no alert's expression can be watched: every verification would end inconclusive."""


@dataclass(frozen=True)
class FleetSpec:
    """A fleet of models with one endpoint each.

    Attributes:
        models: how many; the last one is of tier 1, the others of tier 2.
        channels: how many channels share them, in turn.
        automatic: of every so many models one may be rolled back without a person (`execute_high`); 0 for none.
        speed: how much faster than life SageMaker, windows and rules are.
        llm_seconds: how long the language model takes for each answer; an investigation needs four of them.
    """

    models: int = 200
    channels: int = 10
    automatic: int = 2
    speed: float = 60.0
    llm_seconds: float = 0.5

    @property
    def names(self) -> list[str]:
        """Of all models."""
        return model_names(self.models)

    @property
    def tier_1(self) -> str:
        """The one model of tier 1."""
        return self.names[-1]

    def channel(self, model: str) -> str:
        """The name of a model's channel."""
        return f"fleet-{self.names.index(model) % self.channels}"

    @property
    def channel_names(self) -> list[str]:
        """Of all channels."""
        return [f"fleet-{number}" for number in range(min(self.channels, self.models))]

    def may_run_by_itself(self, model: str) -> bool:
        """Whether the policy lets the bot roll the model back without a person."""
        return bool(self.automatic) and model != self.tier_1 and self.names.index(model) % self.automatic == 0

    def seconds(self, real: float) -> str:
        """A setting of seconds of the world that pass in so many seconds here."""
        return f"{real * self.speed:g}"

    def write(self, folder: Path) -> None:
        """The catalogue, the policy and the rules that bots of this fleet read."""
        place = {model: self.channel(model) for model in self.names}
        write_catalogue(
            folder / "models.yaml",
            self.names,
            channel=place.__getitem__,
            tier=lambda model: 1 if model == self.tier_1 else 2,
        )
        (folder / "policy.yaml").write_text(yaml.safe_dump(self._policy(), sort_keys=False), "utf-8")
        rules = folder / RULES_FOLDER
        rules.mkdir(exist_ok=True)
        shipped = load_yaml((MANIFESTS / "prometheus" / RULES_FILE).read_text("utf-8"))
        told = {**shipped, "groups": [*shipped["groups"], {"name": "fleet", "rules": [SLOW_INSTANCE]}]}
        (rules / RULES_FILE).write_text(yaml.safe_dump(Scale(self.speed).rules(told), sort_keys=False), "utf-8")

    def _policy(self) -> dict[str, Any]:
        """The shipped policy without two limits: a whole fleet breaks here, and the evidence of each is thin."""
        shipped: dict[str, Any] = yaml.safe_load((MANIFESTS / "policy.yaml").read_text("utf-8"))
        rules: list[dict[str, Any]] = shipped["rules"]
        limits = {"endpoints_changed_at_least", "confidence_below"}
        kept = [rule for rule in rules if not limits & rule["when"].keys()]
        free = {"level": "execute_high", "author": "test", "reason": "a fleet of tests"}
        levels = {model: free for model in self.names if self.may_run_by_itself(model)}
        return {**shipped, "rules": kept, "autonomy": levels, "examples": []}
