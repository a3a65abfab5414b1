"""`agentops diagnose --model` beside a running bot: it reads the same world, and says the same."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from bot.processes import bot_environment, inherited
from tests.scenarios.played import played
from tests.scenarios.rig import Rig
from tests.thoroughness import thorough

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300), thorough]


async def test_the_command_line_finds_what_the_thread_tells_and_writes_nothing(rig: Rig, tmp_path: Path) -> None:
    story = await played(rig, "bad_deployment", "deny")
    changed = await rig.changes()
    settings = bot_environment(rig.options, rig.sandbox, rig.webhook)
    nowhere = tmp_path / "nowhere"
    environment = {
        **inherited(),
        **{name: value for name, value in settings.items() if not name.startswith("SLACK_")},
        "AGENTOPS_DATA_DIR": str(nowhere),
        "AGENTOPS_DATABASE_URL": f"sqlite:///{nowhere}/agentops.sqlite",
    }
    command = Path(sys.executable).parent / "agentops"
    ran = await asyncio.create_subprocess_exec(
        command,
        *("diagnose", "--model", "product-recommender", "--json"),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, problems = await ran.communicate()
    assert (ran.returncode, problems) == (0, b"")
    answer = json.loads(out)
    assert {"EndpointLatencyP99High", "EndpointErrorRateHigh"} & {one["name"] for one in answer["alerts"]}
    assert answer["diagnosis"]["root_cause"] == story.told["diagnosis"]["class"] == "bad_deployment"
    assert answer["diagnosis"]["culprit"]["name"] == story.told["diagnosis"]["culprit"]["name"]
    (step,) = [one for one in answer["plan"]["steps"] if one["remediation"]["kind"] == "RollbackEndpoint"]
    assert step["before_after"][0] == {
        "what": "Endpoint config",
        "before": "product-recommender-v24",
        "after": "product-recommender-v23",
    }
    assert step["not_proposed"] == [] and any("InService" in one for one in step["checked"])
    assert await rig.changes() == changed
    assert not nowhere.exists()
    await rig.calm()
