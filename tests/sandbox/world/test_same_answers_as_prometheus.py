"""The built-in query API against a real Prometheus on the same samples."""

import asyncio
import itertools
import math
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer

from sandbox.world.configs import write_scaled
from sandbox.world.front import PrometheusFront
from sandbox.world.real import RealMonitoring, find_programs, openmetrics
from sandbox.world.scaling import Scale
from tests.thoroughness import thorough

pytestmark = thorough

MANIFESTS = Path(__file__).parents[3] / "manifests"
SCALE = Scale(60.0)
Answer = dict[str, Any]


def rule_expressions() -> list[str]:
    document = yaml.safe_load((MANIFESTS / "prometheus" / "agentops.rules.yml").read_text())
    found = [rule["expr"] for group in document["groups"] for rule in group["rules"]]
    values = [expression.rsplit(" ", 2)[0] for expression in found]
    return [text for expression in [*found, *values] for text in (expression, SCALE.expression(expression))]


def catalogue_queries() -> list[str]:
    models = yaml.safe_load((MANIFESTS / "models.yaml").read_text())["models"]
    found: list[str] = []
    for name, model in models.items():
        names = {"$model": name, "$env": model["environment"], "$endpoint": model["endpoint"]["name"]}
        for signal in model["signals"].values():
            query = str(signal["query"])
            for placeholder, text in names.items():
                query = query.replace(placeholder, text)
            found += [query, SCALE.expression(query)]
    return found


def generated() -> list[str]:
    gauges = ["ml_feature_psi", 'ml_feature_psi{feature=~"a.*|c.*"}', 'ml_model_accuracy{model!="fraud-detector"}']
    counters = ["ml_inference_requests_total", "ml_inference_latency_seconds_count"]
    ranges = ["[5s]", "[7s]", "[30s]", "[1m]", "[30s] offset 11s"]
    found = [f"{f}({c}{r})" for f in ("rate", "increase", "irate", "resets") for c in counters for r in ranges]
    over = ["avg", "sum", "min", "max", "count", "last", "stddev", "stdvar", "present"]
    found += [f"{f}_over_time({g}{r})" for f, g, r in itertools.product(over, gauges, ranges[1:4])]
    found += [f"{f}({g}[30s])" for f in ("delta", "deriv", "changes", "idelta") for g in gauges]
    aggregations = ["sum", "avg", "min", "max", "count", "stddev", "stdvar", "group"]
    groups = ["", " by (model)", " without (feature, instance)", " by (nothing)"]
    found += [f"{a}{g} (ml_feature_psi)" for a in aggregations for g in groups]
    found += [f"topk{g} (2, ml_feature_psi)" for g in ("", " by (model)")]
    found += ["bottomk(2, ml_feature_psi)", "quantile by (model) (0.4, ml_feature_psi)"]
    found += ['count_values("instances", ml_endpoint_instances)']
    buckets = "ml_inference_latency_seconds_bucket"
    found += [
        f"histogram_quantile({q}, sum by (le{extra}) (rate({buckets}[{r}])))"
        for q in ("0.5", "0.9", "0.99", "1", "0", "-1", "2")
        for extra in ("", ", model")
        for r in ("5s", "30s")
    ]
    found += [f"histogram_quantile(0.9, {buckets})"]
    operators = ["+", "-", "*", "/", "%", "^", ">", "<", ">=", "<=", "==", "!="]
    found += [f"ml_feature_psi {op} 0.005" for op in operators]
    found += [f"0.005 {op} ml_feature_psi" for op in operators]
    found += [f"ml_feature_psi {op} bool 0.005" for op in operators[6:]]
    found += [f"2 {op} 3" for op in operators[:6]] + [
        "2 > bool 3",
        "-ml_feature_psi",
        "-(3)",
        "1 / 0",
        "-1 / 0",
        "0 / 0",
    ]
    found += [f"ml_model_accuracy {op} on (model, env) ml_model_f1" for op in operators]
    found += [f"ml_model_accuracy {op} ml_model_f1" for op in ("/", ">", "> bool")]
    left = "ml_feature_psi"
    right = "ml_feature_psi_aggregate"
    found += [f"{left} {op} on (model) group_left {right}" for op in ("/", "-", ">", "< bool")]
    found += [
        f"{right} / on (model) group_right {left}",
        f"{left} * on (model) group_left (config) ml_endpoint_config_info",
        f"{left} / ignoring (feature) group_left () {right}",
        "ml_model_accuracy and on (model) (ml_model_f1 > 0.85)",
        "ml_model_accuracy or ml_model_f1",
        "ml_model_accuracy unless on (model) ml_model_f1 > 0.85",
        "ml_model_accuracy or on (model) vector(1)",
    ]
    found += [
        "absent(nothing)",
        'absent(nothing{a="b",c=~"d",e!="f"})',
        "absent(ml_model_f1)",
        "absent(sum(nothing))",
        'absent_over_time(nothing{a="b"}[1m])',
        "abs(ml_feature_psi - 0.01)",
        "ceil(ml_input_volume_ratio * 10)",
        "floor(ml_input_volume_ratio * 10)",
        "round(ml_input_volume_ratio * 10)",
        "round(ml_input_volume_ratio, 0.05)",
        "clamp(ml_feature_psi, 0.003, 0.006)",
        "clamp_min(ml_feature_psi, 0.005)",
        "clamp_max(ml_feature_psi, 0.005)",
        "sqrt(ml_feature_psi - 0.005)",
        "ln(ml_feature_psi)",
        "log2(ml_feature_psi)",
        "log10(ml_feature_psi * 0)",
        "exp(ml_feature_psi)",
        "sgn(ml_feature_psi - 0.005)",
        "scalar(sum(ml_feature_psi))",
        "scalar(ml_feature_psi)",
        "vector(3)",
        "time()",
        "timestamp(ml_model_f1)",
        "timestamp(ml_model_f1 offset 3s)",
        "sort_desc(ml_model_f1)",
        'label_replace(ml_model_f1, "short", "$1", "model", "([a-z]+)-.*")',
        "quantile_over_time(0.3, ml_feature_psi[30s])",
        "max_over_time(rate(ml_inference_requests_total[10s])[30s:5s])",
        "avg_over_time((ml_model_f1 > 0.8)[30s:7s] offset 3s)",
        "sum_over_time(ml_model_f1[30s:])",
        "ml_model_f1 @ end()",
        "sum(ml_model_f1 @ start()) by (model)",
        "ml_model_f1 offset -2s",
        'ml_model_f1{env=""}',
        '{__name__=~"ml_model_(f1|auc)"}',
        "up",
        '"text"',
        "42",
        "ml_model_f1[4s]",
    ]
    return found


