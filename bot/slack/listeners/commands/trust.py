"""The subcommand that tells how remediations went: figures for the one who asked, the chart in the channel."""

from bot.slack.blocks.help import Usage
from bot.slack.blocks.notes import private_message
from bot.slack.blocks.trust import trust_message
from bot.slack.ids import COMMAND
from bot.slack.listeners.commands.registry import Asked, Subcommand
from bot.slack.rendered import Rendered
from bot.slack.showing import show

_TRUST = Usage("trust", "[model]", "what became of the remediations, counted and drawn", f"{COMMAND} trust")
NOT_SHOWN = "The chart cannot be shown in this channel. Invite the app to it, or ask where it is a member."


async def _trust(asked: Asked) -> None:
    model = asked.typed.rest or None
    reply = await asked.ports.desk.trust(model)
    await asked.tell(trust_message(reply.trust, model))
    if reply.chart is None:
        return
    if isinstance(reply.chart, Rendered):
        await asked.tell(reply.chart)
    elif not await show(asked.ports.client, asked.typed.channel_id, reply.chart):
        await asked.tell(private_message(NOT_SHOWN))


SUBCOMMANDS = (Subcommand(_TRUST, "trust", _trust),)
