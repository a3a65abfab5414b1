"""What a person does on the page: read, write, click, decide, switch, by mouse and by keyboard."""

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.sandbox.page import content
from tests.sandbox.page.browser import Page
from tests.sandbox.page.stage import Stage, fill


def test_a_newcomer_is_told_where_to_start(page: Page, stage: Stage) -> None:
    page.says("welcome", "Start here")
    page.click("welcome-start")
    page.until(lambda: stage.scenario == "bad_deployment", "the scenario has started")
    page.says("scenarios-open", "Bad deployment is running")
    page.says("scenario-strip", "Prometheus notices within seconds")
    stage.post(content.root())
    page.gone("scenario-strip")
    page.gone("welcome")


def test_scenarios_are_started_and_undone_from_the_panel(page: Page, stage: Stage) -> None:
    page.click("scenarios-open")
    page.says("world-facts", "60× faster · real Prometheus")
    page.says("world-fraud-detector", "fraud-detector-v41 · InService")
    page.click("scenario-feature_drift")
    page.until(lambda: stage.scenario == "feature_drift", "the scenario has started")
    page.click("scenarios-open")
    page.says("running-feature_drift", "Running")
    page.click("scenario-reset")
    page.gone("running-feature_drift")
    assert stage.scenario is None


def test_a_thread_opens_beside_and_shows_replies_as_they_come(page: Page, stage: Stage) -> None:
    root = fill(stage)
    page.says(f"open-thread-{root}", "3 replies")
    page.click(f"open-thread-{root}")
    page.says("thread-pane", "Proposal: roll back to product-recommender-v23")
    late = stage.post(text="One more thing", thread_ts=root)
    page.says(f"message-{late}", "One more thing")
    page.says(f"open-thread-{root}", "4 replies")
    page.click("thread-close")
    page.gone("thread-pane")


def test_approve_asks_first_and_the_card_then_has_no_button(page: Page, stage: Stage) -> None:
    ts = stage.post(content.proposal())
    page.click("action-approve")
    page.says("confirm-dialog", "Roll back product-recommender?")
    page.click("confirm-cancel")
    page.gone("confirm-dialog")
    assert stage.acted == []
    page.click("action-approve")
    page.click("confirm-ok")
    page.says(f"message-{ts}", "Approved by @On-call approver")
    page.says(f"message-{ts}", "(edited)")
    assert page.find_all("action-approve") == []


def test_deny_asks_for_a_reason_and_shows_errors_at_the_field(page: Page, stage: Stage) -> None:
    stage.post(content.proposal())
    page.click("action-deny")
    page.says("modal-title", "Deny the rollback")
    assert page.focused() == "input-reason"
    page.click("modal-submit")
    page.says("error-why", "Please complete this required field.")
    page.keys("no")
    page.click("modal-submit")
    page.says("error-why", "Say a little more.")
    page.keys(", the traffic is not real")
    page.click("option-timing")
    page.click("modal-submit")
    page.gone("modal")
    assert stage.submitted[0]["why"]["reason"]["value"] == "no, the traffic is not real"
    assert stage.submitted[0]["kind"]["kind"]["selected_option"]["value"] == "timing"


def test_escape_leaves_a_modal(page: Page, stage: Stage) -> None:
    stage.post(content.proposal())
    page.click("action-deny")
    page.find("modal")
    page.keys(Keys.ESCAPE)
    page.gone("modal")
    page.until(lambda: stage.workspace.views.stack("UONCALL") == [], "the workspace knows")


def test_a_click_nobody_acks_is_pending_then_shown_as_failed(page: Page, stage: Stage) -> None:
    stage.post(content.every_block())
    page.click("action-unheard")
    page.until(lambda: page.find("action-unheard").get_dom_attribute("aria-busy") == "true", "the click is pending")
    page.says("click-error", "did not answer within 3 seconds")
    assert page.find("action-unheard").get_dom_attribute("aria-busy") is None


