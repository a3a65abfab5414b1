"""What the one who asked for a look is told."""

from bot.slack.blocks.links import Links
from bot.slack.blocks.notes import private_message
from bot.slack.blocks.text import mrkdwn
from bot.slack.rendered import Rendered
from bot.slack.views import InvestigateReply


def investigate_message(reply: InvestigateReply, links: Links) -> Rendered:
    """That it has begun and where it can be read, or why it has not."""
    model = mrkdwn(reply.model, 80)
    if reply.why:
        where = f" ({links.to_thread(reply.thread, reply.incident_id)})" if reply.incident_id else ""
        return private_message(f"*{model}* is not looked into now: {mrkdwn(reply.why, 300)}{where}")
    where = links.to_thread(reply.thread, reply.incident_id or "its thread")
    return private_message(f"Looking into *{model}*. The answer comes in {where}.", sign=":mag:")
