"""A headless Chromium, and the few things the tests of the page do with it."""

import os
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from selenium import webdriver
from selenium.common.exceptions import (
    ElementNotInteractableException,
    NoSuchElementException,
    StaleElementReferenceException,
)
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

T = TypeVar("T")

DEADLINE_SECONDS = 10
IGNORED = (ElementNotInteractableException, NoSuchElementException, StaleElementReferenceException)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


def require_chromium() -> tuple[str, str]:
    """The paths of Chromium and its driver.

    Skips where they are not installed, and fails instead when AGENTOPS_TEST_REQUIRE_ALL is set.
    """
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if chromium and driver:
        return chromium, driver
    reason = "needs chromium and chromedriver on the PATH"
    if os.environ.get("AGENTOPS_TEST_REQUIRE_ALL"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def open_browser(profile: Path, *, width: int = 1440, height: int = 900) -> Generator["Page", None, None]:
    """A browser with a fresh profile, closed at the end."""
    chromium, driver = require_chromium()
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome: Any = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    try:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        yield Page(chrome)
    finally:
        chrome.quit()


class Page:
    """The workspace's page, driven by its `data-testid`s."""

    def __init__(self, chrome: Any):
        self.chrome = chrome  # Any: selenium's signatures are only partly typed
        self.patience: float = DEADLINE_SECONDS

    def open(self, address: str) -> None:
        """Load the page as a person who has never been here, and wait until it has read everything."""
        origin = address.split("/?")[0]
        self.chrome.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "local_storage"})
        self.chrome.get("about:blank")  # else an address that differs in its hash alone would load nothing
        self.chrome.get(address)
        self.until(lambda: self.chrome.execute_script("return document.body?.dataset.ready === 'true'"), "page ready")

    def until(self, condition: Callable[[], T], claim: str) -> T:
        """Wait for a condition to be true; its value."""
        wait = WebDriverWait(self.chrome, self.patience, poll_frequency=0.03, ignored_exceptions=IGNORED)
        return wait.until(lambda _: condition(), claim)

    def find_all(self, testid: str, within: str = "") -> list[WebElement]:
        """The visible elements of that name."""
        found = self.chrome.find_elements(By.CSS_SELECTOR, f'{within} [data-testid="{testid}"]')
        return [element for element in found if element.is_displayed()]

    def find(self, testid: str, within: str = "") -> WebElement:
        """The first visible element of that name, waited for."""
        return self.until(lambda: self.find_all(testid, within), f"{testid} is there")[0]

    def click(self, testid: str, within: str = "") -> None:
        """Click it, as soon as it takes clicks."""
        self.until(lambda: self.find(testid, within).click() is None, f"{testid} can be clicked")

    def gone(self, testid: str) -> None:
        """Wait until nothing of that name is visible."""
        self.until(lambda: not self.find_all(testid), f"{testid} is gone")

    def text(self, testid: str) -> str:
        """What a person reads there."""
        return self.find(testid).text

    def says(self, testid: str, text: str) -> None:
        """Wait until the text is in it."""
        self.until(lambda: text in self.find(testid).text, f"{testid} says {text!r}")

    def keys(self, *keys: str) -> None:
        """Press keys where the focus is."""
        ActionChains(self.chrome).send_keys(*keys).perform()

    def chord(self, modifier: str, key: str) -> None:
        """Press a key with a modifier held."""
        ActionChains(self.chrome).key_down(modifier).send_keys(key).key_up(modifier).perform()

    def focused(self) -> str:
        """The name of the element that has the focus."""
        return str(self.run("return document.activeElement?.dataset.testid ?? ''"))

    def value(self, testid: str) -> str:
        """What is written in a field."""
        return str(self.run("return arguments[0].value", self.find(testid)))

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a script in the page."""
        return self.chrome.execute_script(script, *arguments)

    def complaints(self) -> list[str]:
        """What the browser logged as an error since last asked: refused by the policy, thrown, not found."""
        log: list[dict[str, Any]] = self.chrome.get_log("browser")
        return [str(entry["message"]) for entry in log if entry["level"] == "SEVERE"]
