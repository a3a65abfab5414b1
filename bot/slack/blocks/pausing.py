"""What the one who paused or resumed is told."""

from bot.slack.blocks.text import date, mrkdwn, person
from bot.slack.views import SwitchReply


def switch_words(reply: SwitchReply) -> tuple[str, str]:
    """A sign and mrkdwn: what holds now, and how to change it."""
    whose = f"Changes of *{mrkdwn(reply.model, 80)}*" if reply.model else "All changes"
    again = f"`/agentops resume{f' {mrkdwn(reply.model, 80)}' if reply.model else ''}`"
    by = f" by {person(reply.by)}" if reply.by else ""
    at = f" since {date(reply.at)}" if reply.at else ""
    match reply.result:
        case "paused":
            return (
                ":double_vertical_bar:",
                f"{whose} are paused. What is not sent yet will not be. An approver ends it with {again}.",
            )
        case "paused_before":
            return ":double_vertical_bar:", f"{whose} are paused already{by}{at}. An approver ends it with {again}."
        case "resumed":
            return ":arrow_forward:", f"{whose} may go on. What was stopped meanwhile has to be asked for again."
        case "not_paused":
            return ":information_source:", f"{whose} are not paused."
        case "refused":
            return ":no_entry:", f"Only approvers may resume. {mrkdwn(reply.why, 300)} It stays paused."
