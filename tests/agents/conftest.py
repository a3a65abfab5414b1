"""No test reaches a language model on the network: only the offline rules and the local Messages API."""

import socket
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import pytest
from aiohttp import web

from agents.llm_config import LlmConfig
from sandbox.llm.api import LocalMessagesApi, install
from tests.agents.scenarios import SCENARIOS
from tests.thoroughness import thorough

FAULTS_TOLD = (
    ("rate_limited", "asked to slow down (429)"),
    ("overloaded", "was overloaded (529)"),
    ("cut_stream", "could not be reached, or the answer broke off"),
    ("down", "could not be reached, or the answer broke off"),
)
"""Faults of the local API, and how the thread tells each, whatever the provider."""

FEW: Sequence[object] = [
    pytest.param(name, marks=[] if name in ("bad_deployment", "upstream_nulls") else thorough) for name in SCENARIOS
]
"""For parameters: a trouble of serving and one of the data; in the thorough run every scenario."""


@dataclass
class Server:
    """The local Messages API, listening."""

    api: LocalMessagesApi
    url: str

    def config(self, **changes: object) -> LlmConfig:
        return LlmConfig.model_validate(
            {"api_key": "test-key", "base_url": self.url, "longest_retry_wait_s": 0, **changes}
        )


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    app = web.Application(client_max_size=32_000_000)
    api = LocalMessagesApi()
    install(app, api)
    runner = web.AppRunner(app)
    await runner.setup()
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    await web.SockSite(runner, listener).start()
    yield Server(api, f"http://127.0.0.1:{listener.getsockname()[1]}/llm")
    await runner.cleanup()
