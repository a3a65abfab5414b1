"""What a chart shows where there is no time to draw it."""

import threading
from pathlib import Path

import pytest

from bot.slack.chart import ChartSpec
from bot.slack.rendered import FilePost, Rendered
from bot.slack.shelf import StoreShelf
from tests.bot.workflows.fakes import FakePrometheus
from tests.bot.workflows.rig import shipped_rules
from tests.stores import store_at
from tests.tools.incident_store.stage import Stage
from tools.prometheus.series import AlertRule

PATIENCE_S = 0.05


async def rules() -> list[AlertRule]:
    return list(shipped_rules())


async def chart_of(folder: Path, patience_s: float) -> FilePost | Rendered | None:
    database = store_at(folder / "agentops.sqlite")
    stage = Stage(database)
    incident_id = stage.awaiting()
    look = stage.reader.file(incident_id).investigations[0]
    shelf = StoreShelf(stage.reader, FakePrometheus(), rules, owners={}, speed=1.0, drawing_patience_s=patience_s)
    try:
        return await shelf.chart(incident_id, look.id)
    finally:
        database.close()


async def test_what_fired_is_drawn(tmp_path: Path) -> None:
    assert isinstance(await chart_of(tmp_path, patience_s=60.0), FilePost)


async def test_a_picture_that_takes_too_long_is_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given_up = threading.Event()

    def slowly(spec: ChartSpec) -> bytes:
        assert given_up.wait(timeout=60), "nobody gave the picture up"
        return b""

    monkeypatch.setattr("bot.slack.shelf.render_chart", slowly)
    try:
        told = await chart_of(tmp_path, PATIENCE_S)
    finally:
        given_up.set()
    assert isinstance(told, Rendered)
    assert "could not be drawn in time" in told.text
    assert len(told.blocks) == 2, "what the picture would have shown stands there in words"
