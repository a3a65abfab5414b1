"""The local SageMaker as a part of the sandbox, and as what the world asks."""

import asyncio
from collections.abc import Iterable
from typing import Any

from aiohttp import web

from sandbox.parts import UnknownFault
from sandbox.sagemaker import control
from sandbox.sagemaker.catalogue import default_models
from sandbox.sagemaker.server import LocalSageMaker
from sandbox.world.capture_log import CaptureLog
from sandbox.world.datasets import ModelData
from sandbox.world.profiles import ModelProfile
from sandbox.world.serving import LiveEndpoint, Share


class SageMakerServing:
    """Answers the world's question from the local SageMaker."""

    def __init__(self, sagemaker: LocalSageMaker) -> None:
        self._sagemaker = sagemaker

    def live(self, endpoint: str) -> LiveEndpoint | None:
        """The config in service; nothing serves while an endpoint is created, deleted or failed."""
        view = self._sagemaker.endpoint(endpoint)
        if view is None or view.status in ("Creating", "Deleting", "Failed"):
            return None
        shares = tuple(
            Share(one.model, one.share, one.trained_at)
            if one.defect is None
            else Share(one.model, one.share, one.trained_at, one.defect.latency, one.defect.errors)
            for one in view.traffic
        )
        return LiveEndpoint(view.config_name, view.status, view.instances, view.trained_at, shares)

    def deploy(self, endpoint: str, config: str) -> None:
        """Deploy `<model>-v<N>` as the model's own team would; the update takes its minutes."""
        model, _, version = config.rpartition("-v")
        self._sagemaker.deploy(model, int(version))


class SageMakerPart:
    """Runs moto and its layer in a thread, seeded with the models of the world.

    Args:
        sagemaker: What is run.
        profiles: The models to put in place.
        data: Writes each model's data into its bucket.
        captured: Writes captured requests when they are looked for.
        port: 0 takes a free one.
    """

    name = "aws"

    def __init__(
        self,
        sagemaker: LocalSageMaker,
        profiles: Iterable[ModelProfile],
        data: dict[str, ModelData],
        captured: CaptureLog,
        port: int = 0,
    ) -> None:
        self.sagemaker = sagemaker
        self._profiles = tuple(profiles)
        self._data = data
        self._captured = captured
        self._port = port

    def install(self, app: web.Application, token: str) -> None:
        """Add the control routes; the AWS APIs have a port of their own."""
        control.install(app, self.sagemaker)

    async def start(self, base_url: str) -> None:
        """Start moto and put the models in place."""
        await asyncio.to_thread(self._start)

    async def stop(self) -> None:
        """Stop moto."""
        await asyncio.to_thread(self.sagemaker.stop)

    def reset(self) -> None:
        """The seeded models as new, with their past data."""
        self.sagemaker.reset()
        self._captured.reset()
        self._write_past()

    def ready_fields(self) -> dict[str, str | None]:
        """Where the AWS APIs are."""
        return {"aws_url": self.sagemaker.url}

    def state_fields(self) -> dict[str, Any]:
        """Nothing beyond its own routes."""
        return {}

    def add_fault(self, kind: str, count: int | None, seconds: float | None, match: str | None) -> None:
        """Start a fault of the AWS APIs."""
        try:
            self.sagemaker.faults.add(kind, count=count, seconds=seconds, match=match)
        except ValueError as error:
            raise UnknownFault(str(error)) from error

    def clear_faults(self) -> None:
        """End all faults, and disarm what was armed for later changes."""
        self.sagemaker.faults.clear()
        self.sagemaker.plays.clear()

    def faults(self) -> list[dict[str, Any]]:
        """The faults at work now."""
        return self.sagemaker.faults.active()

    def _start(self) -> None:
        self.sagemaker.before_listing(self._captured.looked_for)
        self.sagemaker.start(self._port)
        self.sagemaker.seed(default_models(self._profiles))
        self._write_past()

    def _write_past(self) -> None:
        now = self.sagemaker.clock.now()
        for data in self._data.values():
            data.write_past(self.sagemaker.objects, now)