BAD = [
    "rate(ml_model_f1)",
    "sum(",
    "nonsense_function(ml_model_f1)",
    "ml_feature_psi / on (model) ml_feature_psi_aggregate",
    "ml_feature_psi * on (env) ml_model_f1",
    "",
]


@dataclass
class Pair:
    """The two servers and the last time both know."""

    real: str
    built_in: str
    end: float
    session: aiohttp.ClientSession

    async def ask(self, path: str, **params: str) -> tuple[Answer, Answer]:
        return await self._get(self.real + path, params), await self._get(self.built_in + path, params)

    async def _get(self, url: str, params: dict[str, str]) -> Answer:
        async with self.session.get(url, params=params) as answer:
            return {"code": answer.status, **await answer.json()}


@pytest.fixture
async def pair(make_rig: Callable[..., Any], tmp_path: Path) -> AsyncIterator[Pair]:
    programs = find_programs()
    assert programs is not None, "prometheus, promtool and alertmanager must be installed"
    rig = make_rig(past=150.0)
    rig.stage.start("feature_drift")
    scaled = write_scaled(MANIFESTS, tmp_path / "real", SCALE)
    real = RealMonitoring(programs, scaled, SCALE, "http://sandbox.example/prometheus")
    await real.seed(openmetrics(rig.monitoring.database))
    await real.start("127.0.0.1:1", "http://127.0.0.1:1/", "token")
    try:
        async with aiohttp.ClientSession() as session:
            front = PrometheusFront(rig.monitoring.api, session)
            app = web.Application()
            app.router.add_route("*", "/prometheus/{tail:.*}", front.answer)
            async with TestServer(app) as server:
                yield Pair(real.prometheus_url, str(server.make_url("/prometheus")), rig.now - 1.0, session)
    finally:
        await real.stop()


def close(left: str, right: str) -> bool:
    a, b = float(left), float(right)
    return (math.isnan(a) and math.isnan(b)) or a == b or math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-13)


def canonical(answer: Answer) -> list[tuple[Any, ...]]:
    data = answer["data"]
    if data["resultType"] in ("scalar", "string"):
        return [((), [data["result"]])]
    rows = [(sorted(r["metric"].items()), r.get("values") or [r["value"]]) for r in data["result"]]
    return sorted(rows, key=lambda row: row[0])


