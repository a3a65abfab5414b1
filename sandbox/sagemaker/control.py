"""The local SageMaker's part of the sandbox's control API, below `/_sandbox/aws/`.

Who may call it is for the application's middleware to say. It acts as somebody other than the bot: the model's own
team, an administrator. Faults are armed by the sandbox's own faults route, through `sagemaker.faults`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sandbox.sagemaker.errors import ApiError
from sandbox.sagemaker.server import LocalSageMaker


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


B = TypeVar("B", bound=_Body)


class PlayBody(_Body):
    """`POST plays`: how a later change of a target ends."""

    kind: str
    target: str
    count: int = 1
    options: dict[str, str | float] = {}


class AlarmBody(_Body):
    """`POST alarms`: hold an alarm in a state; without a name, let all follow their metrics again."""

    name: str | None = None
    state: str | None = None


class DeployBody(_Body):
    """`POST deploy`: put a version live as the model's own team would."""

    model: str
    version: int | None = Field(None, ge=1)
    instance_type: str | None = None
    instance_count: int | None = Field(None, ge=1)
    share: float | None = Field(None, gt=0, lt=1)


class AutoscalingBody(_Body):
    """`POST autoscaling`: make a variant a scalable target; with `most` 0 it no longer is one."""

    endpoint: str
    variant: str = "AllTraffic"
    least: int = Field(1, ge=0)
    most: int = Field(8, ge=0)


class QuotaBody(_Body):
    """`POST quotas`: limit the instances of a type; null lifts the limit."""

    instance_type: str
    instances: int | None = Field(None, ge=0)


class AwsRoutes:
    """The handlers."""

    def __init__(self, sagemaker: LocalSageMaker) -> None:
        self._sagemaker = sagemaker

    async def changes(self, _: web.Request) -> web.Response:
        """Every changing call that came in."""
        return web.json_response({"changes": [call.as_json() for call in self._sagemaker.changes]})

    async def endpoints(self, _: web.Request) -> web.Response:
        """The endpoints as they stand."""
        views = [self._sagemaker.endpoint(name) for name in self._sagemaker.endpoint_names()]
        return web.json_response({"endpoints": [asdict(view) for view in views if view is not None]})

    async def alarms(self, _: web.Request) -> web.Response:
        """The CloudWatch alarms and their states."""
        return web.json_response({"alarms": self._sagemaker.alarms})

    async def arm_play(self, request: web.Request) -> web.Response:
        """Arm a play."""

        def run(body: PlayBody) -> dict[str, Any]:
            options = {key: str(value) for key, value in body.options.items()}
            return {"play": self._sagemaker.plays.arm(body.kind, body.target, body.count, **options).as_json()}

        return await _answered(request, PlayBody, run)

    async def set_alarm(self, request: web.Request) -> web.Response:
        """Pin an alarm, or release all."""

        def run(body: AlarmBody) -> dict[str, Any]:
            if body.name is None or body.state is None:
                self._sagemaker.release_alarms()
            else:
                self._sagemaker.pin_alarm(body.name, body.state)
            return {"alarms": self._sagemaker.alarms}

        return await _answered(request, AlarmBody, run)

    async def deploy(self, request: web.Request) -> web.Response:
        """Deploy from outside."""

        def run(body: DeployBody) -> dict[str, Any]:
            try:
                config = self._sagemaker.deploy(
                    body.model,
                    body.version,
                    instance_type=body.instance_type,
                    instance_count=body.instance_count,
                    share=body.share,
                )
            except KeyError as error:
                raise ValueError(f"no model {body.model!r}") from error
            return {"config": config}

        return await _answered(request, DeployBody, run)

    async def set_autoscaled(self, request: web.Request) -> web.Response:
        """Make a variant autoscaled, or not."""

        def run(body: AutoscalingBody) -> dict[str, Any]:
            self._sagemaker.set_autoscaled(body.endpoint, body.variant, least=body.least, most=body.most)
            return {}

        return await _answered(request, AutoscalingBody, run)

    async def set_quota(self, request: web.Request) -> web.Response:
        """Limit instances."""

        def run(body: QuotaBody) -> dict[str, Any]:
            self._sagemaker.set_quota(body.instance_type, body.instances)
            return {}

        return await _answered(request, QuotaBody, run)

    async def delete_config(self, request: web.Request) -> web.Response:
        """Delete an endpoint config, as somebody who tidies up would."""
        try:
            self._sagemaker.delete_config(request.match_info["name"])
        except ApiError as error:
            return _refusal(str(error))
        return web.json_response({"ok": True})


def install(app: web.Application, sagemaker: LocalSageMaker) -> None:
    """Add the routes to the sandbox's application."""
    routes, router = AwsRoutes(sagemaker), app.router
    router.add_get("/_sandbox/aws/changes", routes.changes)
    router.add_get("/_sandbox/aws/endpoints", routes.endpoints)
    router.add_get("/_sandbox/aws/alarms", routes.alarms)
    router.add_post("/_sandbox/aws/alarms", routes.set_alarm)
    router.add_post("/_sandbox/aws/plays", routes.arm_play)
    router.add_post("/_sandbox/aws/deploy", routes.deploy)
    router.add_post("/_sandbox/aws/autoscaling", routes.set_autoscaled)
    router.add_post("/_sandbox/aws/quotas", routes.set_quota)
    router.add_delete("/_sandbox/aws/configs/{name}", routes.delete_config)


async def _answered(request: web.Request, kind: type[B], run: Callable[[B], dict[str, Any]]) -> web.Response:
    try:
        body = kind.model_validate_json(await request.read())
        return web.json_response({"ok": True, **run(body)})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"])
        return _refusal(f"{place}: {first['msg']}".removeprefix(": "))
    except (ValueError, ApiError) as error:
        return _refusal(str(error))


def _refusal(message: str) -> web.Response:
    return web.json_response({"ok": False, "error": message}, status=400)
