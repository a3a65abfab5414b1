"""The daily note over the sandbox's Prometheus API."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import select

from bot.workflows.daily_note import LATE, DailyNotes
from bot.workflows.ports import Deps
from bot.workflows.watch import Watch
from incidents.daily_note import DailyNote
from tests.sandbox.world.test_watch import INTERVAL, deps_of, prometheus_of, stage, watched
from tests.tools.incident_store.stage import Stage
from tools.incident_store.daily_note_table import DailyNoteRecord
from tools.prometheus.client import PrometheusClient

Rig = Any
__all__ = ["stage"]


def notes(stage: Stage) -> list[DailyNote]:
    with stage.database.read() as session:
        return [DailyNote.model_validate(row.facts) for row in session.exec(select(DailyNoteRecord)).all()]


def only(model: str, deps: Deps) -> Deps:
    kept = {model: deps.catalogue.models[model]}
    return replace(deps, catalogue=deps.catalogue.model_copy(update={"models": kept}))


def hour_of(rig: Rig) -> time:
    return datetime.fromtimestamp(rig.now, UTC).time()


async def test_a_healthy_day_ends_in_nothing_needed_because(
    make_rig: Callable[..., Rig], stage: Stage, tmp_path: Path
) -> None:
    rig = make_rig(past=200.0)
    rig.run(5)
    async with prometheus_of(rig) as client:
        deps = only("churn-predictor", deps_of(rig, stage, client, tmp_path))
        daily = DailyNotes(deps, hour_of(rig))
        assert (await daily.step(), await daily.step()) == (1, 0)
        (note,) = notes(stage)
        assert {one.model for one in note.models} == set(deps.catalogue.models)
        assert all(one.nothing_needed for one in note.models)
        assert all(signal.worst is not None for one in note.models for signal in one.signals)


async def test_what_is_open_and_what_is_past_its_bound_is_said(
    make_rig: Callable[..., Rig], stage: Stage, tmp_path: Path
) -> None:
    rig = make_rig(past=200.0)
    rig.stage.start("bad_deployment")
    async with prometheus_of(rig) as client:
        deps = deps_of(rig, stage, client, tmp_path)
        await watched(Watch(deps, INTERVAL), rig, 2, 10)
        stage.writer.grouping.group(deps.clock())
        await DailyNotes(only("product-recommender", deps), hour_of(rig)).step()
        (note,) = notes(stage)
        (hurt,) = [one for one in note.models if not one.nothing_needed]
        assert (hurt.model, hurt.incident) == ("product-recommender", "INC-1")
        assert "latency_p99" in {signal.signal for signal in hurt.past_now}


async def test_where_prometheus_is_away_everything_is_said_to_be_unknown(
    make_rig: Callable[..., Rig], stage: Stage, tmp_path: Path
) -> None:
    rig = make_rig()
    away = PrometheusClient("http://127.0.0.1:9", timeout_s=0.5)
    deps = deps_of(rig, stage, away, tmp_path)
    await DailyNotes(deps, hour_of(rig)).step()
    (note,) = notes(stage)
    assert not any(one.nothing_needed for one in note.models)
    assert all(len(one.unknown) + len(one.waiting) == len(one.signals) for one in note.models)


async def test_it_is_told_at_its_hour_and_not_long_after(
    make_rig: Callable[..., Rig], stage: Stage, tmp_path: Path
) -> None:
    rig = make_rig()
    deps = deps_of(rig, stage, PrometheusClient("http://127.0.0.1:9", timeout_s=0.5), tmp_path)
    now = deps.clock().replace(hour=12, minute=0, second=0, microsecond=0)

    async def told_at(moment: datetime) -> int:
        return await DailyNotes(replace(deps, clock=lambda: moment), time(12, 0)).step()

    assert await told_at(now - timedelta(seconds=1)) == 0
    assert await told_at(now + LATE) == 0
    assert await told_at(now + LATE - timedelta(seconds=1)) == 1
    assert await told_at(now + timedelta(days=1)) == 1
