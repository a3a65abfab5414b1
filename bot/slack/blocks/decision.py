"""What the one who clicked or typed is told, in words only they see."""

from typing import Literal

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
            words = (
                f"{title} has expired; nothing was sent. It can be asked for again: "
                f"`/agentops ask-again {mrkdwn(reply.proposal_id, 60)}`."
            )
        case _:
            words = _refused(reply.result, reply, title)
    reference = f" ({mrkdwn(reply.incident_id, 40)})" if reply.incident_id else ""
    return _SIGN.get(reply.result, ":no_entry:"), words + reference


Refused = Literal["refused", "forbidden", "busy", "not_found", "wrong_digest", "not_permitted", "not_needed"]


def _refused(result: Refused, reply: DecisionReply, title: str) -> str:
    why = mrkdwn(reply.why, 400) if reply.why else ""
    because = f": {why}" if why else ""
    match result:
        case "refused":
            return f"Your decision does not count. {why}".rstrip()
        case "forbidden":
            return f"The policy does not allow {title} now{because}. Nothing was sent."
        case "busy":
            return f"{title} has to wait{because}. Nothing was sent; try again when that is over."
        case "not_found":
            return f"There is no proposal `{mrkdwn(reply.proposal_id, 60)}` here. Nothing was changed."
        case "not_permitted":
            return f"Nobody can act for two on {title}{because}. Nothing was changed."
        case "not_needed":
            return f"One approval is enough for {title}: use Approve. Nothing was changed."
        case "wrong_digest":
            return f"The digest does not belong to {title}. Read it off the card again. Nothing was changed."


def _how(reply: DecisionReply) -> str:
    word = APPROVAL[reply.state][1].lower() if reply.state else "decided"
    by = f" by {person(reply.by)}" if reply.by else ""
    at = f" on {date(reply.at)}" if reply.at else ""
    return f"{word}{by}{at}"
