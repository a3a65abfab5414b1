"""One sandbox and one bot for all stories that a worker tells; each begins in a calm world."""

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from tests.scenarios.rig import Rig, rig_in


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Rig]:
    async with rig_in(tmp_path_factory.mktemp("rig")) as rig:
        yield rig


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def rig(shared_rig: Rig) -> AsyncGenerator[Rig]:
    """As usual at the beginning of each file."""
    await shared_rig.as_usual()
    yield shared_rig


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def own_rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Rig]:
    """A world of its own, for stories of retraining.

    A minute here is four hours: what other stories did to a model would stand in the window of its diagnosis,
    and a change in that window speaks against retraining.
    """
    async with rig_in(tmp_path_factory.mktemp("own")) as rig:
        yield rig
