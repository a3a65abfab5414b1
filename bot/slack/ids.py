"""Names that come back from Slack: action ids, callback ids, block ids. A change of one breaks cards already posted."""

COMMAND = "/agentops"

APPROVE = "proposal_approve"
DENY = "proposal_deny"
OPEN_LINK = "open_link"
"""Begins the id of every button that only opens an address; Slack tells the app of those clicks too."""

DENY_FORM = "proposal_deny_form"
DENY_REASON_BLOCK = "reason"
DENY_REASON_INPUT = "reason_input"

DECISION_BLOCK = "decision"
"""Begins the block id of a card's buttons; the proposal's id follows."""

MESSAGE_EVENT = "agentops_message"
"""The metadata event type that marks every message this bot posts."""
