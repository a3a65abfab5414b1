"""What the one who clicked or typed is told, in words only they see."""

from bot.slack.blocks.text import date, mrkdwn, person
from bot.slack.blocks.wording import APPROVAL
from bot.slack.views import DecisionReply

_SIGN = {
    "approved": ":white_check_mark:",
    "voted": ":white_check_mark:",
    "denied": ":no_entry_sign:",
    "voted_before": ":information_source:",
    "decided_before": ":information_source:",
}


def decision_words(reply: DecisionReply) -> tuple[str, str]:
    """A sign and mrkdwn. Says what became of it, why, and what can be done now."""
    title = f"“{mrkdwn(reply.title, 160)}”" if reply.title else "The proposal"
    why = mrkdwn(reply.why, 400) if reply.why else ""
    more = max(0, reply.needed - reply.votes)
    match reply.result:
        case "approved":
            words = f"{title} is approved and runs now; its thread tells how it goes."
        case "voted":
            words = f"Your approval of {title} counts: {reply.votes} of {reply.needed}; {more} more by others needed."
        case "voted_before":
            words = f"You approved {title} before; {more} more by others needed."
        case "denied":
            words = f"{title} is denied. Nothing was changed."
        case "decided_before":
            words = f"Too late: {title} was {_how(reply)}. Nothing was changed by your click."
        case "expired":
            words = f"{title} has expired; nothing was sent. Ask for a new look with `/agentops investigate <model>`."
            words = words.replace("<model>", "&lt;model&gt;")
        case "refused":
            words = f"Your decision does not count. {why}".rstrip()
        case "forbidden":
            words = f"The policy does not allow {title} now{f': {why}' if why else ''}. Nothing was sent."
        case "busy":
            words = f"{title} has to wait{f': {why}' if why else ''}. Nothing was sent; try again when that is over."
        case "not_found":
            words = f"There is no proposal `{mrkdwn(reply.proposal_id, 60)}` here. Nothing was changed."
        case "wrong_digest":
            words = f"The digest does not belong to {title}. Read it off the card again. Nothing was changed."
    reference = f" ({mrkdwn(reply.incident_id, 40)})" if reply.incident_id else ""
    return _SIGN.get(reply.result, ":no_entry:"), words + reference


def _how(reply: DecisionReply) -> str:
    word = APPROVAL[reply.state][1].lower() if reply.state else "decided"
    by = f" by {person(reply.by)}" if reply.by else ""
    at = f" {date(reply.at)}" if reply.at else ""
    return f"{word}{by}{at}"
