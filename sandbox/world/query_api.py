"""The Prometheus HTTP API over the in-memory database: the part of it that clients of a query API use."""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from sandbox.world.promql.engine import Engine
from sandbox.world.promql.values import Point, PromqlError, Value, Window, format_value
from sandbox.world.rules import ActiveAlert, Rule, RuleEvaluation
from sandbox.world.scaling import parse_duration
from sandbox.world.tsdb import NAME, Labels, Series, TimeSeriesDatabase

_STATUS = {"bad_data": 400, "execution": 422}
Params = dict[str, list[str]]


class QueryApi:
    """Answers under a prefix what Prometheus answers under its root.

    Args:
        engine: Evaluates expressions.
        database: For label names and values.
        evaluation: For rules and alerts.
        clock: Unix seconds now.
        interval_seconds: Evaluation interval shown with rule groups.
    """

    def __init__(
        self,
        engine: Engine,
        database: TimeSeriesDatabase,
        evaluation: RuleEvaluation,
        clock: Callable[[], float],
        interval_seconds: float,
    ) -> None:
        self._engine = engine
        self._database = database
        self._evaluation = evaluation
        self._clock = clock
        self._interval = interval_seconds

    async def answer(self, path: str, request: web.Request) -> web.Response:
        """Answer a request for a path below the prefix, such as `/api/v1/query`."""
        if path in ("/-/healthy", "/-/ready"):
            return web.Response(text=f"Prometheus Server is {path[3:].capitalize()}.\n")
        params = await _params(request)
        try:
            data = self._data(path, params)
        except PromqlError as error:
            return _failure(str(error), error.kind)
        except ValueError as error:
            return _failure(str(error), "bad_data")
        if data is None:
            return web.Response(status=404, text="404 page not found\n")
        return web.json_response({"status": "success", "data": data})

    def _data(self, path: str, params: Params) -> object:
        match path.removeprefix("/api/v1/").split("/"):
            case ["query"]:
                return self._query(params)
            case ["query_range"]:
                return self._query_range(params)
            case ["series"]:
                return [dict(series.labels) for series in self._matched(params, required=True)]
            case ["labels"]:
                return sorted({name for series in self._matched(params) for name, _ in series.labels})
            case ["label", name, "values"]:
                found = {dict(series.labels).get(name) for series in self._matched(params)}
                return sorted(value for value in found if value is not None)
            case ["rules"]:
                return {"groups": self._groups()}
            case ["alerts"]:
                return {"alerts": [_alert(a) for _, alerts in self._evaluation.active() for a in alerts]}
            case ["status", "buildinfo"]:
                return {"version": "2.42.0", "revision": "sandbox", "branch": "sandbox", "goVersion": ""}
            case _:
                return None

    def _query(self, params: Params) -> dict[str, object]:
        at_ms = _time(params, "time", self._clock())
        value = self._engine.instant(_one(params, "query"), at_ms)
        return _instant_result(value, at_ms)

    def _query_range(self, params: Params) -> dict[str, object]:
        start, end = _time(params, "start", None), _time(params, "end", None)
        step_ms = round(_duration(_one(params, "step")) * 1000)
        series = self._engine.range(_one(params, "query"), start, end, step_ms)
        result = [{"metric": dict(s.labels), "values": [_pair(*sample) for sample in s.samples]} for s in series]
        return {"resultType": "matrix", "result": result}

    def _matched(self, params: Params, *, required: bool = False) -> list[Series]:
        selectors = params.get("match[]", [])
        if not selectors:
            if required:
                raise PromqlError("no match[] parameter provided")
            return self._database.all_series()
        found: dict[Labels, Series] = {}
        for selector in selectors:
            found.update({series.labels: series for series in self._engine.series(selector)})
        return list(found.values())

    def _groups(self) -> list[dict[str, object]]:
        groups: dict[str, list[dict[str, object]]] = {}
        for rule, alerts in self._evaluation.active():
            groups.setdefault(rule.group, []).append(self._rule(rule, alerts))
        return [
            {
                "name": name,
                "file": "agentops.rules.yml",
                "interval": self._interval,
                "limit": 0,
                "rules": rules,
                "evaluationTime": 0.0,
                "lastEvaluation": _rfc3339(self._evaluation.evaluated_at),
            }
            for name, rules in groups.items()
        ]

    def _rule(self, rule: Rule, alerts: list[ActiveAlert]) -> dict[str, object]:
        states = {alert.state for alert in alerts}
        state = "firing" if "firing" in states else "pending" if states else "inactive"
        return {
            "type": "alerting",
            "name": rule.alert,
            "query": rule.expr,
            "duration": rule.for_seconds,
            "labels": dict(rule.labels),
            "annotations": dict(rule.annotations),
            "alerts": [_alert(alert) for alert in alerts],
            "state": state,
            "health": "ok",
            "evaluationTime": 0.0,
            "lastEvaluation": _rfc3339(self._evaluation.evaluated_at),
        }


async def _params(request: web.Request) -> Params:
    found: Params = {}
    for name, value in request.query.items():
        found.setdefault(name, []).append(value)
    if request.method == "POST":
        for name, value in (await request.post()).items():
            if isinstance(value, str):
                found.setdefault(name, []).append(value)
    return found


def _failure(message: str, kind: str) -> web.Response:
    body = {"status": "error", "errorType": kind, "error": message}
    return web.json_response(body, status=_STATUS.get(kind, 400))


def _one(params: Params, name: str) -> str:
    return params.get(name, [""])[0]


def _time(params: Params, name: str, default: float | None) -> int:
    text = _one(params, name)
    if not text and default is not None:
        return round(default * 1000)
    try:
        return round(float(text) * 1000)
    except ValueError:
        pass
    try:
        return round(datetime.fromisoformat(text).timestamp() * 1000)
    except ValueError:
        raise PromqlError(f'invalid parameter "{name}": cannot parse "{text}" to a valid timestamp') from None


def _duration(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return parse_duration(text)
    except ValueError:
        raise PromqlError(f'invalid parameter "step": cannot parse "{text}" to a valid duration') from None


def _pair(time_ms: int, value: float) -> list[object]:
    seconds = time_ms / 1000
    return [int(seconds) if seconds.is_integer() else seconds, format_value(value)]


def _instant_result(value: Value, at_ms: int) -> dict[str, object]:
    if isinstance(value, str):
        return {"resultType": "string", "result": [at_ms / 1000, value]}
    if isinstance(value, float | int):
        return {"resultType": "scalar", "result": _pair(at_ms, float(value))}
    windows = [item for item in value if isinstance(item, Window)]
    if windows:
        matrix = [{"metric": dict(w.labels), "values": [_pair(*sample) for sample in w.samples]} for w in windows]
        return {"resultType": "matrix", "result": matrix}
    points = [item for item in value if isinstance(item, Point)]
    return {
        "resultType": "vector",
        "result": [{"metric": dict(point.labels), "value": _pair(at_ms, point.value)} for point in points],
    }


def _rfc3339(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def _alert(alert: ActiveAlert) -> dict[str, Any]:
    value = alert.value
    return {
        "labels": {name: text for name, text in alert.labels if name != NAME},
        "annotations": alert.annotations,
        "state": alert.state,
        "activeAt": _rfc3339(alert.active_at),
        "value": f"{value:e}" if math.isfinite(value) else format_value(value),
    }
