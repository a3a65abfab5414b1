"""Slack as a whole is down: everything waits, longer each time, and one message finds out whether it is back."""

import random
from collections.abc import Callable
from dataclasses import dataclass

import structlog

log = structlog.get_logger(__name__)

FIRST_BACKOFF = 0.5
LONGEST_BACKOFF = 30.0


@dataclass
class Outage:
    """None while `failures` is 0.

    Attributes:
        monotonic: seconds.
    """

    monotonic: Callable[[], float]
    failures: int = 0
    until: float = 0.0
    probing: bool = False

    def wait(self) -> float:
        """Seconds until somebody may find out."""
        return self.until - self.monotonic()

    def is_being_probed(self) -> bool:
        """Is a message on its way that finds out?"""
        return bool(self.failures) and self.probing

    def begun(self) -> None:
        """A message goes out; in an outage it is the one that finds out."""
        self.probing = bool(self.failures)

    def ended(self) -> None:
        """The message came back, in whatever way."""
        self.probing = False

    def failed(self, error: Exception) -> None:
        """Slack did not answer, or could not be reached."""
        self.failures += 1
        self.probing = False
        backoff = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** min(self.failures - 1, 10))
        self.until = self.monotonic() + backoff * random.uniform(0.8, 1.0)  # noqa: S311 - spreads retries, no secret
        log.warning("outbox.slack_is_down", error=str(error), retry_in=round(backoff, 1), failures=self.failures)

    def over(self) -> None:
        """Slack answered."""
        if self.failures:
            log.info("outbox.slack_is_back", failures=self.failures)
        self.failures, self.until, self.probing = 0, 0.0, False
