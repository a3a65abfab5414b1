"""What several packages' tests share: a real PostgreSQL, started once and only when a test asks for it."""

import gc
from collections.abc import Callable, Generator, Iterator

import pytest
from hypothesis import settings
from xdist.remote import Producer

from bot.interpreter import leave_out_what_is_loaded
from tests.distribution import ByPortion, declared_timeout, longest_first, portion_of
from tests.one_dialect import use_one_dialect
from tests.postgresql import running_postgresql
from tests.thoroughness import EXAMPLES, THOROUGH

settings.register_profile("agentops", max_examples=EXAMPLES)
settings.load_profile("agentops")
use_one_dialect()


@pytest.fixture(scope="session")
def new_postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """Makes a new database in a real PostgreSQL, a copy of the one named ("template1" is empty); answers its URL."""
    with running_postgresql(tmp_path_factory.mktemp("pg")) as make:
        yield make


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for garbage among what tests make only: the million objects of all modules and tests stay to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        leave_out_what_is_loaded()
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave what is marked `thorough` to the run that asks for it, unless it was named; begin with what lasts long."""
    named = any("::" in argument for argument in config.args)
    if not THOROUGH and not named:
        left = [item for item in items if item.get_closest_marker("thorough") is not None]
        items[:] = [item for item in items if item.get_closest_marker("thorough") is None]
        config.hook.pytest_deselected(items=left)
    rank = longest_first((item.nodeid, declared_timeout(item)) for item in items)
    items.sort(key=lambda item: rank[portion_of(item.nodeid)])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByPortion | None:
    """Portions instead of files, where files were asked for."""
    return ByPortion(config, log) if config.getoption("dist") == "loadfile" else None
