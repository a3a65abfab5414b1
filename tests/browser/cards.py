"""`make cards`: a picture of every message the bot can post, decided and undecided, to be looked at before a release.

Could a tired engineer approve the wrong thing? No test answers that; a person who looks at these does.
"""

import argparse
import io
import tempfile
from pathlib import Path

from PIL import Image

from tests.bot.slack.every_kind import messages
from tests.sandbox.page.browser import Page, open_browser
from tests.sandbox.page.stage import Stage

FOLDER = Path("bench-results/cards")
WIDTH, HEIGHT, SCALE = 1200, 3600, 1.25


def main() -> None:
    """Post every message into a channel of its own sandbox, one after the other, and take its picture."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.cards", description="A picture of every message.")
    parser.add_argument("--into", type=Path, default=FOLDER, help=f"the folder ({FOLDER})")
    parser.add_argument("--only", default="", help="only messages whose name holds this")
    parser.add_argument("--theme", choices=["light", "dark"], default="light")
    options = parser.parse_args()
    folder: Path = options.into
    folder.mkdir(parents=True, exist_ok=True)
    stage = Stage()
    stage.start()
    with tempfile.TemporaryDirectory() as profile, open_browser(Path(profile)) as page:
        metrics = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": SCALE, "mobile": False}
        page.chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        page.open(stage.address)
        page.run("document.documentElement.dataset.theme = arguments[0]", options.theme)
        for name, content in messages():
            # A chart's picture would have to be uploaded first; the README's pictures show one.
            has_file = any("slack_file" in block for block in content.blocks)
            if options.only in name and not has_file:
                _take(stage, page, folder / f"{name.replace(' ', '-')}.png", content.text, content.blocks)
    stage.stop()


def _take(stage: Stage, page: Page, file: Path, text: str, blocks: list[dict[str, object]]) -> None:
    stage.clear()
    ts = stage.post(blocks, text=text)
    message = page.find(f"message-{ts}")
    page.run("arguments[0].scrollIntoView({block: 'start'})", message)
    picture = Image.open(io.BytesIO(message.screenshot_as_png)).convert("RGB")
    picture.save(file, optimize=True)
    print(file)


if __name__ == "__main__":
    main()
