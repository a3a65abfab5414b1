"""The local SageMaker's part of the sandbox's control API.

`GET /_sandbox/aws/changes`, `GET /_sandbox/aws/endpoints`, `POST /_sandbox/aws/plays`. Who may call them is for the
application's middleware to say. Faults are armed by the sandbox's own faults route, through `sagemaker.faults`.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from aiohttp import web

from sandbox.sagemaker.server import LocalSageMaker


def install(app: web.Application, sagemaker: LocalSageMaker) -> None:
    """Add the routes to the sandbox's application."""

    async def changes(_: web.Request) -> web.Response:
        return web.json_response({"changes": [call.as_json() for call in sagemaker.changes]})

    async def endpoints(_: web.Request) -> web.Response:
        views = [sagemaker.endpoint(name) for name in sagemaker.endpoint_names()]
        return web.json_response({"endpoints": [asdict(view) for view in views if view is not None]})

    async def plays(request: web.Request) -> web.Response:
        try:
            body: dict[str, Any] = await request.json()
            options = {str(key): str(value) for key, value in dict(body.get("options") or {}).items()}
            play = sagemaker.plays.arm(str(body["kind"]), str(body["target"]), int(body.get("count", 1)), **options)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return web.json_response({"ok": False, "error": str(error)}, status=400)
        return web.json_response({"ok": True, "play": play.as_json()})

    app.router.add_get("/_sandbox/aws/changes", changes)
    app.router.add_get("/_sandbox/aws/endpoints", endpoints)
    app.router.add_post("/_sandbox/aws/plays", plays)
