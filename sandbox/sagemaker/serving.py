"""The local SageMaker, as the metric world asks about it."""

from __future__ import annotations

from sandbox.sagemaker.server import LocalSageMaker
from sandbox.world.serving import LiveEndpoint

_SERVING_NOTHING = frozenset({"Creating", "Deleting", "Failed", "OutOfService"})


class SageMakerServing:
    """The world's `Serving`, answered by the local SageMaker.

    Args:
        sagemaker: a started and seeded one.
        models: the model behind each endpoint, by the endpoint's name.
    """

    def __init__(self, sagemaker: LocalSageMaker, models: dict[str, str]) -> None:
        self._sagemaker = sagemaker
        self._models = models

    def live(self, endpoint: str) -> LiveEndpoint | None:
        """What serves now, or None when nothing does; during an update it is the old config."""
        view = self._sagemaker.endpoint(endpoint)
        if view is None or view.status in _SERVING_NOTHING:
            return None
        return LiveEndpoint(
            config=view.config_name, status=view.status, instances=view.instances, trained_at=view.trained_at
        )

    def deploy(self, endpoint: str, config: str) -> None:
        """Put a version live as the model's own team would; the update takes its time.

        Raises:
            KeyError: no such endpoint.
            ValueError: the config's name does not end in `-v<N>`.
        """
        self._sagemaker.deploy(self._models[endpoint], int(config.rpartition("-v")[2]))
