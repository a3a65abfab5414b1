"""Bad deployments of a fleet: what is deployed in SageMaker decides what the metrics show."""

import asyncio
import time
from typing import Any

from aiohttp import web

from sandbox.sagemaker.server import LocalSageMaker

BAD_VERSION = 3
AGO_S = 6.0
"""How long ago a bad version was put live: it is in service when the alert comes, and the trouble is seen after it."""
SHOWS_AFTER_S = 2.0
LOOKED_AFRESH_S = 0.1
"""How long what an endpoint serves is remembered: a range has hundreds of samples, each of which asks."""


class Deployments:
    """Which models serve a bad version, since when and until when. Called from one event loop."""

    def __init__(self, sagemaker: LocalSageMaker) -> None:
        """Nothing is broken yet."""
        self._sagemaker = sagemaker
        self._before: dict[str, str] = {}
        self._begun: dict[str, float] = {}
        self._ended: dict[str, float] = {}
        self._looked: dict[str, float] = {}

    def config(self, model: str, at: float) -> str:
        """The endpoint config that served at a moment (unix seconds)."""
        begun = self._begun.get(model)
        if begun is None or at < begun:
            return self._before.get(model) or self._now(model)
        self._look(model)
        return f"{model}-v{BAD_VERSION}" if at < self._ended.get(model, float("inf")) else self._now(model)

    def _now(self, model: str) -> str:
        view = self._sagemaker.endpoint(f"{model}-prod")
        return view.config_name if view is not None else ""

    def trouble(self, model: str, at: float) -> bool:
        """Whether the slowest answers of a model took too long at a moment (unix seconds)."""
        begun = self._begun.get(model)
        if begun is None or at < begun:
            return False
        self._look(model)
        return at < self._ended.get(model, float("inf"))

    def _look(self, model: str) -> None:
        now = time.monotonic()
        if model in self._ended or now < self._looked.get(model, 0.0) + LOOKED_AFRESH_S:
            return
        self._looked[model] = now
        if not self._now(model).endswith(f"-v{BAD_VERSION}"):
            self._ended[model] = time.time()

    async def serve_break(self, request: web.Request) -> web.Response:
        """POST {"models": [...]}: put a bad version of each live; each once."""
        asked: dict[str, Any] = await request.json()
        await asyncio.to_thread(self._break, [model for model in asked["models"] if model not in self._begun])
        return web.json_response({"ok": True})

    def _break(self, models: list[str]) -> None:
        for model in models:
            started = time.time() - AGO_S
            self._before[model] = self._now(model)
            self._sagemaker.deploy(model, BAD_VERSION, started=started)
            self._begun[model] = started + SHOWS_AFTER_S
