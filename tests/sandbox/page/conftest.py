"""One browser and one workspace for all tests of the page; each test starts on a freshly loaded page."""

from collections.abc import Iterator

import pytest

from tests.sandbox.page.browser import Page, open_browser
from tests.sandbox.page.stage import Stage


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with open_browser(tmp_path_factory.mktemp("chromium")) as page:
        yield page


@pytest.fixture(scope="session")
def shared_stage() -> Iterator[Stage]:
    stage = Stage()
    stage.start()
    yield stage
    stage.stop()


@pytest.fixture
def stage(shared_stage: Stage) -> Stage:
    shared_stage.clear()
    return shared_stage


@pytest.fixture
def page(browser: Page, stage: Stage) -> Iterator[Page]:
    """The page of the on-call approver, in an empty workspace; the browser must have nothing to complain about."""
    browser.open(stage.address)
    browser.complaints()
    yield browser
    assert browser.complaints() == []
