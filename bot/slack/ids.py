"""Names that come back from Slack: action ids, callback ids, block ids. A change of one breaks cards already posted."""

COMMAND = "/agentops"

APPROVE = "proposal_approve"
DENY = "proposal_deny"
DENY_FORM = "proposal_deny_form"
DENY_REASON_BLOCK = "reason"
DENY_REASON_INPUT = "reason_input"

DECISION_BLOCK = "decision"
"""Begins the block id of a card's buttons; the proposal's id follows."""

MESSAGE_EVENT = "agentops_message"
"""The metadata event type that marks every message this bot posts."""
