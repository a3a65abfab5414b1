"""One sandbox and one bot for all stories that a worker tells; each begins in a calm world."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from tests.scenarios.rig import Rig, rig_in

LEAVES_OTHER_SETTINGS = Path(__file__).parent / "test_decisions.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Last what leaves the shared bot with other settings: after it, the next file would have to start it anew."""
    items.sort(key=lambda item: item.path == LEAVES_OTHER_SETTINGS)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage() -> AsyncGenerator[AsyncExitStack]:
    """Ends the shared rig, when closed or at the end."""
    async with AsyncExitStack() as closing:
        yield closing


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_rig(stage: AsyncExitStack, tmp_path_factory: pytest.TempPathFactory) -> Rig:
    return await stage.enter_async_context(rig_in(tmp_path_factory.mktemp("rig")))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def rig(request: pytest.FixtureRequest, stage: AsyncExitStack, shared_rig: Rig) -> AsyncGenerator[Rig]:
    """As usual at the beginning of each file; ended with the last file, since its world would go on ticking."""
    await shared_rig.as_usual()
    yield shared_rig
    told = [item for item in request.session.items if "shared_rig" in getattr(item, "fixturenames", ())]
    if told[-1].path == request.path:
        await stage.aclose()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def own_rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Rig]:
    """A world of its own, for stories of retraining.

    A minute here is four hours: what other stories did to a model would stand in the window of its diagnosis,
    and a change in that window speaks against retraining.
    """
    async with rig_in(tmp_path_factory.mktemp("own")) as rig:
        yield rig
