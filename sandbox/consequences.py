"""What follows between SageMaker and the world beyond serving: alarms and logs follow metrics, features pipelines."""

from sandbox.sagemaker.alarms import alarms_for
from sandbox.sagemaker.server import LocalSageMaker
from sandbox.world.serving_log import lines_of
from sandbox.world.world import World

SEEN_WITHIN_SECONDS = 3.0
"""A window that starts this much (wall clock) after the first nulls still counts as starting with them: between the
first null and the first scrape that shows it lie two ticks and a scrape, and no one can know an earlier moment."""


class Consequences:
    """Looked at after each tick of the world.

    Args:
        world: Has the metrics.
        sagemaker: Has the alarms and the pipelines.
    """

    def __init__(self, world: World, sagemaker: LocalSageMaker) -> None:
        self._world = world
        self._sagemaker = sagemaker
        self._errors: dict[str, int] = {}

    def follow(self) -> None:
        """Bring alarms, logs and features up to date."""
        for name, state in self._world.models.items():
            errors, latency = alarms_for(name, state.profile.endpoint)
            self._sagemaker.measure_alarm(errors.name, state.recent.error_share)
            self._sagemaker.measure_alarm(latency.name, state.recent.p99_seconds)
            failed = state.errors - self._errors.get(name, state.errors)
            self._errors[name] = state.errors
            self._sagemaker.log(state.profile.endpoint, lines_of(state, self._world.now, failed), self._world.now)
            broken_since = self._world.nulls_since(name)
            if broken_since is not None and self._refilled(state.profile.data_pipeline, broken_since):
                self._world.refill(name)

    def _refilled(self, pipeline: str, broken_since: float) -> bool:
        """Whether a run of the data pipeline that began after the break has filled everything since the break."""
        windows = self._sagemaker.refilled_since(pipeline, broken_since)
        return any(begin <= broken_since + SEEN_WITHIN_SECONDS for begin in windows)
