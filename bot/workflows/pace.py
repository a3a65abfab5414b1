"""How long things take or may take, already divided by the speed of the world."""

from dataclasses import dataclass
from datetime import timedelta

from bot.settings import Settings

EXPLAIN_LIMIT = timedelta(minutes=3)
"""How long an execution that the policy allowed waits for diagnosis and plan to stand in the thread."""
SIGNS_MISSED = 4
"""How many signs of life a process may miss: with one every 5 s it counts as dead after 20 s."""
HEALTH_CHECK = timedelta(minutes=5)
"""How long a promoted model is watched at least, from the issue: a 5-minute health check."""


SCRAPES_APART = timedelta(seconds=2)
"""However fast the sandbox's world is, its rules are evaluated once a second: so far apart come one outage's alerts."""


def settling(settings: Settings, seconds: float) -> timedelta:
    """A wait for alerts of the same outage: as scaled, but never shorter than they come apart."""
    return max(settings.scaled(seconds), min(timedelta(seconds=seconds), SCRAPES_APART))


@dataclass(frozen=True)
class Pace:
    """All durations of the workflows. `speed` and `decision_speed` are 1 but in the sandbox."""

    sweep: timedelta
    poll: timedelta
    observe: timedelta
    settle: timedelta
    adopt_again: timedelta
    lease: timedelta
    group_interval: timedelta
    update_limit: timedelta
    explain_limit: timedelta
    pause_limit: timedelta
    health_check: timedelta
    verification_limit: timedelta
    close_after: timedelta
    speed: float
    decision_speed: float
    heartbeat: timedelta = timedelta(seconds=5)

    @property
    def alive(self) -> timedelta:
        """How long a process counts as alive after its last sign of life."""
        return SIGNS_MISSED * self.heartbeat

    @classmethod
    def of(cls, settings: Settings) -> "Pace":
        """The pace that the settings ask for."""
        return cls(
            sweep=max(settings.scaled(2.0), timedelta(seconds=0.25)),
            poll=max(settings.scaled(settings.poll_seconds), timedelta(seconds=0.5)),
            observe=max(settings.scaled(settings.observe_seconds), timedelta(seconds=2)),
            settle=settling(settings, settings.settle_seconds),
            adopt_again=max(settings.scaled(15.0), timedelta(seconds=1)),
            # A lease is held by a process, not by the world: it does not scale.
            lease=timedelta(seconds=settings.lease_seconds),
            group_interval=settings.scaled(settings.group_interval_minutes * 60),
            update_limit=max(settings.scaled(settings.update_limit_minutes * 60), timedelta(seconds=30)),
            # Slack answers by the wall clock: it does not scale.
            explain_limit=EXPLAIN_LIMIT,
            pause_limit=max(settings.scaled(settings.update_limit_minutes * 60), timedelta(seconds=30)),
            health_check=settings.scaled(HEALTH_CHECK.total_seconds()),
            verification_limit=max(settings.scaled(settings.verification_limit_minutes * 60), timedelta(seconds=30)),
            close_after=settings.scaled(settings.close_after_hours * 3600),
            speed=settings.speed,
            decision_speed=settings.decision_speed,
            heartbeat=timedelta(seconds=settings.heartbeat_seconds),
        )
