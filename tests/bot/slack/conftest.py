"""A local Slack on a free port, new for each test."""

from collections.abc import AsyncIterator

import pytest

from sandbox.slack.delivery import Timing
from sandbox.slack.server import SlackServer
from sandbox.slack.workspace import Workspace
from tests.bot.slack.office import Office, opened


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    workspace = Workspace.standard(timing=Timing(ack_seconds=3.0, retry_delays=(0.0,)))
    server = SlackServer(workspace)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def office(slack: SlackServer) -> AsyncIterator[Office]:
    async with opened(slack) as open_office:
        yield open_office
