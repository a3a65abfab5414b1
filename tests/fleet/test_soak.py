"""kill -9 at random instants of a storm: the short form of what `make soak` does a hundred times on each database.

A run can be repeated with the seed that its failure names.
"""

import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fleet.soak import SoakPlan, soak
from tests.thoroughness import thorough

SPEED = 240.0

# Every run kills at chosen instants: tests/scenarios/test_decisions.py, tests/bot/workflows/test_dispatcher.py.
pytestmark = [pytest.mark.timeout(420), thorough]


def plan(*, replicas: int = 1) -> SoakPlan:
    """Four kills."""
    return SoakPlan(
        kills=3,
        first=1,
        seed=secrets.randbelow(1_000_000),
        models=3,
        alerts=30,
        replicas=replicas,
        speed=SPEED,
        life_s=3,
        settle_s=240,
    )


async def played(folder: Path, chosen: SoakPlan, database_url: str = "") -> None:
    """Nothing lost, nothing doubled, and what can be changed was changed once."""
    result = await soak(folder, chosen, database_url=database_url)
    account = result.account
    assert result.faults == [], f"seed {chosen.seed}"
    assert account.acknowledged == account.stored == chosen.alerts
    assert account.incidents == chosen.models
    assert account.changing_calls >= 1
    assert len(result.kills) == chosen.kills + chosen.first


async def test_nothing_is_lost_or_doubled_when_the_bot_is_killed_at_random_instants(tmp_path: Path) -> None:
    await played(tmp_path, plan())


async def test_nothing_is_lost_or_doubled_when_one_of_two_replicas_is_killed(
    tmp_path: Path, new_postgresql: Callable[[str], str]
) -> None:
    await played(tmp_path, plan(replicas=2), new_postgresql("template1"))
