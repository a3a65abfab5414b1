"""The control routes that speak of the whole sandbox: state, scenarios, the world, faults, reset."""

from collections.abc import Callable, Sequence
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sandbox.parts import Part, UnknownFault
from sandbox.stage import ScenarioRefused, Stage
from sandbox.world.world import World

_REFUSALS = {"unknown_scenario": 404, "scenario_running": 409, "endpoint_busy": 409}


class FaultBody(BaseModel):
    """The body of `POST /_sandbox/faults/{part}`."""

    model_config = ConfigDict(extra="forbid")

    kind: str
    count: int | None = Field(None, ge=1)
    seconds: float | None = Field(None, gt=0)
    match: str | None = None


class ControlRoutes:
    """Handlers below `/_sandbox/`; the guard in front of them checks Host and token.

    Args:
        parts: The stand-ins.
        stage: Scenarios.
        world: What they happen to.
        speed: Shown in the state.
        is_ready: Whether everything has started.
        changed: Tells the page that the world changed.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        stage: Stage,
        world: World,
        speed: float,
        is_ready: Callable[[], bool],
        changed: Callable[[], None],
    ) -> None:
        self._parts = {part.name: part for part in parts}
        self._stage = stage
        self._world = world
        self._speed = speed
        self._is_ready = is_ready
        self._changed = changed

    def install(self, app: web.Application) -> None:
        """Add the routes. A part's own route for its faults, added before, goes first."""
        router = app.router
        router.add_get("/_sandbox/state", self._state)
        router.add_get("/_sandbox/scenarios", self._scenarios)
        router.add_post("/_sandbox/scenarios/{name}", self._start_scenario)
        router.add_post("/_sandbox/reset", self._reset)
        router.add_get("/_sandbox/world", self._show_world)
        router.add_get("/_sandbox/faults", self._list_faults)
        router.add_delete("/_sandbox/faults", self._clear_faults)
        router.add_post("/_sandbox/faults/{part}", self._add_fault)

    async def _state(self, _: web.Request) -> web.Response:
        running = self._stage.running()
        state: dict[str, Any] = {
            "ready": self._is_ready(),
            "speed": self._speed,
            "scenario": running[-1]["name"] if running else None,
            "scenarios": running,
        }
        for part in self._parts.values():
            state |= part.state_fields()
        return web.json_response(state)

    async def _scenarios(self, _: web.Request) -> web.Response:
        return web.json_response({"scenarios": self._stage.listed(), "running": self._stage.running()})

    async def _start_scenario(self, request: web.Request) -> web.Response:
        try:
            run = self._stage.start(request.match_info["name"])
        except ScenarioRefused as refusal:
            return _refuse(refusal.word, str(refusal), _REFUSALS[refusal.word])
        self._changed()
        self._stage.write_data(run)
        scenario = {"name": run.scenario.name, "model": run.scenario.model, "started_at": run.started_at}
        return web.json_response({"ok": True, "scenario": scenario})

    async def _reset(self, _: web.Request) -> web.Response:
        self._stage.reset()
        for part in self._parts.values():
            part.clear_faults()
            part.reset()
        self._changed()
        return web.json_response({"ok": True})

    async def _show_world(self, _: web.Request) -> web.Response:
        models = self._world.describe()
        return web.json_response({"models": models, "scenarios": self._stage.running(), "now": self._world.now})

    async def _list_faults(self, _: web.Request) -> web.Response:
        return web.json_response({name: part.faults() for name, part in self._parts.items()})

    async def _clear_faults(self, _: web.Request) -> web.Response:
        for part in self._parts.values():
            part.clear_faults()
        return web.json_response({"ok": True})

    async def _add_fault(self, request: web.Request) -> web.Response:
        part = self._parts.get(request.match_info["part"])
        if part is None:
            return _refuse("unknown_part", f"faults are for {', '.join(sorted(self._parts))}", 404)
        try:
            fault = FaultBody.model_validate_json(await request.read())
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(step) for step in first["loc"])
            return _refuse("invalid_json", f"{place}: {first['msg']}".removeprefix(": "), 400)
        try:
            part.add_fault(fault.kind, fault.count, fault.seconds, fault.match)
        except UnknownFault as error:
            return _refuse("unknown_fault", str(error), 400)
        return web.json_response({"ok": True})


def _refuse(error: str, message: str, status: int) -> web.Response:
    return web.json_response({"ok": False, "error": error, "message": message}, status=status)
