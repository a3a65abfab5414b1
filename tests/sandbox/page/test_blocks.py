"""Every block type is drawn, and what looks like markup stays text."""

import struct
import zlib

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.sandbox.page import content
from tests.sandbox.page.browser import Page
from tests.sandbox.page.content import mrkdwn
from tests.sandbox.page.stage import Stage

HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"


def png(width: int = 320, height: int = 120) -> bytes:
    """A grey picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\x00" + b"\xaa" * width for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_an_incident_reads_as_it_was_written(page: Page, stage: Stage) -> None:
    ts = stage.post(content.root())
    page.says(f"message-{ts}", "product-recommender: latency and errors")
    shown = page.text(f"message-{ts}")
    assert "Waiting for a decision" in shown
    assert "*State*" not in shown
    assert ":large_orange_circle:" not in shown
    assert "AgentOps\nAPP" in shown


def test_a_plan_shows_the_state_of_each_step_and_follows_updates(page: Page, stage: Stage) -> None:
    ts = stage.post(content.progress(1))
    page.says("plan", "1 of 5")
    assert page.find("task-step-0").get_dom_attribute("data-status") == "complete"
    assert page.find("task-step-1").get_dom_attribute("data-status") == "in_progress"
    assert page.find("task-step-2").get_dom_attribute("data-status") == "pending"
    stage.update(ts, content.progress(4))
    page.says("plan", "4 of 5")
    page.says("task-step-2", "bad_deployment, high confidence")


def test_a_table_has_named_columns(page: Page, stage: Stage) -> None:
    ts = stage.post(content.proposal())
    cells = page.find(f"message-{ts}").find_elements(By.CSS_SELECTOR, "th")
    assert [cell.text for cell in cells] == ["What", "Before", "After"]


def test_a_markdown_block_shows_headings_tables_lists_and_quotes(page: Page, stage: Stage) -> None:
    message = page.find(f"message-{stage.post(content.report())}")
    assert message.find_element(By.CSS_SELECTOR, ".md-h2").text == "Resolved: product-recommender"
    assert len(message.find_elements(By.CSS_SELECTOR, "tbody tr")) == 4
    assert [item.text for item in message.find_elements(By.CSS_SELECTOR, "ol > li")] == [
        "Read the deployment checklist",
        "Find out why v24 passed its tests",
    ]
    assert "One effect: UpdateEndpoint" in message.find_element(By.CSS_SELECTOR, "blockquote").text


def test_a_diagnosis_quotes_its_runbook_and_takes_feedback(page: Page, stage: Stage) -> None:
    message = page.find(f"message-{stage.post(content.diagnosis())}")
    assert message.find_element(By.CSS_SELECTOR, "blockquote").text == content.QUOTE
    page.click("feedback-diagnosis_feedback-positive")
    page.until(lambda: [action["value"] for action in stage.acted] == ["right"], "the app heard of it")
    thumb = page.find("feedback-diagnosis_feedback-positive")
    assert thumb.get_dom_attribute("aria-pressed") == "true"


def test_the_other_blocks_and_elements_are_drawn(page: Page, stage: Stage) -> None:
    message = page.find(f"message-{stage.post(content.every_block())}")
    shown = message.text
    for part in ("@Second approver", "#ml-platform", "quoted", "SELECT 1;", "first", "Chart the metric", "matplotlib"):
        assert part in shown
    assert message.find_element(By.CSS_SELECTOR, "strong").text == "bold"
    assert message.find_element(By.CSS_SELECTOR, "svg.emoji").accessible_name == "white check mark"
    for control in ("pick_model", "unheard", "day", "ticks", "person"):
        assert page.find(f"action-{control}")


def test_a_picture_is_shown_and_opens_large(page: Page, stage: Stage) -> None:
    stage.upload(png())
    page.until(
        lambda: page.run("return document.querySelector('img.image')?.naturalWidth") == 320, "the picture is loaded"
    )
    page.click("image-open")
    assert "p99 latency around the onset" in page.text("lightbox")
    page.keys(Keys.ESCAPE)
    page.gone("lightbox")


def test_a_picture_from_elsewhere_is_named_not_fetched(page: Page, stage: Stage) -> None:
    picture = {"type": "image", "image_url": "https://pictures.example/a.png", "alt_text": "A chart"}
    ts = stage.post([picture])
    page.says(f"message-{ts}", "A chart\nnot loaded from pictures.example")


def test_an_unknown_block_is_said_to_be_there_with_its_type(page: Page, stage: Stage) -> None:
    ts = stage.post(text="something")
    stage.plant(ts, [{"type": "hologram", "block_id": "h"}])
    page.says("unknown-block", "hologram")


def test_an_alert_block_is_for_modals_only(page: Page, stage: Stage) -> None:
    ts = stage.post(text="something")
    stage.plant(ts, [{"type": "alert", "block_id": "a", "text": content.plain("Careful")}])
    page.says("unknown-block", "alert (works in modals only)")


@pytest.mark.parametrize(
    "blocks",
    [
        [{"type": "section", "text": mrkdwn(HOSTILE)}],
        [{"type": "section", "text": content.plain(HOSTILE)}],
        [{"type": "header", "text": content.plain(HOSTILE)}],
        [{"type": "markdown", "text": HOSTILE}],
        [content.rich(content.words(HOSTILE))],
        [{"type": "table", "rows": [[content.cell("a")], [content.cell(HOSTILE)]]}],
        [{"type": "plan", "title": HOSTILE, "tasks": []}],
        [{"type": "context", "elements": [mrkdwn(HOSTILE)]}],
        [{"type": HOSTILE}],
    ],
    ids=lambda blocks: str(blocks[0]["type"])[:12],
)
def test_markup_in_a_text_stays_text(page: Page, stage: Stage, blocks: list[content.Block]) -> None:
    ts = stage.post(text="a message")
    stage.plant(ts, blocks)
    page.says(f"message-{ts}", HOSTILE)
    message = page.find(f"message-{ts}")
    assert message.find_elements(By.CSS_SELECTOR, "img, script, iframe") == []
    assert "owned" not in page.chrome.title


@pytest.mark.parametrize(
    "blocks",
    [
        [{"type": "section", "text": mrkdwn("<javascript:alert(1)|press me>")}],
        [{"type": "markdown", "text": "[press me](javascript:alert(1))"}],
        [content.rich({"type": "link", "url": "javascript:alert(1)", "text": "press me"})],
        [{"type": "section", "text": mrkdwn("<data:text/html,hello|press me>")}],
    ],
    ids=["mrkdwn", "markdown", "rich_text", "data"],
)
def test_only_web_addresses_are_links(page: Page, stage: Stage, blocks: list[content.Block]) -> None:
    ts = stage.post(text="a message")
    stage.plant(ts, blocks)
    page.says(f"message-{ts}", "press me")
    assert page.find(f"message-{ts}").find_elements(By.TAG_NAME, "a") == []


def test_a_web_link_opens_apart_and_knows_nothing_of_this_page(page: Page, stage: Stage) -> None:
    ts = stage.post(text="<https://example.com/a?b=1&amp;c=2|a *link*>")
    anchor = page.find(f"message-{ts}").find_element(By.TAG_NAME, "a")
    assert anchor.text == "a *link*"
    assert anchor.get_dom_attribute("href") == "https://example.com/a?b=1&c=2"
    assert anchor.get_dom_attribute("target") == "_blank"
    assert anchor.get_dom_attribute("rel") == "noopener noreferrer"


@pytest.mark.parametrize(
    ("text", "shown", "tags"),
    [
        ("*bold* _it_ ~st~ `co`", "bold it st co", ["strong", "em", "s", "code"]),
        ("2*3*4 snake_case_name", "2*3*4 snake_case_name", []),
        ("*a _b_ c*", "a b c", ["strong", "em"]),
        ("`*not bold*`", "*not bold*", ["code"]),
        ("&lt;b&gt; &amp;amp;", "<b> &amp;", []),
        ("> quoted", "quoted", ["blockquote"]),
        ("```a &lt; b```", "a < b", ["pre"]),
        ("<@UVIEWER> <#CGENERAL> <!here> <!subteam^SMLLEADS>", "@Viewer #general @here @ml-leads", []),
        ("<!date^0^{date_num}|never>", "1970-01-01", ["time"]),
        (":nosuchemoji: 10:30:45", ":nosuchemoji: 10:30:45", []),
    ],
)
def test_mrkdwn_reads_as_in_slack(page: Page, stage: Stage, text: str, shown: str, tags: list[str]) -> None:
    ts = stage.post(text=text)
    body = page.find(f"message-{ts}").find_element(By.CSS_SELECTOR, ".message-text")
    assert body.text == shown
    found = [element.tag_name for element in body.find_elements(By.CSS_SELECTOR, "*")]
    assert [tag for tag in found if tag not in ("span", "button")] == tags
