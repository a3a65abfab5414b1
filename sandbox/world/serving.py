"""What is live behind an endpoint: the question the world asks of SageMaker, and an answer for when there is none."""

from dataclasses import dataclass, field, replace
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Share:
    """A SageMaker model that takes a part of an endpoint's traffic.

    Attributes:
        model: Its name; in the seeded world the same as its endpoint config's.
        share: Of the traffic, 0 to 1; all shares of an endpoint add up to 1.
        trained_at: When it was trained (Unix seconds), or None when before the world began.
        latency: Latency multiplied by, for a model that came out of its training slow.
        errors: Share of its requests that fail for the same reason.
    """

    model: str
    share: float = 1.0
    trained_at: float | None = None
    latency: float = 1.0
    errors: float = 0.0


@dataclass(frozen=True, slots=True)
class LiveEndpoint:
    """The part of an endpoint that serves requests now.

    Attributes:
        config: The endpoint config in service; during an update it is still the old one.
        status: SageMaker's EndpointStatus.
        instances: Instances in service, or None when unknown.
        trained_at: When the model behind the config was trained (Unix seconds), or None when before the world began.
        shares: What serves, a canary too; empty when the config alone says it.
    """

    config: str
    status: str = "InService"
    instances: int | None = None
    trained_at: float | None = None
    shares: tuple[Share, ...] = ()

    @property
    def traffic(self) -> tuple[Share, ...]:
        """What serves; at least one."""
        return self.shares or (Share(self.config, 1.0, self.trained_at),)


class Serving(Protocol):
    """What the world needs to know of SageMaker, and the one thing a scenario does to it."""

    def live(self, endpoint: str) -> LiveEndpoint | None:
        """What serves now, or None when the endpoint does not exist."""
        ...

    def deploy(self, endpoint: str, config: str) -> None:
        """Put a new version live, as a team's own deployment would."""
        ...


@dataclass(slots=True)
class InstantServing:
    """A SageMaker in which every update is done at once: for tests of the world alone."""

    endpoints: dict[str, LiveEndpoint] = field(default_factory=dict[str, LiveEndpoint])

    def live(self, endpoint: str) -> LiveEndpoint | None:
        """What serves now."""
        return self.endpoints.get(endpoint)

    def deploy(self, endpoint: str, config: str) -> None:
        """Put a config live at once."""
        self.update(endpoint, config=config)

    def update(
        self,
        endpoint: str,
        *,
        config: str | None = None,
        trained_at: float | None = None,
        instances: int | None = None,
        shares: tuple[Share, ...] = (),
    ) -> None:
        """Change what serves: a rollback, a promotion, a scaling, a canary."""
        found = self.endpoints.get(endpoint, LiveEndpoint(""))
        self.endpoints[endpoint] = replace(
            found,
            config=found.config if config is None else config,
            trained_at=trained_at,
            instances=found.instances if instances is None else instances,
            shares=shares,
        )