def difference(real: Answer, built_in: Answer) -> str:
    """Empty when both say the same."""
    if real["status"] != built_in["status"]:
        return f"{real} / {built_in}"
    if real["data"]["resultType"] != built_in["data"]["resultType"]:
        return f"{real['data']['resultType']} / {built_in['data']['resultType']}"
    theirs, ours = canonical(real), canonical(built_in)
    if [row[0] for row in theirs] != [row[0] for row in ours]:
        return f"series {[row[0] for row in theirs]} / {[row[0] for row in ours]}"
    for (labels, want), (_, got) in zip(theirs, ours, strict=True):
        if [pair[0] for pair in want] != [pair[0] for pair in got]:
            return f"times of {labels}: {want} / {got}"
        for wanted, given in zip(want, got, strict=True):
            same = wanted[1] == given[1] if real["data"]["resultType"] == "string" else close(wanted[1], given[1])
            if not same:
                return f"{labels}: {wanted} / {given}"
    return ""


async def test_instant_answers_are_the_same(pair: Pair):
    queries = [*rule_expressions(), *catalogue_queries(), *generated()]
    assert len(queries) > 250
    wrong: list[str] = []
    for query, back in itertools.product(queries, (0.0, 13.4)):
        answers = await pair.ask("/api/v1/query", query=query, time=f"{pair.end - back:.3f}")
        found = difference(*answers)
        if found:
            wrong.append(f"{query} @ -{back}: {found}")
    assert not wrong, "\n".join(wrong[:10])


async def test_range_answers_are_the_same(pair: Pair):
    scalar_or_vector = [q for q in generated() if q not in ('"text"', "ml_model_f1[4s]")]
    queries = [*rule_expressions(), *catalogue_queries(), *scalar_or_vector]
    wrong: list[str] = []
    for query in queries:
        answers = await pair.ask(
            "/api/v1/query_range", query=query, start=f"{pair.end - 47.3:.3f}", end=f"{pair.end:.3f}", step="3.5"
        )
        found = difference(*answers)
        if found:
            wrong.append(f"{query}: {found}")
    assert not wrong, "\n".join(wrong[:10])


@pytest.mark.parametrize("query", BAD)
async def test_errors_have_the_same_shape(pair: Pair, query: str):
    real, built_in = await pair.ask("/api/v1/query", query=query, time=str(pair.end))
    for answer in (real, built_in):
        answer["error"] = bool(answer["error"])
    assert built_in == real


@pytest.mark.parametrize(
    "params",
    [
        {"step": "0", "start": "0", "end": "1"},
        {"step": "1", "start": "10", "end": "1"},
        {"step": "1", "start": "0", "end": "11002"},
        {"step": "x", "start": "0", "end": "1"},
        {"step": "1", "start": "yesterday", "end": "1"},
    ],
    ids=["no step", "end before start", "too many points", "step is no duration", "start is no time"],
)
async def test_wrong_ranges_are_refused_alike(pair: Pair, params: dict[str, str]):
    real, built_in = await pair.ask("/api/v1/query_range", query="up", **params)
    assert (built_in["code"], built_in["errorType"]) == (real["code"], real["errorType"])


async def test_series_and_labels_are_the_same(pair: Pair):
    window = {"start": str(pair.end - 100), "end": str(pair.end)}
    real, built_in = await pair.ask("/api/v1/label/model/values", **window)
    assert built_in["data"] == real["data"] == ["churn-predictor", "fraud-detector", "product-recommender"]
    real, built_in = await pair.ask("/api/v1/labels", **window)
    assert built_in["data"] == real["data"]
    real, built_in = await pair.ask("/api/v1/series", **window, **{"match[]": 'ml_feature_psi{model="fraud-detector"}'})
    assert sorted(built_in["data"], key=str) == sorted(real["data"], key=str)


async def test_rules_have_the_same_shape(pair: Pair):
    real, built_in = await pair.ask("/api/v1/rules")
    names = ("name", "query", "duration", "labels", "annotations", "type")
    ours, theirs = (
        {
            group["name"]: [{name: rule[name] for name in names} for rule in group["rules"]]
            for group in answer["data"]["groups"]
        }
        for answer in (built_in, real)
    )
    assert {key: [r["name"] for r in rules] for key, rules in ours.items()} == {
        key: [r["name"] for r in rules] for key, rules in theirs.items()
    }
    for group, rules in theirs.items():
        for rule, mine in zip(rules, ours[group], strict=True):
            assert {**mine, "query": "".join(mine["query"].split())} == {
                **rule,
                "query": "".join(rule["query"].split()),
            }
    assert set(real["data"]["groups"][0]) <= set(built_in["data"]["groups"][0])
    assert set(real["data"]["groups"][0]["rules"][0]) - {"keepFiringFor"} <= set(
        built_in["data"]["groups"][0]["rules"][0]
    )


async def test_concurrent_queries_are_answered(pair: Pair):
    answers = await asyncio.gather(*(pair.ask("/api/v1/query", query="up") for _ in range(20)))
    assert all(built_in["status"] == "success" for _, built_in in answers)
