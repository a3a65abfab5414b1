"""What the one who decided is told, and the forms that ask for a reason. Made anew by `pytest --inline-snapshot=fix`."""

# ruff: noqa: E501 - a line of a message stands here as it is sent

from inline_snapshot import snapshot

from tests.bot.slack.every_kind import modals
from tests.bot.slack.wording.said import said


def test_decision_approved() -> None:
    assert said("decision approved") == snapshot("""\
text: “Roll back” is approved and runs now; its thread tells how it goes. (INC-7)
section: :white_check_mark: “Roll back” is approved and runs now; its thread tells how it goes. (INC-7)\
""")


def test_decision_voted() -> None:
    assert said("decision voted") == snapshot("""\
text: Your approval of “Roll back” counts: 1 of 2; 1 more by others needed. (INC-7)
section: :white_check_mark: Your approval of “Roll back” counts: 1 of 2; 1 more by others needed. (INC-7)\
""")


def test_decision_voted_before() -> None:
    assert said("decision voted_before") == snapshot("""\
text: You approved “Roll back” before; 1 more by others needed. (INC-7)
section: :information_source: You approved “Roll back” before; 1 more by others needed. (INC-7)\
""")


def test_decision_denied() -> None:
    assert said("decision denied") == snapshot("""\
text: “Roll back” is denied. Nothing was changed. (INC-7)
section: :no_entry_sign: “Roll back” is denied. Nothing was changed. (INC-7)\
""")


def test_decision_decided_before() -> None:
    assert said("decision decided_before") == snapshot("""\
text: Too late: “Roll back” was denied by <@UONCALL> on <04 Mar 2026 14:04 UTC as {date_short} at {time}>. Nothing was changed by your click. (INC-7)
section: :information_source: Too late: “Roll back” was denied by <@UONCALL> on <04 Mar 2026 14:04 UTC as {date_short} at {time}>. Nothing was changed by your click. (INC-7)\
""")


def test_decision_expired() -> None:
    assert said("decision expired") == snapshot("""\
text: “Roll back” has expired; nothing was sent. It can be asked for again: `/agentops ask-again p1`. (INC-7)
section: :no_entry: “Roll back” has expired; nothing was sent. It can be asked for again: `/agentops ask-again p1`. (INC-7)\
""")


def test_decision_refused() -> None:
    assert said("decision refused") == snapshot("""\
text: Your decision does not count. (INC-7)
section: :no_entry: Your decision does not count. (INC-7)\
""")


def test_decision_forbidden() -> None:
    assert said("decision forbidden") == snapshot("""\
text: The policy does not allow “Roll back” now. Nothing was sent. (INC-7)
section: :no_entry: The policy does not allow “Roll back” now. Nothing was sent. (INC-7)\
""")


def test_decision_busy() -> None:
    assert said("decision busy") == snapshot("""\
text: “Roll back” has to wait. Nothing was sent; try again when that is over. (INC-7)
section: :no_entry: “Roll back” has to wait. Nothing was sent; try again when that is over. (INC-7)\
""")


def test_decision_not_found() -> None:
    assert said("decision not_found") == snapshot("""\
text: There is no proposal `p1` here. Nothing was changed. (INC-7)
section: :no_entry: There is no proposal `p1` here. Nothing was changed. (INC-7)\
""")


def test_decision_wrong_digest() -> None:
    assert said("decision wrong_digest") == snapshot("""\
text: The digest does not belong to “Roll back”. Read it off the card again. Nothing was changed. (INC-7)
section: :no_entry: The digest does not belong to “Roll back”. Read it off the card again. Nothing was changed. (INC-7)\
""")


def test_the_form_for_a_denial() -> None:
    assert dict(modals())["deny"] == snapshot(
        {
            "blocks": [
                {
                    "text": {
                        "text": "A denial is final: nothing is sent, and the card shows your reason.",
                        "type": "mrkdwn",
                        "verbatim": True,
                    },
                    "type": "section",
                },
                {
                    "block_id": "reason",
                    "element": {
                        "action_id": "reason_input",
                        "focus_on_load": True,
                        "max_length": 1000,
                        "min_length": 3,
                        "multiline": True,
                        "type": "plain_text_input",
                    },
                    "hint": {
                        "emoji": True,
                        "text": "It stands on the card and in the incident's record, and keeps the same proposal from coming back.",
                        "type": "plain_text",
                    },
                    "label": {"emoji": True, "text": "Why should this not be done?", "type": "plain_text"},
                    "type": "input",
                },
            ],
            "callback_id": "proposal_deny_form",
            "close": {"emoji": True, "text": "Back", "type": "plain_text"},
            "private_metadata": '{"proposal_id": "p1", "channel": "CINCIDENTS", "thread_ts": "1.2"}',
            "submit": {"emoji": True, "text": "Deny", "type": "plain_text"},
            "title": {"emoji": True, "text": "Deny this proposal", "type": "plain_text"},
            "type": "modal",
        }
    )


def test_decision_not_permitted() -> None:
    assert said("decision not_permitted") == snapshot("""\
text: Nobody can act for two on “Roll back”. Nothing was changed. (INC-7)
section: :no_entry: Nobody can act for two on “Roll back”. Nothing was changed. (INC-7)\
""")


def test_decision_not_needed() -> None:
    assert said("decision not_needed") == snapshot("""\
text: One approval is enough for “Roll back”: use Approve. Nothing was changed. (INC-7)
section: :no_entry: One approval is enough for “Roll back”: use Approve. Nothing was changed. (INC-7)\
""")