def test_a_menu_and_a_select_send_what_was_chosen(page: Page, stage: Stage) -> None:
    stage.post(content.proposal())
    page.click("action-more")
    page.click("option-again")
    page.until(lambda: len(stage.acted) == 1, "the menu was heard")
    assert stage.acted[0]["selected_option"]["value"] == "again"
    stage.post(content.every_block())
    select = page.find("action-pick_model")
    select.find_element(By.CSS_SELECTOR, "option[value='churn-predictor']").click()
    page.until(lambda: len(stage.acted) == 2, "the select was heard")
    assert stage.acted[1]["selected_option"]["value"] == "churn-predictor"


def test_a_slash_command_is_completed_and_answered_to_its_writer_alone(page: Page, stage: Stage) -> None:
    page.click("composer-input")
    page.keys("/agentops st")
    page.says("composer-input-list", "/agentops status")
    page.keys(Keys.TAB)
    assert page.value("composer-input") == "/agentops status"
    page.keys(Keys.ENTER)
    page.says("channel-messages", "Only visible to you")
    page.says("channel-messages", "You asked: status")
    page.click("persona-switch")
    page.click("persona-USECOND")
    page.says("persona-switch", "Second approver")
    page.until(lambda: "You asked" not in page.text("channel-messages"), "another persona does not see it")


def test_an_unknown_command_is_refused_where_it_was_written(page: Page) -> None:
    page.click("composer-input")
    page.keys("/nothing at all", Keys.ENTER)
    page.says("composer-input-note", "/nothing is not a command here")
    assert page.value("composer-input") == "/nothing at all"


def test_a_mention_is_completed_and_answered_in_a_thread(page: Page) -> None:
    page.click("composer-input")
    page.keys("@age")
    page.says("composer-input-list", "AgentOps")
    page.keys(Keys.ENTER)
    page.keys("why is <b>fraud</b> slow?", Keys.ENTER)
    page.says("channel-messages", "@AgentOps why is <b>fraud</b> slow?")
    page.says("channel-messages", "1 reply")


def test_a_person_sees_only_the_channels_they_are_in(page: Page) -> None:
    assert page.find("channel-CGENERAL")
    page.click("persona-switch")
    page.click("persona-USTRANGER")
    page.gone("channel-CGENERAL")
    assert page.find("channel-CINCIDENTS")


def test_a_message_elsewhere_marks_its_channel_unread(page: Page, stage: Stage) -> None:
    stage.post(text="Elsewhere", channel="CPLATFORM")
    page.says("channel-CPLATFORM", "ml-platform")
    page.until(lambda: "is-unread" in (page.find("channel-CPLATFORM").get_attribute("class") or ""), "it is unread")
    page.click("channel-CPLATFORM")
    page.says("channel-messages", "Elsewhere")
    page.until(lambda: "is-unread" not in (page.find("channel-CPLATFORM").get_attribute("class") or ""), "it is read")


def test_new_messages_do_not_move_a_reader_who_scrolled_up(page: Page, stage: Stage) -> None:
    posted = [stage.post(content.diagnosis()) for _ in range(4)]
    page.find(f"message-{posted[-1]}")
    page.run("document.querySelector('[data-testid=channel-messages]').scrollTop = 0")
    page.until(lambda: page.run("return document.querySelector('.list-scroll').scrollTop") == 0, "scrolled up")
    stage.post(text="Something new")
    page.click("channel-messages-new")
    page.gone("channel-messages-new")
    page.until(lambda: page.run(AT_BOTTOM), "the newest message is in view")


AT_BOTTOM = """
const list = document.querySelector(".list-scroll");
return list.scrollHeight - list.scrollTop - list.clientHeight < 4;
"""


def test_app_home_shows_the_view_and_its_buttons_act(page: Page, stage: Stage) -> None:
    page.click("app-home")
    page.says("app-home-view", "Waiting for approval")
    page.click("action-investigate", within='[data-testid="app-home-view"]')
    page.until(lambda: [action["value"] for action in stage.acted] == ["rec"], "the app heard of it")


