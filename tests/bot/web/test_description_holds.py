"""What the bot's own OpenAPI document says is so: Schemathesis makes the calls, a real server answers them."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis import checks as faults
from schemathesis.specs.openapi import checks as vendors_checks

from bot.web import asgi_app, described
from tests.bot.web.site import TOKEN, Site, deps_for, served
from tests.thoroughness import THOROUGH
from tools.incident_store.database import Database

# Not among them: that all is refused which the document does not allow. Texts are cleaned before they are measured.
FAULTS: Any = faults
SAID: Any = vendors_checks
CHECKS = [
    FAULTS.not_a_server_error,
    SAID.status_code_conformance,
    SAID.content_type_conformance,
    SAID.response_headers_conformance,
    SAID.response_schema_conformance,
]
OPERATIONS = {
    "GET /healthz",
    "GET /metrics",
    "GET /readyz",
    "GET /runbooks/{file}",
    "POST /webhooks/alertmanager",
    "POST /webhooks/drift-events",
}
WHATEVER_IT_TAKES = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
LIMIT_S = 30.0
EXAMPLES = 100 if THOROUGH else 15
"""Of each operation."""


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, empty: bytes) -> Iterator[Site]:
    """The application in a thread of its own: Schemathesis' calls wait for their answers."""
    path = tmp_path_factory.mktemp("live") / "agentops.sqlite"
    path.write_bytes(empty)
    database = Database(f"sqlite:///{path}")
    ready, sites, stops = threading.Event(), list[Site](), list[Callable[[], None]]()

    async def serve() -> None:
        stopping, loop = asyncio.Event(), asyncio.get_running_loop()
        async with served(database) as site:
            sites.append(site)
            stops.append(lambda: loop.call_soon_threadsafe(stopping.set) and None)
            ready.set()
            await stopping.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(LIMIT_S)
    yield sites[0]
    stops[0]()
    thread.join(LIMIT_S)
    database.close()


@pytest.fixture(scope="module")
def description(live: Site) -> Any:
    return schemathesis.openapi.from_dict(described(asgi_app(deps_for(live.database, []))))


def operation(description: Any, label: str) -> Any:
    method, path = label.split()
    return description[path][method]


def checked(of: Any, look: Callable[[Any], None], examples: int) -> None:
    """Call `look` with so many calls of an operation, as its description would have them, and otherwise."""
    strategy: st.SearchStrategy[Any] = st.one_of([of.as_strategy(generation_mode=mode) for mode in GenerationMode])

    @settings(max_examples=examples, deadline=None, phases=[Phase.generate], suppress_health_check=WHATEVER_IT_TAKES)
    @given(case=strategy)
    def calls(case: Any) -> None:
        look(case)

    calls()


def test_every_operation_is_called(description: Any) -> None:
    assert {found.ok().label for found in description.get_all_operations()} == OPERATIONS


@pytest.mark.parametrize("label", sorted(OPERATIONS))
def test_every_answer_is_one_that_is_described(description: Any, live: Site, label: str) -> None:
    def look(case: Any) -> None:
        before = live.rows()
        response = case.call(base_url=live.url, headers={"Authorization": f"Bearer {TOKEN}"})
        case.validate_response(response, checks=CHECKS)
        if response.status_code != 200:
            assert live.rows() == before

    checked(operation(description, label), look, EXAMPLES)


@pytest.mark.parametrize("label", sorted(OPERATIONS - {"GET /healthz", "GET /readyz"}))
def test_strangers_are_refused_as_described_and_nothing_is_stored(description: Any, live: Site, label: str) -> None:
    def look(case: Any) -> None:
        before = live.rows()
        response = case.call(
            base_url=live.url, headers={"Authorization": "Bearer nothing", "X-Forwarded-For": "203.0.113.9"}
        )
        if response.status_code == 404:  # a page has a name, of one line
            name = unquote(case.path_parameters["file"])
            assert not name or "\n" in name
            return
        assert response.status_code in {401, 403}
        case.validate_response(response, checks=CHECKS)
        assert live.rows() == before

    checked(operation(description, label), look, 5)
