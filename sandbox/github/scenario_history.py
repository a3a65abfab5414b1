"""What a scenario's team merged and released before it, in the clock of the world."""

from datetime import UTC, datetime, timedelta

from sandbox.github.part import GitHubPart
from sandbox.scenario import Scenario


class ScenarioHistory:
    """Writes into the local GitHub; `speed` is production seconds per wall second."""

    def __init__(self, github: GitHubPart, speed: float) -> None:
        self._github = github
        self._speed = speed

    def tell(self, scenario: Scenario, started_at: float) -> None:
        """Commits and releases of the scenario's model, as long before its start as it says."""
        repository = f"example-ml/{scenario.model}"
        for commit in scenario.commits:
            self._github.merge(repository, commit.message, self._before(started_at, commit.minutes))
        for release in scenario.releases:
            self._github.release(repository, release.tag, release.name, self._before(started_at, release.minutes))

    def _before(self, started_at: float, minutes: float) -> datetime:
        return datetime.fromtimestamp(started_at, UTC) - timedelta(minutes=minutes) / self._speed