def test_a_link_to_a_message_opens_it_here(page: Page, stage: Stage) -> None:
    root = fill(stage)
    address = f"{stage.workspace.base_url}/archives/CINCIDENTS/p{root.replace('.', '')}"
    stage.post(text=f"See <{address}|the incident>", channel="CPLATFORM")
    page.click("channel-CPLATFORM")
    page.says("channel-messages", "the incident")
    page.find("channel-messages").find_element(By.LINK_TEXT, "the incident").click()
    page.says("thread-pane", "Proposal: roll back")
    assert page.run("return location.hash") == f"#CINCIDENTS/{root}"


def test_messages_and_threads_are_reached_by_keyboard_alone(page: Page, stage: Stage) -> None:
    root = fill(stage)
    page.find(f"open-thread-{root}")
    page.keys("k")
    assert page.focused() == f"message-{root}"
    page.keys("k")
    assert page.focused() != f"message-{root}"
    page.keys("j", Keys.ENTER)
    page.find("thread-pane")
    assert page.focused() == "thread-composer-input"
    page.keys(Keys.ESCAPE)
    page.gone("thread-pane")


def test_the_switcher_goes_anywhere(page: Page) -> None:
    page.chord(Keys.CONTROL, "k")
    page.keys("platf", Keys.ENTER)
    page.gone("switcher")
    page.until(lambda: page.find("channel-CPLATFORM").get_dom_attribute("aria-current") == "page", "we are there")
    page.chord(Keys.CONTROL, "k")
    page.keys("viewer", Keys.ENTER)
    page.says("persona-switch", "Viewer")


def test_a_question_mark_shows_the_shortcuts(page: Page) -> None:
    page.keys("?")
    page.says("shortcuts", "Open the thread of the message")
    page.keys(Keys.ESCAPE)
    page.gone("shortcuts")


def test_a_key_pressed_in_a_field_is_text(page: Page) -> None:
    page.click("composer-input")
    page.keys("?jkb")
    assert page.value("composer-input") == "?jkb"
    assert page.find_all("shortcuts") == []


def test_the_chosen_look_stays_after_a_reload(page: Page) -> None:
    before = page.run("return getComputedStyle(document.body).backgroundColor")
    page.click("theme-toggle")
    after = page.run("return getComputedStyle(document.body).backgroundColor")
    assert before != after
    page.run("location.reload()")
    page.find("theme-toggle")
    assert page.run("return getComputedStyle(document.body).backgroundColor") == after


def test_a_lost_connection_is_said(browser: Page) -> None:
    other = Stage()
    other.start()
    browser.open(other.address)
    browser.find("composer-input")
    other.stop()
    browser.says("connection-banner", "Connection lost, trying again")
    browser.complaints()


def test_a_control_is_not_drawn_anew_under_the_mouse(page: Page, stage: Stage) -> None:
    page.click("scenarios-open")
    page.find("world")
    page.run("window.before = document.querySelector('[data-testid=scenario-feature_drift]')")
    stage.cpu = 0.97
    page.says("world-fraud-detector", "97.0 %")
    assert page.run("return window.before.isConnected")


def test_a_window_as_narrow_as_a_phone_leaves_the_conversation_its_room(page: Page, stage: Stage) -> None:
    root = fill(stage)
    metrics = {"width": 400, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    page.chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        page.until(
            lambda: page.run("return arguments[0].clientWidth >= 320", page.find("channel-messages")),
            "the messages have room",
        )
        assert page.run("return document.documentElement.scrollWidth") == 400
        assert page.run("return arguments[0].textContent", page.find("channel-CINCIDENTS")) == "ml-incidents"
        page.click(f"open-thread-{root}")
        page.until(
            lambda: page.run("return arguments[0].clientWidth >= 320", page.find("thread-messages")),
            "the thread has room",
        )
        page.click("thread-close")
        page.click("scenarios-open")
        page.find("scenario-feature_drift")
    finally:
        page.chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {**metrics, "width": 1440, "height": 900})
