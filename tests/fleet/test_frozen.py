"""A replica that stands still past its lease, here for 45 s; `make soak` takes a minute and more models."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fleet.frozen import FrozenPlan, frozen
from tests.thoroughness import thorough


@thorough
@pytest.mark.timeout(420)
async def test_a_replica_that_wakes_up_late_doubles_no_change_that_another_took_over(
    tmp_path: Path, new_postgresql: Callable[[str], str]
) -> None:
    result = await frozen(tmp_path, FrozenPlan(models=6, frozen_s=45), database_url=new_postgresql("template1"))
    assert result.held_changes
    assert result.faults == []
