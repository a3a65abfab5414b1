"""A real Alertmanager, configured as shipped: the bot stopped while alerts fire and resolve, then started again.

`make soak` has it away for three minutes; here it is a few seconds, at intervals as much shorter.
"""

from pathlib import Path

import pytest

from tests.fleet.away import AwayPlan, away
from tests.scenarios.rig import require
from tests.thoroughness import thorough


@thorough
@pytest.mark.timeout(420)
async def test_after_a_stop_the_bot_knows_again_what_alertmanager_knows(tmp_path: Path) -> None:
    require("prometheus-alertmanager")
    result = await away(tmp_path, AwayPlan(away_s=12, speed=300))
    assert result.faults == []
