"""One demo and one browser for the whole folder."""

from collections.abc import Iterator

import pytest

from tests.browser.demo import Demo, demo_running
from tests.sandbox.page.browser import Page, open_browser, require_chromium


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    require_chromium()
    with demo_running(tmp_path_factory.mktemp("demo")) as started:
        yield started


@pytest.fixture(scope="session")
def browser(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with open_browser(tmp_path_factory.mktemp("chromium")) as page:
        page.patience = 90
        yield page


@pytest.fixture
def page(browser: Page, demo: Demo) -> Iterator[Page]:
    """The printed address, opened by somebody who has never been here; the browser must not complain."""
    demo.calm()
    browser.open(demo.address)
    browser.complaints()
    yield browser
    assert browser.complaints() == []
