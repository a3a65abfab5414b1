"""How an update moves the traffic to the new fleet: stage after stage, laid out in time when it begins.

Blue/green as SageMaker does it: the new fleet is created beside the old one, takes its share of the traffic step by
step, bakes after each step, and the old fleet goes after the termination wait. Alarms are watched from the first
request that the new fleet serves until the old fleet is gone. Updates without a deployment config move everything at
once, at their end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.sagemaker.errors import invalid
from sandbox.sagemaker.world_clock import WorldClock

Json = dict[str, Any]

UPDATE_MINUTES = 3.0
"""World minutes of an update, without what its deployment config waits for."""

CREATING = 0.8
"""The part of them in which the new fleet is created; the rest goes into moving traffic."""

LARGEST_CANARY = 50
"""Percent; SageMaker takes no larger first step."""


@dataclass(frozen=True)
class Stage:
    """One stage of an update.

    Attributes:
        status: the VariantStatus of the new fleet: Creating, ActivatingTraffic or Baking.
        starts: unix seconds.
        ends: unix seconds.
        share: of the traffic that the new fleet serves, 0 to 1.
    """

    status: str
    starts: float
    ends: float
    share: float


@dataclass(frozen=True)
class Shifting:
    """The stages of an update in order; the update is over when the last one ends.

    Attributes:
        stages: at least one.
        alarms: names of the alarms that take the update back.
    """

    stages: tuple[Stage, ...]
    alarms: tuple[str, ...] = ()

    @property
    def ends(self) -> float:
        """Unix seconds when the update is over, if nothing takes it back."""
        return self.stages[-1].ends

    @property
    def watched_from(self) -> float:
        """Unix seconds from which alarms are watched: the new fleet serves its first request."""
        return next((stage.starts for stage in self.stages if stage.share > 0), self.ends)

    def at(self, now: float) -> Stage:
        """The stage of a moment."""
        return next((stage for stage in self.stages if now < stage.ends), self.stages[-1])


def plan_shifting(deployment: Json | None, instances: int, started: float, clock: WorldClock) -> Shifting:
    """Lay an update out in time.

    Args:
        deployment: the DeploymentConfig; None moves everything at once.
        instances: of the new fleet, for steps that are counted in instances.
        started: unix seconds.
        clock: turns minutes and waits of the world into seconds of the clock.
    """
    base = clock.minutes(UPDATE_MINUTES)
    shares, wait, termination = _steps(deployment or {}, instances)
    if shares == [1.0] and termination == 0:
        return Shifting((Stage("Creating", started, started + base, 0.0),), alarms_of(deployment))
    at = started + base * CREATING
    stages = [Stage("Creating", started, at, 0.0)]
    for number, share in enumerate(shares, start=1):
        last = number == len(shares)
        for status, takes in (
            ("ActivatingTraffic", base * (1 - CREATING) / len(shares)),
            ("Baking", clock.seconds(termination if last else wait)),
        ):
            if takes > 0:
                stages.append(Stage(status, at, at + takes, share))
                at += takes
    return Shifting(tuple(stages), alarms_of(deployment))


def alarms_of(deployment: Json | None) -> tuple[str, ...]:
    """The alarms that a deployment config names."""
    rollback: Json = (deployment or {}).get("AutoRollbackConfiguration") or {}
    named: list[Json] = rollback.get("Alarms") or []
    return tuple(str(alarm["AlarmName"]) for alarm in named)


def check_deployment(deployment: Json | None, known_alarms: set[str]) -> None:
    """Refuse a deployment config that SageMaker would not take.

    Raises:
        ApiError: a canary that is too large, or an alarm that does not exist.
    """
    routing = _routing(deployment or {})
    canary: Json = routing.get("CanarySize") or {}
    if routing.get("Type") == "CANARY" and not canary:
        raise invalid("CanarySize must be specified for the CANARY traffic routing type.")
    if canary.get("Type") == "CAPACITY_PERCENT" and int(canary["Value"]) > LARGEST_CANARY:
        raise invalid(f"CanarySize must be less than or equal to {LARGEST_CANARY}% of the total capacity.")
    missing = [name for name in alarms_of(deployment) if name not in known_alarms]
    if missing:
        raise invalid(f"Could not find CloudWatch alarm(s): {', '.join(missing)}.")


def _routing(deployment: Json) -> Json:
    policy: Json = deployment.get("BlueGreenUpdatePolicy") or {}
    return policy.get("TrafficRoutingConfiguration") or {}


def _steps(deployment: Json, instances: int) -> tuple[list[float], float, float]:
    """The shares of the new fleet after each step, the wait between two, and the termination wait (world seconds)."""
    rolling: Json | None = deployment.get("RollingUpdatePolicy")
    if rolling:
        batch = _part(rolling.get("MaximumBatchSize") or {}, instances)
        return _even(batch), float(rolling.get("WaitIntervalInSeconds", 0)), 0.0
    policy: Json = deployment.get("BlueGreenUpdatePolicy") or {}
    routing = _routing(deployment)
    termination = float(policy.get("TerminationWaitInSeconds", 0))
    wait = float(routing.get("WaitIntervalInSeconds", 0))
    match routing.get("Type"):
        case "CANARY":
            return [_part(routing.get("CanarySize") or {}, instances), 1.0], wait, termination
        case "LINEAR":
            return _even(_part(routing.get("LinearStepSize") or {}, instances)), wait, termination
        case _:
            return [1.0], 0.0, termination


def _part(size: Json, instances: int) -> float:
    value = float(size.get("Value", 50))
    part = value / max(1, instances) if size.get("Type") == "INSTANCE_COUNT" else value / 100
    return min(1.0, max(0.01, part))


def _even(part: float) -> list[float]:
    shares: list[float] = []
    while not shares or shares[-1] < 1.0:
        shares.append(min(1.0, round((shares[-1] if shares else 0.0) + part, 6)))
    return shares
