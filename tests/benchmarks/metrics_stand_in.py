"""A Prometheus that answers at once: healthy series for every model, but a p99 that is too high while there is trouble.

It stands in for a real one so that the bot is measured and not the query engine. It does not read PromQL: the metric's
name and the matchers for model, endpoint and feature are all it looks at.
"""

import re
import time
from collections.abc import Callable
from typing import Any

from aiohttp import web

FEATURES = ("amount", "country", "device_age_days")
ROSE_BEFORE_S = 600.0
_LEVELS: tuple[tuple[str, float], ...] = (
    ("ml_feature_psi_aggregate", 0.05),
    ("ml_feature_psi", 0.03),
    ("ml_prediction_psi", 0.03),
    ("ml_model_", 0.004),
    ("ml_inference_latency_seconds", 0.21),
    ("ml_inference_errors_total", 0.002),
    ("ml_inference_throttled_total", 0.0),
    ("ml_inference_requests_total", 40.0),
    ("ml_anomaly_ratio", 0.01),
    ("ml_feature_null_ratio", 0.004),
    ("ml_schema_violation_ratio", 0.003),
    ("ml_input_volume_ratio", 1.0),
    ("ml_endpoint_cpu", 0.41),
    ("ml_endpoint_memory", 0.5),
    ("ml_endpoint_instances", 2.0),
    ("ml_endpoint_config_info", 1.0),
)
_MATCHER = re.compile(r'(model|endpoint|feature)="([^"]+)"')


class MetricsStandIn:
    """The routes of Prometheus's query API. `models`: those a query without a model is answered for."""

    def __init__(
        self,
        models: list[str],
        *,
        trouble: Callable[[str, float], bool] | None = None,
        config: Callable[[str, float], str] = lambda model, at: f"{model}-v2",
    ) -> None:
        """`trouble`: whether a model's latency is high at a moment; unless given, since `ROSE_BEFORE_S` before now.

        `config`: the endpoint config that a model's series name at a moment.
        """
        rose_at = time.time() - ROSE_BEFORE_S

        def rose(_: str, at: float) -> bool:
            return at >= rose_at

        self._models = models
        self._trouble = trouble or rose
        self._config = config

    def install(self, app: web.Application) -> None:
        """Add the routes."""
        for method in ("GET", "POST"):
            app.router.add_route(method, "/api/v1/query", self._query)
            app.router.add_route(method, "/api/v1/query_range", self._query_range)
        app.router.add_get("/api/v1/rules", self._rules)

    async def _query(self, request: web.Request) -> web.Response:
        asked = await _asked(request)
        at = float(asked.get("time") or time.time())
        found = [
            {"metric": labels, "value": [at, self._value(asked["query"], labels, at)]}
            for labels in self._labels(asked["query"], at)
        ]
        return web.json_response({"status": "success", "data": {"resultType": "vector", "result": found}})

    async def _query_range(self, request: web.Request) -> web.Response:
        asked = await _asked(request)
        start, end, step = (float(asked[name]) for name in ("start", "end", "step"))
        moments = [start + step * number for number in range(int((end - start) / step) + 1)]
        found = [
            {"metric": labels, "values": [[at, self._value(asked["query"], labels, at)] for at in held]}
            for labels, held in self._held(asked["query"], moments)
        ]
        return web.json_response({"status": "success", "data": {"resultType": "matrix", "result": found}})

    async def _rules(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "success", "data": {"groups": []}})

    def _held(self, query: str, moments: list[float]) -> list[tuple[dict[str, str], list[float]]]:
        """Each series with the moments at which it has a sample: of a model's configs one at a time."""
        if "ml_endpoint_config_info" not in query:
            return [(labels, moments) for labels in self._labels(query, moments[-1])]
        held: dict[tuple[str, ...], tuple[dict[str, str], list[float]]] = {}
        for at in moments:
            for labels in self._labels(query, at):
                held.setdefault(tuple(labels.values()), (labels, []))[1].append(at)
        return list(held.values())

    def _labels(self, query: str, at: float) -> list[dict[str, str]]:
        said = dict(_MATCHER.findall(query))
        model = said.get("model") or said.get("endpoint", "").removesuffix("-prod")
        found = [
            {"model": one, "env": "prod", "endpoint": f"{one}-prod"} for one in ([model] if model else self._models)
        ]
        if "ml_endpoint_config_info" in query:
            return [labels | {"config": self._config(labels["model"], at)} for labels in found]
        if "ml_feature_psi{" in query or "ml_feature_null_ratio" in query:
            features = [said["feature"]] if "feature" in said else FEATURES
            return [labels | {"feature": feature} for labels in found for feature in features]
        return found

    def _value(self, query: str, labels: dict[str, str], at: float) -> str:
        level = next((level for name, level in _LEVELS if name in query), 1.0)
        if "ml_inference_latency_seconds" in query and self._trouble(labels["model"], at):
            level *= 12
        wobble = 1.0 if "config_info" in query or "instances" in query else 1.0 + 0.01 * (int(at) // 60 % 3 - 1)
        return f"{level * wobble:.6g}"


async def _asked(request: web.Request) -> dict[str, Any]:
    return {**request.query, **{key: str(value) for key, value in (await request.post()).items()}}
