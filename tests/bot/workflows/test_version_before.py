"""A deploy carries on what the version before began: its rows, and the engine's workflows that were under way."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable
from pathlib import Path

import pytest

from incidents.incident import IncidentState
from tests.bot.workflows.rig import Rig
from tests.bot.workflows.version_before import REVISION
from tests.incidents.builders import START, alert, findings, later, rollback
from tests.thoroughness import DATABASES
from tests.tools.incident_store.stage import Stage
from tools.incident_store.database import Database
from tools.incident_store.migrate import NEWEST, migrate

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(params=DATABASES)
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str, str]:
    """Of the bot's database, of the engine's, and of one of today."""
    today = f"sqlite:///{tmp_path / 'today.sqlite'}"
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'agentops.sqlite'}", f"sqlite:///{tmp_path / 'engine.sqlite'}", today
    make: Callable[[str], str] = request.getfixturevalue("new_postgresql")
    url = make("template1")
    return url, url, today


async def test_what_the_version_before_was_in_the_middle_of_is_carried_on(
    make_rig: Callable[..., Rig], urls: tuple[str, str, str]
) -> None:
    url, engine_url, today_url = urls
    today = Database(today_url)
    migrate(today)
    stage = Stage(today)
    begun = stage.open(at=START)
    (view,) = stage.reader.file(begun).investigations
    assert stage.writer.investigations.begin(view.id, START)
    waiting = stage.open(alert("FeatureNullRateHigh", fingerprint="a2", labels={"model": "churn-predictor"}), at=START)
    today.close()
    assert REVISION != NEWEST

    command = (sys.executable, "-m", "tests.bot.workflows.version_before", url, engine_url, today_url, view.id)
    before = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=PIPE)
    assert before.stdout is not None
    assert await asyncio.wait_for(before.stdout.readline(), 60) == b"in the middle\n"
    before.kill()
    await before.wait()

    rig = make_rig(url, engine_url, owner="bot-1")
    rig.investigator.answer = findings(rollback())
    rig.clock.at = later(minutes=1)
    await rig.idle()
    await rig.look()
    assert rig.stage.reader.investigation(view.id).state == "done"
    assert rig.incident_state(begun) is IncidentState.AWAITING_DECISION
    (other,) = rig.stage.reader.file(waiting).investigations
    assert other.state == "done"
    assert rig.stage.told(begun)[-1] == "proposed"
