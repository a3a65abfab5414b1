"""Subcommands that stop everything that changes, and let it go on."""

from bot.slack.blocks.help import Usage
from bot.slack.blocks.notes import private_message
from bot.slack.blocks.pausing import switch_words
from bot.slack.ids import COMMAND
from bot.slack.listeners.commands.registry import Asked, Subcommand
from bot.slack.listeners.commands.typed import Typed
from bot.slack.ports import Delivery

_PAUSE = Usage("pause", "[model]", "stop every change at once, of one model or of all", f"{COMMAND} pause")
_RESUME = Usage("resume", "[model]", "let changes go on", f"{COMMAND} resume")


async def _pause(asked: Asked) -> None:
    sign, words = switch_words(await asked.ports.desk.pause(asked.typed.rest, asked.person))
    await asked.tell(private_message(words, sign=sign))


async def _resume(asked: Asked) -> None:
    sign, words = switch_words(await asked.ports.desk.resume(asked.typed.rest, asked.person))
    await asked.tell(private_message(words, sign=sign))


def _pause_kept(typed: Typed) -> Delivery:
    return Delivery(typed.id, "pause", typed.by | {"model": typed.first})


def _resume_kept(typed: Typed) -> Delivery:
    return Delivery(typed.id, "resume", typed.by | {"model": typed.first})


SUBCOMMANDS = (
    Subcommand(_PAUSE, "pause", _pause, keep=_pause_kept),
    Subcommand(_RESUME, "resume", _resume, keep=_resume_kept),
)
