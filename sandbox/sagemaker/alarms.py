"""CloudWatch alarms on the endpoints: moto answers DescribeAlarms, this says what state they are in and since when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sandbox.sagemaker.arns import ACCOUNT, REGION
from sandbox.sagemaker.world_clock import WorldClock

if TYPE_CHECKING:
    from moto.cloudwatch.models import CloudWatchBackend

AlarmState = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
STATES: tuple[AlarmState, ...] = ("OK", "ALARM", "INSUFFICIENT_DATA")

ERRORS_THRESHOLD = 0.005
"""Share of requests that fail. Below the alert's own bound: a tenth of the traffic on a bad version has to show."""

LATENCY_THRESHOLD_SECONDS = 1.0
"""Of the slowest hundredth; the catalogue's bound of the alert."""


@dataclass(frozen=True)
class EndpointAlarm:
    """An alarm on an endpoint: the metric it watches and the bound past which it is in ALARM."""

    name: str
    endpoint: str
    metric: Literal["errors", "latency"]
    threshold: float


@dataclass
class _Standing:
    state: str
    since: float
    pinned: bool = False


def alarms_for(model: str, endpoint: str) -> tuple[EndpointAlarm, EndpointAlarm]:
    """The two alarms of a model: `<model>-errors` and `<model>-latency`."""
    return (
        EndpointAlarm(f"{model}-errors", endpoint, "errors", ERRORS_THRESHOLD),
        EndpointAlarm(f"{model}-latency", endpoint, "latency", LATENCY_THRESHOLD_SECONDS),
    )


class Alarms:
    """The alarms of the account and their states."""

    def __init__(self, clock: WorldClock) -> None:
        self._clock = clock
        self._standing: dict[str, _Standing] = {}
        self.watched: dict[str, EndpointAlarm] = {}
        """Alarms whose state follows the metrics of an endpoint, by name."""

    def add(self, alarm: EndpointAlarm) -> None:
        """Create an alarm, in state OK."""
        dimensions = [{"Name": "EndpointName", "Value": alarm.endpoint}, {"Name": "VariantName", "Value": "AllTraffic"}]
        latency = alarm.metric == "latency"
        self._backend().put_metric_alarm(
            name=alarm.name,
            namespace="AWS/SageMaker",
            metric_name="ModelLatency" if latency else "Invocation5XXErrors",
            comparison_operator="GreaterThanThreshold",
            evaluation_periods=1,
            period=60,
            threshold=alarm.threshold * 1_000_000 if latency else alarm.threshold,
            statistic="" if latency else "Average",
            extended_statistic="p99" if latency else None,
            description="Slowest hundredth of the requests" if latency else "Share of requests that fail",
            dimensions=dimensions,
            alarm_actions=[],
            unit="Microseconds" if latency else None,
            treat_missing_data="notBreaching",
        )
        self.watched[alarm.name] = alarm
        self._standing[alarm.name] = _Standing("OK", self._clock.now())

    def names(self) -> set[str]:
        """The alarms there are, those made through the API too."""
        return set(self._backend().alarms)

    def measure(self, name: str, value: float) -> None:
        """The latest value of the alarm's metric; a pinned alarm does not care."""
        alarm, standing = self.watched.get(name), self._standing.get(name)
        if alarm is not None and (standing is None or not standing.pinned):
            state = "ALARM" if value > alarm.threshold else "OK"
            self._set(name, state, f"Threshold Crossed: 1 datapoint [{value:.4g}] against {alarm.threshold:g}.", False)

    def pin(self, name: str, state: str) -> None:
        """Hold an alarm in a state, whatever its metric does.

        Raises:
            ValueError: no such alarm, or no such state.
        """
        if name not in self.names():
            raise ValueError(f"no alarm {name!r}; there are {', '.join(sorted(self.names()))}")
        if state not in STATES:
            raise ValueError(f"no state {state!r}; expected one of {', '.join(STATES)}")
        self._set(name, state, "Set by the sandbox's control API.", True)

    def release(self, name: str | None = None) -> None:
        """Let one pinned alarm, or all, follow the metrics again."""
        for known, standing in self._standing.items():
            if name in (None, known):
                standing.pinned = False

    def firing_since(self, names: Iterable[str]) -> float | None:
        """Unix seconds since when one of these alarms is in ALARM; None while none is."""
        found = [self._read(name) for name in names]
        return min((one.since for one in found if one.state == "ALARM"), default=None)

    def listed(self) -> list[dict[str, object]]:
        """Name, state, since when, and whether it is pinned, of every alarm."""
        found = {name: self._read(name) for name in sorted(self.names())}
        return [
            {"name": name, "state": one.state, "since": one.since, "pinned": one.pinned} for name, one in found.items()
        ]

    def _read(self, name: str) -> _Standing:
        """The state as moto has it: somebody may have called SetAlarmState."""
        alarm = self._backend().alarms.get(name)
        state = "OK" if alarm is None else str(alarm.state_value)
        standing = self._standing.get(name)
        if standing is None or standing.state != state:
            standing = self._standing[name] = _Standing(state, self._clock.now())
        return standing

    def _set(self, name: str, state: str, reason: str, pinned: bool) -> None:
        before = self._read(name)
        before.pinned = pinned
        if before.state != state:
            self._backend().set_alarm_state(name, reason, "{}", state)
            self._standing[name] = _Standing(state, self._clock.now(), pinned)

    @staticmethod
    def _backend() -> CloudWatchBackend:
        from moto.cloudwatch.models import cloudwatch_backends  # slow to import, and only needed while serving

        return cloudwatch_backends[ACCOUNT][REGION]
