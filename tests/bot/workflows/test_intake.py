"""Alerts get their place one portion after the other, and what is graver comes between two of them."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

from bot.workflows.intake import Placing
from tests.bot.workflows.rig import Rig
from tests.incidents.builders import START
from tests.tools.incident_store.test_storms import many_models, of
from tools.incident_store.unplaced import Portion
from tools.incident_store.writer.store import StoreWriter, open_writer


class Interrupted:
    """The store's grouping; a critical alert of the first tier comes right after the first portion was placed."""

    def __init__(self, writer: StoreWriter) -> None:
        self._writer = writer
        self.waiting, self.is_overtaken = writer.grouping.waiting, writer.grouping.is_overtaken
        self.placed: list[list[str]] = []

    def place(self, portion: Portion, now: datetime) -> list[str]:
        touched = self._writer.grouping.place(portion, now)
        if not self.placed:
            self._writer.intake.store([of(0, "critical", "last")], now)
        self.placed.append(touched)
        return touched


async def test_a_critical_alert_of_the_first_tier_is_placed_next_however_many_wait(rig: Rig) -> None:
    writer = open_writer(rig.stage.database, many_models(), settle=timedelta(0), new_id=rig.stage.new_id)
    writer.intake.store([of(n % 99 + 1, "critical", fingerprint=f"f{n}") for n in range(990)], START)
    grouping = Interrupted(writer)
    await Placing(replace(rig.deps, writer=replace(writer, grouping=cast("Any", grouping)))).place()
    models = [[rig.stage.incident(id).model for id in touched] for touched in grouping.placed]
    assert "m0" not in models[0] and "m0" in models[1]
    assert {model for portion in models for model in portion} == {f"m{n}" for n in range(100)}
