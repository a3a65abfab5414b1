"""`POST /webhooks/drift-events`, on a real server and a real store; and the command that makes such an event."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from bot.cli import app
from tests.bot.web.site import TOKEN, Answer, Site, served
from tests.stores import store_at
from tests.tools.drift_events.test_drift_events import EVENT, REPORTS
from tools.incident_store.tables import AlertRecord

PATH = "/webhooks/drift-events"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    database = store_at(tmp_path / "agentops.sqlite")
    async with served(database) as one:
        yield one
    database.close()


async def read(site: Site, hour: int, psi: float, **changed: Any) -> Answer:
    window = {"start": f"2026-11-20T{hour - 1:02}:00:00Z", "end": f"2026-11-20T{hour:02}:00:00Z"}
    body = {**EVENT, "window": window, "psi": {"features": {"amount": psi}}, **changed}
    return await site.call("POST", PATH, json=body, headers={"Authorization": f"Bearer {TOKEN}"})


def alerts(site: Site) -> list[tuple[int, str]]:
    with site.database.read() as session:
        found = session.exec(select(AlertRecord).order_by(AlertRecord.starts_at)).all()  # pyright: ignore[reportArgumentType] a column
        return [(one.starts_at.hour, one.status) for one in found]


async def test_an_episode_begins_goes_on_and_ends_with_the_figures(site: Site) -> None:
    assert (await read(site, 6, 0.1)).json == {"received": 1, "stored": 0}
    assert (await read(site, 7, 0.4)).json == {"received": 1, "stored": 1}
    assert (await read(site, 8, 0.5)).json == {"received": 1, "stored": 0}
    assert alerts(site) == [(7, "firing")]
    assert (await read(site, 9, 0.05)).json == {"received": 1, "stored": 1}
    assert alerts(site) == [(7, "resolved")]
    await read(site, 10, 0.4)
    assert alerts(site) == [(7, "resolved"), (10, "firing")]


async def test_readings_that_come_late_change_nothing(site: Site) -> None:
    await read(site, 8, 0.4)
    await read(site, 7, 0.05)
    assert alerts(site) == [(8, "firing")]
    await read(site, 9, 0.05)
    await read(site, 9, 0.4)
    await read(site, 8, 0.4)
    assert alerts(site) == [(8, "resolved")]


async def test_an_event_without_a_token_is_refused_and_stores_nothing(site: Site) -> None:
    answer = await site.call("POST", PATH, json=EVENT)
    assert (answer.status, site.rows()) == (401, 0)
    assert await site.counted(401) == 1


@pytest.mark.parametrize(
    ("changed", "status", "field"), [({"colour": "red"}, 422, "colour"), ({"version": 2}, 400, "version")]
)
async def test_what_is_not_the_contract_is_refused_with_its_field(
    site: Site, changed: dict[str, Any], status: int, field: str
) -> None:
    answer = await read(site, 7, 0.4, **changed)
    assert (answer.status, answer.json["field"], site.rows()) == (status, field, 0)


async def test_the_document_describes_the_event(site: Site) -> None:
    document = (await site.get("/openapi.json")).json
    body = document["paths"][PATH]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/DriftEvent"}
    assert "psi" in document["components"]["schemas"]["DriftEvent"]["properties"]


def test_a_report_of_evidently_becomes_an_event_that_is_taken() -> None:
    window = ["--start", "2026-11-20T05:00:00Z", "--end", "2026-11-20T06:00:00Z"]
    report = str(REPORTS / "data_drift_psi.json")
    answer = CliRunner().invoke(app, ["drift-event", "evidently", report, "--model", "fraud-detector", *window])
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.stdout)["psi"]["features"]["amount"] > 0.25


def test_a_window_that_is_none_is_named() -> None:
    window = ["--start", "2026-11-20T07:00:00Z", "--end", "2026-11-20T06:00:00Z"]
    report = str(REPORTS / "data_drift_psi.json")
    answer = CliRunner().invoke(app, ["drift-event", "evidently", report, "--model", "m", *window])
    assert answer.exit_code == 2 and "start must be before end" in answer.stderr
