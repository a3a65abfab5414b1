"""The main job in a browser, as a newcomer does it: break a model, read, decide, watch it recover."""

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser.demo import Demo
from tests.browser.screenshots import open_thread
from tests.sandbox.page.browser import Page
from tests.thoroughness import thorough

pytestmark = pytest.mark.timeout(300)


def _operations(demo: Demo) -> list[str]:
    return [one["operation"] for one in demo.call("GET", "aws/changes")["changes"]]


def test_a_newcomer_breaks_a_model_approves_the_rollback_and_watches_it_recover(page: Page, demo: Demo) -> None:
    page.click("scenarios-open")
    page.click("scenario-bad_deployment")
    page.says("channel-messages", "product-recommender")
    open_thread(page)
    page.says("thread-pane", "product-recommender-v24 went live")
    page.says("thread-pane", "What the runbooks say")
    page.find("action-proposal_approve")
    page.click("action-proposal_approve", within='[data-testid="thread-pane"]')
    page.says("confirm-dialog", "Approve this change?")
    assert _operations(demo) == []
    page.click("confirm-ok")
    page.says("thread-pane", "Approved by @On-call approver")
    page.says("channel-messages", "recovered after")
    page.says("thread-pane", "Report: product-recommender recovered")
    assert page.find_all("action-proposal_approve") == []
    assert _operations(demo) == ["UpdateEndpoint"]
    assert demo.call("GET", "world")["models"]["product-recommender"]["state"] == "recovered"


@thorough  # that the page can be used so is tested on it alone as well, in tests/sandbox/page
def test_the_keyboard_alone_is_enough_to_deny_with_a_reason(page: Page, demo: Demo) -> None:
    page.chord(Keys.CONTROL, "k")
    page.keys("break", Keys.ENTER)
    page.find("scenario-bad_deployment")
    _tab_to(page, "scenario-bad_deployment")
    page.keys(Keys.ENTER)
    page.until(lambda: demo.messages() and "waiting for a decision" in demo.messages()[-1]["text"], "a decision waits")
    page.keys(Keys.ESCAPE)
    page.keys("k")
    page.until(lambda: page.focused().startswith("message-"), "the incident has the focus")
    page.keys(Keys.ENTER)
    page.find("action-proposal_deny")
    _tab_to(page, "action-proposal_deny", backwards=True)
    page.keys(Keys.ENTER)
    page.find("modal")
    page.keys("The campaign ends in an hour; we wait.")
    _tab_to(page, "modal-submit")
    page.keys(Keys.ENTER)
    page.gone("modal")
    page.says("thread-pane", "The campaign ends in an hour; we wait.")
    assert page.find_all("action-proposal_approve") == []
    assert _operations(demo) == []


def test_the_app_home_tells_the_state_of_every_model(page: Page) -> None:
    page.click("app-home")
    for model in ("fraud-detector", "churn-predictor", "product-recommender"):
        page.says("app-home-view", model)
    page.says("app-home-view", "No open incident")


def _tab_to(page: Page, testid: str, *, backwards: bool = False) -> None:
    """Press Tab until that element has the focus, as somebody without a mouse does."""

    def pressed() -> bool:
        if page.focused() == testid:
            return True
        if backwards:
            page.chord(Keys.SHIFT, Keys.TAB)
        else:
            page.keys(Keys.TAB)
        return page.focused() == testid

    page.until(pressed, f"Tab leads to {testid}")
