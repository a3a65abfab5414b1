"""The slash command: ack, then answer. What must not be lost is stored first."""

from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond

from bot.slack.blocks.help import Entries, help_message, unknown_message
from bot.slack.blocks.notes import private_message
from bot.slack.ids import COMMAND
from bot.slack.listeners.commands import deciding, handling, looking, proposing, switching, trust
from bot.slack.listeners.commands.registry import Asked, Subcommand
from bot.slack.listeners.commands.typed import Typed
from bot.slack.listeners.edge import NOT_STORED, answered, member, stored
from bot.slack.listeners.ports import Ports
from bot.slack.listeners.telling import Tell, by_response

SUBCOMMANDS: dict[str, Subcommand] = {
    one.usage.name: one
    for one in (
        *looking.SUBCOMMANDS,
        *trust.SUBCOMMANDS,
        *handling.SUBCOMMANDS,
        *deciding.SUBCOMMANDS,
        *proposing.SUBCOMMANDS,
        *switching.SUBCOMMANDS,
    )
}
"""By name, in the order of the help."""
HELP_ENTRIES: Entries = tuple((one.usage, one.act) for one in SUBCOMMANDS.values())


def register(app: AsyncApp, ports: Ports) -> None:
    """Listen to the command."""

    async def agentops(ack: AsyncAck, command: dict[str, Any], respond: AsyncRespond) -> None:
        typed = Typed.of(command)
        if typed.name in {"", "help"}:
            content = help_message(HELP_ENTRIES)
            await ack(text=content.text, blocks=content.blocks)
            return
        subcommand = SUBCOMMANDS.get(typed.name)
        if subcommand is None:
            content = unknown_message(typed.name, HELP_ENTRIES)
            await ack(text=content.text, blocks=content.blocks)
            return
        delivery = subcommand.keep(typed) if subcommand.keep is not None else None
        new = True if delivery is None else await stored(ports, delivery)
        await ack()
        tell = by_response(respond)
        if new is None:
            await tell(private_message(NOT_STORED, sign=":warning:"))
        if not new:
            return
        done = await answered(tell, lambda: _answer(ports, subcommand, typed, tell), what=f"{COMMAND} {typed.name}")
        if done and delivery is not None:
            await ports.desk.handled(delivery.id)

    app.command(COMMAND)(agentops)  # pyright: ignore[reportUnknownMemberType] Bolt types its matchers loosely


async def _answer(ports: Ports, subcommand: Subcommand, typed: Typed, tell: Tell) -> None:
    if subcommand.refusals_are_kept:
        person = await ports.people.lookup(typed.user_id, typed.team_id)
    else:
        person = await member(ports, typed.user_id, typed.team_id, tell, groups=True)
    if person is not None:
        await subcommand.answer(Asked(ports, typed, person, tell))
