"""`make screenshots`: the README's pictures, taken of the running demo, light and dark."""

import io
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image

from tests.browser.demo import Demo, demo_running
from tests.sandbox.page.browser import Page, open_browser

IMAGES = Path(__file__).parents[2] / "docs" / "images"
WIDTH, HEIGHT, SCALE = 1440, 900, 1.5
MOST_BYTES = 400_000
AT_REST = """
return document.getAnimations().every((one) => one.effect.getTiming().iterations === Infinity);
"""
"""Whether only what never ends is still moving."""


def main() -> None:
    """Play a bad deployment as a newcomer would, and take a picture at each turn."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        with demo_running(place / "demo", speed=60.0, real_prometheus=True) as demo, open_browser(place) as page:
            metrics = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": SCALE, "mobile": False}
            page.chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
            page.patience = 60
            _play(page, demo)


def _play(page: Page, demo: Demo) -> None:
    page.open(demo.address)
    page.click("scenarios-open")
    page.find("scenario-bad_deployment")
    take(page, "scenarios")
    page.click("scenario-bad_deployment")
    open_thread(page)
    page.find("action-proposal_approve")
    _settled(page)
    into_view(page, demo, "progress")
    take(page, "investigation")
    into_view(page, demo, "diagnosis")
    take(page, "diagnosis")
    into_view(page, demo, "proposal")
    take(page, "proposal")
    page.click("app-home")
    page.says("app-home-view", "roll back to product-recommender-v23")
    take(page, "home")
    page.click("channel-CINCIDENTS")
    open_thread(page)
    page.click("action-proposal_approve")
    page.find("confirm-dialog")
    take(page, "confirm")
    page.click("confirm-ok")
    page.says("channel-messages", "recovered after")
    _settled(page)
    into_view(page, demo, "proposal")
    take(page, "approved")
    into_view(page, demo, "report")
    take(page, "report")


def open_thread(page: Page) -> None:
    """Open the newest incident's thread, as soon as there is one."""
    found: list[Any] = page.until(
        lambda: page.chrome.find_elements("css selector", '[data-testid^="open-thread-"]'), "the incident's thread"
    )
    page.click(str(found[-1].get_attribute("data-testid")))
    page.find("thread-pane")


def _settled(page: Page) -> None:
    """Nothing was posted for two looks."""
    before = [""]

    def still() -> bool:
        now = page.text("thread-pane")
        same, before[0] = now == before[0], now
        return same

    page.until(still, "the thread has come to rest")


def into_view(page: Page, demo: Demo, kind: str) -> None:
    """Scroll the thread to the newest incident's message of that kind."""
    # To the end first: what was not seen yet is announced by a button over the messages.
    page.run("document.querySelector('[data-testid=thread-messages]').scrollTop = 1e6")
    page.gone("thread-messages-new")
    message = page.find(f"message-{demo.kind(kind)['ts']}", within='[data-testid="thread-messages"]')
    page.run("arguments[0].scrollIntoView({block: 'start'})", message)


def take(page: Page, name: str) -> None:
    """One picture in each look."""
    for theme in ("light", "dark"):
        page.run("document.documentElement.dataset.theme = arguments[0]", theme)
        page.until(lambda: page.run(AT_REST), "colours have changed over")
        picture = Image.open(io.BytesIO(page.chrome.get_screenshot_as_png())).convert("RGB")
        # 256 colours are enough for a page of text and a third of the size; an octree keeps the rare, strong ones.
        small = picture.quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        file = IMAGES / f"{name}-{theme}.png"
        small.save(file, optimize=True)
        size = file.stat().st_size
        print(f"{file.name}: {size // 1000} kB")
        if size > MOST_BYTES:
            raise SystemExit(f"{file.name} has {size:,} bytes, more than {MOST_BYTES:,}")


if __name__ == "__main__":
    main()
