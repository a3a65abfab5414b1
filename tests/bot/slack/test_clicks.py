"""Buttons and their dialogs, from the click to the desk and back, through the real Bolt over a real socket."""

import pytest

from bot.slack import ids
from bot.slack.views import DecisionResult
from sandbox.slack.errors import ControlError
from tests.bot.slack.fakes import eventually
from tests.bot.slack.office import Office


async def test_a_click_on_approve_is_stored_before_it_is_acked_and_decided_once(office: Office) -> None:
    card = office.card()
    acked = await office.click(card, ids.APPROVE)
    assert len(office.desk.deliveries) == 1
    await eventually(lambda: len(office.desk.done) == 1)
    [(_, proposal_id, person, via)] = office.desk.named("approve")
    assert (proposal_id, person.id, via) == ("p4f1c09", "UONCALL", "button")
    assert person.groups == {"ml-oncall"} and person.team == "TSANDBOX"
    assert acked is not None and acked < 1_000
    assert office.private("UONCALL", card.thread_ts) == []


async def test_a_click_that_slack_delivers_twice_counts_once(office: Office) -> None:
    office.slack.workspace.faults.add("duplicate_delivery", match="block_actions")
    await office.click(office.card(), ids.APPROVE)
    await eventually(lambda: len(office.desk.done) == 1)
    assert len(office.slack.workspace.records.deliveries) == 2
    assert len(office.desk.named("approve")) == 1


async def test_two_clicks_of_one_person_are_two_deliveries(office: Office) -> None:
    card = office.card()
    await office.click(card, ids.APPROVE)
    await office.click(card, ids.APPROVE)
    await eventually(lambda: len(office.desk.done) == 2)


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ("decided_before", "Too late"),
        ("expired", "has expired"),
        ("refused", "not among the approvers"),
        ("forbidden", "policy does not allow"),
        ("busy", "has to wait"),
        ("not_found", "There is no proposal"),
    ],
)
async def test_only_the_clicker_is_told_why_it_did_not_count(
    office: Office, result: DecisionResult, words: str
) -> None:
    office.desk.result = result
    card = office.card()
    await office.click(card, ids.APPROVE, "UVIEWER")
    await office.told("UVIEWER", words, card.thread_ts)
    assert office.private("UONCALL", card.thread_ts) == []


async def test_who_clicked_is_looked_up_at_the_click(office: Office) -> None:
    card = office.card()
    await office.click(card, ids.APPROVE, "USTRANGER")
    await office.click(card, ids.APPROVE, "UGUEST")
    await eventually(lambda: len(office.desk.done) == 2)
    people = {call[2].id: call[2] for call in office.desk.named("approve")}
    assert people["USTRANGER"].is_stranger and people["USTRANGER"].team == "TOTHER"
    assert people["UGUEST"].is_guest


async def test_nothing_is_decided_when_slack_does_not_say_who_clicked(office: Office) -> None:
    office.slack.workspace.faults.add("down", match="users.info", seconds=30)
    card = office.card()
    await office.click(card, ids.APPROVE)
    await office.told("UONCALL", "nothing was done", card.thread_ts)
    assert office.desk.named("approve") == [] and office.desk.done == []


async def test_a_click_that_cannot_be_stored_is_acked_and_told(office: Office) -> None:
    office.desk.store_delay = 30
    card = office.card()
    acked = await office.click(card, ids.APPROVE)
    assert acked is not None and acked < 2_500
    await office.told("UONCALL", "could not be stored", card.thread_ts)
    assert office.desk.named("approve") == []


async def test_a_failure_of_ours_is_told_with_a_reference(office: Office) -> None:
    office.desk.fail = RuntimeError("secret detail")
    card = office.card()
    await office.click(card, ids.APPROVE)
    await office.told("UONCALL", "Reference: R-", card.thread_ts)
    assert "secret detail" not in str(office.private("UONCALL", card.thread_ts))
    assert office.desk.done == []


