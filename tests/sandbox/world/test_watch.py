"""The watch over the sandbox's Prometheus API: it says what Prometheus' rules would say, through the same intake."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from sqlmodel import select

from bot.workflows.ports import Deps
from bot.workflows.watch import LEASE, Watch
from sandbox.scenario import load_scenarios
from tests.bot.workflows.fakes import World
from tests.bot.workflows.rig import PACE, deps_over
from tests.sandbox.world.test_scenarios import meant
from tests.stores import store_at
from tests.thoroughness import thorough
from tests.tools.incident_store.stage import Stage
from tools.incident_store.tables import AlertRecord, IncidentRecord
from tools.manifests.load import load_catalogue
from tools.prometheus.client import PrometheusClient

Rig = Any
SPEED = 60.0
INTERVAL = timedelta(seconds=1)
OTHERS = ("feature_drift", "upstream_nulls")


@pytest.fixture
def stage(tmp_path: Path) -> Any:
    database = store_at(tmp_path / "agentops.sqlite")
    yield Stage(database)
    database.close()


@asynccontextmanager
async def prometheus_of(rig: Rig) -> AsyncGenerator[PrometheusClient]:
    """The sandbox's query API on a port of its own."""

    async def answer(request: web.Request) -> web.Response:
        return await rig.monitoring.api.answer(request.path, request)

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    client = PrometheusClient(f"http://127.0.0.1:{runner.addresses[0][1]}", timeout_s=8.0)
    try:
        yield client
    finally:
        client.close()
        await runner.cleanup()


def deps_of(rig: Rig, stage: Stage, client: PrometheusClient, folder: Path, owner: str = "agentops-0") -> Deps:
    def clock() -> datetime:
        return datetime.fromtimestamp(rig.now, UTC)

    deps = deps_over(stage, World(clock), clock, pace=replace(PACE, speed=SPEED), owner=owner)
    (models,) = folder.rglob("models.yaml")
    return replace(deps, catalogue=load_catalogue(models), prometheus=client)


def open_alerts(stage: Stage) -> set[tuple[str, str, str | None]]:
    with stage.database.read() as session:
        rows = session.exec(select(AlertRecord)).all()
    labels = [row.labels for row in rows if row.status == "firing"]
    return {(one["alertname"], one["severity"], one.get("feature")) for one in labels}


def incidents(stage: Stage) -> list[str]:
    with stage.database.read() as session:
        return [row.model for row in session.exec(select(IncidentRecord)).all()]


async def watched(watch: Watch, rig: Rig, rounds: int, seconds: int = 5) -> None:
    for _ in range(rounds):
        rig.run(seconds)
        assert await watch.step()


@pytest.mark.parametrize("name", ["bad_deployment", *(pytest.param(n, marks=thorough) for n in OTHERS)])
async def test_it_raises_what_the_rules_of_prometheus_raise_and_ends_it_when_all_is_well(
    make_rig: Callable[..., Rig], stage: Stage, tmp_path: Path, name: str
) -> None:
    rig = make_rig()
    rig.run(5)
    async with prometheus_of(rig) as client:
        deps = deps_of(rig, stage, client, tmp_path)
        watch = Watch(deps, INTERVAL)
        await watched(watch, rig, 1)
        assert open_alerts(stage) == set()
        scenario = load_scenarios()[name]
        rig.stage.start(name)
        await watched(watch, rig, 4, 15)
        assert open_alerts(stage) == meant(scenario)
        stage.writer.grouping.group(deps.clock())
        assert incidents(stage) == [scenario.model]
        assert deps.metrics.value("agentops_watch_series", standing="past") >= len(meant(scenario))
        rig.stage.reset()
        await watched(watch, rig, 3, 13)
        assert open_alerts(stage) == set()


async def test_where_prometheus_is_away_nothing_begins_nothing_ends_and_it_is_said(
    make_rig: Callable[..., Rig], stage: Stage, tmp_path: Path
) -> None:
    rig = make_rig()
    rig.stage.start("bad_deployment")
    async with prometheus_of(rig) as client:
        deps = deps_of(rig, stage, client, tmp_path)
        watch = Watch(deps, INTERVAL)
        await watched(watch, rig, 2, 10)
        before = open_alerts(stage)
        assert before
    away = replace(deps, prometheus=PrometheusClient("http://127.0.0.1:9", timeout_s=0.5))
    await watched(Watch(away, INTERVAL), rig, 1)
    assert open_alerts(stage) == before
    signals = sum(len(model.signals) for model in deps.catalogue.models.values())
    assert away.metrics.value("agentops_watch_series", standing="unknown") == signals
    assert away.metrics.value("agentops_watch_series", standing="inside") == 0


async def test_one_replica_watches_and_another_goes_on_when_its_lease_is_over(
    make_rig: Callable[..., Rig], stage: Stage, tmp_path: Path
) -> None:
    rig = make_rig()
    rig.stage.start("bad_deployment")
    async with prometheus_of(rig) as client:
        first, second = (Watch(deps_of(rig, stage, client, tmp_path, f"agentops-{n}"), INTERVAL) for n in (0, 1))
        await watched(first, rig, 2, 10)
        found = open_alerts(stage)
        assert found and not await second.step()
        rig.run(round(PACE.alive.total_seconds()) + 1)
        assert await second.step()
        assert not await first.step()
        assert open_alerts(stage) == found, "no second episode of what is open"


class Paused(PrometheusClient):
    """Another replica takes the lease while this one waits for an answer."""

    def __init__(self, url: str, meanwhile: Callable[[], None]) -> None:
        super().__init__(url)
        self._meanwhile = meanwhile

    async def query_range(self, *given: Any, **named: Any) -> Any:
        found = await super().query_range(*given, **named)
        await asyncio.to_thread(self._meanwhile)
        return found


async def test_a_replica_that_lost_its_lease_in_a_round_stores_nothing(
    make_rig: Callable[..., Rig], stage: Stage, tmp_path: Path
) -> None:
    rig = make_rig()
    rig.stage.start("bad_deployment")
    rig.run(20)
    async with prometheus_of(rig) as client:
        deps = deps_of(rig, stage, client, tmp_path)

        def meanwhile() -> None:
            late = deps.clock() + PACE.alive + timedelta(seconds=1)
            stage.writer.leases.take(LEASE, "agentops-1", late, timedelta(hours=1))

        slow = Paused(client.url, meanwhile)
        assert not await Watch(replace(deps, prometheus=slow), INTERVAL).step()
        assert open_alerts(stage) == set()
        slow.close()
