"""Names that come back from Slack: action ids, callback ids, block ids. A change of one breaks cards already posted."""

COMMAND = "/agentops"

APPROVE = "proposal_approve"
DENY = "proposal_deny"
DENY_FORM = "proposal_deny_form"
DENY_REASON_BLOCK = "reason"
DENY_REASON_INPUT = "reason_input"

BREAK_GLASS = "proposal_break_glass"
BREAK_GLASS_FORM = "proposal_break_glass_form"
ASK_AGAIN = "proposal_ask_again"
FALSE_ALARM = "incident_false_alarm"
PREVIOUS_PAGE = "list_previous_page"
NEXT_PAGE = "list_next_page"

DECISION_BLOCK = "decision"
"""Begins the block id of a card's buttons; the proposal's id follows."""
HOME_BLOCK = "home_decision"
"""The same in the App Home."""

MESSAGE_EVENT = "agentops_message"
"""The metadata event type that marks every message this bot posts."""