async def test_deny_asks_for_a_reason_and_hands_it_over(office: Office) -> None:
    await office.deny(office.card(), "We are about to ship a fix.")
    await eventually(lambda: len(office.desk.done) == 1)
    [(_, proposal_id, reason, person, _)] = office.desk.named("deny")
    assert (proposal_id, reason, person.id) == ("p4f1c09", "We are about to ship a fix.", "UONCALL")
    assert not office.slack.workspace.views.stack("UONCALL")


async def test_a_denial_without_a_reason_stays_open(office: Office) -> None:
    with pytest.raises(ControlError, match="validation"):
        await office.deny(office.card(), "    ")
    assert office.desk.named("deny") == []
    assert len(office.slack.workspace.views.stack("UONCALL")) == 1


async def test_a_denial_that_comes_too_late_is_told_in_the_thread(office: Office) -> None:
    office.desk.result = "decided_before"
    card = office.card()
    await office.deny(card, "No, wait.")
    await office.told("UONCALL", "Too late", card.thread_ts)


async def test_breaking_the_glass_asks_for_a_reason_and_hands_it_over(office: Office) -> None:
    reason = "Fraud goes through and nobody else is awake."
    await office.deny(office.card(), reason, action_id=ids.BREAK_GLASS)
    await eventually(lambda: len(office.desk.done) == 1)
    [(_, proposal_id, given, person)] = office.desk.named("break_glass")
    assert (proposal_id, given, person.id) == ("p4f1c09", reason, "UONCALL")


async def test_a_word_is_no_reason_to_act_for_two(office: Office) -> None:
    with pytest.raises(ControlError, match="validation"):
        await office.deny(office.card(), "urgent", action_id=ids.BREAK_GLASS)
    assert office.desk.named("break_glass") == []


async def test_asking_again_is_stored_decided_and_told(office: Office) -> None:
    card = office.card()
    await office.click(card, ids.ASK_AGAIN)
    await office.told("UONCALL", "is put up in", card.thread_ts)
    assert office.desk.named("ask_again") == [("ask_again", "p4f1c09", "UONCALL")]


async def test_a_false_alarm_is_marked_by_its_button(office: Office) -> None:
    card = office.card()
    await office.click(card, ids.FALSE_ALARM, "UVIEWER", value="INC-7")
    await office.told("UVIEWER", "marked as a false alarm", card.thread_ts)
    assert office.desk.named("false_alarm") == [("false_alarm", "INC-7", "UVIEWER")]


@pytest.mark.parametrize("value", ["p4f1c09; approve p2", "", "p2" * 2_000, "<@UONCALL>"])
async def test_a_value_edited_by_hand_is_looked_up_as_it_is_and_never_read(office: Office, value: str) -> None:
    office.desk.result = "not_found"
    card = office.card()
    await office.click(card, ids.APPROVE, "UVIEWER", value=value)
    await office.told("UVIEWER", "There is no proposal", card.thread_ts)
    [(_, proposal_id, *_)] = office.desk.named("approve")
    assert proposal_id == value


async def test_an_approval_in_the_home_is_decided_there_and_answered_there(office: Office) -> None:
    await office.home_click(ids.APPROVE)
    await eventually(lambda: "is approved and runs now" in office.home("UONCALL"))
    [(_, proposal_id, person, via)] = office.desk.named("approve")
    assert (proposal_id, person.id, via) == ("p4f1c09", "UONCALL", "home")


async def test_a_denial_in_the_home_asks_for_the_same_reason(office: Office) -> None:
    await office.home_click(ids.DENY)
    await office.give_reason("We are about to ship a fix.")
    await eventually(lambda: "is denied" in office.home("UONCALL"))
    [(_, proposal_id, reason, _, via)] = office.desk.named("deny")
    assert (proposal_id, reason, via) == ("p4f1c09", "We are about to ship a fix.", "home")


async def test_clicks_reach_us_again_after_the_socket_dropped(office: Office) -> None:
    office.slack.workspace.faults.add("drop_socket", seconds=0.5)
    office.slack.workspace.sockets.drop(None)
    await eventually(lambda: len(office.slack.workspace.sockets) == 0)
    await eventually(lambda: len(office.slack.workspace.sockets) == 1, within=30)
    await office.click(office.card(), ids.APPROVE)
    await eventually(lambda: len(office.desk.done) == 1)
